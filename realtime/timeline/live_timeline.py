"""Timeline histogram on a grid of media time, updated while frames arrive: the data behind the drawn timeline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.manifest import EMOTIONS
from realtime.core.types import Analysed
from realtime.smoothing.track_memory import TrackMemory
from realtime.timeline.timeline import LABELS

NO_FACE = -1
"""Stands in `TimelineView.labels` where a lane has no face."""

MAX_LANES = 6
"""People side by side that are kept; a crowd's other faces are left out of the timeline."""

LIVE_S = 60.0
"""Of a live source the last minute is kept."""

_KINDS = len(EMOTIONS)
_FINEST_BIN_S = 0.1
_BINS = 2048
# A frame counts for at most this long: across longer gaps the expression is unknown.
_MAX_STEP_S = 1.0
_FALLBACK_STEP_S = 1 / 30
# Somebody who is missed for a moment comes back to the same lane.
_LANE_KEPT_S = 2.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TimelineView:
    """A stretch of the timeline in columns of equal length.

    Attributes:
        start_s: `float`, media time of its left edge in seconds.
        end_s: `float`, of its right edge.
        analysed: `(C,) bool`, whether that time has been analyzed.
        shares: `(L, C, K) float64`, mean probability of each emotion in each lane; 0 where there is no face.
        labels: `(L, C) int64`, which of `realtime.timeline.timeline.LABELS` was shown for the longest, or `NO_FACE`.
        tracks: `(L, C) int64`, the person's number, 0 where there is no face.
    """

    start_s: float
    end_s: float
    analysed: npt.NDArray[np.bool_]
    shares: Floats
    labels: npt.NDArray[np.int64]
    tracks: npt.NDArray[np.int64]


class LiveTimeline:
    """Accumulates analyzed frames in any order of media time; a frame analyzed again replaces the earlier result.

    Each track has a lane while it is visible; of tracks that begin at once the leftmost gets the first. A frame counts
    until the next one. Memory is bounded: bins double in length when a file turns out to be longer, and of a live
    source only the last minute is kept.

    Args:
        length_s: `float` or `None`, about how long the source is.
        live: `bool`, whether it has no end.

    Attributes:
        version: `int`, changes whenever a view would.
    """

    def __init__(self, length_s: float | None = None, *, live: bool = False) -> None:
        self.version = 0
        self._live = live
        self._bin_s = _FINEST_BIN_S if live else max(_FINEST_BIN_S, (length_s or 0.0) * 1.01 / _BINS)
        self._first_bin = 0
        self._last_s = 0.0
        self._epochs = np.full(_BINS, -1, np.int64)
        # Seconds seen, seconds times probability of each emotion, seconds of each label.
        self._sums = np.zeros((MAX_LANES, _BINS, 1 + _KINDS + len(LABELS)))
        self._tracks = np.zeros((MAX_LANES, _BINS), np.int64)
        self._waiting: Analysed | None = None
        self._step_s = _FALLBACK_STEP_S
        self._epoch = 0
        self._lanes: TrackMemory[int] = TrackMemory(_LANE_KEPT_S)

    @property
    def last_s(self) -> float:
        """The latest media time that was taken, in seconds."""
        return self._last_s

    def write(self, analysed: Analysed) -> None:
        """Take one frame."""
        before, self._waiting = self._waiting, analysed
        if before is not None:
            if before.frame.epoch == analysed.frame.epoch:
                self._step_s = min(max(analysed.frame.media_time_s - before.frame.media_time_s, 0.0), _MAX_STEP_S)
            self._count(before)
        self._last_s = max(self._last_s, analysed.frame.media_time_s)

    def view(self, start_s: float, end_s: float, columns: int) -> TimelineView:
        """Return what was shown from `start_s` to `end_s`, seconds of media time, in `columns` columns."""
        edges = np.linspace(start_s, end_s, columns + 1) / self._bin_s - self._first_bin
        low = np.floor(edges[:-1] + 1e-9).astype(np.int64)
        high = np.maximum(low + 1, np.floor(edges[1:] + 1e-9).astype(np.int64))
        inside = (low >= 0) & (low < _BINS)
        low, high = np.clip(low, 0, _BINS - 1), np.clip(high, 1, _BINS)
        used = max(self._lanes_used, 1)
        ends = np.pad(np.cumsum(self._sums[:used], axis=1), ((0, 0), (1, 0), (0, 0)))
        sums = np.where(inside[:, None], ends[:, high] - ends[:, low], 0.0)
        seen = np.pad(np.cumsum(self._epochs >= 0), (1, 0))
        face = sums[:, :, 0] > 1e-6
        tracks = np.maximum(self._tracks[:used, low], self._tracks[:used, high - 1])
        return TimelineView(
            start_s=start_s,
            end_s=end_s,
            analysed=inside & (seen[high] > seen[low]),
            shares=sums[:, :, 1 : 1 + _KINDS] / np.maximum(sums[:, :, :1], 1e-6),
            labels=np.where(face, sums[:, :, 1 + _KINDS :].argmax(axis=2), NO_FACE),
            tracks=np.where(face, tracks, 0),
        )

    @property
    def _lanes_used(self) -> int:
        filled = np.flatnonzero(self._tracks.any(axis=1))
        return int(filled[-1]) + 1 if len(filled) else 0

    def _count(self, analysed: Analysed) -> None:
        start_s, end_s = analysed.frame.media_time_s, analysed.frame.media_time_s + self._step_s
        self._make_room(end_s)
        first, last = self._bin(start_s), self._bin(end_s - 1e-9)
        rows = self._rows(analysed)
        for number in range(max(first, 0), last + 1):
            self._begin(number, analysed.frame.epoch)
            left_s = (number + self._first_bin) * self._bin_s
            share_s = min(end_s, left_s + self._bin_s) - max(start_s, left_s)
            for lane, track, row in rows:
                self._sums[lane, number] += row * share_s
                self._tracks[lane, number] = track

    def _bin(self, time_s: float) -> int:
        return int(time_s / self._bin_s + 1e-9) - self._first_bin

    def _begin(self, number: int, epoch: int) -> None:
        """Forget what an earlier epoch left in a bin."""
        if self._epochs[number] != epoch:
            self._epochs[number] = epoch
            self._sums[:, number] = 0
            self._tracks[:, number] = 0
            self.version += 1

    def _make_room(self, end_s: float) -> None:
        while self._bin(end_s) >= _BINS:
            if self._live:
                self._shift(max(self._bin(end_s) - _BINS + 1, _BINS // 3))
            else:
                self._double()

    def _shift(self, bins: int) -> None:
        """Forget the oldest bins; those of a live source are of the last minutes only."""
        bins_kept = max(_BINS - bins, 0)
        for array, empty, axis in ((self._epochs, -1, 0), (self._tracks, 0, 1), (self._sums, 0, 1)):
            moved = np.moveaxis(array, axis, 0)
            moved[:bins_kept] = moved[_BINS - bins_kept :].copy()
            moved[bins_kept:] = empty
        self._first_bin += bins

    def _double(self) -> None:
        half = _BINS // 2
        pairs = self._sums.reshape(MAX_LANES, half, 2, -1).sum(axis=2)
        tracks = self._tracks.reshape(MAX_LANES, half, 2).max(axis=2)
        epochs = self._epochs.reshape(half, 2).max(axis=1)
        self._sums[:], self._tracks[:], self._epochs[:] = 0, 0, -1
        self._sums[:, :half], self._tracks[:, :half], self._epochs[:half] = pairs, tracks, epochs
        self._bin_s *= 2
        self.version += 1

    def _rows(self, analysed: Analysed) -> list[tuple[int, int, Floats]]:
        """Return lane, track and what counts per second, for every face that has a lane."""
        now_s, emotions = analysed.frame.media_time_s, analysed.emotions
        if analysed.frame.epoch != self._epoch:
            self._epoch = analysed.frame.epoch
            self._lanes.clear()
        self._lanes.forget(now_s)
        rows = []
        for row in np.argsort(analysed.faces.boxes_xyxy[:, 0], kind="stable").tolist():
            track = int(analysed.faces.track_ids[row])
            free = [lane for lane in range(MAX_LANES) if lane not in self._lanes.values()]
            lane = self._lanes.get(track)
            if lane is None:
                if not free:
                    continue
                lane = free[0]
            self._lanes.put(track, lane, now_s)
            values = np.zeros(1 + _KINDS + len(LABELS))
            values[0] = 1.0
            values[1 : 1 + _KINDS] = emotions.probabilities[row]
            values[1 + _KINDS + LABELS.index(emotions.labels[row])] = 1.0
            rows.append((lane, track, values))
        return rows
