"""Length in bytes that a video container declares, to detect truncated files."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_MP4_PAYLOADS = {b"mdat", b"moof", b"moov"}
_EBML_MAGIC = b"\x1a\x45\xdf\xa3"
_LONGEST_HEADER_BYTES = 1 << 20
_MATROSKA_SEGMENT = b"\x18\x53\x80\x67"


def promised_bytes(path: Path) -> int | None:
    """Return the number of bytes that the container's own length fields declare, or `None` if they declare none.

    MP4 and MOV (their boxes), Matroska and WebM (their segment) and AVI (its RIFF chunks) are understood. A recording
    that its program never finished carries no length.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(12)
        file.seek(0)
        if head[:4] == _EBML_MAGIC:
            return _matroska(file)
        if head[:4] == b"RIFF" and head[8:] == b"AVI ":
            return _chunks_end(file)
        if head[4:8] in {b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip"}:
            return _boxes_end(file, path.stat().st_size)
    return None


def _boxes_end(file: BinaryIO, size: int) -> int | None:
    """Walk the top-level boxes; return where the last one that carries pictures or their index ends."""
    promised, at = None, 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length, kind = struct.unpack(">I4s", head[:8])
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack(">Q", head[8:])
        if length < 8:
            break
        at += length
        if kind in _MP4_PAYLOADS:
            promised = at
    return promised


def _chunks_end(file: BinaryIO) -> int | None:
    """Walk the RIFF chunks of an AVI file (large ones have several); return where the last one ends."""
    promised, at = None, 0
    while True:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8 or head[:4] != b"RIFF":
            return promised
        (length,) = struct.unpack("<I", head[4:])
        if length in {0, 0xFFFFFFFF}:
            return promised
        at += 8 + length + length % 2
        promised = at


def _matroska(file: BinaryIO) -> int | None:
    """Return where the segment ends, if its writer came back to note its length."""
    file.seek(4)
    header_bytes = _variable_int(file)
    # Longer than any header: a seek that far may fail.
    if header_bytes is None or header_bytes > _LONGEST_HEADER_BYTES:
        return None
    file.seek(header_bytes, 1)
    if file.read(4) != _MATROSKA_SEGMENT:
        return None
    segment_bytes = _variable_int(file)
    return None if segment_bytes is None else file.tell() + segment_bytes


def _variable_int(file: BinaryIO) -> int | None:
    """Read an EBML length; `None` for the one that means "unknown" and for nonsense."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    length = 9 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & (0xFF >> length)]) + file.read(length - 1), "big")
    unknown = (1 << (7 * length)) - 1
    return None if value == unknown else value
