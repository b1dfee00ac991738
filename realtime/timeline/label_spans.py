"""Spans of constant label per person, for the summary printed at the end of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from realtime.core.types import Analysed

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

    def line(self, track: int) -> str:
        """Return what was seen, "" for nothing but flashes."""
        told, more = list(self.told), self.more
        if self.open.counts:
            told, more = (told, more + 1) if len(told) == _MAX_SPANS_PER_PERSON else ([*told, self.open], more)
        if not told:
            return ""
        shown = ", ".join(f"{span.label} {span.start_s:.1f}-{span.end_s:.1f} s" for span in told)
        return f"person {track}: {shown}" + (f", and {more} more" if more else "")

    def _keep(self) -> None:
        if not self.open.counts:
            return
        if len(self.told) < _MAX_SPANS_PER_PERSON:
            self.told.append(self.open)
        else:
            self.more += 1


class LabelSpans:
    """Collects spans while a run goes on, however long: only what is told is kept, of the last 200 people."""

    def __init__(self) -> None:
        self.frames = 0
        self.frames_with_face = 0
        self._people: dict[int, _Person] = {}
        self._left_out = 0

    def write(self, analysed: Analysed) -> None:
        """Take one frame; one whose time jumps begins new spans."""
        self.frames += 1
        self.frames_with_face += len(analysed.faces) > 0
        now_s = analysed.frame.media_time_s
        for track, label in zip(analysed.faces.track_ids.tolist(), analysed.emotions.labels, strict=True):
            person = self._people.get(track)
            if person is None:
                self._people[track] = _Person(Span(label, now_s, now_s))
                self._forget_the_first()
            elif person.open.label == label and 0 <= now_s - person.open.end_s <= _GAP_S:
                person.open.end_s = now_s
            else:
                person.begin(Span(label, now_s, now_s))

    def lines(self) -> list[str]:
        """Return the summary for people, one line per person."""
        if not self._people:
            return ["no face was seen"]
        told = [text for track, person in sorted(self._people.items()) if (text := person.line(track))]
        if self._left_out:
            told.insert(0, f"{self._left_out} people before these are left out here; --table has all")
        return told

    def _forget_the_first(self) -> None:
        if len(self._people) > _MAX_PEOPLE:
            first = next(iter(self._people))
            # Somebody of whom nothing would be told is not missed.
            self._left_out += bool(self._people.pop(first).line(first))
