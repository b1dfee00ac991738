"""The files of the three networks: which they are, and where they are found."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from models.errors import ModelError

FILES_DIR = Path(__file__).resolve().parent / "files"
"""Where setting up, and our own wheel, put them; `files/NOTICE` says what they are."""


class NetworkFile(NamedTuple):
    """One network of MediaPipe 0.10.21.

    Attributes:
        path: below `mediapipe/modules`, with slashes.
        sha256: of the file, in hexadecimal digits.
        side_px: height and width of the square picture that the network takes.
    """

    path: str
    sha256: str
    side_px: int

    @property
    def name(self) -> str:
        """Return the file's name without folders."""
        return self.path.rpartition("/")[2]


MESH = NetworkFile(
    "face_landmark/face_landmark.tflite", "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814", 192
)
NEAR = NetworkFile(
    "face_detection/face_detection_short_range.tflite",
    "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    128,
)
FAR = NetworkFile(
    "face_detection/face_detection_full_range_sparse.tflite",
    "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
    192,
)
NETWORK_FILES = (MESH, NEAR, FAR)
LANDMARK_COUNT = 468
MESH_SIDE_PX = MESH.side_px
_SET_UP = "run `python scripts/fetch_networks.py` in the project's folder, or install emotion-live again"


def network_bytes(file: NetworkFile) -> bytes:
    """Return the content of a network's file, whose hash is checked.

    Raises:
        ModelError: it is nowhere here, or another file has its name.
    """
    altered: list[str] = []
    for path in _places(file):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        if hashlib.sha256(content).hexdigest() == file.sha256:
            return content
        altered.append(str(path))
    if altered:
        raise ModelError(f"{altered[0]} is not the network that belongs here: its SHA-256 differs; {_SET_UP}")
    raise ModelError(f"{file.name}, which finds faces, must lie in {FILES_DIR} and does not; {_SET_UP}")


def is_whole(path: Path, file: NetworkFile) -> bool:
    """Return whether `path` is there and has the file's bytes."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
    except OSError:
        return False


def _places(file: NetworkFile) -> Iterator[Path]:
    yield FILES_DIR / file.name
    # The package is not imported: that would take a second.
    package = importlib.util.find_spec("mediapipe")
    if package is not None and package.origin is not None:
        yield Path(package.origin).parent / "modules" / file.path
