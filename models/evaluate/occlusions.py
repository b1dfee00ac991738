"""Synthetic occluders for evaluation: a drawn surgical mask, dark glasses.

For measuring only. Training draws its own, other ones (`models.dataset.occlusion`), so that no expert has seen these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
import numpy.typing as npt

from models.region_crops import LEFT_IN_IMAGE_CORNER, RIGHT_IN_IMAGE_CORNER, eye_distance_px
from realtime.core.types import FloatArray, ImageArray

Cover = Callable[[ImageArray, FloatArray], ImageArray]

# Face-mesh landmarks: from below one ear along the jaw to the other, then back over the cheeks and the nose's bridge.
_MASK_OUTLINE = (
    *(93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323),
    *(345, 347, 195, 118, 116),
)
_MASK_BGR = (214, 186, 150)
_FOLD_BGR = (186, 158, 124)
_FOLDS = ((205, 425), (57, 287), (202, 422))  # landmarks at both ends of each fold
_EYES = ((33, 133), (362, 263))  # outer and inner corner of each eye
_LENS_BGR = (28, 24, 22)
_SUB_PIXEL = 4


def surgical_mask(image_bgr: ImageArray, landmarks_xy: FloatArray) -> ImageArray:
    """Return a copy, `(H, W, 3)`, with a surgical mask from the nose's bridge to the chin.

    Args:
        image_bgr: `(H, W, 3) uint8`.
        landmarks_xy: `(L, 2) float32` pixels, of one face.
    """
    drawn = image_bgr.copy()
    outline = _fixed(landmarks_xy[list(_MASK_OUTLINE)])
    cv2.fillPoly(drawn, [outline], _MASK_BGR, cv2.LINE_AA, _SUB_PIXEL)
    thickness = max(1, round(eye_distance_px(landmarks_xy) / 40))
    for ends in _FOLDS:
        line = _fixed(landmarks_xy[list(ends)])
        cv2.polylines(drawn, [line], False, _FOLD_BGR, thickness, cv2.LINE_AA, _SUB_PIXEL)
    return drawn


def dark_glasses(image_bgr: ImageArray, landmarks_xy: FloatArray) -> ImageArray:
    """Return a copy, `(H, W, 3)`, with opaque dark glasses; arguments as for `surgical_mask`."""
    drawn = image_bgr.copy()
    distance = eye_distance_px(landmarks_xy)
    along = landmarks_xy[RIGHT_IN_IMAGE_CORNER] - landmarks_xy[LEFT_IN_IMAGE_CORNER]
    angle_deg = float(np.degrees(np.arctan2(along[1], along[0])))
    middles = []
    for corners in _EYES:
        middle = landmarks_xy[list(corners)].mean(axis=0)
        axes = np.array([0.29, 0.21], np.float32) * distance
        place, size = _fixed(middle), _fixed(axes)
        cv2.ellipse(
            drawn,
            tuple(map(int, place)),
            tuple(map(int, size)),
            angle_deg,
            0,
            360,
            _LENS_BGR,
            -1,
            cv2.LINE_AA,
            _SUB_PIXEL,
        )
        middles.append(middle)
    thickness = max(1, round(distance / 20))
    for ends in (middles, landmarks_xy[[33, 127]], landmarks_xy[[263, 356]]):
        cv2.polylines(drawn, [_fixed(np.asarray(ends))], False, _LENS_BGR, thickness, cv2.LINE_AA, _SUB_PIXEL)
    return drawn


COVERS: Mapping[str, Cover] = {"mouth": surgical_mask, "eyes": dark_glasses}
"""What can be covered, and what draws it."""


def _fixed(points: FloatArray) -> npt.NDArray[np.int32]:
    return np.asarray(np.round(points * 2**_SUB_PIXEL), np.int32)
