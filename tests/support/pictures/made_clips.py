"""Small clips made by the tests themselves, grey or numbered frame by frame, and short ways to read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from realtime.capture.open_source import FileSource, source_for
from realtime.core.errors import SourceOpenError, SourceReadError

FAST = {"movflags": "faststart"}
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov"}
SIZE_WH = (160, 96)
_NUMBERED_WH = (128, 64)
_BITS = 12
_CELL_PX = 16


def write_clip(path, count=30, *, times=None, options=None, codec="mpeg4", noise=False, gop=12):
    """A clip whose frame i is grey 8 * i, red in the upper half of the left edge; times in milliseconds."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w", container_options=options or {}) as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height = SIZE_WH
        stream.pix_fmt, stream.gop_size, stream.bit_rate = "yuvj420p" if codec == "mjpeg" else "yuv420p", gop, 3_000_000
        if times is not None:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for i in range(count):
            image = np.full((SIZE_WH[1], SIZE_WH[0], 3), min(8 * i, 255), np.uint8)
            if noise:
                image = rng.integers(0, 255, image.shape, np.uint8)
            image[:48, :32] = (0, 0, 255)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts = i if times is None else times[i]
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def numbered(index: int) -> np.ndarray:
    """A picture whose cells spell `index` in black and white."""
    image = np.full((_NUMBERED_WH[1], _NUMBERED_WH[0], 3), 128, np.uint8)
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
        stream.width, stream.height, stream.pix_fmt = *_NUMBERED_WH, "yuv420p"
        stream.codec_context.gop_size, stream.bit_rate = gop, 2_000_000
        # The clock of MPEG-4 must not be finer than its 16 bits; milliseconds do for every codec here.
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for index, time_ms in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(numbered(index), format="bgr24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def cut(path, share=0.6):
    shorter = path.with_name("cut_" + path.name)
    data = path.read_bytes()
    shorter.write_bytes(data[: int(len(data) * share)])
    return shorter


def read_all(source):
    frames, error = [], None
    try:
        while (frame := source.read()) is not None:
            frames.append(frame)
    except SourceReadError as found:
        error = found
    return frames, error


def opened(path, **options):
    source = FileSource(str(path), **options)
    return source, source.open()


def open_error(text, **options):
    with pytest.raises(SourceOpenError) as caught:
        source_for(str(text), **options).open()
    message = str(caught.value)
    assert "\n" not in message
    return message
