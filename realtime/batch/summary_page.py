"""The page of a batch: all videos at a glance, failures, and shares per condition; no script, no other file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from realtime.batch.condition_shares import ConditionShare
from realtime.batch.person_tally import LABELS
from realtime.batch.result_store import VideoResult
from realtime.batch.summary_rows import further_columns, is_good, seen_of
from realtime.core.version import VERSION
from realtime.overlay.palette import colour_of, hex_colour
from realtime.reports.page_template import load_template
from realtime.timeline.time_format import format_clock

_WIDTH = 600.0
_MOST_PEOPLE = 4
_ROW_H, _LABEL_W, _PLOT_W = 18, 150, 560


@dataclass(frozen=True, slots=True)
class Strip:
    """One person of one video as a row of colored fields."""

    track: int
    seconds: float
    mostly: str
    fields: tuple[tuple[float, float, str, str], ...]
    """(x, width, label, title)"""


@dataclass(frozen=True, slots=True)
class Whisker:
    """A mean with its interval, in the plot's units."""

    y: float
    x: float
    low: float
    high: float
    value: str
    title: str


def summary_page(
    results: Sequence[VideoResult],
    columns: Mapping[str, Mapping[str, str]],
    conditions: Sequence[ConditionShare],
    facts: Mapping[str, Any],
) -> str:
    """Return the page as HTML.

    Args:
        results: of all videos, in order.
        columns: video's name -> further columns.
        conditions: see `condition_shares`.
        facts: options, name -> value, told at the end.

    Raises:
        ConfigError: Jinja2 cannot be imported.
    """
    good = [result for result in results if is_good(result)]
    template = load_template("realtime.batch", "summary.html", {"clock": format_clock, "link": quote, "fill": fill})
    return template.render(
        videos=[(one, _strips(one), _ticks(one.seconds)) for one in good],
        failed=[result for result in results if not is_good(result)],
        columns=columns,
        names=further_columns(columns),
        plots=_plots(conditions),
        labels=LABELS,
        facts=facts,
        version=VERSION,
        total_s=round(sum(result.seconds for result in good)),
        width=_WIDTH,
    )


def fill(label: str) -> str:
    """Return the CSS color of a label."""
    return hex_colour(colour_of(label))


def _strips(result: VideoResult) -> list[Strip]:
    """Return the persons of a video, those seen longest first, the first few."""
    scale = _WIDTH / max(result.seconds, 1e-9)
    strips = []
    for person in result.people:
        seen = seen_of(person["bins"])
        fields = tuple(
            (
                round(start_s * scale, 2),
                round(max(0.5, (end_s - start_s) * scale), 2),
                label,
                _when(label, start_s, end_s),
            )
            for label, start_s, end_s in person["spans"]
        )
        strips.append(Strip(person["track"], seen.seconds, LABELS[int(seen.shares.argmax())], fields))
    return sorted(strips, key=lambda one: -one.seconds)[:_MOST_PEOPLE]


def _when(label: str, start_s: float, end_s: float) -> str:
    return f"{label}, {start_s:.1f} to {end_s:.1f} s"


def _ticks(seconds: float) -> list[tuple[float, str]]:
    return [(0.0, "0"), (_WIDTH, format_clock(round(seconds)) if seconds >= 60 else f"{seconds:.1f} s")]


def _plots(conditions: Sequence[ConditionShare]) -> list[dict[str, Any]]:
    """Return one plot per column: for each label a row per value, with its interval."""
    plots = []
    for column in dict.fromkeys(one.column for one in conditions):
        mine = [one for one in conditions if one.column == column]
        top = max(float(one.high.max()) for one in mine)
        scale = _PLOT_W / max(top, 0.05)
        groups, y = [], 0.0
        for k, label in enumerate(LABELS):
            rows = [_whisker(one, k, y + _ROW_H * (n + 0.5), scale) for n, one in enumerate(mine)]
            groups.append({"label": label, "y": y, "rows": rows})
            y += _ROW_H * len(mine) + 10
        ticks = [(share * scale, f"{share:.0%}") for share in _steps(top)]
        plots.append({"column": column, "groups": groups, "height": y, "ticks": ticks, "values": mine})
    return plots


def _whisker(one: ConditionShare, k: int, y: float, scale: float) -> Whisker:
    mean, low, high = (float(values[k]) for values in (one.mean, one.low, one.high))
    title = f"{one.value}: {LABELS[k]} {mean:.1%} of the time (95 % interval {low:.1%} to {high:.1%})"
    return Whisker(y, mean * scale, low * scale, high * scale, one.value, title)


def _steps(top: float) -> list[float]:
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if top / step <= 6)
    return [step * n for n in range(int(top / step) + 1)]
