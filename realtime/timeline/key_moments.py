"""Largest changes of expression in a run, each with a thumbnail before and after."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from dataclasses import dataclass

import numpy as np

from models.manifest import EMOTIONS
from realtime.core.types import Analysed, FloatArray, ImageArray
from realtime.inference.reliability import NO_CLEAR_EXPRESSION
from realtime.smoothing.track_memory import TrackMemory
from realtime.timeline.face_thumbnails import cut_face, jpeg

_SAMPLE_EVERY_S = 0.1
# A change is measured over this time: long enough for a smile to begin, short enough to be one event.
_OVER_S = 0.8
_MIN_CHANGE = 0.35
# Of changes of one person that lie nearer than this, the largest counts.
_APART_S = 2.0
_FORGET_S = 2.0


@dataclass(frozen=True, slots=True)
class ShareChange:
    """How one emotion's probability changed, `before` and `after` each 0 to 1."""

    emotion: str
    before: float
    after: float


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """One change of one person's expression.

    Attributes:
        track: the person's number.
        media_time_s: `float`, when it was complete, in seconds.
        change: `float`, half the sum of the probabilities' changes, 0 to 1.
        before: `str`, the most probable emotion before.
        after: `str`, and after.
        rose: the emotion whose probability rose most.
        fell: the one whose probability fell most.
        pictures: JPEG before and after, or `None` where none are to be kept.
    """

    track: int
    media_time_s: float
    change: float
    before: str
    after: str
    rose: ShareChange
    fell: ShareChange
    pictures: tuple[bytes, bytes] | None


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    media_time_s: float
    probabilities: FloatArray
    face_bgr: ImageArray | None


@dataclass(slots=True)
class _Candidate:
    change: float
    before: _Sample
    after: _Sample


class KeyMoments:
    """Finds the largest changes of expression in a run, in constant memory; a `Sink`.

    Args:
        count: `int`, moments kept.
        pictures: `bool`, whether small pictures of the face are kept.
    """

    def __init__(self, count: int = 8, *, pictures: bool = True) -> None:
        self._count, self._pictures = count, pictures
        self._recent: TrackMemory[deque[_Sample]] = TrackMemory(_FORGET_S)
        self._candidates: dict[int, _Candidate] = {}
        self._best: list[tuple[float, int, Moment]] = []
        self._order = itertools.count()

    @property
    def found(self) -> list[Moment]:
        """The largest changes, in order of time; complete after `close`."""
        return sorted((moment for _, _, moment in self._best), key=lambda moment: moment.media_time_s)

    def write(self, analysed: Analysed) -> None:
        """Take one frame."""
        now_s = analysed.frame.media_time_s
        for row, track in enumerate(analysed.faces.track_ids.tolist()):
            # The output for a hidden or turned face is not evidence of a change.
            if analysed.emotions.reasons[row] in ("", NO_CLEAR_EXPRESSION):
                self._sample(analysed, row, track)
        for track in self._recent.forget(now_s):
            self._settle(track)

    def close(self) -> None:
        """Settle what is open; any number of times."""
        for track in list(self._candidates):
            self._settle(track)

    def _sample(self, analysed: Analysed, row: int, track: int) -> None:
        now_s = analysed.frame.media_time_s
        recent = self._recent.get(track) or deque()
        if recent and 0 <= now_s - recent[-1].media_time_s < _SAMPLE_EVERY_S:
            return
        if recent and now_s < recent[-1].media_time_s:
            recent.clear()
        face = cut_face(analysed.frame.image_bgr, analysed.faces.boxes_xyxy[row]) if self._pictures else None
        sample = _Sample(now_s, analysed.emotions.probabilities[row].copy(), face)
        recent.append(sample)
        self._recent.put(track, recent, now_s)
        while now_s - recent[0].media_time_s > _OVER_S:
            recent.popleft()
        change = float(np.abs(sample.probabilities - recent[0].probabilities).sum()) / 2
        open_one = self._candidates.get(track)
        if open_one is not None and now_s - open_one.after.media_time_s > _APART_S:
            self._settle(track)
            open_one = None
        if change >= _MIN_CHANGE and (open_one is None or change > open_one.change):
            self._candidates[track] = _Candidate(change, recent[0], sample)

    def _settle(self, track: int) -> None:
        candidate = self._candidates.pop(track, None)
        if candidate is None or (len(self._best) == self._count and candidate.change <= self._best[0][0]):
            return
        before, after = candidate.before, candidate.after
        names = [EMOTIONS[int(sample.probabilities.argmax())] for sample in (before, after)]
        change = after.probabilities - before.probabilities
        rose, fell = (_share_change(int(which), before, after) for which in (change.argmax(), change.argmin()))
        pictures = _jpegs(before, after)
        moment = Moment(track, after.media_time_s, candidate.change, names[0], names[1], rose, fell, pictures)
        heapq.heappush(self._best, (candidate.change, next(self._order), moment))
        if len(self._best) > self._count:
            heapq.heappop(self._best)


def _share_change(which: int, before: _Sample, after: _Sample) -> ShareChange:
    return ShareChange(EMOTIONS[which], float(before.probabilities[which]), float(after.probabilities[which]))


def _jpegs(before: _Sample, after: _Sample) -> tuple[bytes, bytes] | None:
    if before.face_bgr is None or after.face_bgr is None:
        return None
    return jpeg(before.face_bgr), jpeg(after.face_bgr)
