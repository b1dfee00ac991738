"""A small clip in which two people come and go, and nobody is there in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np

FPS = 8
CYCLE_S = 48
SIZE_WH = (320, 240)
_PART_WH = (160, 240)
_SLIDE_S = 0.75
_EMPTY = 96
# Whose side is visible from when to when. Both are there for 10 of 48 s, nobody for 16.
_VISITS_S = (((2.0, 18.0), (24.0, 36.0)), ((26.0, 40.0),))


def write_scene(left: Path, right: Path, out: Path) -> None:
    """Write one cycle of it: H.264, a key frame every second.

    Args:
        left: a clip of one face in its middle, shown in the left half.
        right: another one, for the right half.
        out: the file to write.
    """
    parts = [_parts(clip) for clip in (left, right)]
    with av.open(str(out), "w") as container:
        stream = container.add_stream("libx264", FPS, options={"preset": "veryfast", "crf": "23", "bf": "0"})
        stream.width, stream.height = SIZE_WH
        stream.pix_fmt, stream.gop_size = "yuv420p", FPS
        for number in range(CYCLE_S * FPS):
            picture = np.full((SIZE_WH[1], SIZE_WH[0], 3), _EMPTY, np.uint8)
            for side, (part, visits) in enumerate(zip(parts, _VISITS_S, strict=True)):
                _paste(picture, next(part), side, shown_share(number / FPS, visits))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())


def shown_share(at_s: float, visits_s: tuple[tuple[float, float], ...]) -> float:
    """Return how much of a person has come in: 0 while away, 1 once there, in between while sliding in or out."""
    return max(min(1.0, max(0.0, min(at_s - begin, end - at_s) / _SLIDE_S)) for begin, end in visits_s)


def _paste(picture: np.ndarray, part: np.ndarray, side: int, share: float) -> None:
    width = _PART_WH[0]
    visible = round(share * width)
    if not visible:
        return
    if side == 0:
        picture[:, :visible] = part[:, width - visible :]
    else:
        picture[:, SIZE_WH[0] - visible :] = part[:, :visible]


def _parts(clip: Path) -> Iterator[np.ndarray]:
    """Yield the middle of a clip's pictures without end, at this scene's rate."""
    pictures = []
    with av.open(str(clip)) as container:
        step = float(container.streams.video[0].average_rate or 30) / FPS
        for number, frame in enumerate(container.decode(video=0)):
            if number >= len(pictures) * step:
                pictures.append(_middle(frame.to_ndarray(format="bgr24")))
    while True:
        yield from pictures


def _middle(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    wide = min(width, round(height * _PART_WH[0] / _PART_WH[1]))
    left = (width - wide) // 2
    return cv2.resize(picture[:, left : left + wide], _PART_WH, interpolation=cv2.INTER_AREA)
