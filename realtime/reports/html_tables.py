"""The report's tables: share of time per emotion, and one emotion per clip."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from models.manifest import EMOTIONS
from realtime.reports.svg_plots import clock, fill
from realtime.timeline.timeline import LABELS, Person, Timeline

# Beyond this a page would open slowly; the CSV in it has every clip.
_MAX_CLIP_ROWS = 3000


def shares_table(people: Sequence[Person]) -> str:
    """Return how much of the time each person showed each label, as an HTML table."""
    head = "".join(f"<th>{label}</th>" for label in LABELS)
    rows = []
    for person in people:
        shares = person.total.label_s / max(float(person.total.label_s.sum()), 1e-9)
        cells = "".join(f"<td>{100 * share:.1f} %</td>" for share in shares.tolist())
        rows.append(f"<tr><td>Person {person.track}</td><td>{clock(person.total.seen_s, 0.1)}</td>{cells}</tr>")
    return f"<table><tr><th></th><th>seen</th>{head}</tr>{''.join(rows)}</table>"


def clips_table(timeline: Timeline, people: Sequence[Person]) -> str:
    """Return one row per clip and one column per person, as an HTML table."""
    count = max(1, math.ceil(timeline.end_s / timeline.clip_s - 1e-9))
    head = "".join(f"<th>Person {person.track}</th>" for person in people)
    rows = []
    for number in range(min(count, _MAX_CLIP_ROWS)):
        start_s, end_s = _span(timeline, number)
        cells = "".join(f"<td>{_cell(person, number)}</td>" for person in people)
        rows.append(f"<tr><td>{clock(start_s, 0.1)} to {clock(end_s, 0.1)}</td>{cells}</tr>")
    more = count - _MAX_CLIP_ROWS
    note = f'<p class="quiet">{more} more clips are in the CSV.</p>' if more > 0 else ""
    return f'<table class="clips"><tr><th>Clip</th>{head}</tr>{"".join(rows)}</table>{note}'


def clips_csv(timeline: Timeline) -> str:
    """Return one row per clip and person as CSV text; clips in which nobody was seen have none."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["clip", "start_s", "end_s", "track", "label", "label_share", "seen_s", *(f"p_{name}" for name in EMOTIONS)]
    )
    found = [(number, person) for person in timeline.people for number in person.clips]
    for number, person in sorted(found, key=lambda item: (item[0], item[1].track)):
        sums = person.clips[number]
        start_s, end_s = _span(timeline, number)
        shares = [round(share, 4) for share in sums.mean.tolist()]
        times = [round(start_s, 3), round(end_s, 3)]
        writer.writerow(
            [number, *times, person.track, sums.label, round(sums.label_share, 4), round(sums.seen_s, 3), *shares]
        )
    return text.getvalue()


def _span(timeline: Timeline, number: int) -> tuple[float, float]:
    return number * timeline.clip_s, min((number + 1) * timeline.clip_s, timeline.end_s)


def _cell(person: Person, number: int) -> str:
    sums = person.clips.get(number)
    if sums is None:
        return '<span class="quiet">not seen</span>'
    key = f'<svg class="dot" viewBox="0 0 11 11"><rect width="11" height="11" fill="{fill(sums.label)}"/></svg>'
    return f"{key}{sums.label} ({100 * sums.label_share:.0f} %)"
