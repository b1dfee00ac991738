"""Damage to the bytes of a media file: cut, altered, moved, and headers and clocks that lie."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator

Mutation = Callable[[random.Random, bytearray], str]
"""Changes the bytes in place and returns in words what was changed."""

# Sizes, counts, times and rates that nobody means, as fields of a header.
_LIES = (0, 1, 2, 255, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_HEADER_BYTES = 2048
_TS_PACKET = 188
_PTS_TICKS_PER_S = 90_000
# Times, sizes and tables of an MP4 or MOV.
_LYING_BOXES = (
    b"mvhd",
    b"mdhd",
    b"tkhd",
    b"stts",
    b"ctts",
    b"elst",
    b"stsz",
    b"stsc",
    b"stco",
    b"stsd",
    b"hdlr",
    b"tfhd",
)
_CLOCK_BOXES = (b"mvhd", b"mdhd", b"stts", b"ctts", b"elst", b"tfdt", b"trun")


def cut(rng: random.Random, data: bytearray) -> str:
    """Leave the first part only."""
    keep = rng.randrange(len(data))
    del data[keep:]
    return f"cut after {keep} bytes"


def head_only(rng: random.Random, data: bytearray) -> str:
    """Leave a few bytes."""
    keep = rng.randrange(200)
    del data[keep:]
    return f"its first {keep} bytes only"


def beheaded(rng: random.Random, data: bytearray) -> str:
    """Leave out the beginning."""
    gone = rng.randrange(1, min(len(data), 20_000))
    del data[:gone]
    return f"without its first {gone} bytes"


def altered(rng: random.Random, data: bytearray) -> str:
    """Alter bytes anywhere."""
    count = rng.choice((1, 10, 100, 1000))
    for _ in range(count):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return f"{count} bytes altered"


def header_altered(rng: random.Random, data: bytearray) -> str:
    """Alter bytes of the header."""
    count = rng.choice((1, 2, 4, 16, 64))
    start, end = _header(data)
    for _ in range(count):
        data[rng.randrange(start, end)] = rng.randrange(256)
    return f"{count} bytes of its header altered"


def header_lies(rng: random.Random, data: bytearray) -> str:
    """Write a wild number into a field of the header."""
    start, end = _header(data)
    told = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        size, at, lie = rng.choice((1, 2, 4, 8)), rng.randrange(start, end), rng.choice(_LIES)
        data[at : at + size] = (lie & (1 << 8 * size) - 1).to_bytes(size, rng.choice(("big", "little")))
        told.append(f"{lie} at {at}")
    return f"its header says {', '.join(told)}"


def box_lies(rng: random.Random, data: bytearray) -> str:
    """Write a wild number into one of an MP4's tables; another file's header lies."""
    return _lie_in_box(rng, data, _LYING_BOXES) or header_lies(rng, data)


def zeroed(rng: random.Random, data: bytearray) -> str:
    """Zero a block, as a bad sector reads."""
    size = min(len(data) // 2, rng.choice((512, 4096, 65536)))
    at = rng.randrange(len(data) - size)
    data[at : at + size] = bytes(size)
    return f"{size} zeros at {at}"


def swapped(rng: random.Random, data: bytearray) -> str:
    """Exchange two blocks."""
    size = min(len(data) // 4, 4096)
    one, two = rng.randrange(len(data) // 2 - size), rng.randrange(len(data) // 2, len(data) - size)
    data[one : one + size], data[two : two + size] = data[two : two + size], data[one : one + size]
    return f"blocks at {one} and {two} exchanged"


def stuffed(rng: random.Random, data: bytearray) -> str:
    """Insert noise."""
    at, size = rng.randrange(len(data)), rng.choice((1, 100, 5000))
    data[at:at] = rng.randbytes(size)
    return f"{size} bytes inserted at {at}"


def repeated(rng: random.Random, data: bytearray) -> str:
    """Repeat a part."""
    at = rng.randrange(len(data) // 2)
    size = rng.randrange(1, len(data) // 2)
    data[at:at] = data[at : at + size]
    return f"{size} bytes at {at} repeated"


def doubled(rng: random.Random, data: bytearray) -> str:
    """Join the file with itself."""
    data += data[rng.choice((0, 0, 100)) :]
    return "joined with itself"


FILE_MUTATIONS: tuple[Mutation, ...] = (
    cut,
    cut,
    head_only,
    beheaded,
    altered,
    header_altered,
    header_altered,
    header_lies,
    header_lies,
    box_lies,
    box_lies,
    zeroed,
    swapped,
    stuffed,
    repeated,
    doubled,
)
"""Damage of any file; what stands twice is drawn twice as often."""


def box_clock_lies(rng: random.Random, data: bytearray) -> str:
    """Write wild times into an MP4, up to five of them."""
    return "; ".join(_lie_in_box(rng, data, _CLOCK_BOXES) for _ in range(rng.choice((1, 2, 5))))


def cluster_clock_lies(rng: random.Random, data: bytearray) -> str:
    """Write wild times into the clusters and blocks of a Matroska file."""
    told = []
    for _ in range(rng.choice((1, 2, 5))):
        # 0xE7: a cluster's time; 0xA3: a block, with its time after size and track number.
        marks = [at for at in range(len(data) - 8) if data[at] == 0xE7 and 0x81 <= data[at + 1] <= 0x84]
        blocks = [at for at in range(len(data) - 8) if data[at] == 0xA3 and data[at + 4] in (0x81, 0x82)]
        if blocks and (not marks or rng.random() < 0.7):
            at = rng.choice(blocks) + 5
            data[at : at + 2] = struct.pack(">h", rng.choice((-32768, 32767, -500, 5000, 0)))
        elif marks:
            at = rng.choice(marks)
            size = data[at + 1] - 0x80
            data[at + 2 : at + 2 + size] = rng.randbytes(size)
        told.append(str(at))
    return f"block times altered at {', '.join(told)}"


def stream_clock_leaps(rng: random.Random, data: bytearray) -> str:
    """Move the times of an MPEG transport stream: a leap, a step back, one wild time, a stop, noise."""
    what = rng.choice(("leap", "step back", "wild time", "standstill", "noise", "wrap", "far start"))
    by_s = rng.choice((0.7, 3.0, 100.0, 10_000.0))
    times = list(_pes_times(data))
    first, middle = times[0][1], rng.randrange(len(times))
    for number, (at, ticks) in enumerate(times):
        after = number >= middle
        ticks += {
            "leap": round(by_s * _PTS_TICKS_PER_S) * after,
            "step back": -round(by_s * _PTS_TICKS_PER_S) * after,
            "wild time": round(by_s * _PTS_TICKS_PER_S) * (number == middle),
            "standstill": (times[middle][1] - ticks) * after,
            "noise": rng.randrange(-_PTS_TICKS_PER_S, _PTS_TICKS_PER_S),
            "wrap": (1 << 33) - _PTS_TICKS_PER_S // 2 - first,
            "far start": round(by_s * _PTS_TICKS_PER_S),
        }[what]
        data[at : at + 5] = _pes_time(data[at] >> 4, ticks % (1 << 33))
    return f"times with a {what} of {by_s:g} s at packet {middle} of {len(times)}"


def _header(data: bytearray) -> tuple[int, int]:
    """Return where the header lies: an MP4's index, wherever it is, or the first bytes."""
    index = data.find(b"moov")
    if index > 0 and len(data) - index > 16:
        return index, min(len(data), index + _HEADER_BYTES)
    return 0, max(1, min(len(data), _HEADER_BYTES))


def _lie_in_box(rng: random.Random, data: bytearray, names: tuple[bytes, ...]) -> str:
    places = [(name, at) for name in names if (at := data.find(name)) > 4]
    if not places:
        return ""
    name, at = rng.choice(places)
    size = min(400, max(16, int.from_bytes(data[at - 4 : at], "big")))
    field = at + 4 * rng.randrange(-1, max(1, size // 4 - 1))
    lie = rng.choice(_LIES)
    data[field : field + 4] = lie.to_bytes(4, "big")
    return f"{name.decode()} says {lie} at {field - at}"


def _pes_times(data: bytearray) -> Iterator[tuple[int, int]]:
    """Yield place and value of each time stamp of a transport stream."""
    for start in range(0, len(data) - _TS_PACKET + 1, _TS_PACKET):
        at = start + 4
        if not data[start + 1] & 0x40:
            continue
        if data[start + 3] & 0x20:
            at += 1 + data[at]
        if data[at : at + 3] != b"\0\0\1" or data[at + 3] < 0xC0:
            continue
        for number in range({0x80: 1, 0xC0: 2}.get(data[at + 7] & 0xC0, 0)):
            place = at + 9 + 5 * number
            a, b, c, d, e = data[place : place + 5]
            yield place, (a >> 1 & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1


def _pes_time(mark: int, ticks: int) -> bytes:
    low = (ticks >> 15 & 0x7FFF) << 1 | 1, (ticks & 0x7FFF) << 1 | 1
    return bytes([mark << 4 | (ticks >> 30 & 7) << 1 | 1]) + struct.pack(">HH", *low)
