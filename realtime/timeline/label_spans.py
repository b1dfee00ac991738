"""Spans of constant label per person, for the summary printed at the end of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from realtime.core.persons.person_edits import NO_EDITS, PersonEdits
from realtime.core.types import Analysed
from realtime.timeline.headcount import Headcount

_GAP_S = 1.0
_MIN_SPAN_S = 0.3
_MAX_SPANS_PER_PERSON = 12
_MAX_PEOPLE = 200


@dataclass(slots=True)
class Span:
    """One label of one person from its first to its last frame, in seconds of media time."""

    label: str
    start_s: float
    end_s: float

    @property
    def counts(self) -> bool:
        """Whether it lasted long enough to be told."""
        return self.end_s - self.start_s >= _MIN_SPAN_S


@dataclass(slots=True)
class _Person:
    """What is told of one person: the first spans, how many more there were, and the span that goes on."""

    open: Span
    told: list[Span] = field(default_factory=list)
    more: int = 0

    def begin(self, span: Span) -> None:
        """End the open span and begin another one."""
        self._keep()
        self.open = span

    def line(self, title: str) -> str:
        """Return what was seen of whom, "" for nothing but flashes."""
        told, more = list(self.told), self.more
        if self.open.counts:
            told, more = (told, more + 1) if len(told) == _MAX_SPANS_PER_PERSON else ([*told, self.open], more)
        if not told:
            return ""
        shown = ", ".join(f"{span.label} {span.start_s:.1f}-{span.end_s:.1f} s" for span in told)
        return f"{title}: {shown}" + (f", and {more} more" if more else "")

    def _keep(self) -> None:
        if not self.open.counts:
            return
        if len(self.told) < _MAX_SPANS_PER_PERSON:
            self.told.append(self.open)
        else:
            self.more += 1


class LabelSpans:
    """Collects spans while a run goes on, however long: only what is told is kept, of the last 200 people.

    Args:
        persons: who the tracks are, and what is left out.
    """

    def __init__(self, persons: PersonEdits = NO_EDITS) -> None:
        self._persons = persons
        self._count, self._most_at_once = 0, 0
        self.frames = 0
        self.frames_with_face = 0
        self._people: dict[int, _Person] = {}
        self._left_out = 0

    def write(self, analysed: Analysed) -> None:
        """Take one frame; one whose time jumps begins new spans."""
        self.frames += 1
        self.frames_with_face += len(analysed.faces) > 0
        now_s = analysed.frame.media_time_s
        analysed = self._persons.applied(analysed)
        self._most_at_once = max(self._most_at_once, len(analysed.faces))
        for track, label in zip(analysed.faces.track_ids.tolist(), analysed.emotions.labels, strict=True):
            person = self._people.get(track)
            if person is None:
                self._people[track] = _Person(Span(label, now_s, now_s))
                self._count += 1
                self._forget_the_first()
            elif person.open.label == label and 0 <= now_s - person.open.end_s <= _GAP_S:
                person.open.end_s = now_s
            else:
                person.begin(Span(label, now_s, now_s))

    def lines(self) -> list[str]:
        """Return the summary for people, one line per person, in the order in which they were first seen."""
        if not self._people:
            return ["no face was seen"]
        people = self._people.items()
        told = [text for number, person in people if (text := person.line(self._persons.title(number)))]
        count = Headcount(list(self._people), self._most_at_once, self._count - len(self._people), self._persons)
        if count.split:
            told.append(f"{count.line}: {count.why}; --persons says who is the same")
        if self._left_out:
            told.insert(0, f"{self._left_out} people before these are left out here; --table has all")
        return told

    def _forget_the_first(self) -> None:
        if len(self._people) > _MAX_PEOPLE:
            first = next(iter(self._people))
            # Somebody of whom nothing would be told is not missed.
            self._left_out += bool(self._people.pop(first).line("person"))
