"""The report's plots, as SVG: stacked probabilities, label band, clips, and one bar for all of the time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping

from models.manifest import EMOTIONS
from realtime.core.types import UNCERTAIN
from realtime.overlay.palette import EMOTION_COLOURS_BGR, STACK_ORDER, hex_colour
from realtime.timeline.time_format import format_clock
from realtime.timeline.timeline import LABELS, Sums

WIDTH = 1000
_COLUMNS = 500
# White lines part the areas; where columns are narrow they would cover them.
_LINE_W, _FINE_COLUMNS = 0.6, 200
_STACK_H, _BAND_H, _CLIP_H, _AXIS_H, _GAP = 130, 24, 24, 22, 5
_MAX_CLIP_CELLS = 400
_LETTER_W = 7.2
_TICKS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800)

HATCH = (
    '<svg width="0" height="0" style="position:absolute"><defs><pattern id="hatch" width="7" height="7" '
    'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="7" height="7" fill="#f1f1f1"/>'
    '<rect width="2" height="7" fill="#8b8b8b"/></pattern></defs></svg>'
)
"""The pattern of "uncertain", to stand once in the page: told from every colour by anybody."""


def fill(label: str) -> str:
    """Return the SVG fill of a label: the emotion's colour, or the hatching of "uncertain"."""
    return "url(#hatch)" if label == UNCERTAIN else hex_colour(EMOTION_COLOURS_BGR[label])


def clock(seconds: float, step_s: float = 1.0) -> str:
    """Return a time as "12.5 s" within the first minute, as exact as `step_s` asks for, then as a clock shows it."""
    if seconds < 60 and step_s < 60:
        return f"{seconds:.1f} s" if step_s < 1 or seconds % 1 else f"{seconds:.0f} s"
    return format_clock(round(seconds))


def timeline_svg(bins: Mapping[int, Sums], bin_s: float, clips: Mapping[int, Sums], clip_s: float, end_s: float) -> str:
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
    parts = [f'<rect width="{WIDTH}" height="{_STACK_H}" fill="#fafafa"/>']
    for run in _runs(columns):
        parts += _stack(run, columns, column_s, scale, end_s)
    labels = [(n * column_s, min((n + 1) * column_s, end_s), columns[n].label) for n in sorted(columns)]
    spans = list(_joined(labels))
    parts += [_cell(a, b, scale, 0, _STACK_H, UNCERTAIN, veil=True) for a, b, label in spans if label == UNCERTAIN]
    parts += [_cell(a, b, scale, band_y, _BAND_H, label) for a, b, label in spans]
    if with_clips:
        parts += [_clip(n, clips[n], clip_s, end_s, scale, clip_y) for n in sorted(clips)]
    parts += _axis(end_s, scale, axis_y)
    height = axis_y + _AXIS_H
    return (
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="timeline of emotions">'
        f"{''.join(parts)}</svg>"
    )


def share_svg(total: Sums) -> str:
    """Return one bar: which part of the time each label was shown."""
    parts, at = [], 0.0
    shares = total.label_s / max(float(total.label_s.sum()), 1e-9)
    for label in (*STACK_ORDER, UNCERTAIN):
        share = float(shares[LABELS.index(label)])
        if share > 0:
            parts.append(_box(at * WIDTH, share * WIDTH, 0, 26, label, f"{label} {100 * share:.0f} %"))
        at += share
    return f'<svg class="share" viewBox="0 0 {WIDTH} 26" role="img" aria-label="share of time">{"".join(parts)}</svg>'


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


def _stack(run: list[int], columns: Mapping[int, Sums], column_s: float, scale: float, end_s: float) -> list[str]:
    """Return one area per emotion for columns without a gap."""
    xs = [(n + 0.5) * column_s * scale for n in run]
    # The first and the last column are drawn to their outer edges.
    xs = [run[0] * column_s * scale, *xs, min((run[-1] + 1) * column_s, end_s) * scale]
    means = [columns[n].mean for n in run]
    means = [means[0], *means, means[-1]]
    base = [0.0] * len(xs)
    parts = []
    line_w = _LINE_W if len(run) <= _FINE_COLUMNS else _LINE_W / 3
    for emotion in STACK_ORDER:
        share = [float(mean[EMOTIONS.index(emotion)]) for mean in means]
        top = [min(1.0, low + part) for low, part in zip(base, share, strict=True)]
        upper = [f"{x:.1f},{_STACK_H * (1 - y):.1f}" for x, y in zip(xs, top, strict=True)]
        lower = [f"{x:.1f},{_STACK_H * (1 - y):.1f}" for x, y in zip(xs, base, strict=True)]
        parts.append(
            f'<polygon points="{" ".join([*upper, *reversed(lower)])}" fill="{fill(emotion)}" stroke="#fff" '
            f'stroke-width="{line_w:.1f}"><title>{emotion}</title></polygon>'
        )
        base = top
    return parts


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


def _cell(
    start_s: float, end_s: float, scale: float, y: float, height: float, label: str, *, veil: bool = False
) -> str:
    text = f"{label}, {start_s:.1f} to {end_s:.1f} s"
    style = ' opacity="0.6"' if veil else ""
    return _box(start_s * scale, (end_s - start_s) * scale, y, height, label, text, style, lettered=not veil)


def _clip(number: int, sums: Sums, clip_s: float, end_s: float, scale: float, y: float) -> str:
    start_s, stop_s = number * clip_s, min((number + 1) * clip_s, end_s)
    text = f"{sums.label}, {start_s:.1f} to {stop_s:.1f} s, face seen for {sums.seen_s:.1f} s"
    pale = ' fill-opacity="0.4"' if sums.seen_s < (stop_s - start_s) / 2 else ""
    style = f' stroke="#fff" stroke-width="2"{pale}'
    return _box(start_s * scale, (stop_s - start_s) * scale, y, _CLIP_H, sums.label, text, style)


def _box(
    x: float,
    width: float,
    y: float,
    height: float,
    label: str,
    title: str,
    style: str = "",
    *,
    lettered: bool = True,
) -> str:
    parts = [f'<rect x="{x:.1f}" y="{y}" width="{width:.2f}" height="{height}" fill="{fill(label)}"{style}/>']
    # A short title is the text itself; times are shown only where one points.
    fitting = [word for word in (title, label) if "," not in word and _LETTER_W * len(word) + 8 <= width]
    if lettered and fitting:
        middle, plate_w = x + width / 2, _LETTER_W * len(fitting[0]) + 6
        if label == UNCERTAIN:  # Letters on the hatching need a plain ground.
            parts.append(
                f'<rect x="{middle - plate_w / 2:.1f}" y="{y + 4}" width="{plate_w:.1f}" height="{height - 8}" rx="3" '
                'fill="#f1f1f1"/>'
            )
        parts.append(f'<text x="{middle:.1f}" y="{y + height / 2 + 4.5}" text-anchor="middle">{fitting[0]}</text>')
    return f"<g><title>{title}</title>{''.join(parts)}</g>"


def _axis(end_s: float, scale: float, y: float) -> list[str]:
    step_s = next((tick for tick in _TICKS_S if end_s / tick <= 10), 43_200.0 * math.ceil(end_s / 432_000))
    parts = [f'<line x1="0" x2="{WIDTH}" y1="{y}" y2="{y}" stroke="#777"/>']
    for number in range(int(end_s / step_s + 1e-6) + 1):
        x = number * step_s * scale
        anchor = "start" if x < 20 else "end" if x > WIDTH - 30 else "middle"
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 4}" stroke="#777"/>')
        text = clock(number * step_s, step_s)
        parts.append(f'<text class="tick" x="{x:.1f}" y="{y + 17}" text-anchor="{anchor}">{text}</text>')
    return parts
