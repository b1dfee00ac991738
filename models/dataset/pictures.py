"""What counts as a picture of a data set, where it lies under another spelling of its name, and reading it safely."""

from __future__ import annotations

import struct
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from models.errors import DataError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
MOST_PIXELS = 2**28
"""A header may promise more than any memory holds; 268 megapixels is above every camera's picture."""
LONGEST_PX = 4096
"""Where no face is found at once, a picture gets a border as wide as itself: nine times its memory."""

Fault = Literal["missing", "unreadable", "too large"]
FAULTS: Mapping[Fault, str] = {
    "missing": "not found in the folder of the pictures",
    "unreadable": "no readable picture",
    "too large": f"of more than {MOST_PIXELS // 10**6} megapixels",
}
_SYSTEM_NAMES = frozenset(
    (
        *(".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".ipynb_checkpoints", "@eadir", "__macosx"),
        *("#recycle", "@recycle", "$recycle.bin", ".appledouble", ".thumbnails", ".trashes"),
    )
)
_SYSTEM_PREFIXES = ("._", ".trash-")
_NAMED = 3
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_SHORT = 256, 257, 3


class PictureError(DataError):
    """One picture of a data set cannot be used; `fault` says why."""

    def __init__(self, fault: Fault, file: str) -> None:
        super().__init__(f"a picture must be a readable image file; {file} is {FAULTS[fault]}")
        self.fault: Fault = fault


def plain_name(file: str) -> str:
    """Return one spelling for what names the same file: slashes, no `./`, no spaces around, composed accents (NFC)."""
    return PurePosixPath(unicodedata.normalize("NFC", file.strip().replace("\\", "/"))).as_posix()


def is_system_file(file: str) -> bool:
    """Return whether `file` is what systems and programs leave beside pictures, such as `._a.png` or `@eaDir`."""
    parts = plain_name(file).casefold().split("/")
    return any(part in _SYSTEM_NAMES or part.startswith(_SYSTEM_PREFIXES) for part in parts)


def find_picture(root: Path, file: str) -> Path | None:
    """Return where the picture `file` of a table lies, `None` if nowhere.

    A name that does not exist as it stands is looked up with slashes for backslashes, whatever the form of its accents
    (macOS decomposes them), and last whatever its case, where only one file fits.

    Args:
        root: folder that `file` is relative to.
        file: name as the table has it.
    """
    for name in (file, plain_name(file)):
        if _is_file(root / name):
            return root / name
    place = root
    for part in PurePosixPath(plain_name(file)).parts:
        if part == ".." or part.startswith("/"):
            place = place / part
            continue
        by_name, by_folded = _spellings(place)
        # Of several that fit none is taken, since any would be a guess.
        spelling = by_name.get(part) or by_folded.get(part.casefold())
        if not spelling:
            return None
        place = place / spelling
    return place if _is_file(place) else None


def read_picture(root: Path, file: str) -> npt.NDArray[np.uint8]:
    """Return the picture `file`, `(H, W, 3) uint8` BGR, reduced where a side is longer than `LONGEST_PX`.

    Raises:
        PictureError: it is not there, no picture, or one that promises more than `MOST_PIXELS`.
    """
    path = find_picture(root, file)
    if path is None:
        raise PictureError("missing", file)
    try:
        data = path.read_bytes()
        # OpenCV allocates what the first chunk of a damaged PNG promises, gigabytes, before it looks at its name.
        if data.startswith(b"\x89PNG") and data[8:16] != b"\0\0\0\x0dIHDR":
            raise PictureError("unreadable", file)
        if promised_pixels(data) > MOST_PIXELS:
            raise PictureError("too large", file)
        # From memory: OpenCV opens no name that is not in the system's own encoding.
        image_bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except (OSError, MemoryError, cv2.error) as error:
        raise PictureError("unreadable", file) from error
    if image_bgr is None:
        raise PictureError("unreadable", file)
    height, width = image_bgr.shape[:2]
    if max(height, width) > LONGEST_PX:
        reduced_wh = [max(1, round(side * LONGEST_PX / max(height, width))) for side in (width, height)]
        image_bgr = cv2.resize(image_bgr, reduced_wh, interpolation=cv2.INTER_AREA)
    return np.asarray(image_bgr, np.uint8)


def promised_pixels(data: bytes) -> int:
    """Return width x height by the header of a PNG, JPEG, BMP, WebP or TIFF file, 0 where it does not say."""
    try:
        if data.startswith(b"\x89PNG"):
            width, height = struct.unpack_from(">II", data, 16)
        elif data.startswith(b"\xff\xd8"):
            width, height = _jpeg_wh(data)
        elif data.startswith(b"BM"):
            # The oldest header, of 12 bytes, has short numbers.
            width, height = struct.unpack_from("<HH" if data[14:15] == b"\x0c" else "<ii", data, 18)
        elif data[8:16] == b"WEBPVP8X":
            width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        elif data.startswith((b"II*\0", b"MM\0*")):
            width, height = _tiff_wh(data, "<" if data.startswith(b"II") else ">")
        else:
            return 0
    except struct.error:
        return 0
    return abs(int(width) * int(height))


def _jpeg_wh(data: bytes) -> tuple[int, int]:
    """Return width and height from the first start-of-frame marker."""
    at = 2
    while True:
        marker, length = struct.unpack_from(">HH", data, at)
        if marker == 0xFFFF:  # a fill byte before the marker
            at += 1
        elif marker < 0xFF00:
            return 0, 0
        elif 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return int(width), int(height)
        else:
            at += 2 + length


def _tiff_wh(data: bytes, order: str) -> tuple[int, int]:
    """Return width and height from the first directory, 1 for what it lacks."""
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    (entries,) = struct.unpack_from(f"{order}H", data, at)
    found = {}
    for number in range(entries):
        tag, kind = struct.unpack_from(f"{order}HH", data, at + 2 + 12 * number)
        (found[tag],) = struct.unpack_from(f"{order}{'H' if kind == _TIFF_SHORT else 'I'}", data, at + 10 + 12 * number)
    return found.get(_TIFF_WIDTH, 1), found.get(_TIFF_HEIGHT, 1)


def counted(names: Iterable[str]) -> str:
    """Return the most frequent names with their counts, such as "disgust 2, contempt 1"."""
    counts = Counter(names)
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    more = [f"{len(most) - _NAMED} others"] if len(most) > _NAMED else []
    return ", ".join([*(f"{name} {count}" for name, count in most[:_NAMED]), *more])


def skipped_line(files: Sequence[str]) -> str:
    """Return the line that tells of files for which `is_system_file` holds."""
    return f"{len(files)} files skipped: left by the system, not pictures of the set (first: {files[0]})"


def fault_lines(faults: Sequence[tuple[str, str]], total: int) -> list[str]:
    """Return one line per kind of fault: how many pictures were left out, why, and the first one's name.

    Args:
        faults: file and fault of each picture that could not be used.
        total: pictures in all.
    """
    lines = []
    for fault, words in FAULTS.items():
        files = [file for file, one in faults if one == fault]
        if files:
            lines.append(f"{len(files)} of {total} pictures left out: {words} (first: {files[0]})")
    return lines


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long a name, no access, a zero byte
        return False


@lru_cache(maxsize=256)
def _spellings(folder: Path) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the names in a folder by composed name, and by composed name in one case; "" where more than one fits."""
    by_name: dict[str, str] = {}
    by_folded: dict[str, str] = {}
    try:
        for path in folder.iterdir():
            name = unicodedata.normalize("NFC", path.name.strip())
            by_name[name] = "" if name in by_name else path.name
            by_folded[name.casefold()] = "" if name.casefold() in by_folded else path.name
    except (OSError, ValueError):
        return {}, {}
    return by_name, by_folded
