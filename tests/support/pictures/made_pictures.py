"""Pictures of a few bytes for data sets that tests make."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np


def png_header(width: int, height: int) -> bytes:
    """A valid PNG of a few bytes that promises any size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def plain_picture(path: Path, value: int = 0, *, suffix: str = ".png") -> Path:
    """A picture of one gray level, under any name."""
    return picture(path, np.full((12, 20, 3), value, np.uint8), suffix=suffix)


def picture(path: Path, image_bgr: np.ndarray, *, suffix: str = ".png") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(suffix, image_bgr)[1].tobytes())
    return path
