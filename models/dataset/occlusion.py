"""Synthetic occluders (glasses, masks) for training, so that an expert whose region is covered gives a flat answer.

Places are in units of d, the distance of the outer eye corners. On a stored crop (`cover`) they are drawn before it is
shifted, blurred and lit like any other. On a whole picture (`cover_face`) they are drawn before the face is looked for,
because a covered face moves the landmarks of what is not covered too, and every crop with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
import numpy.typing as npt

from models.dataset.crop_set import FloatArray, ImageArray
from models.errors import ConfigError
from models.region_crops import LEFT_IN_IMAGE_CORNER, RIGHT_IN_IMAGE_CORNER, eye_distance_px
from models.region_registry import REGIONS, Geometry, region_named

_EYE_D = (0.28, 0.38)  # of an eye's middle from the nose's axis
_MASK_HIDES, _LARGE_GLASSES_HIDE, _SMALL_GLASSES_HIDE = 0.9, 0.6, 0.4
_SUB_PIXEL = 4  # fractional bits of cv2's coordinates


def cover(crop: ImageArray, geometry: Geometry, region: str, rng: np.random.Generator) -> tuple[ImageArray, float]:
    """Return a copy of a stored crop, `(h, w, 1)`, with something drawn on it, and how much evidence that hides.

    The share, in [0, 1], is how far the label should go flat: 0 for a mask below the eyes, 0.9 for one over the lips.

    Raises:
        ConfigError: the region is not registered, or names an occluder that is not in `OCCLUDERS`.
    """
    occluders = _occluders_of(region)
    picture = crop[:, :, 0].copy()
    scale = geometry.size_wh[0] / geometry.width_d
    middle = (np.array(picture.shape[::-1]) - 1) / 2
    along = np.array([scale, 0.0])
    plane = _Plane(picture, middle - np.array([0.0, geometry.shift_down_d * scale]), along, rng)
    draw: Occluder = rng.choice(np.array(occluders, object))
    hidden = draw(plane)
    return plane.picture[:, :, None], hidden


def cover_face(
    image_bgr: ImageArray, landmarks_xy: FloatArray, what: str, rng: np.random.Generator
) -> tuple[ImageArray, Mapping[str, float]]:
    """Return a gray copy of a picture, `(H, W, 3)`, with the face covered, and how much that hides of each region.

    Args:
        image_bgr: `(H, W, 3) uint8`.
        landmarks_xy: `(L, 2) float32` pixels, of the face.
        what: one of COVER_KINDS.
        rng: where, how large and how dark.

    Raises:
        ConfigError: no such cover.
    """
    if what not in COVER_KINDS:
        raise ConfigError(f"a cover must be one of {', '.join(COVER_KINDS)}; received {what!r}")
    grey = np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), np.uint8)
    corners = landmarks_xy[[LEFT_IN_IMAGE_CORNER, RIGHT_IN_IMAGE_CORNER]].astype(np.float64)
    plane = _Plane(grey, corners.mean(axis=0), corners[1] - corners[0], rng, round(eye_distance_px(landmarks_xy) / 30))
    hides = _COVERS[what](plane)
    hidden = {name: hides * region.hidden_by.get(what, 0.0) for name, region in REGIONS.items()}
    return np.asarray(cv2.cvtColor(plane.picture, cv2.COLOR_GRAY2BGR), np.uint8), hidden


class _Plane:
    """A gray picture to be drawn on in units of d.

    Args:
        picture: `(h, w) uint8`, drawn on in place.
        origin: pixels, where the region's anchor is.
        along: pixels, the vector of length d along the eyes' axis; y points to the chin.
        rng: of the cloth's weave and of what is drawn.
        line_px: thickness of lines, if more than one or two pixels.
    """

    def __init__(
        self, picture: ImageArray, origin: FloatArray, along: FloatArray, rng: np.random.Generator, line_px: int = 1
    ) -> None:
        self.picture, self.rng = picture, rng
        self._origin, self._line_px = origin, line_px
        self._axes = np.array([along, [-along[1], along[0]]], float)

    def _place(self, points_d: list[tuple[float, float]]) -> npt.NDArray[np.int32]:
        return np.asarray(np.round((np.array(points_d) @ self._axes + self._origin) * 2**_SUB_PIXEL), np.int32)

    def fill(self, outline_d: list[tuple[float, float]], grey: float, *, shade: float = 0.0) -> None:
        """Fill a polygon with a gray level, `shade` levels lighter at the bottom, and a little weave."""
        inside = np.zeros(self.picture.shape, np.uint8)
        cv2.fillPoly(inside, [self._place(outline_d)], 255, cv2.LINE_AA, _SUB_PIXEL)
        down = np.linspace(-0.5, 0.5, self.picture.shape[0])[:, None]
        cloth = grey + shade * down + self.rng.normal(0, 3, self.picture.shape)
        share = inside / 255.0
        self.picture[...] = np.clip(self.picture * (1 - share) + cloth * share, 0, 255)

    def line(self, start_d: tuple[float, float], end_d: tuple[float, float], grey: float) -> None:
        """Draw a line of `line_px` pixels, or one more."""
        thickness = max(1, self._line_px) + int(self.rng.integers(0, 2))
        first, second = (tuple(map(int, end)) for end in self._place([start_d, end_d]))
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
    # From cloth that ends at the nostrils to cloth that is drawn up to the lower lids; some stand up at the cheeks.
    nose = plane.rng.uniform(0.1, 0.45)
    _mask(plane, nose, max(0.08, nose + plane.rng.uniform(-0.25, 0.2)))
    return 0.0


def _mask_on_face(plane: _Plane) -> float:
    _mask_below_eyes(plane)
    return _MASK_HIDES


Occluder = Callable[[_Plane], float]
"""Draws on a plane and returns how much evidence that hides, in [0, 1]."""

OCCLUDERS: Mapping[str, Occluder] = {
    "glasses": _glasses,
    "mask_below_eyes": _mask_below_eyes,
    "mask_over_lips": _mask_over_lips,
}
"""What can be drawn on a region's crops, around the region's anchor; the registry names them (`Region.occluders`)."""

# Around the middle of a whole face's eye corners; the registry says which regions each hides (`Region.hidden_by`).
_COVERS: Mapping[str, Occluder] = {"mask": _mask_on_face, "glasses": _glasses}
COVER_KINDS = tuple(_COVERS)


def _occluders_of(region: str) -> tuple[Occluder, ...]:
    names = region_named(region).occluders
    if unknown := [name for name in names if name not in OCCLUDERS]:
        raise ConfigError(f"an occluder must be one of {', '.join(OCCLUDERS)}; {region} names {unknown[0]!r}")
    return tuple(OCCLUDERS[name] for name in names)
