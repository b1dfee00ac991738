"""What the report says and draws of one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realtime.core.types import UNCERTAIN
from realtime.reports.page_template import percent
from realtime.reports.plots.plot_data import share_csv, timeline_csv
from realtime.reports.plots.share_plot import SharePlot, share_plot
from realtime.reports.plots.span import from_to, reason_in_words
from realtime.reports.plots.timeline_plot import NARROW, WIDE, TimelinePlot, timeline_plot
from realtime.timeline.headcount import Headcount
from realtime.timeline.share_interval import share_intervals
from realtime.timeline.timeline import Person, Sums, Timeline

MIN_JUDGED_S = 2.0
"""Who was seen for less than this has no shares: a label alone takes some tenths of a second to settle."""
_ROUNDING = 1e-3
# An interval that is wider than this says little.
_WIDE_INTERVAL = 0.3


@dataclass(frozen=True, slots=True)
class PersonHead:
    """Who somebody is, and when the face was seen.

    Attributes:
        title: what the person is called: "Person 3", "Anna".
        who: the same within a sentence: "person 3", "Anna".
        total: over all of the run.
        first_s: `float`, media time in seconds at which the face was first seen.
        end_s: `float`, and last.
        portrait: a JPEG or `None`.
    """

    title: str
    who: str
    total: Sums
    first_s: float
    end_s: float
    portrait: bytes | None

    @property
    def judged(self) -> bool:
        """Whether the face was seen for long enough to speak of shares of time."""
        return is_judged(self.total)

    @property
    def times(self) -> str:
        """From when to when the face was seen."""
        return from_to(self.first_s, self.end_s)


@dataclass(frozen=True, slots=True)
class PersonSection:
    """What is drawn of one person.

    Attributes:
        head: who it is.
        tracks: which tracks the person is said to have, "" where nobody said so.
        timelines: what was shown when, for wide screens and for narrow ones.
        share: for how long.
    """

    head: PersonHead
    tracks: str
    timelines: Sequence[TimelinePlot]
    share: SharePlot

    @property
    def timeline(self) -> TimelinePlot:
        """The drawing with most columns."""
        return self.timelines[0]

    @property
    def timeline_csv(self) -> bytes:
        """The numbers of the timeline."""
        return timeline_csv(self.timeline)

    @property
    def share_csv(self) -> bytes:
        """The numbers of the shares."""
        return share_csv(self.share)

    @property
    def found(self) -> str:
        """What was shown for the longest, as a share of the time seen, and how far that can be relied upon."""
        label = self.head.total.label
        row = next(row for row in self.share.rows if row.label == label)
        share = f"{percent(row.share)} of the time that the face was seen"
        if label == UNCERTAIN:
            return f"The program gave no answer for {share}, mostly because: {reason_in_words(self.head.total.reason)}."
        between = f"{100 * row.low:.0f} and {percent(row.high)}"
        little = "; that is too little to say what this face shows as a rule" if row.wide(_WIDE_INTERVAL) else ""
        again = f"Filmed again for as long, it could be between {between}{little}."
        return f"“{label.capitalize()}” was shown for {share}. {again}"


def is_judged(total: Sums) -> bool:
    """Return whether a face was seen for long enough to speak of shares of time."""
    return total.seen_s >= MIN_JUDGED_S - _ROUNDING


def person_head(person: Person, portraits: Mapping[int, bytes], count: Headcount) -> PersonHead:
    """Return who somebody is.

    Args:
        person: what was gathered of the person.
        portraits: person -> JPEG.
        count: who the tracks are.
    """
    number = person.track
    return PersonHead(
        title=count.title(number),
        who=count.who(number),
        total=person.total,
        first_s=person.first_s,
        end_s=person.end_s,
        portrait=portraits.get(number),
    )


def person_section(
    person: Person, timeline: Timeline, portraits: Mapping[int, bytes], count: Headcount
) -> PersonSection:
    """Return what is drawn of one person; arguments as for `person_head`."""
    return PersonSection(
        head=person_head(person, portraits, count),
        tracks=count.tracks(person.track),
        timelines=[timeline_plot(person, timeline, layout) for layout in (WIDE, NARROW)],
        share=share_plot(person.total, share_intervals(person.bins)),
    )
