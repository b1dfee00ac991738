"""Reliability of each face region in a frame, from pose, size, sharpness, contrast and visibility."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from models.region_crops import eye_distance_px, share_inside
from models.region_registry import Geometry
from realtime.core.types import Faces, FloatArray, ImageArray

REASONS = ("turned", "small", "blurred", "hidden")
NO_CLEAR_EXPRESSION = "no clear expression"

# Each cue falls linearly from 1 to 0 between two values, chosen where the experts' own confidence is no longer honest:
# on FER2013's validation faces from 12 pixels on their confidence is within 6 points of their accuracy; below, the eyes
# are right in 52 % at a confidence of 73 %. A turn costs accuracy (eyes 83 % up to 28 degrees, 67 % from 42 on, 50 % at
# a confidence of 74 % from 50 on), and from about 45 degrees on a label is not usable.
_YAW_DEG = (36.0, 45.0)
_PITCH_DEG = (36.0, 45.0)
# A turned face keeps some weight: its distribution becomes nearly uniform, its label "uncertain", but the order stays.
_TURNED_FLOOR = 0.2
_EYE_DISTANCE_PX = (12.0, 6.0)
# Standard deviation of a crop's gray levels: the lowest of the validation crops are 11 (eyes) and 9 (lips).
_CONTRAST_GREY = (10.0, 3.0)
_INSIDE_SHARE = (0.6, 0.3)
# Share of a crop's variation that lies in its finest detail, as if every crop had `_PIXELS_PER_D` pixels per d: on
# FER2013 validation crops the median is 0.007 in both regions, the lowest hundredth 0.0011; blurred by a Gaussian of
# 3 pixels the medians are 0.00012 (eyes) and 0.00025 (lips).
_SHARPNESS = (0.0004, 0.0001)
_PIXELS_PER_D = 40.0
# Share of pixels of a face that equal their neighbor: even colors of a drawing or an emoji. Drawn faces of 300 pixels
# or more have 0.74 to 0.95, also after H.264. Of 294 press photographs none has more than 0.38, after coarse H.264 (35)
# 0.47; of the faces of 13 videos none has more than 0.41.
_EVEN_SHARE = (0.64, 0.74)
# Dark faces have few gray levels, so neighbors are equal there too; drawings have contrast.
_DRAWN_CONTRAST_GREY = 22.0
_EVERY_ROW = 3
# Largest probability of an expert. The experts learned to answer evenly where their region is covered: a hand over the
# mouth gives 0.19 to 0.205, the lowest of 294 press photographs and 2,800 frames are 0.35 (eyes) and 0.24 (lips).
_FLAT_ANSWER = (0.235, 0.21)
# An expert that stands alone since another region is covered: the mesh is less exact there, so it has to be sure.
_SURE_ALONE = (0.98, 0.92)
# Where it is not, it keeps some weight, as a turned face does: far too little for a label, but the order stays.
_ALONE_FLOOR = 0.05


def region_quality(
    faces: Faces, row: int, crop: ImageArray, geometry: Geometry, frame_size_wh: tuple[int, int]
) -> FloatArray:
    """Return how good each cue of one region is, `(4,) float32` in [0, 1], in the order of `REASONS`.

    Args:
        faces: the faces of the frame.
        row: `int`, which of them.
        crop: `(h, w, 1) uint8`, the region as the expert sees it.
        geometry: the region's.
        frame_size_wh: `(int, int)` pixels.
    """
    yaw, pitch, _ = map(abs, faces.head_pose_deg[row].tolist())
    landmarks_xy = faces.landmarks_xy[row]
    turned = max(_TURNED_FLOOR, min(_ramp(yaw, _YAW_DEG), _ramp(pitch, _PITCH_DEG)))
    small = _ramp(eye_distance_px(landmarks_xy), _EYE_DISTANCE_PX)
    deviation = _deviation(crop)
    fine = _deviation(cv2.Laplacian(crop[:, :, 0], cv2.CV_16S)) / 4
    # Sharpness is undefined for a crop without contrast.
    scale = geometry.size_wh[0] / geometry.width_d / _PIXELS_PER_D
    blurred = _ramp((fine / deviation) ** 2 * scale**3, _SHARPNESS) if deviation > _CONTRAST_GREY[1] else 1.0
    inside = _ramp(share_inside(landmarks_xy, geometry, frame_size_wh), _INSIDE_SHARE)
    hidden = min(_ramp(deviation, _CONTRAST_GREY), inside)
    return np.array([turned, small, blurred, hidden], np.float32)


def photographed(faces: Faces, image_bgr: ImageArray) -> FloatArray:
    """Return how far each face is a camera's picture rather than a drawing of even colors, `(N,) float32` in [0, 1].

    Args:
        faces: the faces of the frame.
        image_bgr: `(H, W, 3) uint8`, the frame.
    """
    height, width = image_bgr.shape[:2]
    values = np.ones(len(faces), np.float32)
    for row, (left, top, right, bottom) in enumerate(faces.boxes_xyxy.tolist()):
        x0, x1 = max(0, int(left)), min(width, int(right))
        y0, y1 = max(0, int(top)), min(height, int(bottom))
        if x1 - x0 < 2 or y1 - y0 < 2:
            continue
        green = np.ascontiguousarray(image_bgr[y0:y1:_EVERY_ROW, x0:x1, 1])
        even = np.count_nonzero(green[:, 1:] == green[:, :-1]) / green[:, 1:].size
        if even > _EVEN_SHARE[0] and _deviation(green) > _DRAWN_CONTRAST_GREY:
            values[row] = _ramp(even, _EVEN_SHARE)
    return values


def without_covered(quality: FloatArray, by_region: FloatArray) -> FloatArray:
    """Return the quality with the last cue, "hidden", lowered where experts see that a region is covered.

    Args:
        quality: `(N, R, 4) float32`, as of `region_quality`.
        by_region: `(N, R, K) float32`, what the experts answered.
    """
    clear = by_region.max(axis=2, initial=0.0)
    seen, sure = _ramps(clear, _FLAT_ANSWER), _ramps(clear, _SURE_ALONE)
    worst_seen = seen.min(axis=1, keepdims=True, initial=1.0)
    lowered = quality.copy()
    lowered[:, :, -1] *= np.minimum(seen, np.maximum(np.maximum(worst_seen, sure), _ALONE_FLOOR))
    return lowered


def reliability_and_reason(quality: FloatArray) -> tuple[FloatArray, str]:
    """Return one face's reliability per region, `(R,)`, and the cue that costs its best region most.

    Args:
        quality: `(R, 4) float32`, one row of `region_quality` per region.
    """
    reliability = np.asarray(quality.prod(axis=1), np.float32)
    best = quality[int(reliability.argmax())]
    return reliability, REASONS[int(best.argmin())]


def _deviation(picture: Any) -> float:
    """Return the standard deviation; numpy's takes ten times as long for so small an array."""
    return float(cv2.meanStdDev(picture)[1][0, 0])


def _ramps(values: FloatArray, good_to_bad: tuple[float, float]) -> FloatArray:
    good, bad = good_to_bad
    return np.asarray(np.clip((values - bad) / (good - bad), 0, 1), np.float32)


def _ramp(value: float, good_to_bad: tuple[float, float]) -> float:
    good, bad = good_to_bad
    return float(min(1.0, max(0.0, (value - bad) / (good - bad))))
