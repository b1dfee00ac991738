"""The report as one HTML page that loads nothing: no script, no font, no picture from anywhere."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from realtime.core.types import UNCERTAIN
from realtime.overlay.palette import STACK_ORDER
from realtime.reports.html_tables import clips_csv, clips_table, shares_table
from realtime.reports.svg_plots import HATCH, clock, fill, share_svg, timeline_svg
from realtime.timeline.key_moments import Moment
from realtime.timeline.timeline import Person, Timeline

_MAX_DRAWN = 8
# Nobody reads a plot of less; the tables have everyone.
_MIN_DRAWN_S = 1.0
_STYLE = """
:root{color-scheme:light}
body{margin:0 auto;max-width:1080px;padding:28px 22px 60px;background:#fff;color:#1c1c1c;
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:19px;margin:38px 0 10px;padding-top:14px;border-top:1px solid #ddd}
h3{font-size:16px;margin:0}
p{margin:6px 0}
.quiet{color:#555}
.legend{display:flex;flex-wrap:wrap;gap:6px 18px;margin:16px 0 4px}
.legend span{display:inline-flex;align-items:center;gap:7px}
.key{width:16px;height:16px;border:1px solid #0003;border-radius:3px}
.person{margin:20px 0 30px;break-inside:avoid}
.head{display:flex;align-items:center;gap:12px;margin-bottom:8px}
.head img{width:56px;height:56px;object-fit:cover;border-radius:6px}
.scroll{overflow-x:auto}
svg.timeline,svg.share{display:block;width:100%;min-width:640px;height:auto;margin:4px 0}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#111;pointer-events:none}
svg .tick{fill:#555}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:4px 12px 4px 0;text-align:right;border-bottom:1px solid #eee;white-space:nowrap}
th:first-child,td:first-child,.facts td,.clips td{text-align:left}
th{font-weight:600;color:#444}
.facts td{white-space:normal;overflow-wrap:anywhere;vertical-align:top}
.facts td:first-child{color:#555;white-space:nowrap;padding-right:24px}
.clips th{position:sticky;top:0;background:#fff;text-align:left}
.box{max-height:420px;overflow:auto;border:1px solid #ddd;border-radius:6px;padding:0 12px}
.dot{display:inline-block;width:11px;height:11px;border-radius:3px;border:1px solid #0003;margin-right:7px}
.moments{display:flex;flex-wrap:wrap;gap:18px}
.moment{width:236px}
.moment div{display:flex;gap:6px;height:112px}
.moment img{width:112px;height:112px;object-fit:cover;border-radius:6px;background:#eee}
.moment p{margin:4px 0 0;line-height:1.35}
summary{cursor:pointer;margin:6px 0}
a{color:#0b57a4}
@media print{.box{max-height:none;border:0}svg.timeline,svg.share{min-width:0}}
"""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the page says of the run.

    Attributes:
        source: `str`, its name, without credentials.
        rows: (what, value), in order.
    """

    source: str
    rows: Sequence[tuple[str, str]]


def page_html(timeline: Timeline, moments: Sequence[Moment], portraits: Mapping[int, bytes], facts: PageFacts) -> str:
    """Return the page.

    Args:
        timeline: what everybody showed.
        moments: the largest changes, in order of time.
        portraits: person -> JPEG.
        facts: of the run.
    """
    people = timeline.people
    drawn = [person for person in people[:_MAX_DRAWN] if person.total.seen_s >= _MIN_DRAWN_S] or people[:1]
    body = [
        f"<h1>{escape(facts.source)}</h1>",
        f'<p class="quiet">What faces showed in {clock(timeline.end_s)} of video. {_headcount(people, timeline)}</p>',
        _legend() if people else "",
        *(_person(person, timeline, portraits.get(person.track)) for person in drawn),
        _left_out(len(people) - len(drawn) + timeline.forgotten),
        _shares(people, drawn) if people else "",
        _moments(moments),
        _clips(timeline, drawn) if people else "",
        _facts(facts),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Emotions: {escape(facts.source)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{HATCH}\n"
        + "\n".join(part for part in body if part)
        + "\n</body>\n</html>\n"
    )


def picture(jpeg: bytes, text: str) -> str:
    """Return an image element that carries its picture."""
    return f'<img src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" alt="{escape(text)}">'


def _headcount(people: Sequence[Person], timeline: Timeline) -> str:
    count = len(people) + timeline.forgotten
    return "No face was seen." if not count else "One person." if count == 1 else f"{count} people."


def _legend() -> str:
    keys = [
        f'<span><svg class="key" viewBox="0 0 16 16"><rect width="16" height="16" fill="{fill(label)}"/></svg>'
        f"{label}</span>"
        for label in (*reversed(STACK_ORDER), UNCERTAIN)
    ]
    return (
        f'<div class="legend">{"".join(keys)}</div><p class="quiet">For each person, from the top: how probable each '
        "emotion was (smoothed; hatched where the program would not decide), the label that was shown, and one emotion "
        "per clip (pale where the face was seen for less than half of it). Point at a field for its times.</p>"
    )


def _person(person: Person, timeline: Timeline, portrait: bytes | None) -> str:
    face = picture(portrait, f"person {person.track}") if portrait else ""
    total = person.total
    reasons = sorted(person.reasons_s.items(), key=lambda item: -item[1])
    why = f"; uncertain mostly because: {escape(reasons[0][0])}" if reasons and reasons[0][0] else ""
    plot = timeline_svg(person.bins, timeline.bin_s, person.clips, timeline.clip_s, timeline.end_s)
    return (
        f'<section class="person"><div class="head">{face}<div><h3>Person {person.track}: mostly {total.label} '
        f'({100 * total.label_share:.0f} % of the time)</h3><div class="quiet">seen for {clock(total.seen_s, 0.1)}'
        f'{why}</div></div></div><div class="scroll">{plot}</div></section>'
    )


def _left_out(count: int) -> str:
    who = "One more person was" if count == 1 else f"{count} more people were"
    return f'<p class="quiet">{who} seen for a shorter time and not drawn.</p>' if count else ""


def _shares(people: Sequence[Person], drawn: Sequence[Person]) -> str:
    bars = [
        f'<p class="quiet">Person {person.track}</p><div class="scroll">{share_svg(person.total)}</div>'
        for person in drawn
    ]
    frame = "scroll" if len(people) <= _MAX_DRAWN else "box"
    return f'<h2>Share of time</h2>{"".join(bars)}<div class="{frame}">{shares_table(people)}</div>'


def _moments(moments: Sequence[Moment]) -> str:
    if not moments:
        return ""
    cards = []
    for moment in moments:
        pictures = ""
        if moment.pictures is not None:
            both = zip(moment.pictures, ("before", "after"), strict=True)
            pictures = f"<div>{''.join(picture(data, text) for data, text in both)}</div>"
        change = (
            f"{moment.before} → {moment.after}" if moment.before != moment.after else f"{moment.after}, but otherwise"
        )
        cards.append(
            f'<div class="moment">{pictures}<p><b>{clock(moment.media_time_s, 0.1)}</b> person {moment.track}<br>'
            f"{change}</p></div>"
        )
    return f'<h2>Where the expression changed most</h2><div class="moments">{"".join(cards)}</div>'


def _clips(timeline: Timeline, people: Sequence[Person]) -> str:
    data = base64.b64encode(clips_csv(timeline).encode()).decode()
    return (
        f"<h2>One emotion per clip of {timeline.clip_s:g} s</h2>"
        '<p class="quiet">The label that was shown for the longest, with its part of the time that the face was seen. '
        f'<a download="clips.csv" href="data:text/csv;base64,{data}">Save as CSV</a></p>'
        f'<div class="box">{clips_table(timeline, people)}</div>'
    )


def _facts(facts: PageFacts) -> str:
    rows = "".join(f"<tr><td>{escape(what)}</td><td>{escape(value)}</td></tr>" for what, value in facts.rows)
    return (
        f'<h2>This run</h2><table class="facts">{rows}</table><p class="quiet">The page says what faces showed, not '
        "what people felt.</p>"
    )
