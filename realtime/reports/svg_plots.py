"""Shapes of the report's plots (`templates/plots.html` draws them): timeline per person, and one bar of shares."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.manifest import EMOTIONS
from realtime.core.types import UNCERTAIN
from realtime.overlay.palette import EMOTION_COLOURS_BGR, STACK_ORDER, hex_colour
from realtime.reports.page_template import percent
from realtime.timeline.time_format import format_clock
from realtime.timeline.timeline import LABELS, Sums

WIDTH = 1000
_COLUMNS = 500
# White lines part the areas; where columns are narrow they would cover them.
_LINE_W, _FINE_COLUMNS = 0.6, 200
_STACK_H, _BAND_H, _CLIP_H, _AXIS_H, _GAP = 130, 24, 24, 22, 5
_SHARE_H = 26
_MAX_CLIP_CELLS = 400
_LETTER_W = 7.2
_TICKS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800)


def fill(label: str) -> str:
    """Return the SVG fill of a label: the emotion's color, or the hatching of "uncertain"."""
    return "url(#hatch)" if label == UNCERTAIN else hex_colour(EMOTION_COLOURS_BGR[label])


def clock(seconds: float, step_s: float = 1.0) -> str:
    """Return a time as "12.5 s" within the first minute, as exact as `step_s` asks for, then as a clock shows it."""
    if seconds < 60 and step_s < 60:
        return f"{seconds:.1f} s" if step_s < 1 or seconds % 1 else f"{seconds:.0f} s"
    return format_clock(round(seconds))


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle that stands for a label, in SVG's units.

    Attributes:
        x: `float`, left edge.
        width: `float`.
        y: `int`, top edge.
        height: `int`.
        label: `str`, gives the color.
        title: `str`, shown where one points.
        captions: what may be written into it, the best first; the first that fits is `caption`.
        look: `str`, classes of `templates/report.css`.
    """

    x: float
    width: float
    y: int
    height: int
    label: str
    title: str
    captions: tuple[str, ...] = ()
    look: str = ""

    @property
    def caption(self) -> str:
        """What is written into it, "" for nothing."""
        return next((text for text in self.captions if _LETTER_W * len(text) + 8 <= self.width), "")

    @property
    def middle_x(self) -> float:
        """Where the caption's middle is."""
        return self.x + self.width / 2

    @property
    def plate_width(self) -> float:
        """Width of the plain ground that the caption needs on hatching; 0 for none."""
        return _LETTER_W * len(self.caption) + 6 if self.caption and self.label == UNCERTAIN else 0.0


@dataclass(frozen=True, slots=True)
class Area:
    """One emotion's share of a stack: `points` as SVG reads them, "x,y x,y"."""

    emotion: str
    points: str
    line_width: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the time axis; `anchor` is "start", "middle" or "end"."""

    x: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class TimelinePlot:
    """One person's timeline, from top to bottom: stack, label band, clips, axis."""

    height: int
    stack_height: int
    axis_y: int
    areas: Sequence[Area]
    boxes: Sequence[Box]
    ticks: Sequence[Tick]
    width: int = WIDTH


@dataclass(frozen=True, slots=True)
class SharePlot:
    """One bar of shares."""

    boxes: Sequence[Box]
    width: int = WIDTH
    height: int = _SHARE_H


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
    scale = WIDTH / max(end_s, column_s)
    with_clips = end_s / clip_s <= _MAX_CLIP_CELLS
    band_y = _STACK_H + _GAP
    clip_y = band_y + _BAND_H + _GAP
    axis_y = clip_y + (_CLIP_H + _GAP if with_clips else 0)
    labels = [(n * column_s, min((n + 1) * column_s, end_s), columns[n].label) for n in sorted(columns)]
    spans = list(_joined(labels))
    boxes = [_veil(a, b, scale) for a, b, label in spans if label == UNCERTAIN]
    boxes += [_span(a, b, scale, band_y, label) for a, b, label in spans]
    if with_clips:
        boxes += [_clip(n, clips[n], clip_s, end_s, scale, clip_y) for n in sorted(clips)]
    return TimelinePlot(
        height=axis_y + _AXIS_H,
        stack_height=_STACK_H,
        axis_y=axis_y,
        areas=[area for run in _runs(columns) for area in _stack(run, columns, column_s, scale, end_s)],
        boxes=boxes,
        ticks=_ticks(end_s, scale),
    )


def share_plot(total: Sums) -> SharePlot:
    """Return one bar: which part of the time each label was shown."""
    boxes, at = [], 0.0
    shares = total.label_s / max(float(total.label_s.sum()), 1e-9)
    for label in (*STACK_ORDER, UNCERTAIN):
        share = float(shares[LABELS.index(label)])
        if share > 0:
            title = f"{label} {percent(share)}"
            boxes.append(Box(at * WIDTH, share * WIDTH, 0, _SHARE_H, label, title, captions=(title, label)))
        at += share
    return SharePlot(boxes)


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
    xs = [(n + 0.5) * column_s * scale for n in run]
    # The first and the last column are drawn to their outer edges.
    xs = [run[0] * column_s * scale, *xs, min((run[-1] + 1) * column_s, end_s) * scale]
    means = [columns[n].mean for n in run]
    means = [means[0], *means, means[-1]]
    base = [0.0] * len(xs)
    areas = []
    line_width = _LINE_W if len(run) <= _FINE_COLUMNS else _LINE_W / 3
    for emotion in STACK_ORDER:
        share = [float(mean[EMOTIONS.index(emotion)]) for mean in means]
        top = [min(1.0, low + part) for low, part in zip(base, share, strict=True)]
        upper = [f"{x:.1f},{_STACK_H * (1 - y):.1f}" for x, y in zip(xs, top, strict=True)]
        lower = [f"{x:.1f},{_STACK_H * (1 - y):.1f}" for x, y in zip(xs, base, strict=True)]
        areas.append(Area(emotion, " ".join([*upper, *reversed(lower)]), line_width))
        base = top
    return areas


def _joined(spans: Iterable[tuple[float, float, str]]) -> Iterable[tuple[float, float, str]]:
    """Join spans of one label that touch."""
    last: tuple[float, float, str] | None = None
    for start, end, label in spans:
        if last is not None and last[2] == label and start - last[1] < 1e-6:
            last = last[0], end, label
            continue
        if last is not None:
            yield last
        last = start, end, label
    if last is not None:
        yield last


def _veil(start_s: float, end_s: float, scale: float) -> Box:
    """Return what covers the stack while the label is "uncertain"."""
    title = _times(UNCERTAIN, start_s, end_s)
    return Box(start_s * scale, (end_s - start_s) * scale, 0, _STACK_H, UNCERTAIN, title, look="veil")


def _span(start_s: float, end_s: float, scale: float, y: int, label: str) -> Box:
    title = _times(label, start_s, end_s)
    return Box(start_s * scale, (end_s - start_s) * scale, y, _BAND_H, label, title, captions=(label,))


def _clip(number: int, sums: Sums, clip_s: float, end_s: float, scale: float, y: int) -> Box:
    start_s, stop_s = number * clip_s, min((number + 1) * clip_s, end_s)
    title = f"{_times(sums.label, start_s, stop_s)}, face seen for {sums.seen_s:.1f} s"
    look = "clip pale" if sums.seen_s < (stop_s - start_s) / 2 else "clip"
    return Box(
        start_s * scale, (stop_s - start_s) * scale, y, _CLIP_H, sums.label, title, captions=(sums.label,), look=look
    )


def _times(label: str, start_s: float, end_s: float) -> str:
    return f"{label}, {start_s:.1f} to {end_s:.1f} s"


def _ticks(end_s: float, scale: float) -> list[Tick]:
    step_s = next((tick for tick in _TICKS_S if end_s / tick <= 10), 43_200.0 * math.ceil(end_s / 432_000))
    ticks = []
    for number in range(int(end_s / step_s + 1e-6) + 1):
        x = number * step_s * scale
        anchor = "start" if x < 20 else "end" if x > WIDTH - 30 else "middle"
        ticks.append(Tick(x, clock(number * step_s, step_s), anchor))
    return ticks
