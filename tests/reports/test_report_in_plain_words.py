"""What a stranger misread in the report before: reasons, little evidence, times, and a page on a phone or on paper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.manifest import EMOTIONS
from realtime.core.persons.person_edits import PersonEdits
from realtime.core.persons.person_line import PersonLine
from realtime.core.types import Analysed
from realtime.reports.plots.span import Span, gaps, joined
from realtime.reports.plots.timeline_plot import NARROW, WIDE, timeline_plot
from realtime.timeline.timeline import Timeline
from tests.support.pages.chromium import Tab
from tests.support.pages.report_page import saved_tables, story, written
from tests.support.values.analysed import moment


def turned_for_a_while() -> list[Analysed]:
    """Neutral, then for two seconds turned away while the filter still holds sadness at 60 %, then neutral again."""
    frames = [moment(n / 10, {1: "uncertain" if 20 <= n < 40 else "neutral"}) for n in range(60)]
    for frame in frames[20:40]:
        frame.emotions.probabilities[0] = 0.08
        frame.emotions.probabilities[0, EMOTIONS.index("sadness")] = 0.6
    return frames


def gathered(frames: list[Analysed], clip_s: float = 4.0) -> Timeline:
    timeline = Timeline(clip_s)
    for frame in frames:
        timeline.write(frame)
    timeline.close()
    return timeline


@pytest.mark.parametrize("layout", [WIDE, NARROW])
def test_where_there_is_no_answer_none_is_drawn_but_why(layout) -> None:
    timeline = gathered(turned_for_a_while())
    plot = timeline_plot(timeline.people[0], timeline, layout)
    scale = (layout.right - layout.left) / 6
    from_x, to_x = (layout.left + seconds * scale for seconds in (2, 4))
    xs = [float(pair.split(",")[0]) for area in plot.areas for pair in area.points.split()]
    assert [x for x in xs if from_x + 0.1 < x < to_x - 0.1] == [], "no color in the hatching"
    assert min(xs) == pytest.approx(layout.left)
    assert max(xs) == pytest.approx(layout.right)
    [hatching] = [box for box in plot.boxes if box.label == "uncertain" and box.height == layout.stack_height]
    assert (hatching.x, hatching.x + hatching.width) == (pytest.approx(from_x), pytest.approx(to_x))
    assert " ".join(hatching.lines) == "head turned away"


def test_reasons_are_in_words_and_in_the_saved_timeline(tmp_path: Path) -> None:
    text = written(tmp_path / "p.html", turned_for_a_while())
    assert "neutral 0.0 to 2.0 s, uncertain 2.0 to 4.0 s (head turned away), neutral 4.0 to 6.0 s." in text
    rows = saved_tables(text)["timeline-person-1.csv"]
    assert [row["uncertain_reason"] for row in rows] == [""] * 20 + ["turned"] * 20 + [""] * 20
    assert float(rows[30]["p_sadness"]) == pytest.approx(0.6, abs=0.001), "whoever wants the numbers has them"


def test_little_evidence_is_listed_and_not_judged(tmp_path: Path) -> None:
    brief = [moment(n / 10, {1: "neutral", **({2: "fear"} if n < 7 else {})}) for n in range(40)]
    text = written(tmp_path / "p.html", brief)
    assert "<b>Person 2</b><br>0.0 to 0.7 s<br>too briefly (0.7 s)</figcaption>" in text
    assert 'alt="Face of person 2"' in text
    assert '<td class="wide-cell" colspan="7">too briefly to be judged</td>' in text
    assert "seen for 0.7 s, too briefly</td>" in text
    assert ": fear for" not in text
    assert "that is too little to say what this face shows as a rule" in text, "nor are four seconds much"
    alone = written(tmp_path / "q.html", brief[:15])
    assert "<h3>Person 1: seen too briefly (1.5 s) to be judged</h3>" in alone
    assert 'class="share"' not in alone


def test_when_no_face_was_there_is_said_unless_somebody_left_faces_out(tmp_path: Path) -> None:
    frames = [moment(n / 10, {} if 10 <= n < 25 or n == 30 else {1: "neutral"}) for n in range(50)]
    assert "No face was seen from 1.0 to 2.5 s." in written(tmp_path / "p.html", frames), "a missed frame is no absence"
    edited = written(tmp_path / "q.html", frames, persons=PersonEdits((PersonLine(1, from_s=4.0, exclude=True),)))
    assert "from 1.0 to 2.5" not in edited


def test_a_clip_is_drawn_from_when_to_when_the_face_was_seen() -> None:
    timeline = gathered([moment(n / 10, {1: "anger"} if 27 <= n < 60 else {}) for n in range(80)])
    plot = timeline_plot(timeline.people[0], timeline)
    to_s = 8 / (WIDE.right - WIDE.left)
    clips = [box for box in plot.boxes if box.look == "clip"]
    seen = [((box.x - WIDE.left) * to_s, (box.x + box.width - WIDE.left) * to_s) for box in clips]
    assert np.array(seen) == pytest.approx(np.array([[2.7, 4.0], [4.0, 6.0]]), abs=0.01)
    middles = [(x - WIDE.left) * to_s for x, _ in plot.unseen]
    assert middles == pytest.approx([1.35, 7.0], abs=0.01)
    between = gathered([moment(n / 10 + 0.05, {1: "anger"} if n >= 27 else {}) for n in range(60)])
    assert timeline_plot(between.people[0], between).columns[0].start_s == pytest.approx(2.75), "not where its bin is"


def test_spans_of_one_label_and_reason_are_one() -> None:
    spans = [Span(0, 1, "uncertain", "turned"), Span(1, 2, "uncertain", "turned"), Span(2, 3, "uncertain", "small")]
    assert joined(spans) == [Span(0, 2, "uncertain", "turned"), Span(2, 3, "uncertain", "small")]
    assert gaps([Span(4, 6, ""), Span(1, 2, ""), Span(1.5, 3, "")], 6) == [(0.0, 1), (3, 4)]


_FITS = """
(() => {
  const plots = [...document.querySelectorAll("svg.timeline, svg.share")].filter((plot) => plot.checkVisibility());
  const texts = plots.flatMap((plot) => [...plot.querySelectorAll("text")].map((text) => [plot, text]));
  const outside = texts.filter(([plot, text]) => {
    const [all, own] = [plot.getBoundingClientRect(), text.getBoundingClientRect()];
    return own.left < all.left - 1 || own.right > all.right + 1;
  });
  return {
    width: document.documentElement.scrollWidth,
    scrolls: [...document.querySelectorAll(".scroll, .box")].filter((box) => box.scrollWidth > box.clientWidth).length,
    plots: plots.map((plot) => plot.classList[1] || "share"),
    outside: outside.map(([, text]) => text.textContent),
    letters: Math.min(...texts.map(([, text]) => text.getBoundingClientRect().height)),
    read: document.querySelector("details p").checkVisibility(),
  };
})()
"""


@pytest.mark.timeout(60)
def test_a_phone_and_paper_show_whole_drawings_and_tables(tab: Tab, tmp_path: Path) -> None:
    written(tmp_path / "p.html", story())
    tab.resize((360, 740))
    tab.open((tmp_path / "p.html").as_uri())
    tab.wait_for("document.querySelector('table.facts') !== null && document.readyState === 'complete'")
    phone = tab.evaluate(_FITS)
    assert (phone["width"], phone["scrolls"]) == (360, 0), "nothing is cut, and nothing has to be pushed"
    assert phone["plots"] == ["narrow", "narrow", "share", "share"]
    assert phone["outside"] == []
    assert phone["letters"] >= 11
    assert not phone["read"]
    tab.resize((690, 1000))  # A4 within its margins
    tab.call("Emulation.setEmulatedMedia", media="print")
    paper = tab.evaluate(_FITS)
    assert paper["plots"] == ["wide", "wide", "share", "share"]
    assert paper["outside"] == []
    assert paper["letters"] >= 9
    assert paper["read"], "on paper nothing can be opened"
