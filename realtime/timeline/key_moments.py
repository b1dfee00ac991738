"""Largest changes of expression in a run, each with a thumbnail before and after."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from models.manifest import EMOTIONS
from realtime.core.types import UNCERTAIN, Analysed, FloatArray, ImageArray
from realtime.smoothing.track_memory import TrackMemory
from realtime.timeline.face_thumbnails import cut_face, jpeg

_SAMPLE_EVERY_S = 0.1
# A change is measured over this time: long enough for a smile to begin, short enough to be one event.
_OVER_S = 0.8
_MIN_CHANGE = 0.35
# Of changes that end at the same time the shortest counts that is as large as this share of the largest; and one that
# ends later only if it is larger by as much.
_NEARLY = 0.9
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
        media_time_s: `float`, when the label became `after`, in seconds; `end_s` where it is the same as `before`.
        start_s: `float`, when the change began, in seconds.
        end_s: `float`, when it was complete.
        change: `float`, half the sum of the probabilities' changes from `start_s` to `end_s`, 0 to 1.
        before: `str`, the label at `start_s`.
        after: `str`, the label at `end_s`.
        rose: the emotion whose probability rose most.
        fell: the one whose probability fell most.
        pictures: JPEG at `start_s` and `end_s`, or `None` where none are to be kept.
    """

    track: int
    media_time_s: float
    start_s: float
    end_s: float
    change: float
    before: str
    after: str
    rose: ShareChange
    fell: ShareChange
    pictures: tuple[bytes, bytes] | None


@dataclass(slots=True, eq=False)
class _Sample:
    """What a face showed in one tenth of a second.

    Attributes:
        media_time_s: of its first frame.
        last_s: of its last one.
        probabilities: mean of its frames, `(K,)`, as the report's timeline draws it.
        label: of its first frame.
        since_s: since when that label has been shown.
        face_bgr: the face in its first frame.
    """

    media_time_s: float
    last_s: float
    probabilities: FloatArray
    label: str
    since_s: float
    face_bgr: ImageArray | None


@dataclass(slots=True)
class _Track:
    """A face in sight: `samples` of the last moments, how many frames the latest has, the label and since when."""

    samples: deque[_Sample] = field(default_factory=deque)
    frames: int = 0
    label: str = ""
    since_s: float = 0.0


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
        self._recent: TrackMemory[_Track] = TrackMemory(_FORGET_S)
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
            # What seems to be on a face without a label is not evidence of a change.
            if analysed.emotions.labels[row] != UNCERTAIN:
                self._see(analysed, row, track)
            elif (known := self._recent.get(track)) is not None:
                known.label = UNCERTAIN
        for track in self._recent.forget(now_s):
            self._settle(track)

    def close(self) -> None:
        """Settle what is open; any number of times."""
        for track in list(self._candidates):
            self._settle(track)

    def _see(self, analysed: Analysed, row: int, track: int) -> None:
        now_s, label = analysed.frame.media_time_s, analysed.emotions.labels[row]
        known = self._recent.get(track)
        if known is None or now_s < self._recent.seen_at(track):
            known = _Track()
        self._recent.put(track, known, now_s)
        if label != known.label:
            known.label, known.since_s = label, now_s
        shares, last = analysed.emotions.probabilities[row], known.samples[-1] if known.samples else None
        if last is not None and _tenth_of(last.media_time_s) == _tenth_of(now_s):
            known.frames += 1
            last.last_s = now_s
            last.probabilities[:] += (shares - last.probabilities) / known.frames
            return
        if last is not None:
            self._compare(track, known.samples)
        face = cut_face(analysed.frame.image_bgr, analysed.faces.boxes_xyxy[row]) if self._pictures else None
        known.samples.append(_Sample(now_s, now_s, shares.copy(), label, known.since_s, face))
        known.frames = 1

    def _compare(self, track: int, samples: deque[_Sample]) -> None:
        """Look for the largest change that ends in the last sample, which is complete."""
        last = samples[-1]
        while last.media_time_s - samples[0].media_time_s > _OVER_S:
            samples.popleft()
        changes = np.abs(np.array([each.probabilities for each in samples]) - last.probabilities).sum(axis=1) / 2
        # The shortest of those that are nearly as large: what went before it belongs to something else.
        start = int(np.flatnonzero(changes >= _NEARLY * changes.max())[-1])
        change, open_one = float(changes[start]), self._candidates.get(track)
        if open_one is not None and last.media_time_s - open_one.after.media_time_s > _APART_S:
            self._settle(track)
            open_one = None
        if change >= _MIN_CHANGE and (open_one is None or _NEARLY * change > open_one.change):
            self._candidates[track] = _Candidate(change, samples[start], last)

    def _settle(self, track: int) -> None:
        candidate = self._candidates.pop(track, None)
        if candidate is None or (len(self._best) == self._count and candidate.change <= self._best[0][0]):
            return
        before, after = candidate.before, candidate.after
        change = after.probabilities - before.probabilities
        rose, fell = (_share_change(int(which), before, after) for which in (change.argmax(), change.argmin()))
        pictures = _jpegs(before, after)
        moment = Moment(
            track=track,
            media_time_s=after.since_s if after.label != before.label else after.last_s,
            start_s=before.media_time_s,
            end_s=after.last_s,
            change=candidate.change,
            before=before.label,
            after=after.label,
            rose=rose,
            fell=fell,
            pictures=pictures,
        )
        heapq.heappush(self._best, (candidate.change, next(self._order), moment))
        if len(self._best) > self._count:
            heapq.heappop(self._best)


def _tenth_of(time_s: float) -> int:
    return int(time_s / _SAMPLE_EVERY_S + 1e-6)


def _share_change(which: int, before: _Sample, after: _Sample) -> ShareChange:
    return ShareChange(EMOTIONS[which], float(before.probabilities[which]), float(after.probabilities[which]))


def _jpegs(before: _Sample, after: _Sample) -> tuple[bytes, bytes] | None:
    if before.face_bgr is None or after.face_bgr is None:
        return None
    return jpeg(before.face_bgr), jpeg(after.face_bgr)
