"""Retouches the marks of a smile in a portrait: cheeks, folds, creased lower lids, teeth."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from demo.expressions import LOWER_INNER, LOWER_OUTER, UPPER_INNER, UPPER_OUTER
from demo.masks import soft_line, soft_polygon
from realtime.core.types import FloatArray, ImageArray

INNER_MOUTH = UPPER_INNER + LOWER_INNER[-2:0:-1]
"""Rim of the mouth's opening, once around."""

_LIPS = UPPER_OUTER + LOWER_OUTER[-2:0:-1]
_DIMPLES = ((186, 57, 43), (410, 287, 273))
_BULGES = ((216, 207, 187, 147), (436, 427, 411, 376))
_NOSE = (168, 245, 198, 49, 64, 98, 97, 2, 326, 327, 294, 279, 420, 465)
_FOLDS = ((49, 203, 206, 216, 212, 202), (279, 423, 426, 436, 432, 422))
_MOUTH_CORNERS = ((61, 78, 191), (61, 78, 95), (291, 308, 415), (291, 308, 324))
_CHEEKS = ((50, 101, 36, 206, 207, 187, 123), (280, 330, 266, 426, 427, 411, 352))
_BELOW_EYES = ((226, 31, 228, 229, 230, 231, 232), (446, 261, 448, 449, 450, 451, 452))


def relaxed(image_bgr: ImageArray, mesh_xy: FloatArray) -> ImageArray:
    """Return the picture, `(H, W, 3) uint8`, of a face that neither smiles nor shows its teeth.

    Args:
        image_bgr: `(H, W, 3) uint8`, a smiling face.
        mesh_xy: `(468, 2) float32` pixels, its mesh. The mouth keeps its shape: that is the warp's to change.
    """
    unit_px = float(np.linalg.norm(mesh_xy[263] - mesh_xy[33]))
    covered = _without_mouth(image_bgr, mesh_xy)
    spared = np.maximum(_area(mesh_xy, _LIPS, covered, 3.0), _area(mesh_xy, _NOSE, covered, 3.0))
    folds = _lines(mesh_xy, _FOLDS + _DIMPLES + _BULGES, covered, 0.10 * unit_px)
    cheeks = np.maximum.reduce([_area(mesh_xy, cheek, covered, 0.06 * unit_px) for cheek in _CHEEKS])
    shading = np.maximum(0.8 * folds, 0.7 * cheeks) * (1 - spared)
    evened = _evened(covered.astype(np.float32), shading, 0.13 * unit_px, 0.8, 0.02 * unit_px)
    below_eyes = 0.6 * _lines(mesh_xy, _BELOW_EYES, covered, 0.06 * unit_px)
    return np.asarray(_evened(evened, below_eyes, 0.04 * unit_px, 0.5, 0.02 * unit_px).round().clip(0, 255), np.uint8)


def _without_mouth(image_bgr: ImageArray, mesh_xy: FloatArray) -> ImageArray:
    """Return the picture with lip in place of teeth, and skin in place of the dark corners and the deepest folds."""
    shape = image_bgr.shape
    folds = [soft_line(mesh_xy[list(fold[:5])], shape, 9, 3.0) for fold in _FOLDS]
    corners = [soft_line(mesh_xy[list(corner)], shape, 9, 1.5) for corner in _MOUTH_CORNERS]
    inside = soft_polygon(mesh_xy[list(INNER_MOUTH)], shape, 2.0)
    mask = np.maximum.reduce([*(0.8 * fold for fold in folds), *corners, (2.5 * inside).clip(0, 1)])
    filled = cv2.inpaint(image_bgr, (mask > 0.25).astype(np.uint8), 5, cv2.INPAINT_TELEA)
    smooth = cv2.GaussianBlur(filled, (0, 0), 2.0).astype(np.float32)
    image = image_bgr.astype(np.float32)
    return np.asarray((image + mask[..., None] * (smooth - image)).round(), np.uint8)


def _evened(image: FloatArray, mask: FloatArray, reach_px: float, grain: float, grain_px: float) -> FloatArray:
    """Return the picture, its shading smoothed over `reach_px` within `mask`; the share `grain` of pores stays."""
    shading = cv2.GaussianBlur(image, (0, 0), reach_px)
    pores = image - cv2.GaussianBlur(image, (0, 0), grain_px)
    return np.asarray(image + mask[..., None] * (shading + grain * pores - image), np.float32)


def _area(mesh_xy: FloatArray, points: Sequence[int], image: ImageArray, blur_px: float) -> FloatArray:
    return soft_polygon(mesh_xy[list(points)], image.shape, blur_px)


def _lines(mesh_xy: FloatArray, lines: Sequence[Sequence[int]], image: ImageArray, width_px: float) -> FloatArray:
    masks = [soft_line(mesh_xy[list(line)], image.shape, int(width_px), width_px / 2) for line in lines]
    return np.asarray(np.maximum.reduce(masks), np.float32)
