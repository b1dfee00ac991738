"""Cameras that vanish, hang, come back, or change the size and format of their pictures."""

from __future__ import annotations

import functools
import math
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.faults.clips import pictures_bgr
from benchmarks.faults.trial import Place, Trial, Watched, with_outputs

_PERIOD_S = 1 / 30
# A busy machine takes so long to start.
_START_S = 40.0
_PASSED_S = 4.0
_FIRST_FRAME = 25


def _luma(image: np.ndarray) -> np.ndarray:
    return image.mean(axis=2).astype(np.uint8)


_CHANGES: dict[str, Callable[[np.ndarray], Any]] = {
    "half the size": lambda image: image[::2, ::2],
    "upright instead of lying": lambda image: np.ascontiguousarray(image.transpose(1, 0, 2)),
    "a single pixel": lambda image: image[:1, :1],
    "odd sizes": lambda image: image[:199, :301],
    "gray": _luma,
    "gray with a channel": lambda image: _luma(image)[..., None],
    "gray with 16 bits": lambda image: _luma(image).astype(np.uint16) << 4,
    "BGRA": lambda image: np.dstack([image, np.full(image.shape[:2], 255, np.uint8)]),
    "YUYV": lambda image: np.dstack([_luma(image), np.full(image.shape[:2], 128, np.uint8)]),
    "floats": lambda image: image.astype(np.float32) / 255,
    "nothing at all": lambda image: image[:0, :0],
    "one long row": lambda image: image.reshape(1, -1),
    "no image": lambda _: None,
    "black": np.zeros_like,
    "noise": lambda image: np.random.default_rng(0).integers(0, 255, image.shape, np.uint8),
}
_ENDINGS = (
    "no more pictures",
    "errors",
    "errors in the second half",
    "hangs",
    "hangs for a second",
    "hangs for three seconds",
    "slow",
)


class FaultyCamera:
    """As much of OpenCV's `VideoCapture` as the program uses, with a fault from some picture on.

    Args:
        plan: what goes wrong.
        opened: numbers of the cameras that were opened, one more each time.
    """

    def __init__(self, plan: dict[str, Any], opened: list[int], *_: object) -> None:
        self._plan, self._count, self._due_s = plan, 0, time.perf_counter()
        opened.append(len(opened))
        back = plan["back_after"] is not None and len(opened) > 1 + plan["back_after"]
        self._open = len(opened) == 1 or back
        self._at = plan["at"] if len(opened) == 1 else math.inf
        if plan["hangs_at_opening"] and len(opened) == 1:
            time.sleep(plan["hangs_at_opening"])

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        """See OpenCV."""
        return self._open

    def set(self, *_: object) -> bool:
        """See OpenCV."""
        return self._plan["settable"]

    def get(self, _: int) -> float:
        """See OpenCV."""
        return self._plan["fps"]

    def grab(self) -> bool:
        """See OpenCV."""
        import cv2

        self._due_s = max(self._due_s + _PERIOD_S, time.perf_counter())
        time.sleep(max(0.0, self._due_s - time.perf_counter()))
        self._count += 1
        ending = self._plan["ending"] if self._count > self._at else ""
        if ending == "errors":
            raise cv2.error("(-215:Assertion failed) the device is gone")
        if ending == "hangs":
            threading.Event().wait()
        if ending.startswith("hangs for") and self._count == self._at + 1:
            time.sleep(1.0 if "a second" in ending else 3.0)
        if ending == "slow":
            time.sleep(0.7)
        return ending != "no more pictures"

    def retrieve(self) -> tuple[bool, Any]:
        """See OpenCV."""
        import cv2

        if self._plan["ending"] == "errors in the second half" and self._count > self._at:
            raise cv2.error("(-215:Assertion failed) no picture")
        image = pictures_bgr()[self._count % len(pictures_bgr())]
        change = self._plan["change"]
        return True, _CHANGES[change](image) if change and self._count > self._at else image.copy()

    def release(self) -> None:
        """See OpenCV."""
        self._open = False


def faulty_camera(rng: random.Random, place: Place) -> Trial:
    """Return a trial of a camera with a fault; after four seconds it is ended as by `kill`."""
    changes = rng.random() < 0.5
    plan = {
        "at": rng.choice((0, 1, rng.randrange(_FIRST_FRAME))),
        "ending": "" if changes else rng.choice(_ENDINGS),
        "change": rng.choice(sorted(_CHANGES)) if changes else "",
        "back_after": rng.choice((None, 0, 1)),
        "hangs_at_opening": rng.choice((0.0, 0.0, 0.0, 1.0)),
        "fps": rng.choice((30.0, 30.0, 0.0, -1.0, math.nan, math.inf, 1e9)),
        "settable": rng.random() < 0.5,
    }
    pictures_bgr()
    back = "" if plan["back_after"] is None else f", back at attempt {plan['back_after'] + 1}"
    about = f"from picture {plan['at']} on {plan['change'] or plan['ending']}{back}; it says {plan['fps']} fps"
    more = ["--seconds", "1", "--reconnect", rng.choice(("0", "1.5"))]
    trial = with_outputs(Trial(about, "0", place, more), rng)
    trial.prepare = functools.partial(_plug_in, plan)
    told: list[bool] = []

    def end(watched: Watched) -> None:
        if watched.passed_s > (_PASSED_S if watched.times_s else _PASSED_S + _START_S) and not told:
            told.append(True)
            os.kill(watched.pid, signal.SIGTERM)

    trial.meanwhile, trial.signalled = end, True
    return trial


def _plug_in(plan: dict[str, Any]) -> None:
    """Have every camera that the program opens be this one."""
    from realtime.capture import open_source

    plain = open_source.CameraSource
    device = functools.partial(FaultyCamera, plan, [])
    open_source.CameraSource = functools.partial(plain, device=device, dev=None)  # type: ignore[misc, assignment]
