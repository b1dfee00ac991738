"""Spans of constant label per person, for the summary printed at the end of a run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from realtime.core.types import Analysed

_GAP_S = 1.0
_MIN_SPAN_S = 0.3
_MAX_LINES_PER_PERSON = 12


@dataclass(slots=True)
class Span:
    """One label of one person from its first to its last frame, in seconds of media time."""

    label: str
    start_s: float
    end_s: float


class LabelSpans:
    """Collects spans while a run goes on."""

    def __init__(self) -> None:
        self.frames = 0
        self.frames_with_face = 0
        self._spans: dict[int, list[Span]] = defaultdict(list)

    def write(self, analysed: Analysed) -> None:
        """Take one frame; one whose time jumps begins new spans."""
        self.frames += 1
        self.frames_with_face += len(analysed.faces) > 0
        now_s = analysed.frame.media_time_s
        for track, label in zip(analysed.faces.track_ids, analysed.emotions.labels, strict=True):
            spans = self._spans[int(track)]
            if spans and spans[-1].label == label and 0 <= now_s - spans[-1].end_s <= _GAP_S:
                spans[-1].end_s = now_s
            else:
                spans.append(Span(label, now_s, now_s))

    @property
    def spans(self) -> dict[int, list[Span]]:
        """Track -> its spans, in order."""
        return dict(self._spans)

    def lines(self) -> list[str]:
        """Return the summary for people, one line per person."""
        if not self._spans:
            return ["no face was seen"]
        return [text for track, spans in sorted(self._spans.items()) if (text := _person(track, spans))]


def _person(track: int, spans: list[Span]) -> str:
    long_enough = [span for span in spans if span.end_s - span.start_s >= _MIN_SPAN_S]
    if not long_enough:
        return ""
    shown = [f"{s.label} {s.start_s:.1f}-{s.end_s:.1f} s" for s in long_enough[:_MAX_LINES_PER_PERSON]]
    more = len(long_enough) - len(shown)
    return f"person {track}: " + ", ".join(shown) + (f", and {more} more" if more > 0 else "")
