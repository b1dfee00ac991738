"""Shapes of the report's first plot: what one person showed when."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.manifest import EMOTIONS
from realtime.core.types import UNCERTAIN
from realtime.overlay.palette import STACK_ORDER
from realtime.reports.plots.shapes import Area, Box, Tick, clock
from realtime.reports.plots.span import Span, gaps, joined
from realtime.timeline.timeline import Person, Sums, Timeline

# White lines part the areas; where columns are narrow they would cover them.
_LINE_W, _FINE_COLUMNS = 0.6, 200
_BAND_H, _CLIP_H, _AXIS_H, _GAP, _TOP = 24, 24, 40, 5, 8
_MAX_CLIP_CELLS = 400
# More than a dozen spans are no sentence any more; the CSV has all.
_SPANS_IN_WORDS = 12
_TICKS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800)


@dataclass(frozen=True, slots=True)
class Layout:
    """The measures of a drawing, in SVG's units; text has 12 of them.

    Attributes:
        name: `str`, its class in `templates/report.css`, which says where it is shown.
        width: `int`.
        left: `int`, where time 0 is.
        right: `int`, where the run ends.
        stack_height: `int`.
        max_columns: `int`.
        max_ticks: `int`, of the time axis.
    """

    name: str
    width: int
    left: int
    right: int
    stack_height: int
    max_columns: int
    max_ticks: int


WIDE = Layout("wide", width=860, left=92, right=842, stack_height=126, max_columns=500, max_ticks=10)
"""For screens and paper."""
NARROW = Layout("narrow", width=344, left=66, right=334, stack_height=110, max_columns=140, max_ticks=5)
"""For phones: the same height of text, so that it need not be made smaller to fit."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the stack: when, and what was shown then on average."""

    start_s: float
    end_s: float
    sums: Sums


@dataclass(frozen=True, slots=True)
class TimelinePlot:
    """One person's timeline, from top to bottom: stack, label band, clips, axis.

    Attributes:
        layout: the drawing's measures.
        columns: the numbers that are drawn.
        spans: stretches of one label, in order.
        areas: the stack, where there is a label.
        boxes: label band, clips, and the hatching in place of the stack while the label is "uncertain".
        unseen: where the face was not seen: (middle of the stretch, its width).
        ticks: of the time axis.
        time_unit: `str`, how times are written.
        rows: (middle of a row, what it is), for the left margin.
    """

    layout: Layout
    columns: Sequence[Column]
    spans: Sequence[Span]
    areas: Sequence[Area]
    boxes: Sequence[Box]
    unseen: Sequence[tuple[float, float]]
    ticks: Sequence[Tick]
    time_unit: str
    rows: Sequence[tuple[float, str]]
    axis_y: int
    height: int
    top: int = _TOP

    @property
    def summary(self) -> str:
        """The plot in words: which label was shown when."""
        more = self.left_out
        return ", ".join(one.told for one in self.spans[:_SPANS_IN_WORDS]) + (f", and {more} more" if more else "")

    @property
    def left_out(self) -> int:
        """How many spans are not in the summary."""
        return max(0, len(self.spans) - _SPANS_IN_WORDS)


def timeline_plot(person: Person, timeline: Timeline, layout: Layout = WIDE) -> TimelinePlot:
    """Return one person's timeline: stack, label band, clips and axis over the whole run."""
    end_s = timeline.end_s
    columns, column_s = _coarser(person.bins, timeline.bin_s, end_s, layout.max_columns)
    scale = (layout.right - layout.left) / max(end_s, column_s)

    def to_x(time_s: float) -> float:
        return layout.left + time_s * scale

    def limits(number: int, length_s: float) -> tuple[float, float]:
        """From when to when the face was seen in a column or clip."""
        return max(number * length_s, person.first_s), min((number + 1) * length_s, person.end_s)

    with_clips = end_s / timeline.clip_s <= _MAX_CLIP_CELLS
    band_y = _TOP + layout.stack_height + _GAP
    clip_y = band_y + _BAND_H + _GAP
    axis_y = clip_y + (_CLIP_H + _GAP if with_clips else 0)
    drawn = [Column(*limits(n, column_s), columns[n]) for n in sorted(columns)]
    spans = joined(Span(one.start_s, one.end_s, one.sums.label, one.sums.reason) for one in drawn)
    boxes = [_veil(span, to_x, layout) for span in spans if span.label == UNCERTAIN]
    boxes += [_band(span, to_x, band_y) for span in joined(Span(one.start_s, one.end_s, one.label) for one in spans)]
    rows = [(band_y + _BAND_H / 2, "label")]
    if with_clips:
        seen = _seen_in_clips(drawn, timeline.clip_s)
        boxes += [_clip(*seen[n], person.clips[n], to_x, clip_y) for n in sorted(person.clips) if n in seen]
        rows.append((clip_y + _CLIP_H / 2, f"{timeline.clip_s:g} s clips" if layout is WIDE else "clips"))
    return TimelinePlot(
        layout=layout,
        columns=drawn,
        spans=spans,
        areas=[area for run in _runs(columns) for area in _stack(run, columns, column_s, limits, to_x, layout)],
        boxes=boxes,
        unseen=[(to_x((a + b) / 2), (b - a) * scale) for a, b in gaps(spans, end_s)],
        ticks=_ticks(end_s, to_x, layout.max_ticks),
        time_unit="seconds" if end_s < 60 else "minutes:seconds" if end_s < 3600 else "hours:minutes:seconds",
        rows=rows,
        axis_y=axis_y,
        height=axis_y + _AXIS_H,
    )


def _coarser(bins: Mapping[int, Sums], bin_s: float, end_s: float, most: int) -> tuple[dict[int, Sums], float]:
    """Return at most so many bins, of several each where there are more."""
    factor = max(1, math.ceil(end_s / bin_s / most))
    columns: dict[int, Sums] = {}
    for number, sums in bins.items():
        columns.setdefault(number // factor, Sums()).merge(sums)
    return columns, bin_s * factor


def _runs(columns: Mapping[int, Sums]) -> Iterable[list[int]]:
    """Return the numbers of columns with a label that follow each other, in lists."""
    # An answer that the program does not stand by is not drawn as if it did.
    named = sorted(number for number, sums in columns.items() if sums.label != UNCERTAIN)
    groups = itertools.groupby(enumerate(named), key=lambda pair: pair[1] - pair[0])
    return ([number for _, number in group] for _, group in groups)


def _stack(
    run: list[int],
    columns: Mapping[int, Sums],
    column_s: float,
    limits: Callable[[int, float], tuple[float, float]],
    to_x: Callable[[float], float],
    layout: Layout,
) -> list[Area]:
    """Return one area per emotion for columns without a gap."""
    # The first and the last column are drawn to their outer edges.
    edges_s = limits(run[0], column_s)[0], limits(run[-1], column_s)[1]
    xs = [to_x(time_s) for time_s in (edges_s[0], *(min((n + 0.5) * column_s, edges_s[1]) for n in run), edges_s[1])]
    means = [columns[n].mean for n in run]
    means = [means[0], *means, means[-1]]
    base = [0.0] * len(xs)
    areas = []
    line_width = _LINE_W if len(run) <= _FINE_COLUMNS else _LINE_W / 3
    for emotion in STACK_ORDER:
        share = [float(mean[EMOTIONS.index(emotion)]) for mean in means]
        top = [min(1.0, low + part) for low, part in zip(base, share, strict=True)]
        upper = [f"{x:.1f},{_TOP + layout.stack_height * (1 - y):.1f}" for x, y in zip(xs, top, strict=True)]
        lower = [f"{x:.1f},{_TOP + layout.stack_height * (1 - y):.1f}" for x, y in zip(xs, base, strict=True)]
        areas.append(Area(emotion, " ".join([*upper, *reversed(lower)]), line_width))
        base = top
    return areas


def _veil(span: Span, to_x: Callable[[float], float], layout: Layout) -> Box:
    """Return what stands in place of the stack while the label is "uncertain": hatching, and why."""
    x, width = to_x(span.start_s), to_x(span.end_s) - to_x(span.start_s)
    captions = (span.why, span.why.replace(" ", "\n")) if span.reason else ()
    return Box(x, width, _TOP, layout.stack_height, UNCERTAIN, span.told, captions=captions)


def _band(span: Span, to_x: Callable[[float], float], y: int) -> Box:
    x, width = to_x(span.start_s), to_x(span.end_s) - to_x(span.start_s)
    return Box(x, width, y, _BAND_H, span.label, f"{span.label}, {span.times}", captions=(span.label,))


def _seen_in_clips(columns: Iterable[Column], clip_s: float) -> dict[int, tuple[float, float]]:
    """Return for each clip from when to when the face was seen in it, in seconds."""
    seen: dict[int, tuple[float, float]] = {}
    for one in columns:
        for clip in range(int(one.start_s / clip_s + 1e-6), math.ceil(one.end_s / clip_s - 1e-6)):
            start_s, end_s = max(one.start_s, clip * clip_s), min(one.end_s, (clip + 1) * clip_s)
            seen[clip] = seen.get(clip, (start_s, end_s))[0], end_s
    return seen


def _clip(start_s: float, end_s: float, sums: Sums, to_x: Callable[[float], float], y: int) -> Box:
    span = Span(start_s, end_s, sums.label)
    title = (
        f"{span.label}, {span.times}, for {sums.label_s.max():.1f} of the {sums.seen_s:.1f} s that the face was seen"
    )
    x, width = to_x(start_s), to_x(end_s) - to_x(start_s)
    return Box(x, width, y, _CLIP_H, span.label, title, captions=(span.label,), look="clip")


def _ticks(end_s: float, to_x: Callable[[float], float], most: int) -> list[Tick]:
    step_s = next((tick for tick in _TICKS_S if end_s / tick <= most), 43_200.0 * math.ceil(end_s / 43_200 / most))
    times_s = [number * step_s for number in range(int(end_s / step_s + 1e-6) + 1)]
    # Within the first minute the axis names the unit, and a number says enough.
    unit = "\N{NO-BREAK SPACE}s" if end_s < 60 else ""
    return [Tick(to_x(time_s), clock(time_s, step_s).removesuffix(unit)) for time_s in times_s]
