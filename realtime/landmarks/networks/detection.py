"""What a face detector says of one face."""

from __future__ import annotations

from typing import NamedTuple

from realtime.core.types import FloatArray


class Detection(NamedTuple):
    """One detected face.

    Attributes:
        box_xyxy: `(4,) float32` pixels.
        eyes_xy: `(2, 2) float32` pixels, first the eye that is on the left in the picture.
        score: how sure the network is, 0 to 1.
    """

    box_xyxy: FloatArray
    eyes_xy: FloatArray
    score: float = 1.0
