"""The report as one HTML page that loads nothing: no script, no font, no picture from anywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from realtime.core.persons.person_edits import NO_EDITS, PersonEdits
from realtime.core.types import UNCERTAIN
from realtime.overlay.palette import STACK_ORDER
from realtime.reports.measured_accuracy import NOTHING_MEASURED, MeasuredAccuracy
from realtime.reports.page_template import load_template
from realtime.reports.plots.plot_data import P_COLUMNS, csv_bytes, share_csv, timeline_csv
from realtime.reports.plots.shapes import clock, fill
from realtime.reports.plots.share_plot import SharePlot, share_plot
from realtime.reports.plots.timeline_plot import TimelinePlot, timeline_plot
from realtime.timeline.alike_tracks import Alike
from realtime.timeline.headcount import Headcount
from realtime.timeline.key_moments import Moment
from realtime.timeline.share_interval import share_intervals
from realtime.timeline.timeline import LABELS, Person, Sums, Timeline

_MAX_DRAWN = 8
_MAX_FACES = 24
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
        accuracy: how often the models were right when they were tested; empty where nothing is known.
        uncertain_below: `float` or `None`, the confidence below which a label is "uncertain".
    """

    source: str
    rows: Sequence[tuple[str, str]]
    accuracy: MeasuredAccuracy = NOTHING_MEASURED
    uncertain_below: float | None = None


@dataclass(frozen=True, slots=True)
class _Section:
    """What is drawn of one person.

    Attributes:
        title: what the person is called: "Person 3", "Anna".
        who: the same within a sentence: "person 3", "Anna".
        tracks: which tracks the person is said to have, "" where nobody said so.
        total: over all of the run.
        portrait: a JPEG or `None`.
        reason: why the label was mostly "uncertain".
        timeline: what was shown when.
        share: for how long.
    """

    title: str
    who: str
    tracks: str
    total: Sums
    portrait: bytes | None
    reason: str
    timeline: TimelinePlot
    share: SharePlot

    @property
    def timeline_csv(self) -> bytes:
        """The numbers of the timeline."""
        return timeline_csv(self.timeline)

    @property
    def share_csv(self) -> bytes:
        """The numbers of the shares."""
        return share_csv(self.share)


@dataclass(frozen=True, slots=True)
class _ShareRow:
    """How much of the time one person showed each label.

    Attributes:
        title: what the person is called.
        seen_s: `float`, for how long the face was seen.
        shares: one per label, 0 to 1, in the order of `realtime.timeline.timeline.LABELS`.
    """

    title: str
    seen_s: float
    shares: list[float]


@dataclass(frozen=True, slots=True)
class _Portrait:
    """One track's picture beside the others', so that a reader sees who may be the same person.

    Attributes:
        title: what the track is called.
        who: the same within a sentence.
        jpeg: the picture.
        from_s: `float`, media time in seconds at which the face was first seen.
        to_s: `float`, and last.
    """

    title: str
    who: str
    jpeg: bytes
    from_s: float
    to_s: float


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
        self,
        timeline: Timeline,
        moments: Sequence[Moment],
        portraits: Mapping[int, bytes],
        facts: PageFacts,
        persons: PersonEdits = NO_EDITS,
        alike: Sequence[Alike] = (),
    ) -> str:
        """Return the page.

        Args:
            timeline: what everybody showed.
            moments: the largest changes, in order of time.
            portraits: person -> JPEG.
            facts: of the run.
            persons: who the tracks are; already applied to the others.
            alike: which of them may be the same person.
        """
        people, drawn = _in_order(timeline.people)
        count = Headcount([one.track for one in people], timeline.most_at_once, timeline.forgotten, persons)
        return self._template.render(
            facts=facts,
            end_s=timeline.end_s,
            headcount=count,
            alike=[(one, _pair(one, portraits)) for one in alike],
            faces=_faces(people, portraits, count) if count.split else [],
            legend=(*reversed(STACK_ORDER), UNCERTAIN),
            sections=[_section(person, timeline, portraits.get(person.track), count) for person in drawn],
            not_drawn=len(people) - len(drawn) + timeline.forgotten,
            labels=LABELS,
            shares=_share_rows(people, count),
            crowded=len(people) > _MAX_DRAWN,
            moments=moments,
            clip_s=timeline.clip_s,
            **_clips(timeline, drawn),
            clips_csv=_clips_csv(timeline, persons),
            moments_csv=_moments_csv(moments, persons),
        )


def _in_order(people: Sequence[Person]) -> tuple[list[Person], list[Person]]:
    """Return everybody, and those who are drawn, who were seen longest; both in the order in which they appeared."""
    drawn = [person for person in people[:_MAX_DRAWN] if person.total.seen_s >= _MIN_DRAWN_S] or people[:1]
    everybody, those = (sorted(some, key=lambda person: person.order) for some in (people, drawn))
    return everybody, those


def _faces(people: Sequence[Person], portraits: Mapping[int, bytes], count: Headcount) -> list[_Portrait]:
    """Return everybody's picture, in the order in which they appeared."""
    seen = [(person, portraits[person.track]) for person in people if person.track in portraits]
    return [
        _Portrait(count.title(person.track), count.who(person.track), jpeg, person.first_s, person.last_s)
        for person, jpeg in seen[:_MAX_FACES]
    ]


def _pair(one: Alike, portraits: Mapping[int, bytes]) -> list[bytes]:
    return [portraits[number] for number in (one.earlier, one.later) if number in portraits]


def _section(person: Person, timeline: Timeline, portrait: bytes | None, count: Headcount) -> _Section:
    reasons_s = person.reasons_s
    return _Section(
        count.title(person.track),
        count.who(person.track),
        count.tracks(person.track),
        person.total,
        portrait,
        reason=max(reasons_s, key=reasons_s.__getitem__) if reasons_s else "",
        timeline=timeline_plot(person.bins, timeline.bin_s, person.clips, timeline.clip_s, timeline.end_s),
        share=share_plot(person.total, share_intervals(person.bins)),
    )


def _share_rows(people: Sequence[Person], count: Headcount) -> list[_ShareRow]:
    """Return one row per person."""
    rows = []
    for person in people:
        shares = person.total.label_s / max(float(person.total.label_s.sum()), 1e-9)
        rows.append(_ShareRow(count.title(person.track), person.total.seen_s, shares.tolist()))
    return rows


def _clips(timeline: Timeline, people: Sequence[Person]) -> dict[str, Any]:
    """Return the rows of clips that the page shows, and how many it leaves out."""
    clips = _clip_rows(timeline, people)
    return {"clips": clips[:_MAX_CLIP_ROWS], "clips_left_out": max(0, len(clips) - _MAX_CLIP_ROWS)}


def _clip_rows(timeline: Timeline, people: Sequence[Person]) -> list[_ClipRow]:
    """Return one row per clip, with one entry per person."""
    count = max(1, math.ceil(timeline.end_s / timeline.clip_s - 1e-9))
    return [
        _ClipRow(*_span(timeline, number), [person.clips.get(number) for person in people]) for number in range(count)
    ]


def _clips_csv(timeline: Timeline, persons: PersonEdits) -> bytes:
    """Return one row per clip and person as CSV; clips in which nobody was seen have none."""
    header = ["clip", "start_s", "end_s", _who_column(persons), "label", "label_share", "seen_s", *P_COLUMNS]
    found = [(number, person) for person in timeline.people for number in person.clips]
    rows = []
    for number, person in sorted(found, key=lambda item: (item[0], item[1].order)):
        sums = person.clips[number]
        shown = [sums.label, sums.label_share, sums.seen_s, *sums.mean.tolist()]
        rows.append([number, *_span(timeline, number), persons.names.get(person.track, person.track), *shown])
    return csv_bytes(header, rows)


def _moments_csv(moments: Sequence[Moment], persons: PersonEdits) -> bytes:
    """Return one row per moment as CSV."""
    changes = [f"{which}_{part}" for which in ("rose", "fell") for part in ("emotion", "p_before", "p_after")]
    rows = [
        [one.media_time_s, persons.names.get(one.track, one.track), one.change, one.before, one.after]
        + [value for each in (one.rose, one.fell) for value in (each.emotion, each.before, each.after)]
        for one in moments
    ]
    return csv_bytes(["time_s", _who_column(persons), "change", "before", "after", *changes], rows)


def _who_column(persons: PersonEdits) -> str:
    return "person" if persons.lines else "track"


def _span(timeline: Timeline, number: int) -> tuple[float, float]:
    return number * timeline.clip_s, min((number + 1) * timeline.clip_s, timeline.end_s)
