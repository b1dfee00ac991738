"""Shapes of the report's first plot: what one person showed when."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.manifest import EMOTIONS
from realtime.core.types import UNCERTAIN
from realtime.overlay.palette import STACK_ORDER
from realtime.reports.plots.shapes import Area, Box, Tick, clock
from realtime.timeline.timeline import Sums

_WIDTH, _LEFT, _RIGHT = 1000, 92, 22
_COLUMNS = 500
# White lines part the areas; where columns are narrow they would cover them.
_LINE_W, _FINE_COLUMNS = 0.6, 200
_STACK_H, _BAND_H, _CLIP_H, _AXIS_H, _GAP, _TOP = 130, 24, 24, 40, 5, 8
_MAX_CLIP_CELLS = 400
# More than a dozen spans are no sentence any more; the CSV has all.
_SPANS_IN_WORDS = 12
_TICKS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in which one label was shown."""

    start_s: float
    end_s: float
    label: str

    @property
    def times(self) -> str:
        """When, as "2.8 to 3.4 s"."""
        if self.end_s < 60:
            return f"{self.start_s:.1f} to {self.end_s:.1f} s"
        return f"{clock(self.start_s, 0.1)} to {clock(self.end_s, 0.1)}"


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
        columns: the numbers that are drawn.
        spans: stretches of one label, in order.
        areas: the stack.
        boxes: label band, clips, and what covers the stack while the label is "uncertain".
        ticks: of the time axis.
        time_unit: `str`, how times are written.
        rows: (middle of a row, what it is), for the left margin.
    """

    columns: Sequence[Column]
    spans: Sequence[Span]
    areas: Sequence[Area]
    boxes: Sequence[Box]
    ticks: Sequence[Tick]
    time_unit: str
    rows: Sequence[tuple[float, str]]
    axis_y: int
    height: int
    top: int = _TOP
    stack_height: int = _STACK_H
    left: int = _LEFT
    right: int = _WIDTH - _RIGHT
    width: int = _WIDTH

    @property
    def summary(self) -> str:
        """The plot in words: which label was shown when."""
        told = [f"{one.label} {one.times}" for one in self.spans[:_SPANS_IN_WORDS]]
        more = len(self.spans) - len(told)
        return ", ".join(told) + (f", and {more} more" if more else "")


def timeline_plot(
    bins: Mapping[int, Sums], bin_s: float, clips: Mapping[int, Sums], clip_s: float, end_s: float
) -> TimelinePlot:
    """Return one person's timeline: stack, label band, clips and axis over the whole run.

    Args:
        bins: number -> sums, each `bin_s` long; time without the face is left out.
        bin_s: `float`, seconds.
        clips: number -> sums, each `clip_s` long.
        clip_s: `float`, seconds.
        end_s: `float`, end of the run in seconds.
    """
    columns, column_s = _coarser(bins, bin_s, end_s)
    scale = (_WIDTH - _LEFT - _RIGHT) / max(end_s, column_s)
    with_clips = end_s / clip_s <= _MAX_CLIP_CELLS
    band_y = _TOP + _STACK_H + _GAP
    clip_y = band_y + _BAND_H + _GAP
    axis_y = clip_y + (_CLIP_H + _GAP if with_clips else 0)
    drawn = [Column(n * column_s, min((n + 1) * column_s, end_s), columns[n]) for n in sorted(columns)]
    spans = _joined(Span(one.start_s, one.end_s, one.sums.label) for one in drawn)
    boxes = [_veil(span, scale) for span in spans if span.label == UNCERTAIN]
    boxes += [_band(span, scale, band_y) for span in spans]
    rows = [(band_y + _BAND_H / 2, "label")]
    if with_clips:
        boxes += [_clip(n, clips[n], clip_s, end_s, scale, clip_y) for n in sorted(clips)]
        rows.append((clip_y + _CLIP_H / 2, f"{clip_s:g} s clips"))
    return TimelinePlot(
        columns=drawn,
        spans=spans,
        areas=[area for run in _runs(columns) for area in _stack(run, columns, column_s, scale, end_s)],
        boxes=boxes,
        ticks=_ticks(end_s, scale),
        time_unit="seconds" if end_s < 60 else "minutes:seconds" if end_s < 3600 else "hours:minutes:seconds",
        rows=rows,
        axis_y=axis_y,
        height=axis_y + _AXIS_H,
    )


def _coarser(bins: Mapping[int, Sums], bin_s: float, end_s: float) -> tuple[dict[int, Sums], float]:
    """Return at most `_COLUMNS` bins, of several each where there are more."""
    factor = max(1, math.ceil(end_s / bin_s / _COLUMNS))
    columns: dict[int, Sums] = {}
    for number, sums in bins.items():
        columns.setdefault(number // factor, Sums()).merge(sums)
    return columns, bin_s * factor


def _runs(columns: Iterable[int]) -> Iterable[list[int]]:
    """Return numbers that follow each other, in lists."""
    groups = itertools.groupby(enumerate(sorted(columns)), key=lambda pair: pair[1] - pair[0])
    return ([number for _, number in group] for _, group in groups)


def _stack(run: list[int], columns: Mapping[int, Sums], column_s: float, scale: float, end_s: float) -> list[Area]:
    """Return one area per emotion for columns without a gap."""
    times_s = [(n + 0.5) * column_s for n in run]
    # The first and the last column are drawn to their outer edges.
    times_s = [run[0] * column_s, *times_s, min((run[-1] + 1) * column_s, end_s)]
    xs = [_LEFT + time_s * scale for time_s in times_s]
    means = [columns[n].mean for n in run]
    means = [means[0], *means, means[-1]]
    base = [0.0] * len(xs)
    areas = []
    line_width = _LINE_W if len(run) <= _FINE_COLUMNS else _LINE_W / 3
    for emotion in STACK_ORDER:
        share = [float(mean[EMOTIONS.index(emotion)]) for mean in means]
        top = [min(1.0, low + part) for low, part in zip(base, share, strict=True)]
        upper = [f"{x:.1f},{_TOP + _STACK_H * (1 - y):.1f}" for x, y in zip(xs, top, strict=True)]
        lower = [f"{x:.1f},{_TOP + _STACK_H * (1 - y):.1f}" for x, y in zip(xs, base, strict=True)]
        areas.append(Area(emotion, " ".join([*upper, *reversed(lower)]), line_width))
        base = top
    return areas


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Join spans of one label that touch."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].label == span.label and span.start_s - joined[-1].end_s < 1e-6:
            joined[-1] = Span(joined[-1].start_s, span.end_s, span.label)
        else:
            joined.append(span)
    return joined


def _veil(span: Span, scale: float) -> Box:
    """Return what covers the stack while the label is "uncertain"."""
    x, width = _LEFT + span.start_s * scale, (span.end_s - span.start_s) * scale
    return Box(x, width, _TOP, _STACK_H, UNCERTAIN, f"{UNCERTAIN}, {span.times}", look="veil")


def _band(span: Span, scale: float, y: int) -> Box:
    x, width = _LEFT + span.start_s * scale, (span.end_s - span.start_s) * scale
    return Box(x, width, y, _BAND_H, span.label, f"{span.label}, {span.times}", captions=(span.label,))


def _clip(number: int, sums: Sums, clip_s: float, end_s: float, scale: float, y: int) -> Box:
    span = Span(number * clip_s, min((number + 1) * clip_s, end_s), sums.label)
    length_s = span.end_s - span.start_s
    title = f"{span.label}, {span.times}, face seen for {sums.seen_s:.1f} s of it"
    look = "clip pale" if sums.seen_s < length_s / 2 else "clip"
    x, captions = _LEFT + span.start_s * scale, (span.label,)
    return Box(x, length_s * scale, y, _CLIP_H, span.label, title, captions=captions, look=look)


def _ticks(end_s: float, scale: float) -> list[Tick]:
    step_s = next((tick for tick in _TICKS_S if end_s / tick <= 10), 43_200.0 * math.ceil(end_s / 432_000))
    times_s = [number * step_s for number in range(int(end_s / step_s + 1e-6) + 1)]
    # Within the first minute the axis names the unit, and a number says enough.
    unit = " s" if end_s < 60 else ""
    return [Tick(_LEFT + time_s * scale, clock(time_s, step_s).removesuffix(unit)) for time_s in times_s]
