"""Camera checks: the modes that each camera offers, and the size and rate that it delivers."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from realtime.capture.camera import CameraEntry, CameraSource, list_cameras
from realtime.capture.camera_modes import CameraMode, camera_modes
from realtime.core.errors import SourceError
from realtime.doctor.check import Check, Status, guarded, refused

_WATCH_S = 1.5
_MAX_SHOWN = 6
_SLOW_FPS = 20.0


def check_cameras(*, open_them: bool) -> Iterator[Check]:
    """Yield one check per camera, or a single one if there is none.

    Args:
        open_them: `bool`, take pictures for a second; a camera's light goes on.
    """
    try:
        cameras = list_cameras()
    except OSError as error:
        yield Check("cameras", Status.PROBLEM, f"they cannot be listed: {error}", "check the rights on /dev/video*")
        return
    if not cameras:
        todo = "plug one in, or give a video file or a stream: python run_live.py clip.mp4"
        yield Check("cameras", Status.NOTE, "none found", todo)
    for camera in cameras:
        yield guarded(f"camera {camera.number}", lambda camera=camera: _check(camera, open_them))  # type: ignore[misc]


def _check(camera: CameraEntry, open_it: bool) -> Check:
    name = f"camera {camera.number}"
    modes: list[CameraMode] = []
    with contextlib.suppress(OSError):  # Opening it below gives a better error.
        modes = camera_modes(camera.number)
    facts: dict[str, Any] = {
        "name": camera.name,
        "modes": [{"format": m.format, "size_wh": list(m.size_wh), "fps": round(m.fps, 2)} for m in modes],
    }
    offers = "; offers " + ", ".join(_best(modes)) if modes else ""
    if not open_it:
        return Check(name, Status.OK, f"{camera.name}{offers}", facts=facts)
    try:
        delivered, fps = _watch(camera.number)
    except SourceError as error:
        problem = refused(name, error, facts)
        return replace(problem, found=f"{camera.name}: {problem.found}")
    found = f"{camera.name}, delivers {delivered[0]}x{delivered[1]} at {fps:.1f} per second{offers}"
    facts |= {"delivered_wh": list(delivered), "delivered_fps": round(fps, 2)}
    if fps < _SLOW_FPS:
        todo = "give it more light, another USB socket, or close other programs that use it"
        return Check(name, Status.NOTE, found, todo, facts)
    return Check(name, Status.OK, found, facts=facts)


def _best(modes: list[CameraMode]) -> list[str]:
    """Return the largest sizes with their highest rates, in words."""
    fastest: dict[tuple[int, int], float] = {}
    for mode in modes:
        fastest[mode.size_wh] = max(mode.fps, fastest.get(mode.size_wh, 0.0))
    ordered = sorted(fastest, key=lambda size: -size[0] * size[1])
    shown = [f"{w}x{h}" + (f" at {fastest[w, h]:.0f}" if fastest[w, h] else "") for w, h in ordered[:_MAX_SHOWN]]
    return shown + ([f"{len(ordered) - _MAX_SHOWN} smaller"] if len(ordered) > _MAX_SHOWN else [])


def _watch(number: int) -> tuple[tuple[int, int], float]:
    """Return size and rate of what a camera delivers. Raises SourceError."""
    source = CameraSource(number)
    try:
        info = source.open()
        source.read()  # Was taken while opening.
        start_s, count = time.monotonic(), 0
        while time.monotonic() - start_s < _WATCH_S and source.read() is not None:
            count += 1
        return info.size_wh, count / max(time.monotonic() - start_s, sys.float_info.epsilon)
    finally:
        source.close()
