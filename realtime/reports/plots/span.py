"""A stretch of time in which one label was shown, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from realtime.core.types import NOT_YET, UNCERTAIN
from realtime.inference.reliability import NO_CLEAR_EXPRESSION
from realtime.reports.plots.shapes import clock

_IN_WORDS = {
    "turned": "head turned away",
    "small": "face too small",
    "blurred": "picture blurred",
    "hidden": "face covered or dark",
    NO_CLEAR_EXPRESSION: NO_CLEAR_EXPRESSION,
    NOT_YET: NOT_YET,
}


def reason_in_words(reason: str) -> str:
    """Return why a label is "uncertain", as a reader understands it; a reason that is not known as it is."""
    return _IN_WORDS.get(reason, reason)


def from_to(start_s: float, end_s: float) -> str:
    """Return when, as "2.8 to 3.4 s", or as a clock shows it, "1:02.8 to 1:03.4"."""
    if end_s < 60:
        return f"{start_s:.1f} to {end_s:.1f}\N{NO-BREAK SPACE}s"
    return f"{clock(start_s, 0.1)} to {clock(end_s, 0.1)}"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in which one label was shown.

    Attributes:
        start_s: `float`, media time in seconds.
        end_s: `float`, likewise.
        label: `str`.
        reason: why it is "uncertain", as `realtime.core.types.Emotions` has it; "" where it is not.
    """

    start_s: float
    end_s: float
    label: str
    reason: str = ""

    @property
    def times(self) -> str:
        """When, as "2.8 to 3.4 s"."""
        return from_to(self.start_s, self.end_s)

    @property
    def why(self) -> str:
        """The reason in words."""
        return reason_in_words(self.reason)

    @property
    def told(self) -> str:
        """Label, times and reason, as "uncertain 7.2 to 7.9 s (head turned away)"."""
        reason = f" ({self.why})" if self.label == UNCERTAIN and self.reason else ""
        return f"{self.label} {self.times}{reason}"


def joined(spans: Iterable[Span]) -> list[Span]:
    """Join spans of one label and reason that touch."""
    found: list[Span] = []
    for span in spans:
        last = found[-1] if found else None
        if last and (last.label, last.reason) == (span.label, span.reason) and span.start_s - last.end_s < 1e-6:
            found[-1] = replace(last, end_s=span.end_s)
        else:
            found.append(span)
    return found


def gaps(spans: Iterable[Span], end_s: float) -> list[tuple[float, float]]:
    """Return what lies between spans, before the first and after the last: (start, end) in seconds."""
    found, reached_s = [], 0.0
    for span in [*sorted(spans, key=lambda one: one.start_s), Span(end_s, end_s, "")]:
        if span.start_s - reached_s > 1e-6:
            found.append((reached_s, span.start_s))
        reached_s = max(reached_s, span.end_s)
    return found
