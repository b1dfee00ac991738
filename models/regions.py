"""Region geometry and cropping: the one function that cuts crops for the data set, for training and live.

A crop is aligned by similarity: turned until the eye axis is level, scaled by the distance d between the outer eye
corners. Sizes in units of d are in `models.spec.Geometry`.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from models.spec import Geometry

LEFT_IN_IMAGE_CORNER = 33
RIGHT_IN_IMAGE_CORNER = 263
_MIN_EYE_DISTANCE_PX = 1e-3
# Reducing by more than this in one bilinear step would alias; above it the crop is cut larger and averaged down.
_MAX_BILINEAR_REDUCTION = 1.5
_MAX_SUPERSAMPLING = 6
_UNIT_CORNERS = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], np.float32)


def eye_distance_px(landmarks_xy: npt.NDArray[np.float32]) -> float:
    """Return d, the distance between the outer eye corners of one face, `(L, 2)`, in pixels."""
    along = landmarks_xy[RIGHT_IN_IMAGE_CORNER] - landmarks_xy[LEFT_IN_IMAGE_CORNER]
    return float(np.hypot(along[0], along[1]))


def region_corners(landmarks_xy: npt.NDArray[np.float32], geometry: Geometry) -> npt.NDArray[np.float32]:
    """Return the region's corners in the image, `(4, 2)` pixels: top left, top right, bottom right, bottom left."""
    half = _UNIT_CORNERS * np.array([geometry.width_d, geometry.height_d], np.float32)
    return np.asarray(half @ _axes(landmarks_xy) + _centre(landmarks_xy, geometry), np.float32)


def cut_region(
    image: npt.NDArray[np.uint8], landmarks_xy: npt.NDArray[np.float32], geometry: Geometry, border_px: int = 0
) -> npt.NDArray[np.uint8]:
    """Cut one region of one face, level, at the expert's input size, as grey.

    Args:
        image: `(H, W, 3) uint8` BGR or `(H, W) uint8` grey.
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
    reduction = geometry.width_d * eye_distance_px(landmarks_xy) / geometry.detail_wh[0]
    if reduction <= 1.0:
        crop = _warp(image, landmarks_xy, geometry, out_wh, geometry.size_wh[0])
        return _grey(crop)[:, :, None]
    detail_wh = tuple(
        round(out * detail / size)
        for out, detail, size in zip(out_wh, geometry.detail_wh, geometry.size_wh, strict=True)
    )
    samples = 1 if reduction <= _MAX_BILINEAR_REDUCTION else min(_MAX_SUPERSAMPLING, int(np.ceil(reduction)))
    cut_wh = (detail_wh[0] * samples, detail_wh[1] * samples)
    crop = _grey(_warp(image, landmarks_xy, geometry, cut_wh, geometry.detail_wh[0] * samples))
    if samples > 1:
        crop = np.asarray(cv2.resize(crop, detail_wh, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(crop, out_wh, interpolation=cv2.INTER_LINEAR), np.uint8)[:, :, None]


def border_wh(geometry: Geometry, border_px: int) -> tuple[int, int]:
    """Return the border on each side, `(x, y)` pixels, for a border of `border_px` on the left and right."""
    return border_px, round(border_px * geometry.size_wh[1] / geometry.size_wh[0])


def _axes(landmarks_xy: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the eye axis and the axis towards the chin, `(2, 2)` rows, each d pixels long."""
    along = landmarks_xy[RIGHT_IN_IMAGE_CORNER] - landmarks_xy[LEFT_IN_IMAGE_CORNER]
    if float(np.hypot(along[0], along[1])) < _MIN_EYE_DISTANCE_PX:
        along = np.array([_MIN_EYE_DISTANCE_PX, 0.0], np.float32)
    return np.array([[along[0], along[1]], [-along[1], along[0]]], np.float32)


def _centre(landmarks_xy: npt.NDArray[np.float32], geometry: Geometry) -> npt.NDArray[np.float32]:
    anchor = landmarks_xy[list(geometry.anchor)].mean(axis=0)
    return np.asarray(anchor + geometry.shift_down_d * _axes(landmarks_xy)[1], np.float32)


def _warp(
    image: npt.NDArray[np.uint8],
    landmarks_xy: npt.NDArray[np.float32],
    geometry: Geometry,
    out_wh: tuple[int, int],
    region_width_px: int,
) -> npt.NDArray[np.uint8]:
    """Sample `out_wh` pixels around the region's centre, `region_width_px` of them across the region."""
    step = _axes(landmarks_xy) * np.float32(geometry.width_d / region_width_px)
    centre = _centre(landmarks_xy, geometry)
    # cv2 maps pixel centres: output pixel (u, v) is sampled at centre + (u - u0) * step_x + (v - v0) * step_y.
    origin = centre - np.array([(out_wh[0] - 1) / 2, (out_wh[1] - 1) / 2], np.float32) @ step
    matrix = np.column_stack([step.T, origin])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, matrix, out_wh, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _grey(crop: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return crop if crop.ndim == 2 else np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
