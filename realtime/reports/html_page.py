"""The report as one HTML page that loads nothing: no script, no font, no picture from anywhere."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.manifest import EMOTIONS
from realtime.core.types import UNCERTAIN
from realtime.overlay.palette import STACK_ORDER
from realtime.reports.page_template import load_template
from realtime.reports.svg_plots import SharePlot, TimelinePlot, clock, fill, share_plot, timeline_plot
from realtime.timeline.key_moments import Moment
from realtime.timeline.timeline import LABELS, Person, Sums, Timeline

_MAX_DRAWN = 8
# Nobody reads a plot of less; the tables have everyone.
_MIN_DRAWN_S = 1.0
# Beyond this a page would open slowly; the CSV in it has every clip.
_MAX_CLIP_ROWS = 3000


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the page says of the run.

    Attributes:
        source: `str`, its name, without credentials.
        rows: (what, value), in order.
    """

    source: str
    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Section:
    """What is drawn of one person; `portrait` is a JPEG or `None`, `reason` why the label was mostly "uncertain"."""

    track: int
    total: Sums
    portrait: bytes | None
    reason: str
    timeline: TimelinePlot
    share: SharePlot


@dataclass(frozen=True, slots=True)
class _ShareRow:
    """How much of the time one person showed each label.

    Attributes:
        track: the person's number.
        seen_s: `float`, for how long the face was seen.
        shares: one per label, 0 to 1, in the order of `realtime.timeline.timeline.LABELS`.
    """

    track: int
    seen_s: float
    shares: list[float]


@dataclass(frozen=True, slots=True)
class _ClipRow:
    """What everybody showed in one clip.

    Attributes:
        start_s: `float`, media time in seconds.
        end_s: `float`, likewise.
        by_person: one per person asked for, `None` where the face was not seen.
    """

    start_s: float
    end_s: float
    by_person: list[Sums | None]


class HtmlPage:
    """The page's template, `templates/report.html`.

    Raises:
        ConfigError: Jinja2 cannot be imported.
    """

    def __init__(self) -> None:
        self._template = load_template("realtime.reports", filters={"clock": clock, "fill": fill})

    def render(
        self, timeline: Timeline, moments: Sequence[Moment], portraits: Mapping[int, bytes], facts: PageFacts
    ) -> str:
        """Return the page.

        Args:
            timeline: what everybody showed.
            moments: the largest changes, in order of time.
            portraits: person -> JPEG.
            facts: of the run.
        """
        people = timeline.people
        drawn = [person for person in people[:_MAX_DRAWN] if person.total.seen_s >= _MIN_DRAWN_S] or people[:1]
        clips = _clip_rows(timeline, drawn)
        return self._template.render(
            facts=facts,
            end_s=timeline.end_s,
            headcount=len(people) + timeline.forgotten,
            legend=(*reversed(STACK_ORDER), UNCERTAIN),
            sections=[_section(person, timeline, portraits.get(person.track)) for person in drawn],
            not_drawn=len(people) - len(drawn) + timeline.forgotten,
            labels=LABELS,
            shares=_share_rows(people),
            crowded=len(people) > _MAX_DRAWN,
            moments=moments,
            clip_s=timeline.clip_s,
            clips=clips[:_MAX_CLIP_ROWS],
            clips_left_out=len(clips[_MAX_CLIP_ROWS:]),
            clips_csv=_clips_csv(timeline).encode(),
        )


def _section(person: Person, timeline: Timeline, portrait: bytes | None) -> _Section:
    reasons_s = person.reasons_s
    return _Section(
        person.track,
        person.total,
        portrait,
        reason=max(reasons_s, key=reasons_s.__getitem__) if reasons_s else "",
        timeline=timeline_plot(person.bins, timeline.bin_s, person.clips, timeline.clip_s, timeline.end_s),
        share=share_plot(person.total),
    )


def _share_rows(people: Sequence[Person]) -> list[_ShareRow]:
    """Return one row per person."""
    rows = []
    for person in people:
        shares = person.total.label_s / max(float(person.total.label_s.sum()), 1e-9)
        rows.append(_ShareRow(person.track, person.total.seen_s, shares.tolist()))
    return rows


def _clip_rows(timeline: Timeline, people: Sequence[Person]) -> list[_ClipRow]:
    """Return one row per clip, with one entry per person."""
    count = max(1, math.ceil(timeline.end_s / timeline.clip_s - 1e-9))
    return [
        _ClipRow(*_span(timeline, number), [person.clips.get(number) for person in people]) for number in range(count)
    ]


def _clips_csv(timeline: Timeline) -> str:
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
