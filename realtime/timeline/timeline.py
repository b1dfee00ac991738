"""Per-person timeline of a whole run in bounded memory: time-weighted sums in bins and clips."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.manifest import EMOTIONS
from realtime.core.types import UNCERTAIN, Analysed

LABELS = (*EMOTIONS, UNCERTAIN)
"""What a moment may be called, in the order of `Sums.label_s`."""

_KINDS = len(EMOTIONS)
_ROUNDING = 1e-6
_FIRST_BIN_S = 0.1
_MAX_BINS = 20_000
_MAX_PEOPLE = 200
_MAX_STRETCHES = 1000
# A frame counts for at most this long: across longer gaps the expression is unknown.
_MAX_STEP_S = 1.0
_FALLBACK_STEP_S = 1 / 30

_Array = npt.NDArray[np.float64]


class Sums:
    """Seconds and probabilities, summed up over some time; each frame counts for as long as it lasted.

    Attributes:
        reasons_s: why the label was "uncertain" -> seconds.
    """

    __slots__ = ("_values", "reasons_s")

    def __init__(self) -> None:
        self._values: _Array = np.zeros(1 + _KINDS + len(LABELS))
        self.reasons_s: dict[str, float] = {}

    def add(self, values: _Array, reason: str = "") -> None:
        """Add one frame's row, as `_row` makes it, and why its label is "uncertain", "" where it is not."""
        self._values += values
        if reason:
            self.reasons_s[reason] = self.reasons_s.get(reason, 0.0) + float(values[0])

    def merge(self, other: Sums) -> None:
        """Add another sum."""
        self._values += other._values
        for reason, seconds in other.reasons_s.items():
            self.reasons_s[reason] = self.reasons_s.get(reason, 0.0) + seconds

    @property
    def seen_s(self) -> float:
        """How long the face was seen."""
        return float(self._values[0])

    @property
    def mean(self) -> _Array:
        """Mean smoothed probability of each emotion, `(K,)`."""
        return np.asarray(self._values[1 : 1 + _KINDS] / max(self.seen_s, 1e-9))

    @property
    def label_s(self) -> _Array:
        """Seconds that each of `LABELS` was shown, `(K + 1,)`."""
        return self._values[1 + _KINDS :]

    @property
    def label(self) -> str:
        """The label that was shown for the longest."""
        return LABELS[int(self.label_s.argmax())]

    @property
    def reason(self) -> str:
        """Why that label is "uncertain": the reason that held for the longest, "" where it is not."""
        if self.label != UNCERTAIN or not self.reasons_s:
            return ""
        return max(self.reasons_s, key=self.reasons_s.__getitem__)

    @property
    def label_share(self) -> float:
        """Which part of the time seen that label was shown, 0 to 1."""
        return float(self.label_s.max()) / max(self.seen_s, 1e-9)


@dataclass(slots=True)
class Person:
    """One person's run.

    Attributes:
        track: the person's number.
        order: `int`, how many were seen before; of those who appear together, how many stand further left.
        first_s: `float`, media time in seconds at which the face was first seen.
        total: over all of the run.
        bins: number of the bin (`Timeline.bin_s` long) -> its sums; bins without the face are missing.
        clips: number of the clip (`Timeline.clip_s` long) -> its sums, likewise.
        last_s: media time at which the face was last seen.
        end_s: media time at which that frame ends.
    """

    track: int
    order: int = 0
    first_s: float = 0.0
    total: Sums = field(default_factory=Sums)
    bins: dict[int, Sums] = field(default_factory=dict)
    clips: dict[int, Sums] = field(default_factory=dict)
    last_s: float = 0.0
    end_s: float = 0.0


class Timeline:
    """Accumulates a run per person; a `Sink`. Bins double in length whenever there are too many of them.

    Args:
        clip_s: `float`, length of a clip in seconds.
        max_bins: `int`, all people's bins together.

    Attributes:
        bin_s: `float`, length of a bin in seconds.
        end_s: `float`, media time at which the last frame ends.
        forgotten: `int`, people of whom nothing is kept any more.
        most_at_once: `int`, faces of one frame at most: there were at least so many people.
        without_face: (start, end) in seconds of each stretch in which no frame had a face, the first thousand.
    """

    def __init__(self, clip_s: float = 4.0, max_bins: int = _MAX_BINS) -> None:
        self.clip_s = clip_s
        self.bin_s = _FIRST_BIN_S
        self.end_s = 0.0
        self.forgotten = 0
        self.most_at_once = 0
        self.without_face: list[tuple[float, float]] = []
        self._had_face = True
        self._seen = 0
        self._max_bins = max_bins
        self._people: dict[int, Person] = {}
        self._waiting: Analysed | None = None
        self._step_s = _FALLBACK_STEP_S
        self._bin_count = 0

    @property
    def people(self) -> list[Person]:
        """Everyone seen, those seen longest first."""
        return sorted(self._people.values(), key=lambda person: -person.total.seen_s)

    def write(self, analysed: Analysed) -> None:
        """Take one frame. It counts until the next one."""
        if self._waiting is not None:
            step_s = analysed.frame.media_time_s - self._waiting.frame.media_time_s
            self._step_s = min(max(step_s, 0.0), _MAX_STEP_S)
            self._count(self._waiting)
        self._waiting = analysed

    def close(self) -> None:
        """Count the last frame, for as long as the one before it; any number of times."""
        if self._waiting is not None:
            self._count(self._waiting)
            self._waiting = None

    def _count(self, analysed: Analysed) -> None:
        now_s = analysed.frame.media_time_s
        self.end_s = max(self.end_s, now_s + self._step_s)
        emotions = analysed.emotions
        self.most_at_once = max(self.most_at_once, len(analysed.faces))
        self._note_empty(now_s, bool(len(analysed.faces)))
        for row, track in enumerate(analysed.faces.track_ids.tolist()):
            person = self._people.get(track)
            if person is None:
                person = self._people[track] = Person(track, self._seen, now_s)
                self._seen += 1
            person.first_s, person.last_s = min(person.first_s, now_s), now_s
            person.end_s = max(person.end_s, now_s + self._step_s)
            values = _row(emotions.probabilities[row], emotions.labels[row], self._step_s)
            reason = emotions.reasons[row] if emotions.labels[row] == UNCERTAIN else ""
            person.total.add(values, reason)
            number = _bin_of(now_s, self.bin_s)
            if number not in person.bins:
                person.bins[number] = Sums()
                self._bin_count += 1
            person.bins[number].add(values, reason)
            person.clips.setdefault(_bin_of(now_s, self.clip_s), Sums()).add(values, reason)
        if len(self._people) > _MAX_PEOPLE:
            self._forget_the_briefest(now_s)
        if self._bin_count > self._max_bins:
            self._double_bins()

    def _note_empty(self, now_s: float, has_face: bool) -> None:
        if not has_face and not self._had_face and self.without_face:
            self.without_face[-1] = self.without_face[-1][0], now_s + self._step_s
        elif not has_face and len(self.without_face) < _MAX_STRETCHES:
            self.without_face.append((now_s, now_s + self._step_s))
        self._had_face = has_face

    def _double_bins(self) -> None:
        self.bin_s *= 2
        for person in self._people.values():
            merged: dict[int, Sums] = {}
            for number, sums in person.bins.items():
                merged.setdefault(number // 2, Sums()).merge(sums)
            person.bins = merged
        self._bin_count = sum(len(person.bins) for person in self._people.values())

    def _forget_the_briefest(self, now_s: float) -> None:
        gone = [person for person in self._people.values() if now_s - person.last_s > _MAX_STEP_S]
        for person in sorted(gone, key=lambda person: person.total.seen_s)[: _MAX_PEOPLE // 2]:
            self._bin_count -= len(person.bins)
            self.forgotten += 1
            del self._people[person.track]


def _bin_of(time_s: float, length_s: float) -> int:
    """Return the number of the bin that a moment falls into."""
    # 0.3 s divided by 0.1 s comes out below 3: a bin would get two frames at 10 per second, and the next one none.
    return int(time_s / length_s + _ROUNDING)


def _row(probabilities: npt.NDArray[np.float32], label: str, step_s: float) -> _Array:
    values = np.zeros(1 + _KINDS + len(LABELS))
    values[0] = step_s
    values[1 : 1 + _KINDS] = probabilities * step_s
    values[1 + _KINDS + LABELS.index(label)] = step_s
    return values
