"""Installation checks: each examines one thing, never raises, and says what to do about a problem."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.manifest import MANIFEST_NAME, file_sha256, load_manifest, verified_file
from realtime.core.version import VERSION
from realtime.doctor.check import REINSTALL, Check, Status, guarded, without_home

_PACKAGES = ("av", "click", "lap", "numpy", "onnxruntime", "opencv-contrib-python", "tqdm")
# Either of them runs the networks that find faces.
_BACKENDS = ("ai-edge-litert", "mediapipe")
# What the program can do without, and what installing it would bring.
_NOT_NEEDED = {
    "ai-edge-litert": "install ai-edge-litert if there is a wheel for this machine: finding faces then costs less",
    "jinja2": "install jinja2 for the page of --report",
}
# Extras: named if they are there.
_OFFERS = ("pyarrow", "starlette", "uvicorn", "pyvirtualcam")
_CV2_WHEELS = (
    "opencv-python",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-contrib-python-headless",
)
_PYTHONS = ((3, 10), (3, 14))
_TRIED = (3, 13)


def all_checks(weights: Path, *, quick: bool = False) -> Iterator[Check]:
    """Yield every check as it is done.

    Args:
        weights: folder of the models.
        quick: `bool`, leave out what takes seconds: opening cameras and the self-test.
    """
    yield guarded("python", check_python)
    yield guarded("packages", check_packages)
    libraries = guarded("libraries", check_libraries)
    yield libraries
    if libraries.status is Status.PROBLEM:
        return
    from realtime.doctor.camera_checks import check_cameras
    from realtime.doctor.self_test import self_test

    yield guarded("networks", check_networks)
    yield guarded("models", lambda: check_models(weights))
    yield guarded("providers", check_providers)
    yield guarded("display", check_display)
    yield guarded("recordings", lambda: check_recordings(Path.cwd()))
    yield from check_cameras(open_them=not quick)
    if not quick:
        yield guarded("self-test", lambda: self_test(weights))


def check_python() -> Check:
    """Look at the interpreter and the system."""
    found = f"{platform.python_version()} on {platform.platform()}, {os.cpu_count()} cores; emotion-live {VERSION}"
    least, most = _PYTHONS
    if not least <= sys.version_info[:2] <= most:
        return Check("python", Status.PROBLEM, found, "install Python 3.10 to 3.13 and set up with it")
    if sys.version_info[:2] > _TRIED:
        return Check("python", Status.NOTE, found, "nothing, if all works; nobody has tried Python 3.14 yet")
    return Check("python", Status.OK, found, facts={"executable": without_home(sys.executable)})


def check_packages() -> Check:
    """Look whether every package of the base install is there, and OpenCV just once."""
    versions = {
        name: version
        for name in (*_PACKAGES, *_NOT_NEEDED, *_BACKENDS, *_OFFERS, *_CV2_WHEELS)
        if (version := _version(name))
    }
    found = ", ".join(f"{name} {version}" for name, version in versions.items())
    missing = [name for name in _PACKAGES if name not in versions and name not in _CV2_WHEELS]
    if not any(name in versions for name in _BACKENDS):
        missing.append(_BACKENDS[0])
    wheels = [name for name in _CV2_WHEELS if name in versions]
    if missing:
        return Check("packages", Status.PROBLEM, f"missing: {', '.join(missing)}; {found}", REINSTALL, versions)
    if len(wheels) != 1:
        todo = "uninstall all of them, then install opencv-contrib-python alone: they overwrite each other"
        return Check("packages", Status.PROBLEM, f"{len(wheels)} OpenCV packages ({', '.join(wheels)})", todo, versions)
    todo = "; ".join(bring for name, bring in _NOT_NEEDED.items() if name not in versions)
    if todo:
        return Check("packages", Status.NOTE, found, todo, versions)
    return Check("packages", Status.OK, found, facts=versions)


def check_networks() -> Check:
    """Look whether the networks that find faces are there and unaltered."""
    from realtime.landmarks.networks.network_files import NETWORK_FILES, network_bytes

    sizes = {file.name: len(network_bytes(file)) for file in NETWORK_FILES}
    found = ", ".join(f"{name} ({size / 1e6:.1f} MB)" for name, size in sizes.items())
    return Check("networks", Status.OK, f"{found}: unaltered", facts=sizes)


def check_libraries() -> Check:
    """Look whether OpenCV, LiteRT and the rest find the system's libraries."""
    try:
        import realtime.session.session  # noqa: F401
    except ImportError as error:
        lost = without_home(str(error).splitlines()[0])
        if ".so" in lost:
            todo = "install it; on Debian or Ubuntu: sudo apt-get install libgl1 libegl1 libglib2.0-0"
            return Check("libraries", Status.PROBLEM, lost, todo)
        return Check("libraries", Status.PROBLEM, lost, REINSTALL)
    return Check("libraries", Status.OK, "all of the program can be loaded")


def check_models(weights: Path) -> Check:
    """Look whether manifest and models are there and unaltered."""
    manifest = load_manifest(weights)
    facts: dict[str, Any] = {"created": manifest.created, "manifest_sha256": file_sha256(weights / MANIFEST_NAME)}
    for expert in manifest.experts:
        path = verified_file(manifest, expert)
        facts[expert.file] = {"sha256": expert.sha256, "bytes": path.stat().st_size}
    shown = [f"{e.file} {e.sha256[:12]} ({facts[e.file]['bytes'] / 1e6:.1f} MB)" for e in manifest.experts]
    found = f"manifest {facts['manifest_sha256'][:12]} of {manifest.created}, {', '.join(shown)}: unaltered"
    return Check("models", Status.OK, found, facts=facts)


def check_providers() -> Check:
    """Look what the models can run on."""
    from realtime.inference.classifier import available_providers
    from realtime.inference.execution_providers import PROVIDERS, provider_chain, short_name

    names = available_providers()
    first = short_name(provider_chain("auto", names)[0])
    usable = [short_name(name) for name in names if name in PROVIDERS.values()]
    found = f"{', '.join(usable)}; --provider auto takes {first}"
    return Check("providers", Status.OK, found, facts={"available": names, "auto": first})


def check_display() -> Check:
    """Look whether a window can be opened."""
    from realtime.session.window import display_available

    if display_available():
        return Check("display", Status.OK, "a window can be opened")
    todo = "for a window start it in a desktop session; without one --record, --table and --report work"
    return Check("display", Status.NOTE, "no window can be opened here", todo)


def check_recordings(folder: Path) -> Check:
    """Look what can be recorded here, and whether killed runs left unfinished recordings in a folder."""
    from realtime.recording.formats import FORMATS, has_encoder
    from realtime.recording.part_files import left_over_parts

    kinds = [suffix for suffix, kind in FORMATS.items() if any(has_encoder(encoder.name) for encoder in kind.encoders)]
    if not kinds:
        return Check("recordings", Status.PROBLEM, "PyAV's FFmpeg has no encoder that is fit to record", REINSTALL)
    found = f"{', '.join(kinds)} can be recorded"
    left = [path.name for path in left_over_parts(folder, FORMATS)]
    if left:
        todo = "they play; rename those that you want to keep, and delete the others"
        return Check("recordings", Status.NOTE, f"{found}; left here by killed runs: {', '.join(left)}", todo)
    return Check("recordings", Status.OK, found, facts={"suffixes": kinds})


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
