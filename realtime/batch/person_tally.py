"""Sums per person while a video is analyzed: how long each emotion was shown, and means per second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from models.manifest import EMOTIONS
from realtime.core.sink import Run
from realtime.core.types import UNCERTAIN, Analysed, FloatArray

LABELS = (*EMOTIONS, UNCERTAIN)
"""What a face may be called, in the order of every list of seconds here."""

# A frame stands for the time until the next one, at most this long: a gap is nobody's time.
_LONGEST_FRAME_S = 1.0
_USUAL_FRAME_S = 1 / 30
_SPAN_GAP_S = 1.0
_K = len(EMOTIONS)


@dataclass(slots=True)
class _Person:
    first_s: float
    last_s: float = 0.0
    label: str = ""
    transitions: int = 0
    spans: list[list[Any]] = field(default_factory=list)
    # Second -> seconds per label, then probabilities times seconds.
    bins: dict[int, FloatArray] = field(default_factory=dict)
    trust: FloatArray | None = None
    trust_s: float = 0.0


class PersonTally:
    """Adds up the frames of one video, in order.

    Attributes:
        frames: `int`, frames so far.
        end_s: `float`, media time at which the last of them ends.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.end_s = 0.0
        self._people: dict[int, _Person] = {}
        self._regions: tuple[str, ...] = ()
        self._waiting: Analysed | None = None
        self._last_s = _USUAL_FRAME_S

    def add(self, analysed: Analysed) -> None:
        """Take one frame; it counts until the next one."""
        if self._waiting is not None:
            passed_s = analysed.frame.media_time_s - self._waiting.frame.media_time_s
            self._last_s = min(max(passed_s, 0.0), _LONGEST_FRAME_S)
            self._count(self._waiting, self._last_s)
        self._waiting = analysed
        self.frames += 1

    def close(self) -> None:
        """Count the last frame, as long as the one before it; any number of times."""
        if self._waiting is not None:
            self._count(self._waiting, self._last_s)
            self._waiting = None

    def facts(self) -> list[dict[str, Any]]:
        """Return what is known of each track, by its number, as JSON takes it.

        Each has `track`, `first_s`, `last_s`, `transitions` (changes from one emotion to another), `spans` (label,
        start and end in seconds), `bins` (second, seconds per label in the order of `LABELS`, then the sum over time of
        each emotion's probability) and `reliability` (region -> mean).
        """
        return [self._facts(track, person) for track, person in sorted(self._people.items())]

    def _facts(self, track: int, person: _Person) -> dict[str, Any]:
        trust = np.zeros(len(self._regions)) if person.trust is None else person.trust / max(person.trust_s, 1e-9)
        return {
            "track": track,
            "first_s": round(person.first_s, 3),
            "last_s": round(person.last_s, 3),
            "transitions": person.transitions,
            "spans": [[label, round(start_s, 3), round(end_s, 3)] for label, start_s, end_s in person.spans],
            "bins": [[second, *np.round(sums, 4).tolist()] for second, sums in sorted(person.bins.items())],
            "reliability": dict(zip(self._regions, np.round(trust, 4).tolist(), strict=True)),
        }

    def _count(self, analysed: Analysed, lasts_s: float) -> None:
        now_s = analysed.frame.media_time_s
        self.end_s = max(self.end_s, now_s + lasts_s)
        emotions = analysed.emotions
        self._regions = emotions.regions
        for row, track in enumerate(analysed.faces.track_ids.tolist()):
            person = self._people.setdefault(track, _Person(now_s))
            person.last_s = now_s + lasts_s
            label = emotions.labels[row]
            _note_span(person, label, now_s, now_s + lasts_s)
            sums = person.bins.setdefault(int(now_s), np.zeros(len(LABELS) + _K, np.float32))
            sums[LABELS.index(label)] += lasts_s
            sums[len(LABELS) :] += np.float32(lasts_s) * emotions.probabilities[row]
            trust = emotions.reliability[row] * np.float32(lasts_s)
            person.trust = trust if person.trust is None else person.trust + trust
            person.trust_s += lasts_s


def _note_span(person: _Person, label: str, start_s: float, end_s: float) -> None:
    if label != UNCERTAIN:
        person.transitions += person.label not in ("", label)
        person.label = label
    spans = person.spans
    if spans and spans[-1][0] == label and start_s - spans[-1][2] <= _SPAN_GAP_S:
        spans[-1][2] = end_s
    else:
        spans.append([label, start_s, end_s])


@dataclass(frozen=True, slots=True)
class TallyOptions:
    """An output that adds up instead of writing; the sink of a batch's worker.

    Attributes:
        tally: is filled.
        on_time: is told the media time of each frame in seconds.
    """

    tally: PersonTally
    on_time: Callable[[float], None]
    watched = False

    def check(self) -> None:
        """Refuse nothing."""

    def sink(self) -> TallySink:
        """Return the sink, not yet open."""
        return TallySink(self)


class TallySink:
    """Hands each frame to a `PersonTally`.

    Args:
        options: which one.
    """

    name = "tally"
    blocks_seeking = "no seeking in a batch"
    written: Path | None = None

    def __init__(self, options: TallyOptions) -> None:
        self._options = options

    def open(self, run: Run) -> None:
        """Begin."""

    def write(self, analysed: Analysed) -> None:
        """Take one frame."""
        self._options.tally.add(analysed)
        self._options.on_time(analysed.frame.media_time_s)

    def close(self) -> None:
        """Count the last frame."""
        self._options.tally.close()
