"""Shapes of the report's second plot: how much of the time one person showed each label, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realtime.core.types import UNCERTAIN
from realtime.overlay.palette import STACK_ORDER
from realtime.reports.page_template import percent
from realtime.reports.plots.shapes import Tick
from realtime.timeline.timeline import LABELS, Sums

SHARE_LABELS = (*reversed(STACK_ORDER), UNCERTAIN)
"""The labels from top to bottom, in the order of the legend."""

# A phone shows it at its full size.
_WIDTH, _LEFT, _RIGHT, _ROW_H, _BAR_H, _AXIS_H = 344, 74, 146, 28, 13, 40
_TICKS_PERCENT = (0, 50, 100)


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One label's bar and whisker.

    Attributes:
        label: `str`.
        seconds: `float`, how long it was shown.
        share: `float` in [0, 1], of the time that the face was seen.
        low: `float`, lower end of the share's 95 % interval.
        high: `float`, upper end.
        y: `int`, the row's middle, in SVG's units.
        bar: `float`, width of the bar.
        low_x: `float`, where the whisker begins.
        high_x: `float`, and ends.
    """

    label: str
    seconds: float
    share: float
    low: float
    high: float
    y: int
    bar: float
    low_x: float
    high_x: float

    def wide(self, limit: float) -> bool:
        """Whether the interval is wider than this."""
        return self.high - self.low > limit

    @property
    def text(self) -> str:
        """Share and interval in words."""
        if self.share == 0:
            return f"{percent(0)} (up to {percent(self.high)})"
        return f"{percent(self.share)} ({100 * self.low:.0f} to {percent(self.high)})"


@dataclass(frozen=True, slots=True)
class SharePlot:
    """Bars of shares over an axis from 0 to 100 %."""

    rows: Sequence[ShareRow]
    ticks: Sequence[Tick]
    axis_y: int
    height: int
    bar_height: int = _BAR_H
    left: int = _LEFT
    right: int = _WIDTH - _RIGHT
    width: int = _WIDTH

    @property
    def summary(self) -> str:
        """The plot in words: labels that were shown, the longest first."""
        shown = sorted((row for row in self.rows if row.share > 0), key=lambda row: -row.share)
        return ", ".join(f"{row.label} {percent(row.share)}" for row in shown)


def share_plot(total: Sums, intervals: npt.NDArray[np.float64]) -> SharePlot:
    """Return the plot of one person.

    Args:
        total: over all of the run.
        intervals: `(L, 2)`, each label's 95 % interval, in the order of `realtime.timeline.timeline.LABELS`.
    """
    shares = total.label_s / max(float(total.label_s.sum()), 1e-9)
    scale = _WIDTH - _LEFT - _RIGHT
    rows = []
    for number, label in enumerate(SHARE_LABELS):
        which = LABELS.index(label)
        share, (low, high) = float(shares[which]), intervals[which].tolist()
        low, high = min(low, share), max(high, share)
        y = number * _ROW_H + _ROW_H // 2
        ends = _LEFT + low * scale, _LEFT + high * scale
        rows.append(ShareRow(label, float(total.label_s[which]), share, low, high, y, share * scale, *ends))
    axis_y = len(rows) * _ROW_H
    ticks = [Tick(_LEFT + value / 100 * scale, f"{value}\N{NO-BREAK SPACE}%") for value in _TICKS_PERCENT]
    return SharePlot(rows, ticks, axis_y, axis_y + _AXIS_H)
