"""Scales pictures and converts them to PPM for Tk; thread-safe, independent of Tk."""

from __future__ import annotations

import cv2
import numpy as np

from realtime.core.types import ImageArray


def fit(picture_wh: tuple[int, int], room_wh: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size with the picture's proportions that fits into `room_wh`, in pixels, at least 1 x 1."""
    scale = min(room_wh[0] / picture_wh[0], room_wh[1] / picture_wh[1])
    return max(1, round(picture_wh[0] * scale)), max(1, round(picture_wh[1] * scale))


def ppm(image_bgr: ImageArray, size_wh: tuple[int, int]) -> bytes:
    """Return the picture at `size_wh` as a binary PPM, the one format that every Tk reads without further packages."""
    if (image_bgr.shape[1], image_bgr.shape[0]) != size_wh:
        shrinks = size_wh[0] < image_bgr.shape[1]
        image_bgr = cv2.resize(image_bgr, size_wh, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)  # type: ignore[assignment]
    return rgb_ppm(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB))  # type: ignore[arg-type]


def rgb_ppm(image_rgb: ImageArray) -> bytes:
    """Return `(H, W, 3) uint8` RGB as a binary PPM."""
    height, width = image_rgb.shape[:2]
    # Joined: the one way to copy the pixels only once.
    return b"".join((b"P6 %d %d 255\n" % (width, height), np.ascontiguousarray(image_rgb).data))
