"""Detection of every face of a video, for blurring: any number, small ones, half ones at the edge, turned ones."""

from __future__ import annotations

import math
from contextlib import ExitStack
from itertools import product
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from realtime.core.types import FloatArray, Frame, ImageArray
from realtime.landmarks.networks.detection import Detection
from realtime.landmarks.networks.open_network import open_detection_network

# A false box costs a patch of blur, a missed face costs somebody's privacy: lower than where faces are looked for.
_MIN_SCORE = 0.3
# In turned frames and tiles, which are many, hands and cloth reach that often.
_MIN_SCORE_ELSEWHERE = 0.5
# The models see 192 pixels: no more is needed for views of the whole frame.
_WHOLE_PX = 640
_PADDING = 0.25
# Tiles for small faces: side, as a share of the longer side of the frame, and overlap, as a share of theirs.
_TILE_PX, _TILE_SHARE, _TILE_OVERLAP = 320, 0.25, 0.25
# The full-range model finds faces down to this share of its picture's longer side.
_SMALLEST_SHARE = 0.065
# All further views are seen once in this time. Blurring keeps each box for longer than that.
_ROUND_S = 0.5


class _View(NamedTuple):
    """A part of the frame, or all of it: padded and turned by quarters of a circle if it has no size."""

    x_px: int = 0
    y_px: int = 0
    side_px: int = 0
    turns: int = 0


class _NetworkLike(Protocol):
    """Interface of one detection network, in LiteRT or MediaPipe."""

    def find(self, image_bgr: ImageArray) -> list[Detection]:
        """Return the faces of a picture."""


class AllFacesDetector:
    """Finds the faces of each frame of one video, in order; more boxes than faces rather than fewer.

    Both detection models run on the whole of every frame. One or more further views are seen per frame, in turn: the
    frame with its surroundings mirrored, where half a face at the edge becomes a whole one; the frame turned by 90, 180
    and 270 degrees; and overlapping tiles, for small faces.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._near, self._far = (open_detection_network(_MIN_SCORE, far=far) for far in (False, True))
        self._stack.callback(self._near.close)
        self._stack.callback(self._far.close)
        self._size_wh = (0, 0)
        self._views: list[_View] = []
        self._next = 0
        self._seen_s = -math.inf

    def find(self, frame: Frame) -> FloatArray:
        """Return boxes of faces, `(N, 4) float32` xyxy pixels, some of them twice, some past the frame's edge."""
        if frame.size_wh != self._size_wh:
            self._size_wh, self._views, self._next = frame.size_wh, _views(frame.size_wh), 0
        share = min(1.0, _WHOLE_PX / max(frame.size_wh))
        small_bgr = cv2.resize(frame.image_bgr, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        whole = np.asarray(small_bgr, np.uint8)
        scale = np.array([frame.size_wh[0] / whole.shape[1], frame.size_wh[1] / whole.shape[0]] * 2, np.float32)
        found = [_boxes(self._near, whole) * scale, _boxes(self._far, whole) * scale]
        for view in self._due(frame.media_time_s):
            found.append(self._tile(frame.image_bgr, view) if view.side_px else self._whole(whole, view) * scale)
        boxes = np.concatenate(found)
        inside = (boxes[:, 2:] > 0).all(axis=1) & (boxes[:, :2] < np.array(frame.size_wh)).all(axis=1)
        return np.asarray(boxes[inside], np.float32)

    def smallest_face_px(self, size_wh: tuple[int, int]) -> int:
        """Return about how high a face must be to be found, in pixels of a frame of this size."""
        return math.ceil(_SMALLEST_SHARE * min(_tile_side_px(size_wh), max(size_wh)))

    def close(self) -> None:
        """Free the networks; a second call does nothing."""
        self._stack.close()

    def _due(self, now_s: float) -> list[_View]:
        """Return the views of this frame, so that all have their turn within `_ROUND_S`."""
        passed_s, self._seen_s = now_s - self._seen_s, now_s
        share = passed_s / _ROUND_S if 0 <= passed_s < _ROUND_S else 1.0
        first, count = self._next, max(1, math.ceil(share * len(self._views)))
        self._next = (first + count) % len(self._views)
        return [self._views[(first + step) % len(self._views)] for step in range(count)]

    def _tile(self, image_bgr: ImageArray, view: _View) -> FloatArray:
        part = image_bgr[view.y_px : view.y_px + view.side_px, view.x_px : view.x_px + view.side_px]
        return _boxes(self._far, part, _MIN_SCORE_ELSEWHERE) + np.array([view.x_px, view.y_px] * 2, np.float32)

    def _whole(self, whole: ImageArray, view: _View) -> FloatArray:
        height, width = whole.shape[:2]
        if view.turns:
            turned = np.ascontiguousarray(np.rot90(whole, view.turns))
            boxes = np.concatenate([_boxes(one, turned, _MIN_SCORE_ELSEWHERE) for one in (self._near, self._far)])
            return _turned_back(boxes, view.turns, width, height)
        pad = round(_PADDING * max(width, height))
        padded = np.asarray(cv2.copyMakeBorder(whole, pad, pad, pad, pad, cv2.BORDER_REFLECT), np.uint8)
        return np.concatenate([_boxes(self._near, padded), _boxes(self._far, padded)]) - np.float32(pad)


def _boxes(network: _NetworkLike, image_bgr: ImageArray, at_least: float = 0.0) -> FloatArray:
    """Return the boxes of the faces with at least this score, `(N, 4) float32` xyxy pixels."""
    boxes = [face.box_xyxy for face in network.find(image_bgr) if face.score >= at_least]
    return np.array(boxes, np.float32).reshape(-1, 4)


def _tile_side_px(size_wh: tuple[int, int]) -> int:
    return max(_TILE_PX, round(_TILE_SHARE * max(size_wh)))


def _views(size_wh: tuple[int, int]) -> list[_View]:
    """Return every view but the plain whole frame, in the order of their turns."""
    views = [_View(), _View(turns=2), _View(turns=1), _View(turns=3)]
    side = _tile_side_px(size_wh)
    if side < max(size_wh):
        views += [_View(x, y, side) for y, x in product(_starts(size_wh[1], side), _starts(size_wh[0], side))]
    return views


def _starts(length: int, side: int) -> list[int]:
    """Return where tiles of one side begin, so that they overlap and reach both ends."""
    count = max(1, math.ceil((length - _TILE_OVERLAP * side) / ((1 - _TILE_OVERLAP) * side)))
    return [0] if count == 1 else [round(step * (length - side) / (count - 1)) for step in range(count)]


def _turned_back(boxes: FloatArray, turns: int, width: int, height: int) -> FloatArray:
    """Return boxes of a picture that was turned by `np.rot90` in pixels of the unturned one."""
    left, top, right, bottom = boxes.T
    sides = {
        1: (width - bottom, left, width - top, right),
        2: (width - right, height - bottom, width - left, height - top),
        3: (top, height - right, bottom, height - left),
    }
    return np.asarray(np.stack(sides[turns], axis=1), np.float32)
