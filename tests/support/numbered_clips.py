"""Clips whose every frame carries its own number, made by the tests themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SIZE_WH = (128, 64)
_BITS = 12
_CELL_PX = 16


def numbered(index: int) -> np.ndarray:
    """A picture whose cells spell `index` in black and white."""
    image = np.full((SIZE_WH[1], SIZE_WH[0], 3), 128, np.uint8)
    for bit in range(_BITS):
        row, column = divmod(bit, 6)
        top, left = row * _CELL_PX, column * _CELL_PX
        image[top : top + _CELL_PX, left : left + _CELL_PX] = 235 if index >> bit & 1 else 20
    return image


def number_of(image_bgr: np.ndarray) -> int:
    """What `numbered` put into a picture."""
    value = 0
    for bit in range(_BITS):
        row, column = divmod(bit, 6)
        top, left = row * _CELL_PX + 4, column * _CELL_PX + 4
        value |= int(image_bgr[top : top + 8, left : left + 8].mean() > 128) << bit
    return value


def write_numbered(
    path: Path,
    times_ms: Sequence[int],
    *,
    codec: str = "libx264",
    gop: int = 250,
    codec_options: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
) -> Path:
    """Write frame i at `times_ms[i]` with a key frame every `gop` frames at most."""
    with av.open(str(path), "w", container_options=dict(options or {})) as container:
        stream = container.add_stream(codec, rate=30, options=dict(codec_options or {}))
        stream.width, stream.height, stream.pix_fmt = *SIZE_WH, "yuv420p"
        stream.codec_context.gop_size, stream.bit_rate = gop, 2_000_000
        # The clock of MPEG-4 must not be finer than its 16 bits; milliseconds do for every codec here.
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for index, time_ms in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(numbered(index), format="bgr24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
