"""Best thumbnail per person, chosen by face size and reliability, for the report."""

from __future__ import annotations

import cv2
import numpy as np

from realtime.core.types import Analysed, FloatArray, ImageArray

_THUMB_PX = 112
_MARGIN = 0.25
_JPEG_QUALITY = 82
# A portrait is replaced by one that is better by this factor, so that it is seldom cut.
_BETTER = 1.3
_MAX_PORTRAITS = 50


class FaceThumbnails:
    """Keeps one good picture per person; a `Sink`."""

    def __init__(self) -> None:
        self._best: dict[int, tuple[float, ImageArray]] = {}

    def write(self, analysed: Analysed) -> None:
        """Take one frame; a face's score is its width times its reliability."""
        for row, track in enumerate(analysed.faces.track_ids.tolist()):
            # The reliability belongs to an earlier frame, not to this picture.
            if analysed.emotions.age_s[row] > 0:
                continue
            box = analysed.faces.boxes_xyxy[row]
            worth = float(box[2] - box[0]) * float(analysed.emotions.reliability[row].max(initial=0.0))
            known = self._best.get(track)
            if known is None and len(self._best) >= _MAX_PORTRAITS:
                continue
            if known is None or worth > _BETTER * known[0]:
                face = cut_face(analysed.frame.image_bgr, box)
                if face is not None:
                    self._best[track] = worth, face

    def jpegs(self) -> dict[int, bytes]:
        """Return person -> picture."""
        return {track: jpeg(face) for track, (_, face) in self._best.items()}


def cut_face(image_bgr: ImageArray, box_xyxy: FloatArray) -> ImageArray | None:
    """Return a face with some margin, at most 112 pixels high and wide; `None` where it lies outside.

    Args:
        image_bgr: `(H, W, 3) uint8`.
        box_xyxy: `(4,) float32` pixels.
    """
    left, top, right, bottom = box_xyxy.tolist()
    half = max(right - left, bottom - top) * (0.5 + _MARGIN)
    x, y = (left + right) / 2, (top + bottom) / 2
    height, width = image_bgr.shape[:2]
    x0, x1 = max(0, round(x - half)), min(width, round(x + half))
    y0, y1 = max(0, round(y - half)), min(height, round(y + half))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    scale = _THUMB_PX / max(x1 - x0, y1 - y0)
    size = max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale))
    return np.asarray(cv2.resize(image_bgr[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA), np.uint8)


def jpeg(image_bgr: ImageArray) -> bytes:
    """Return the picture as a JPEG file."""
    _, data = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return data.tobytes()
