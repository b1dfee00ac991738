"""Anonymizes frames: pixelates faces, or replaces the picture with black."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from realtime.core.types import Analysed, FloatArray, ImageArray
from realtime.smoothing.track_memory import TrackMemory

# Six blocks across: unrecognizable, but still visibly a face.
_BLOCKS = 6
_MARGIN = 0.2
# A face that is lost for a moment, for instance while it turns, stays blurred at its last position.
_KEEP_S = 1.0


def on_black(analysed: Analysed) -> Analysed:
    """Return the same frame with a black picture."""
    return _with_image(analysed, np.zeros_like(analysed.frame.image_bgr))


class FaceBlur:
    """Pixelates the faces of a video; keeps their last positions, so use one instance per video."""

    def __init__(self) -> None:
        self._boxes: TrackMemory[FloatArray] = TrackMemory(_KEEP_S, back=0.0)

    def blurred(self, analysed: Analysed) -> Analysed:
        """Return the same frame with its faces blurred in a copy of the picture."""
        now_s = analysed.frame.media_time_s
        for track, box in zip(analysed.faces.track_ids.tolist(), analysed.faces.boxes_xyxy, strict=True):
            self._boxes.put(track, box, now_s)
        self._boxes.forget(now_s)
        image = analysed.frame.image_bgr.copy()
        for box in self._boxes.values():
            _blur_box(image, box)
        return _with_image(analysed, image)


def _blur_box(image: ImageArray, box_xyxy: FloatArray) -> None:
    left, top, right, bottom = box_xyxy.tolist()
    margin_x, margin_y = _MARGIN * (right - left), _MARGIN * (bottom - top)
    height, width = image.shape[:2]
    x0, x1 = max(0, round(left - margin_x)), min(width, round(right + margin_x))
    # Twice above: the mesh ends at the forehead, the head does not.
    y0, y1 = max(0, round(top - 2 * margin_y)), min(height, round(bottom + margin_y))
    if x1 <= x0 or y1 <= y0:
        return
    part = image[y0:y1, x0:x1]
    blocks = cv2.resize(part, (_BLOCKS, _BLOCKS), interpolation=cv2.INTER_AREA)
    veil = cv2.resize(blocks, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
    mask = np.zeros(part.shape[:2], np.uint8)
    centre, axes = ((x1 - x0) // 2, (y1 - y0) // 2), ((x1 - x0 + 1) // 2, (y1 - y0 + 1) // 2)
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 255, -1)
    part[mask > 0] = veil[mask > 0]


def _with_image(analysed: Analysed, image_bgr: ImageArray) -> Analysed:
    return dataclasses.replace(analysed, frame=dataclasses.replace(analysed.frame, image_bgr=image_bgr))
