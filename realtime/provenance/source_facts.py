"""Facts of a run's source, models and program, for the metadata of what it writes."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from models.errors import ModelError
from models.manifest import load_manifest, manifest_sha256
from realtime.core.errors import redact
from realtime.core.protocols import SourceInfo
from realtime.core.version import VERSION

_HASHED_BYTES = 1_000_000
# Each can change a number in the last places. Of OpenCV one of the three is installed.
_PACKAGES = (
    *("numpy", "onnxruntime", "mediapipe", "ai-edge-litert", "av"),
    *("opencv-python", "opencv-contrib-python", "opencv-python-headless"),
)


def source_facts(info: SourceInfo, *, full_path: bool = False) -> dict[str, Any]:
    """Return what identifies a source: its name, rate, size and length; of a file also bytes, hash and date.

    Args:
        info: of the open source.
        full_path: `bool`, also where the file is; its folders may name people.
    """
    width, height = info.size_wh
    facts: dict[str, Any] = {
        "name": plain_text(redact(info.name)),
        "live": info.live,
        "fps": round(info.fps, 4),
        "width_px": width,
        "height_px": height,
        "frame_count": info.frame_count,
        "duration_s": info.duration_s,
    }
    if info.path is not None and Path(info.path).is_file():
        facts.update(_file_facts(Path(info.path)))
        if full_path:
            facts["path"] = plain_text(str(Path(info.path).resolve()))
    return facts


def plain_text(name: str) -> str:
    """Return a file's name as UTF-8 has it; it need not be, and comes with surrogates then."""
    return name.encode(errors="replace").decode()


def first_megabyte_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's first 1,000,000 bytes. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.sha256(stream.read(_HASHED_BYTES)).hexdigest()


def model_facts(weights: Path) -> dict[str, Any]:
    """Return date and hash of a manifest, and the hash of each model that it names; no models, no facts."""
    try:
        manifest = load_manifest(weights)
    except ModelError:
        return {}
    return {
        "manifest_created": manifest.created,
        "manifest_sha256": manifest_sha256(weights),
        "files": {expert.file: expert.sha256 for expert in manifest.experts},
    }


def version_facts() -> Mapping[str, str]:
    """Return the versions of the program, of Python and of what computes the numbers."""
    found = {"emotion-live": VERSION, "python": platform.python_version(), "system": platform.system()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _file_facts(path: Path) -> dict[str, Any]:
    try:
        state = path.stat()
        return {
            "bytes": state.st_size,
            "modified_unix_s": round(state.st_mtime, 3),
            "sha256_of_first_megabyte": first_megabyte_sha256(path),
        }
    except OSError:
        # It is being read already: a folder that goes away costs these facts, not the run.
        return {}
