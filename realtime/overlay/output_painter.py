"""Draws output pictures for recordings, the page and the virtual camera, with faces blurred or removed on request."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from realtime.core.options import FaceStyle, PictureOptions
from realtime.core.types import Analysed, ImageArray
from realtime.overlay.face_blur import FaceBlur, framed_by_blur, on_black
from realtime.overlay.face_panel import Level
from realtime.overlay.overlay import Overlay

# As wide as a phone has points, twice.
_SMALL_SIDE_PX = 640


class SmallOverlay(Overlay):
    """Draws for pictures that are shown a few centimeters wide: large letters, of each face only its label."""

    _cap_share, _finest = 0.042, Level.TAG


class OutputPainter:
    """Draws what leaves the program, each frame once, however many sinks ask for it.

    It has an overlay of its own, since that remembers where its panels were, whatever a window shows.

    Args:
        options: how faces are shown, and whether pictures are mirrored.
        blur: blurs faces, where they are to be blurred; by default those that were analyzed.

    Attributes:
        landmarks: `bool`, whether landmarks and regions are drawn too.
    """

    def __init__(self, options: PictureOptions | None = None, blur: FaceBlur | None = None) -> None:
        self._options = options or PictureOptions()
        self._overlay, self._blur = Overlay(), blur or FaceBlur()
        self._small_overlay = SmallOverlay()
        self._drawn: tuple[Analysed, ImageArray] | None = None
        self.landmarks = False

    def draw(self, analysed: Analysed) -> ImageArray:
        """Return the frame with everything drawn on it, `(H, W, 3) uint8` BGR; faces as the options say."""
        if self._drawn is None or self._drawn[0] is not analysed:
            shown = self._shown(analysed)
            picture = self._overlay.draw(shown, None, landmarks=self.landmarks, mirror=self._options.mirror)
            self._drawn = analysed, picture
        return self._drawn[1]

    def draw_small(self, analysed: Analysed) -> ImageArray:
        """Return the frame for a small screen, at most 640 pixels a side, each face with its label only."""
        shown = _reduced(self._shown(analysed))
        return self._small_overlay.draw(shown, None, mirror=self._options.mirror)

    def _shown(self, analysed: Analysed) -> Analysed:
        if self._options.faces is FaceStyle.ON_BLACK:
            return on_black(analysed)
        if self._options.faces is FaceStyle.BLURRED:
            # Frames around the veil rather than on it: nothing is drawn on a face that nobody is to recognize.
            return framed_by_blur(self._blur.blurred(analysed))
        return analysed


def _reduced(analysed: Analysed) -> Analysed:
    """Return a frame with its faces at most 640 pixels a side."""
    image, faces = analysed.frame.image_bgr, analysed.faces
    height, width = image.shape[:2]
    scale = _SMALL_SIDE_PX / max(height, width)
    if scale >= 1:
        return analysed
    size_wh = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    boxes, points = faces.boxes_xyxy * np.float32(scale), faces.landmarks_xy * np.float32(scale)
    return dataclasses.replace(
        analysed,
        frame=dataclasses.replace(analysed.frame, image_bgr=small),
        faces=dataclasses.replace(faces, boxes_xyxy=boxes, landmarks_xy=points),
    )
