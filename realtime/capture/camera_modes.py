"""Pixel formats of cameras: what one offers, from Video4Linux2 ioctls without a stream, and their conversion to BGR."""

from __future__ import annotations

import itertools
import os
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from realtime.core.types import ImageArray

_ENUM_FORMAT, _ENUM_SIZE, _ENUM_INTERVAL = 0xC0405602, 0xC02C564A, 0xC034564B
_CAPTURE = 1
_DISCRETE = 1
# Bounds the enumeration for drivers that never report its end.
_MAX_ANSWERS = 64
# By the number of planes.
_CONVERSIONS = {1: cv2.COLOR_GRAY2BGR, 2: cv2.COLOR_YUV2BGR_YUY2, 4: cv2.COLOR_BGRA2BGR}
Ask = Callable[[int, bytes], bytes]
"""An ioctl: request and structure in, structure out; raises OSError at the end of the driver's list."""


@dataclass(frozen=True, slots=True)
class CameraMode:
    """One kind of picture that a camera offers.

    Attributes:
        format: `str`, the driver's four letters: "MJPG", "YUYV".
        size_wh: `(int, int)` pixels; the largest where the camera offers any size up to it.
        fps: `float`, the highest frame rate per second; 0.0 if the driver does not report it.
    """

    format: str
    size_wh: tuple[int, int]
    fps: float


def camera_modes(number: int, dev: Path = Path("/dev")) -> list[CameraMode]:
    """Return the modes of camera `number`; none on systems without Video4Linux2. Raises OSError."""
    if not sys.platform.startswith("linux"):
        return []
    import fcntl

    handle = os.open(dev / f"video{number}", os.O_RDWR | os.O_NONBLOCK)
    try:
        return modes_from(lambda request, data: fcntl.ioctl(handle, request, data))
    finally:
        os.close(handle)


def modes_from(ask: Ask) -> list[CameraMode]:
    """Return the modes that a driver lists, in its order."""
    modes = []
    for data in _answers(ask, _ENUM_FORMAT, lambda n: struct.pack("=II56x", n, _CAPTURE)):
        (fourcc,) = struct.unpack_from("=4s", data, 44)
        for size in _answers(ask, _ENUM_SIZE, lambda n, f=fourcc: struct.pack("=I4s36x", n, f)):  # type: ignore[misc]
            (kind,) = struct.unpack_from("=I", size, 8)
            size_wh = _size(kind, size)
            modes.append(CameraMode(fourcc.decode("ascii", "replace").strip(), size_wh, _rate(ask, fourcc, size_wh)))
    return modes


def _size(kind: int, data: bytes) -> tuple[int, int]:
    if kind == _DISCRETE:
        width, height = struct.unpack_from("=II", data, 12)
    else:  # From a smallest to a largest in steps: least, most, step of the width, then of the height.
        width, height = struct.unpack_from("=I", data, 16)[0], struct.unpack_from("=I", data, 28)[0]
    return width, height


def _rate(ask: Ask, fourcc: bytes, size_wh: tuple[int, int]) -> float:
    """Return the highest rate of one format and size."""
    rates = [0.0]
    for data in _answers(ask, _ENUM_INTERVAL, lambda n: struct.pack("=I4sII36x", n, fourcc, *size_wh)):
        # An interval; where any is offered, the shortest comes first.
        seconds, parts = struct.unpack_from("=II", data, 20)
        if seconds:
            rates.append(parts / seconds)
    return max(rates)


def _answers(ask: Ask, request: int, structure: Callable[[int], bytes]) -> list[bytes]:
    """Ask for entry 0, 1, 2, … until the driver has no more."""
    found = []
    for number in itertools.islice(itertools.count(), _MAX_ANSWERS):
        try:
            found.append(ask(request, structure(number)))
        except OSError:
            break
    return found


def camera_bgr(image: Any, grey_bits: int = 8) -> ImageArray | None:
    """Return what a camera delivered as `(H, W, 3) uint8` BGR; `None` where its format is none of those below.

    Args:
        image: array as OpenCV's backends give it: BGR, BGRA, gray of 8 or 16 bits, YUYV, or one row of JPEG bytes.
        grey_bits: `int`, bits that are used of 16: the brightest picture so far has so many, see `bits_of`.
    """
    planes = 1 if image.ndim == 2 else image.shape[-1]
    if image.ndim not in {2, 3} or image.size == 0:
        return None
    if image.dtype == np.uint16 and planes == 1:
        image = (image >> max(0, grey_bits - 8)).astype(np.uint8)
    if image.dtype != np.uint8:
        return None
    if planes == 3:
        return np.asarray(image, np.uint8)
    if image.shape[0] == 1 or image.shape[1] == 1:
        decoded = cv2.imdecode(image.reshape(-1), cv2.IMREAD_COLOR)
        return None if decoded is None else np.asarray(decoded, np.uint8)
    code = _CONVERSIONS.get(planes)
    return None if code is None else np.asarray(cv2.cvtColor(image, code), np.uint8)


def bits_of(image: Any) -> int:
    """Return how many bits the brightest pixel of a 16-bit picture needs, at least 8; 8 for every other picture."""
    return max(8, int(image.max()).bit_length()) if image.dtype == np.uint16 and image.size else 8
