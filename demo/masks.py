"""Soft-edged masks of polygons and lines."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.interpolate import CubicSpline

from realtime.core.types import FloatArray

_STEPS_PER_POINT = 6


def soft_polygon(points: FloatArray, shape: tuple[int, ...], blur_px: float) -> FloatArray:
    """Return a mask of a polygon with a soft edge.

    Args:
        points: `(P, 2)` pixels.
        shape: of the picture: height and width first.
        blur_px: sigma of the edge.

    Returns:
        `(H, W) float32` in 0 to 1.
    """
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, lineType=cv2.LINE_AA, shift=4)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), blur_px), np.float32) / np.float32(255)


def soft_line(points: FloatArray, shape: tuple[int, ...], width_px: int, blur_px: float) -> FloatArray:
    """Return a mask `(H, W) float32` in 0 to 1 of a line with soft edges; arguments as in `soft_polygon`."""
    mask = np.zeros(shape[:2], np.uint8)
    fixed = np.round(points * 16).astype(np.int32)
    cv2.polylines(mask, [fixed], False, 255, width_px, lineType=cv2.LINE_AA, shift=4)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), blur_px), np.float32) / np.float32(255)


def rounded(points: FloatArray) -> FloatArray:
    """Return a smooth closed curve through the corners `(P, 2)` of a polygon, `(Q, 2) float32`, in the same unit."""
    closed = np.concatenate([points, points[:1]])
    curve = CubicSpline(np.arange(len(closed)), closed, bc_type="periodic")
    return np.asarray(curve(np.arange(0, len(points), 1 / _STEPS_PER_POINT)), np.float32)
