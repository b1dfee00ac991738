"""Similarity-aligned crops of face regions: the same function for the data set, for training and live.

A crop is aligned by similarity: turned until the eye axis is level, scaled by the distance d between the outer eye
corners. Sizes in units of d are in `models.region_registry.Geometry`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from models.region_registry import Geometry

LEFT_IN_IMAGE_CORNER = 33
RIGHT_IN_IMAGE_CORNER = 263
_MIN_EYE_DISTANCE_PX = 1e-3
# Reducing by more than this in one bilinear step would alias; above it the crop is cut larger and averaged down.
_MAX_BILINEAR_REDUCTION = 1.5
_UNIT_CORNERS = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], np.float32)


def eye_distance_px(landmarks_xy: npt.NDArray[np.float32]) -> float:
    """Return d, the distance between the outer eye corners of one face, `(L, 2)`, in pixels."""
    along = landmarks_xy[RIGHT_IN_IMAGE_CORNER] - landmarks_xy[LEFT_IN_IMAGE_CORNER]
    return float(np.hypot(along[0], along[1]))


def region_corners(landmarks_xy: npt.NDArray[np.float32], geometry: Geometry) -> npt.NDArray[np.float32]:
    """Return the region's corners in the image, `(4, 2)` pixels: top left, top right, bottom right, bottom left."""
    place = _placed(landmarks_xy, geometry)
    axes = np.array([[place.along_x, place.along_y], [-place.along_y, place.along_x]], np.float32)
    half = _UNIT_CORNERS * np.array([geometry.width_d, geometry.height_d], np.float32)
    return np.asarray(half @ axes + np.array([place.x, place.y], np.float32), np.float32)


def share_inside(landmarks_xy: npt.NDArray[np.float32], geometry: Geometry, frame_size_wh: tuple[int, int]) -> float:
    """Return the share of the region's bounding box that lies inside a frame of `frame_size_wh` pixels."""
    place = _placed(landmarks_xy, geometry)
    share = 1.0
    for middle, reach, size in zip(
        (place.x, place.y), place.reach(geometry.width_d / 2, geometry.height_d / 2), frame_size_wh, strict=True
    ):
        kept = min(max(middle + reach, 0.0), size) - min(max(middle - reach, 0.0), size)
        share *= kept / max(2 * reach, 1e-6)
    return share


def cut_region(
    image: npt.NDArray[np.uint8], landmarks_xy: npt.NDArray[np.float32], geometry: Geometry, border_px: int = 0
) -> npt.NDArray[np.uint8]:
    """Cut one region of one face, level, at the expert's input size, as gray.

    Args:
        image: `(H, W, 3) uint8` BGR or `(H, W) uint8` gray.
        landmarks_xy: `(L, 2) float32` pixels of that image.
        geometry: the region.
        border_px: `int`, this many pixels more on the left and right, and in proportion above and below, at the same
            scale: the data set stores crops with a border, from which training cuts jittered ones. The middle of a
            crop with a border is the crop without.

    Returns:
        `(h, w, 1) uint8` with `(w, h) = size_wh + 2 * border_wh(geometry, border_px)`. What lies outside the image is
        the image's edge, repeated.
    """
    pad_wh = border_wh(geometry, border_px)
    out_wh = (geometry.size_wh[0] + 2 * pad_wh[0], geometry.size_wh[1] + 2 * pad_wh[1])
    place = _placed(landmarks_xy, geometry)
    reduction = geometry.width_d * place.d_px / geometry.detail_wh[0]
    image, place = _grey_around(image, place, geometry, out_wh, int(reduction / _MAX_BILINEAR_REDUCTION))
    if reduction <= 1.0:
        return _warp(image, place, geometry, out_wh, geometry.size_wh[0])[:, :, None]
    detail_wh = tuple(
        round(out * detail / size)
        for out, detail, size in zip(out_wh, geometry.detail_wh, geometry.size_wh, strict=True)
    )
    reduction = geometry.width_d * place.d_px / geometry.detail_wh[0]
    samples = 1 if reduction <= _MAX_BILINEAR_REDUCTION else int(np.ceil(reduction))
    cut_wh = (detail_wh[0] * samples, detail_wh[1] * samples)
    crop = _warp(image, place, geometry, cut_wh, geometry.detail_wh[0] * samples)
    if samples > 1:
        crop = np.asarray(cv2.resize(crop, detail_wh, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(crop, out_wh, interpolation=cv2.INTER_LINEAR), np.uint8)[:, :, None]


def border_wh(geometry: Geometry, border_px: int) -> tuple[int, int]:
    """Return the border on each side, `(x, y)` pixels, for a border of `border_px` on the left and right."""
    return border_px, round(border_px * geometry.size_wh[1] / geometry.size_wh[0])


class _Place(NamedTuple):
    """Where a region lies: its center, and the vector of length d along the eyes' axis, in pixels."""

    x: float
    y: float
    along_x: float
    along_y: float

    @property
    def d_px(self) -> float:
        return math.hypot(self.along_x, self.along_y)

    def reach(self, half_width_d: float, half_height_d: float) -> tuple[float, float]:
        """Return how far a part of the region, in units of d, reaches from the center along x and y, in pixels."""
        along_x, along_y = abs(self.along_x), abs(self.along_y)
        return along_x * half_width_d + along_y * half_height_d, along_y * half_width_d + along_x * half_height_d


def _placed(landmarks_xy: npt.NDArray[np.float32], geometry: Geometry) -> _Place:
    # Few numbers: Python's own arithmetic takes a fraction of numpy's time.
    points = [landmarks_xy[index].tolist() for index in geometry.anchor]
    x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
    left_x, left_y = landmarks_xy[LEFT_IN_IMAGE_CORNER].tolist()
    right_x, right_y = landmarks_xy[RIGHT_IN_IMAGE_CORNER].tolist()
    along_x, along_y = right_x - left_x, right_y - left_y
    if math.hypot(along_x, along_y) < _MIN_EYE_DISTANCE_PX:
        along_x, along_y = _MIN_EYE_DISTANCE_PX, 0.0
    down = geometry.shift_down_d
    return _Place(x - down * along_y, y + down * along_x, along_x, along_y)


def _warp(
    image: npt.NDArray[np.uint8], place: _Place, geometry: Geometry, out_wh: tuple[int, int], region_width_px: int
) -> npt.NDArray[np.uint8]:
    """Sample `out_wh` pixels around the region's center, `region_width_px` of them across the region."""
    step = geometry.width_d / region_width_px
    step_x, step_y = step * place.along_x, step * place.along_y
    # cv2 maps pixel centers: output pixel (u, v) is sampled at center + (u - u0) * step_x + (v - v0) * step_y.
    u0, v0 = (out_wh[0] - 1) / 2, (out_wh[1] - 1) / 2
    origin = (place.x - u0 * step_x + v0 * step_y, place.y - u0 * step_y - v0 * step_x)
    matrix = np.array([[step_x, -step_y, origin[0]], [step_y, step_x, origin[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, matrix, out_wh, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _grey_around(
    image: npt.NDArray[np.uint8], place: _Place, geometry: Geometry, out_wh: tuple[int, int], reduction: int
) -> tuple[npt.NDArray[np.uint8], _Place]:
    """Return the part of the image that a crop is sampled from, gray and reduced, and the place in its pixels.

    Turning few gray pixels takes a fraction of the time of turning many colored ones. The part ends within the image
    only where nothing is sampled, so its repeated edge is the image's.
    """
    k = max(1, reduction)
    share = max(out / size for out, size in zip(out_wh, geometry.size_wh, strict=True)) / 2
    reach_x, reach_y = place.reach(share * geometry.width_d, share * geometry.height_d)
    margin = k + 2
    left, right = _within(place.x - reach_x - margin, place.x + reach_x + margin, image.shape[1], k)
    top, bottom = _within(place.y - reach_y - margin, place.y + reach_y + margin, image.shape[0], k)
    part = image[top:bottom, left:right]
    if part.ndim == 3:
        part = np.asarray(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), np.uint8)
    if k > 1:
        size_wh = (max(1, part.shape[1] // k), max(1, part.shape[0] // k))
        part = np.asarray(cv2.resize(part, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    # Pixel centres lie at whole numbers: the middle of the first k is at (k - 1) / 2.
    middle = (k - 1) / 2
    x, y = (place.x - left - middle) / k, (place.y - top - middle) / k
    return part, _Place(x, y, place.along_x / k, place.along_y / k)


def _within(low: float, high: float, size: int, k: int) -> tuple[int, int]:
    """Return the part [first, end) of 0 to `size` that holds `low` to `high`, a multiple of `k` long if there is room.

    At least one pixel, the nearest, also where all lies outside.
    """
    first = min(max(math.floor(low), 0), max(size - k, 0))
    end = max(min(math.ceil(high) + 1, size), min(first + k, size))
    return first, end - (end - first) % k if end - first > k else end
