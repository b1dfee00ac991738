"""A stable number per person: faces of one frame are matched to the people seen shortly before."""

from __future__ import annotations

from dataclasses import dataclass

import lap
import numpy as np
import numpy.typing as npt

from realtime.stages import FaceFinder
from realtime.types import Faces, FloatArray, Frame, ImageArray

# How far a face may move between two sightings, in its own widths, and how much it may change in size.
_MAX_MOVE = 0.8
_MAX_LOG_SIZE_CHANGE = 0.7
_MEMORY_S = 2.0
_FORBIDDEN = 1e6
# A cut changes most of the picture at once: mean absolute difference of coarse samples, in grey levels.
_CUT_GREY_LEVELS = 32.0
_SAMPLES_WH = (32, 18)


@dataclass(slots=True)
class _Track:
    number: int
    centre: FloatArray
    width_px: float
    seen_s: float


class Tracker:
    """Gives each person one number per run, counted from 1 and never used again.

    One-to-one assignment (Jonker and Volgenant 1987, by `lap`) on the distance between box centres in
    face widths; someone out of sight for two seconds is forgotten, and a cut forgets everybody. Nothing of the face's
    looks is used or kept.
    """

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._next = 1
        self._samples: npt.NDArray[np.int16] | None = None

    def update(self, faces: Faces, media_time_s: float, image_bgr: ImageArray) -> Faces:
        """Return `faces` with their track ids.

        Args:
            faces: the faces of one frame, in any order.
            media_time_s: `float`, that frame's time in seconds.
            image_bgr: `(H, W, 3) uint8`, the frame, to notice cuts.
        """
        if self._is_cut(image_bgr):
            self._tracks.clear()
        self._tracks = [track for track in self._tracks if media_time_s - track.seen_s <= _MEMORY_S]
        boxes = faces.boxes_xyxy
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        widths = np.maximum(boxes[:, 2] - boxes[:, 0], 1.0)
        ids = np.zeros(len(faces), np.int64)
        for row, track in self._matches(centres, widths):
            track.centre, track.width_px, track.seen_s = centres[row], float(widths[row]), media_time_s
            ids[row] = track.number
        for row in np.flatnonzero(ids == 0):
            self._tracks.append(_Track(self._next, centres[row], float(widths[row]), media_time_s))
            ids[row] = self._next
            self._next += 1
        return faces.with_track_ids(ids)

    def _matches(self, centres: FloatArray, widths: FloatArray) -> list[tuple[int, _Track]]:
        if not len(centres) or not self._tracks:
            return []
        before = np.stack([track.centre for track in self._tracks])
        sizes = np.array([track.width_px for track in self._tracks], np.float32)
        scale = np.sqrt(widths[:, None] * sizes[None, :])
        move = np.linalg.norm(centres[:, None] - before[None], axis=2) / scale
        growth = np.abs(np.log(widths[:, None] / sizes[None, :]))
        cost = np.where((move <= _MAX_MOVE) & (growth <= _MAX_LOG_SIZE_CHANGE), move + growth, _FORBIDDEN)
        _, columns, _ = lap.lapjv(cost, extend_cost=True)
        return [
            (row, self._tracks[column])
            for row, column in enumerate(columns)
            if column >= 0 and cost[row, column] < _FORBIDDEN
        ]

    def _is_cut(self, image_bgr: ImageArray) -> bool:
        height, width = image_bgr.shape[:2]
        step_y, step_x = max(1, height // _SAMPLES_WH[1]), max(1, width // _SAMPLES_WH[0])
        samples = image_bgr[step_y // 2 :: step_y, step_x // 2 :: step_x].astype(np.int16)
        before, self._samples = self._samples, samples
        if before is None or before.shape != samples.shape:
            return before is not None
        return float(np.abs(samples - before).mean()) > _CUT_GREY_LEVELS


class TrackingFinder:
    """A face finder whose faces carry track ids; implements `stages.FaceFinder`.

    Args:
        finder: finds the faces; it is closed with this one.
    """

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self._tracker = Tracker()

    def find(self, frame: Frame) -> Faces:
        """Return the faces of `frame` with track ids."""
        return self._tracker.update(self._finder.find(frame), frame.media_time_s, frame.image_bgr)

    def close(self) -> None:
        """Free the landmarker."""
        self._finder.close()
