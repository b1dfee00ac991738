"""Multi-face tracking: one-to-one assignment of the faces of a frame to recent tracks by motion and overlap."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import lap
import numpy as np
import numpy.typing as npt

from realtime.core.protocols import FaceFinder
from realtime.core.types import Faces, FloatArray, Frame, ImageArray
from realtime.landmarks.box_overlap import intersection_over_union
from realtime.landmarks.scene_cut_detector import SceneCutDetector

# Outer eye corners and mouth corners: position, size and roll of a face.
_POINTS = (33, 263, 61, 291)
# Gating: largest distance from the predicted position, in face sizes, and largest change of size.
_MAX_MOVE = 1.0
_MAX_LOG_SIZE_CHANGE = 0.7
_MEMORY_S = 2.0
# Of a source with few pictures: this many of the steps between them.
_MEMORY_STEPS = 2.5
# The predicted motion of a lost track decays: after half a second a person may as well return to the last position.
_SPEED_TAU_S = 0.15
_COAST_TAU_S = 0.5
_RETURN_AFTER_S = 0.5
_FORBIDDEN = 1e6


@dataclass(slots=True)
class _Track:
    number: int
    points: FloatArray
    box: FloatArray
    speed: FloatArray
    seen_s: float

    def shift(self, now_s: float) -> FloatArray:
        """Return the predicted motion since the last sighting, `(2,)` pixels."""
        coast_s = _COAST_TAU_S * -math.expm1(-(now_s - self.seen_s) / _COAST_TAU_S)
        return np.asarray(self.speed * np.float32(coast_s), np.float32)

    def see(self, points: FloatArray, box: FloatArray, now_s: float) -> None:
        """Take a new sighting."""
        elapsed_s = now_s - self.seen_s
        if elapsed_s > 0:
            speed = (points.mean(axis=0) - self.points.mean(axis=0)) / np.float32(elapsed_s)
            share = np.float32(-math.expm1(-elapsed_s / _SPEED_TAU_S))
            self.speed = self.speed + share * (speed - self.speed)
        self.points, self.box, self.seen_s = points, box, now_s


class PersonTracker:
    """Assigns track ids, counted from 1 and unique within a run.

    One-to-one assignment (Jonker and Volgenant 1987, by `lap`) of faces to tracks, on the distance of eye and mouth
    corners from their predicted positions, in face sizes, and on the overlap of the boxes. A track ends two seconds
    after its last sighting, or two pictures where these are further apart; a scene cut or a jump back in time ends all
    of them. No appearance feature is used or stored.
    """

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._next = 1
        self._cuts = SceneCutDetector()
        self._steps_s: deque[float] = deque(maxlen=9)
        self._last_s: float | None = None

    def update(self, faces: Faces, media_time_s: float, image_bgr: ImageArray) -> Faces:
        """Return `faces` with their track ids.

        Args:
            faces: the faces of one frame, in any order.
            media_time_s: `float`, that frame's time in seconds.
            image_bgr: `(H, W, 3) uint8`, the frame, to notice cuts.
        """
        if self._cuts.is_cut(image_bgr):
            self._tracks.clear()
        memory_s = self._memory_s(media_time_s)
        self._tracks = [track for track in self._tracks if 0 <= media_time_s - track.seen_s <= memory_s]
        points = faces.landmarks_xy[:, _POINTS]
        ids = np.zeros(len(faces), np.int64)
        for row, track in self._matches(points, faces.boxes_xyxy, media_time_s):
            track.see(points[row], faces.boxes_xyxy[row], media_time_s)
            ids[row] = track.number
        for row in np.flatnonzero(ids == 0):
            still = np.zeros(2, np.float32)
            self._tracks.append(_Track(self._next, points[row], faces.boxes_xyxy[row], still, media_time_s))
            ids[row] = self._next
            self._next += 1
        return faces.with_track_ids(ids)

    def forget(self) -> None:
        """End every track, as a cut does."""
        self._tracks.clear()

    def _memory_s(self, now_s: float) -> float:
        if self._last_s is not None and now_s > self._last_s:
            self._steps_s.append(now_s - self._last_s)
        self._last_s = now_s
        # The shortest one: a pause among pictures that follow each other closely is a pause.
        return max(_MEMORY_S, _MEMORY_STEPS * min(self._steps_s, default=0.0))

    def _matches(self, points: FloatArray, boxes: FloatArray, now_s: float) -> list[tuple[int, _Track]]:
        if not len(points) or not self._tracks:
            return []
        cost = _costs(points, boxes, self._tracks, now_s)
        _, columns, _ = lap.lapjv(cost, extend_cost=True)
        return [
            (row, self._tracks[column])
            for row, column in enumerate(columns)
            if column >= 0 and cost[row, column] < _FORBIDDEN
        ]


def _costs(points: FloatArray, boxes: FloatArray, tracks: list[_Track], now_s: float) -> npt.NDArray[np.float64]:
    """Return the assignment cost of each face and track, `(N, M)`: 0 at best, `_FORBIDDEN` outside the gate."""
    before = np.stack([track.points for track in tracks])
    shift = np.stack([track.shift(now_s) for track in tracks])
    size, size_before = _sizes_px(points)[:, None], _sizes_px(before)
    growth, scale = np.abs(np.log(size / size_before)), np.sqrt(size * size_before)
    away = points[:, None] - before
    move = _mean_length(away - shift[:, None]) / scale
    long_gone = np.array([now_s - track.seen_s > _RETURN_AFTER_S for track in tracks])
    if long_gone.any():
        move = np.where(long_gone, np.minimum(move, _mean_length(away) / scale), move)
    cost = np.full(move.shape, _FORBIDDEN)
    for row, column in np.argwhere((growth <= _MAX_LOG_SIZE_CHANGE) & (move <= _MAX_MOVE)).tolist():
        expected = tracks[column].box + np.concatenate([shift[column], shift[column]])
        overlap = intersection_over_union(boxes[row].tolist(), expected.tolist())
        cost[row, column] = move[row, column] + growth[row, column] + 1 - overlap
    return cost


def _mean_length(vectors: FloatArray) -> FloatArray:
    """Return the mean length of the vectors of each pair, `(N, M, P, 2)` to `(N, M)`."""
    return np.asarray(np.sqrt((vectors**2).sum(axis=3)).mean(axis=2), np.float32)


def _sizes_px(points: FloatArray) -> FloatArray:
    """Return faces' sizes, `(N,)`, from the eyes' distance and that to the mouth, `(N, 4, 2)`: turning changes one."""
    across = points[:, 1] - points[:, 0]
    down = (points[:, 2] + points[:, 3] - points[:, 0] - points[:, 1]) / 2
    return np.asarray(np.maximum(np.sqrt((across**2 + down**2).sum(axis=1)), 1.0), np.float32)


def _left_to_right(faces: Faces) -> Faces:
    """Return the faces in the order in which they stand; who appear together are then numbered in that order."""
    middles = faces.boxes_xyxy[:, [0, 2]].sum(axis=1)
    return faces.at(np.argsort(middles, kind="stable"))


class TrackingFinder:
    """Adds track ids to the faces of another finder; implements `FaceFinder`.

    Args:
        finder: finds the faces; it is closed with this one.
    """

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self._tracker = PersonTracker()
        self._epoch = 0

    def find(self, frame: Frame) -> Faces:
        """Return the faces of `frame` with track ids, from left to right; a seek ends every track."""
        if frame.epoch != self._epoch:
            self._epoch = frame.epoch
            self._tracker.forget()
        faces = _left_to_right(self._finder.find(frame))
        return self._tracker.update(faces, frame.media_time_s, frame.image_bgr)

    def close(self) -> None:
        """Close the wrapped finder."""
        self._finder.close()
