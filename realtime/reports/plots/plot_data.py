"""The numbers behind the report's plots, as CSV, which the page carries in links."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from models.manifest import EMOTIONS
from realtime.reports.plots.share_plot import SharePlot
from realtime.reports.plots.timeline_plot import TimelinePlot

P_COLUMNS = tuple(f"p_{emotion}" for emotion in EMOTIONS)
"""Names of the columns with mean probabilities."""


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a table as the bytes of a CSV file; fractions are rounded to four digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([round(value, 4) if isinstance(value, float) else value for value in row] for row in rows)
    return text.getvalue().encode()


def timeline_csv(plot: TimelinePlot) -> bytes:
    """Return one row per column of a timeline: when, how long the face was seen, label, mean probabilities."""
    header = ("start_s", "end_s", "seen_s", "label", *P_COLUMNS)
    return csv_bytes(
        header, ((c.start_s, c.end_s, c.sums.seen_s, c.sums.label, *c.sums.mean.tolist()) for c in plot.columns)
    )


def share_csv(plot: SharePlot) -> bytes:
    """Return one row per label: seconds, share of the time seen, and the share's 95 % interval."""
    header = ("label", "seconds", "share", "share_low_95", "share_high_95")
    return csv_bytes(header, ((row.label, row.seconds, row.share, row.low, row.high) for row in plot.rows))
