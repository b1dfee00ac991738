"""Anonymizes frames: pixelates faces, or replaces the picture with black."""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import cv2
import numpy as np

from realtime.core.types import Analysed, FloatArray, Frame, ImageArray
from realtime.overlay.face_paths import KEEP_S, Box, FacePaths

# Six blocks across: unrecognizable, but still visibly a face.
_BLOCKS = 6
# A quarter on each side, so that the ellipse covers the corners of the box.
_MARGIN = 0.25
# Boxes of this time after a frame are waited for. Less than a frame's delay, so that detection runs beside the rest.
AHEAD_S = 0.8 * KEEP_S

FaceBoxFinder = Callable[[Frame], FloatArray]
"""Returns the boxes of all faces of a frame, `(N, 4) float32` xyxy pixels; called in order, on one thread."""


def on_black(analysed: Analysed) -> Analysed:
    """Return the same frame with a black picture."""
    return _with_image(analysed, np.zeros_like(analysed.frame.image_bgr))


def framed_by_blur(analysed: Analysed) -> Analysed:
    """Return the same frame with the boxes of its faces as large as what is blurred."""
    boxes = [_enlarged((left, top, right, bottom)) for left, top, right, bottom in analysed.faces.boxes_xyxy.tolist()]
    faces = dataclasses.replace(analysed.faces, boxes_xyxy=np.array(boxes, np.float32).reshape(-1, 4))
    return dataclasses.replace(analysed, faces=faces)


class FaceBlur:
    """Pixelates the faces of a video; remembers where they were, so use one instance per video.

    Frames that are observed before they are blurred are covered by what is found in them, too: a face that steps in is
    blurred a moment before a detector sees it.

    Args:
        find: finds faces beside those that were analyzed; runs on a thread of its own.
    """

    def __init__(self, find: FaceBoxFinder | None = None) -> None:
        self._find: FaceBoxFinder | None = None
        self._worker: ThreadPoolExecutor | None = None
        self._paths = FacePaths()
        self._observed: deque[tuple[float, FloatArray, Future[FloatArray] | None]] = deque()
        self._newest: tuple[int, float] = (0, -math.inf)
        self._result: Analysed | None = None
        if find is not None:
            self.find_with(find)

    def find_with(self, find: FaceBoxFinder) -> None:
        """Find faces in the frames from now on, on a thread of its own."""
        self._find, self._worker = find, ThreadPoolExecutor(1, "blur")

    def jumps(self, frame: Frame) -> bool:
        """Return whether a frame does not follow the one observed last: nothing is known from one to the other."""
        return frame.epoch != self._newest[0] or frame.media_time_s < self._newest[1]

    def observe(self, analysed: Analysed) -> None:
        """Take note of the faces of the next frame."""
        frame = analysed.frame
        if self.jumps(frame):
            self._paths = FacePaths()
            self._observed.clear()
        self._newest = frame.epoch, frame.media_time_s
        future = None
        if self._worker is not None and self._find is not None:
            future = self._worker.submit(self._find, frame)
        self._observed.append((frame.media_time_s, analysed.faces.boxes_xyxy, future))

    def blurred(self, analysed: Analysed) -> Analysed:
        """Return the same frame with its faces blurred in a copy of the picture; the last result as it is."""
        if analysed is self._result:
            return analysed
        time_s = analysed.frame.media_time_s
        # One that was not observed before.
        if (analysed.frame.epoch, time_s) > self._newest:
            self.observe(analysed)
        self._gather(time_s + AHEAD_S)
        image = analysed.frame.image_bgr.copy()
        own = [(left, top, right, bottom) for left, top, right, bottom in analysed.faces.boxes_xyxy.tolist()]
        for box in self._paths.at(time_s) + own:
            _blur_box(image, box)
        self._result = _with_image(analysed, image)
        return self._result

    def close(self) -> None:
        """End the thread; any number of times."""
        if self._worker is not None:
            self._worker.shutdown(cancel_futures=True)

    def _gather(self, until_s: float) -> None:
        """Wait for what was found in the frames until then."""
        while self._observed and self._observed[0][0] <= until_s:
            time_s, boxes, future = self._observed[0]
            self._paths.add(boxes if future is None else np.concatenate([boxes, future.result()]), time_s)
            self._observed.popleft()


def _enlarged(box_xyxy: Box) -> Box:
    left, top, right, bottom = box_xyxy
    margin_x, margin_y = _MARGIN * (right - left), _MARGIN * (bottom - top)
    # Twice above: the mesh ends at the forehead, the head does not.
    return left - margin_x, top - 2 * margin_y, right + margin_x, bottom + margin_y


def _blur_box(image: ImageArray, box_xyxy: Box) -> None:
    left, top, right, bottom = _enlarged(box_xyxy)
    height, width = image.shape[:2]
    x0, x1 = max(0, math.floor(left)), min(width, math.ceil(right))
    y0, y1 = max(0, math.floor(top)), min(height, math.ceil(bottom))
    if x1 <= x0 or y1 <= y0:
        return
    part = image[y0:y1, x0:x1]
    # Blocks as large as those of the whole box, also where only a part of it is in the picture.
    across = max(1, round(_BLOCKS * (x1 - x0) / (right - left)))
    down = max(1, round(_BLOCKS * (y1 - y0) / (bottom - top)))
    blocks = cv2.resize(part, (across, down), interpolation=cv2.INTER_AREA)
    veil = cv2.resize(blocks, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
    mask = np.zeros(part.shape[:2], np.uint8)
    centre = round((left + right) / 2) - x0, round((top + bottom) / 2) - y0
    axes = math.ceil((right - left) / 2), math.ceil((bottom - top) / 2)
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 255, -1)
    part[mask > 0] = veil[mask > 0]


def _with_image(analysed: Analysed, image_bgr: ImageArray) -> Analysed:
    return dataclasses.replace(analysed, frame=dataclasses.replace(analysed.frame, image_bgr=image_bgr))
