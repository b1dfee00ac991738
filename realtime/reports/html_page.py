"""The report as one HTML page that loads nothing: no script, no font, no picture from anywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from realtime.core.persons.person_edits import NO_EDITS, PersonEdits
from realtime.reports.measured_accuracy import NOTHING_MEASURED, MeasuredAccuracy
from realtime.reports.page_template import load_template
from realtime.reports.plots.person_section import MIN_JUDGED_S, PersonHead, is_judged, person_head, person_section
from realtime.reports.plots.plot_data import clip_limits, clips_csv, moments_csv
from realtime.reports.plots.shapes import clock, fill
from realtime.reports.plots.share_plot import SHARE_LABELS
from realtime.reports.plots.span import from_to
from realtime.timeline.alike_tracks import Alike
from realtime.timeline.headcount import Headcount
from realtime.timeline.key_moments import Moment
from realtime.timeline.timeline import LABELS, Person, Sums, Timeline

_MAX_DRAWN = 8
_MAX_FACES = 24
_GAPS_IN_WORDS = 6
# Shorter ones are a blink or a bad frame.
_SHORT_GAP_S = 0.3
# Beyond this a page would open slowly; the CSV in it has every clip.
_MAX_CLIP_ROWS = 2000


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
        self._template = load_template("realtime.reports", filters={"clock": clock, "fill": fill, "from_to": from_to})

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
        heads = {person.track: person_head(person, portraits, count) for person in people}
        return self._template.render(
            facts=facts,
            end_s=timeline.end_s,
            headcount=count,
            without_face=_without_face(timeline, persons),
            alike=[(one, _pair(one, portraits)) for one in alike],
            has_pictures=bool(portraits),
            labels=SHARE_LABELS,
            sections=[person_section(person, timeline, portraits, count) for person in drawn],
            **_not_drawn(heads, {person.track for person in drawn}, side_by_side=count.split and bool(portraits)),
            forgotten=timeline.forgotten,
            shares=[(head, _shares(head.total)) for head in heads.values()],
            moments=moments,
            **_clips(timeline, people if len(people) <= _MAX_DRAWN else drawn, heads),
            clips_csv=clips_csv(timeline, persons),
            moments_csv=moments_csv(moments, persons),
        )


def _in_order(people: Sequence[Person]) -> tuple[list[Person], list[Person]]:
    """Return everybody, and those who are drawn, who were seen longest; both in the order in which they appeared."""
    # Where nobody was seen for long the one timeline that there is still says more than none.
    drawn = [person for person in people[:_MAX_DRAWN] if is_judged(person.total)] or people[:1]
    everybody, those = (sorted(some, key=lambda person: person.order) for some in (people, drawn))
    return everybody, those


def _not_drawn(heads: Mapping[int, PersonHead], drawn: Set[int], *, side_by_side: bool) -> dict[str, Any]:
    """Return the faces that stand side by side, those that were seen too briefly, and how many others are not drawn."""
    brief = [head for number, head in heads.items() if not head.judged and number not in drawn]
    return {
        "faces": list(heads.values())[:_MAX_FACES] if side_by_side else [],
        # Side by side everybody is there already.
        "brief": [] if side_by_side and len(heads) <= _MAX_FACES else brief[:_MAX_FACES],
        "brief_left_out": max(0, len(brief) - _MAX_FACES),
        "not_drawn": len(heads) - len(brief) - len(drawn),
        "min_judged_s": MIN_JUDGED_S,
        "crowded": len(heads) > _MAX_DRAWN,
    }


def _without_face(timeline: Timeline, persons: PersonEdits) -> str:
    """Return when no face was seen at all, in words; "" where that was never so for longer than a moment."""
    # What somebody left out of the report was seen.
    if persons.lines:
        return ""
    empty = [stretch for stretch in timeline.without_face if stretch[1] - stretch[0] > _SHORT_GAP_S]
    if not empty or not timeline.people:
        return ""
    told = ", ".join(from_to(*stretch) for stretch in empty[:_GAPS_IN_WORDS])
    more = f", and in {len(empty) - _GAPS_IN_WORDS} more stretches" if len(empty) > _GAPS_IN_WORDS else ""
    return f"No face was seen from {told}{more}."


def _shares(total: Sums) -> list[float]:
    seconds = [float(total.label_s[LABELS.index(label)]) for label in SHARE_LABELS]
    return [each / max(sum(seconds), 1e-9) for each in seconds]


def _pair(one: Alike, portraits: Mapping[int, bytes]) -> list[bytes]:
    return [portraits[number] for number in (one.earlier, one.later) if number in portraits]


def _clips(timeline: Timeline, people: Sequence[Person], heads: Mapping[int, PersonHead]) -> dict[str, Any]:
    """Return whom the page's clips are of, their rows, and how many it leaves out."""
    count = max(1, math.ceil(timeline.end_s / timeline.clip_s - 1e-9))
    rows = [
        _ClipRow(*clip_limits(timeline, number), [person.clips.get(number) for person in people])
        for number in range(min(count, _MAX_CLIP_ROWS))
    ]
    in_clips = [heads[person.track] for person in people]
    return {"clip_s": timeline.clip_s, "in_clips": in_clips, "clips": rows, "clips_left_out": count - len(rows)}
