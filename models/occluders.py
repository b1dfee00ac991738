"""Drawn glasses and masks for training crops, so that an expert whose region is covered learns to say so.

Drawn on the stored crop, before it is shifted, blurred and lit like any other; places are in units of d, the distance
of the outer eye corners, from the landmarks that the crop was cut by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from models.crops import ImageArray
from models.spec import Geometry

_EYE_D = (0.28, 0.38)  # of an eye's middle from the nose's axis
_MASK_HIDES, _LARGE_GLASSES_HIDE, _SMALL_GLASSES_HIDE = 0.9, 0.6, 0.4
_SUB_PIXEL = 4  # fractional bits of cv2's coordinates


def cover(crop: ImageArray, geometry: Geometry, region: str, rng: np.random.Generator) -> tuple[ImageArray, float]:
    """Return a copy of a stored crop, `(h, w, 1)`, with something drawn on it, and how much evidence that hides.

    The share, in [0, 1], is how far the label should go flat: 0 for a mask below the eyes, 0.9 for one over the lips.
    """
    plane = _Plane(crop[:, :, 0].copy(), geometry, rng)
    draw: Callable[[_Plane], float] = rng.choice(np.array(_COVERS[region], object))
    hidden = draw(plane)
    return plane.picture[:, :, None], hidden


class _Plane:
    """A crop to be drawn on in units of d, origin at the region's anchor, y towards the chin."""

    def __init__(self, picture: ImageArray, geometry: Geometry, rng: np.random.Generator) -> None:
        self.picture, self.rng = picture, rng
        self._scale = geometry.size_wh[0] / geometry.width_d
        middle = (np.array(picture.shape[::-1]) - 1) / 2
        self._origin = middle - np.array([0.0, geometry.shift_down_d * self._scale])

    def fill(self, outline_d: list[tuple[float, float]], grey: float, *, shade: float = 0.0) -> None:
        """Fill a polygon with a grey level, `shade` levels lighter at the bottom, and a little weave."""
        points = np.round((np.array(outline_d) * self._scale + self._origin) * 2**_SUB_PIXEL).astype(np.int32)
        inside = np.zeros(self.picture.shape, np.uint8)
        cv2.fillPoly(inside, [points], 255, cv2.LINE_AA, _SUB_PIXEL)
        down = np.linspace(-0.5, 0.5, self.picture.shape[0])[:, None]
        cloth = grey + shade * down + self.rng.normal(0, 3, self.picture.shape)
        share = inside / 255.0
        self.picture[...] = np.clip(self.picture * (1 - share) + cloth * share, 0, 255)

    def line(self, start_d: tuple[float, float], end_d: tuple[float, float], grey: float) -> None:
        """Draw a line one or two pixels wide."""
        ends = np.round((np.array([start_d, end_d]) * self._scale + self._origin) * 2**_SUB_PIXEL).astype(int)
        thickness = int(self.rng.integers(1, 3))
        first, second = tuple(map(int, ends[0])), tuple(map(int, ends[1]))
        cv2.line(self.picture, first, second, int(grey), thickness, cv2.LINE_AA, _SUB_PIXEL)


def _glasses(plane: _Plane) -> float:
    """Dark or mirrored lenses with a bridge, round to nearly square."""
    rng = plane.rng
    half_wide, half_high = rng.uniform(0.19, 0.33), rng.uniform(0.12, 0.27)
    grey = rng.uniform(0, 70) if rng.random() < 0.85 else rng.uniform(70, 255)
    apart, low = rng.uniform(*_EYE_D), rng.uniform(-0.04, 0.07)
    squareness, shade = rng.uniform(2, 6), rng.uniform(-20, 60)
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    round_x, round_y = (np.sign(f) * np.abs(f) ** (2 / squareness) for f in (np.cos(turn), np.sin(turn)))
    for side in (-1, 1):
        lens = zip(side * apart + half_wide * round_x, low + half_high * round_y, strict=True)
        plane.fill([*lens], grey, shade=shade)
    plane.line((-apart, low - half_high / 3), (apart, low - half_high / 3), grey)
    return _LARGE_GLASSES_HIDE if half_high > 0.18 else _SMALL_GLASSES_HIDE


def _mask(plane: _Plane, nose_d: float, cheek_d: float) -> None:
    """A cloth from the nose, `nose_d`, and the cheeks, `cheek_d` below the origin, to below the chin, with folds."""
    rng = plane.rng
    grey = rng.uniform(110, 255) if rng.random() < 0.8 else rng.uniform(0, 110)
    wide, chin, low = rng.uniform(0.55, 0.9), rng.uniform(0.3, 0.6), cheek_d + rng.uniform(0.7, 1.3)
    outline = [(-wide, cheek_d), (-wide / 3, nose_d), (wide / 3, nose_d), (wide, cheek_d), (chin, low), (-chin, low)]
    plane.fill(outline, grey, shade=rng.uniform(-50, 20))
    for fold in range(int(rng.integers(0, 4))):
        height = cheek_d + 0.15 + 0.2 * fold + rng.uniform(-0.04, 0.04)
        plane.line((-wide * 0.8, height), (wide * 0.8, height), max(0.0, grey - rng.uniform(10, 50)))


def _mask_over_lips(plane: _Plane) -> float:
    nose = -plane.rng.uniform(0.3, 0.75)
    _mask(plane, nose, nose + plane.rng.uniform(-0.05, 0.3))
    return _MASK_HIDES


def _mask_below_eyes(plane: _Plane) -> float:
    nose = plane.rng.uniform(0.12, 0.45)
    _mask(plane, nose, nose + plane.rng.uniform(-0.05, 0.2))
    return 0.0


_COVERS: Mapping[str, tuple[Callable[[_Plane], float], ...]] = {
    "eyes": (_glasses, _mask_below_eyes),
    "lips": (_mask_over_lips,),
}
