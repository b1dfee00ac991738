"""The numbers behind the report's plots, as CSV, which the page carries in links."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from models.manifest import EMOTIONS
from realtime.core.persons.person_edits import PersonEdits
from realtime.reports.plots.share_plot import SharePlot
from realtime.reports.plots.timeline_plot import TimelinePlot
from realtime.timeline.key_moments import Moment
from realtime.timeline.timeline import Timeline

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
    """Return one row per column of a timeline: when, how long the face was seen, label and why, mean probabilities."""
    header = ("start_s", "end_s", "seen_s", "label", "uncertain_reason", *P_COLUMNS)
    return csv_bytes(
        header,
        (
            (one.start_s, one.end_s, one.sums.seen_s, one.sums.label, one.sums.reason, *one.sums.mean.tolist())
            for one in plot.columns
        ),
    )


def share_csv(plot: SharePlot) -> bytes:
    """Return one row per label: seconds, share of the time seen, and the share's 95 % interval."""
    header = ("label", "seconds", "share", "share_low_95", "share_high_95")
    return csv_bytes(header, ((row.label, row.seconds, row.share, row.low, row.high) for row in plot.rows))


def clips_csv(timeline: Timeline, persons: PersonEdits) -> bytes:
    """Return one row per clip and person; clips in which nobody was seen have none."""
    header = ["clip", "start_s", "end_s", _who_column(persons), "label", "label_share", "seen_s", *P_COLUMNS]
    found = [(number, person) for person in timeline.people for number in person.clips]
    rows = []
    for number, person in sorted(found, key=lambda item: (item[0], item[1].order)):
        sums = person.clips[number]
        shown = [sums.label, sums.label_share, sums.seen_s, *sums.mean.tolist()]
        rows.append([number, *clip_limits(timeline, number), persons.names.get(person.track, person.track), *shown])
    return csv_bytes(header, rows)


def moments_csv(moments: Sequence[Moment], persons: PersonEdits) -> bytes:
    """Return one row per moment: when the label changed, from when to when the probabilities did, and how far."""
    changes = [f"{which}_{part}" for which in ("rose", "fell") for part in ("emotion", "p_before", "p_after")]
    rows = [
        [one.media_time_s, persons.names.get(one.track, one.track), one.change, one.before, one.after]
        + [value for each in (one.rose, one.fell) for value in (each.emotion, each.before, each.after)]
        + [one.start_s, one.end_s]
        for one in moments
    ]
    return csv_bytes(
        ["time_s", _who_column(persons), "change", "before", "after", *changes, "change_start_s", "change_end_s"], rows
    )


def clip_limits(timeline: Timeline, number: int) -> tuple[float, float]:
    """Return when a clip starts and ends, in seconds."""
    return number * timeline.clip_s, min((number + 1) * timeline.clip_s, timeline.end_s)


def _who_column(persons: PersonEdits) -> str:
    return "person" if persons.lines else "track"
