"""The report: one page that says what happened, loads nothing, and is written whole or not at all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from realtime.core.errors import ConfigError, RecordError
from realtime.overlay.palette import STACK_ORDER
from realtime.reports.html_page import PageFacts
from realtime.reports.html_report import HtmlReport
from realtime.reports.page_template import load_template
from realtime.reports.plots.shapes import Box, clock
from realtime.reports.plots.timeline_plot import NARROW, WIDE, timeline_plot
from realtime.timeline.timeline import Timeline
from tests.support.pages.report_page import FACTS, Elements, plain, saved_tables, story, written
from tests.support.values.analysed import moment


def test_the_page_loads_nothing_and_runs_nothing(tmp_path: Path) -> None:
    text = written(tmp_path / "p.html", story())
    page = Elements(text)
    assert page.open == []
    assert page.self_contained()
    assert page.links
    assert set(re.findall(r"url\(([^)]*)\)", text)) == {"#hatch"}
    assert "max-width: 1080px" in text, "the style is in the page"


def test_the_page_says_who_showed_what_for_how_long(tmp_path: Path) -> None:
    text = written(tmp_path / "p.html", story())
    assert "Person 1: neutral for 4.5 of the 10.0 s seen" in text
    assert "Person 2: anger for 2.0 of the 2.0 s seen" in text
    assert "Seen for 2.0 s, from 3.0 to 5.0 s." in text
    assert "uncertain 8.0 to 10.0 s (head turned away)" in text
    assert "neutral → happiness" in text
    assert "neutral 45 %" in text
    assert text.count('class="timeline wide"') == text.count('class="timeline narrow"') == 2


def test_what_others_wrote_is_escaped(tmp_path: Path) -> None:
    text = written(tmp_path / "p.html", story())
    assert '<h1>Facial expressions in <span class="name">clip &lt;1&gt; &amp; co.mp4</span></h1>' in text
    assert "<title>Facial expressions in clip &lt;1&gt; &amp; co.mp4</title>" in text
    assert "<td>&lt;b&gt;abc&lt;/b&gt;</td>" in text


@pytest.mark.parametrize(
    "evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "</style>"]
)
def test_no_text_of_others_becomes_markup(tmp_path: Path, evil: str) -> None:
    harmless = re.sub(r"\S", "x", evil)

    def page(path: Path, text: str) -> Elements:
        frames = [moment(n / 10, {1: "uncertain"}, reason=text) for n in range(20)]
        report = HtmlReport(path, lambda: PageFacts(text, [(text, text)]))
        for frame in frames:
            report.write(frame)
        report.close()
        return Elements(path.read_text("utf-8"))

    attacked = page(tmp_path / "p.html", evil)
    assert attacked.tags == page(tmp_path / "q.html", harmless).tags
    assert attacked.text.count(evil) >= 6, "title, heading, plot, reason, and both cells of the row say it as it is"


def test_a_name_that_is_not_utf_8_does_not_cost_the_page(tmp_path: Path) -> None:
    report = HtmlReport(tmp_path / "p.html", lambda: PageFacts(os.fsdecode(b"clip\xff.mp4"), []))
    report.write(moment(0.0, {1: "neutral"}))
    report.close()
    assert '<span class="name">clip?.mp4</span></h1>' in (tmp_path / "p.html").read_text("utf-8")


def test_jinja2_is_imported_for_a_report_only_and_missed_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import sys, run_live, realtime.reports.html_report; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ConfigError, match=r"a report needs jinja2, which cannot be imported .*; run `make setup`"):
        HtmlReport(tmp_path / "p.html", lambda: FACTS)


def test_a_template_misses_what_nobody_gave_it() -> None:
    with pytest.raises(UndefinedError, match="'end_s' is undefined"):
        load_template("realtime.reports", filters={"clock": str, "fill": str, "from_to": str}).render(facts=FACTS)


def test_the_clips_can_be_saved_as_a_table(tmp_path: Path) -> None:
    text = written(tmp_path / "p.html", story(), clip_s=4.0)
    rows = saved_tables(text)["clips.csv"]
    assert [(row["clip"], row["track"], row["label"]) for row in rows] == [
        ("0", "1", "neutral"),
        ("0", "2", "anger"),
        ("1", "1", "happiness"),
        ("1", "2", "anger"),
        ("2", "1", "uncertain"),
    ]
    assert (rows[-1]["start_s"], rows[-1]["end_s"], rows[-1]["seen_s"]) == ("8.0", "10.0", "2.0")
    assert "not seen" in text


def test_without_pictures_the_page_has_none(tmp_path: Path) -> None:
    assert "<img" in written(tmp_path / "p.html", story())
    assert "<img" not in written(tmp_path / "q.html", story(), pictures=False)


def test_a_run_without_a_face_is_a_page_that_says_so(tmp_path: Path) -> None:
    text = written(tmp_path / "p.html", [moment(n / 10, {}) for n in range(20)])
    assert "No face was seen." in text
    assert "<svg class" not in text
    assert Elements(text).open == []


def test_hours_stay_light(tmp_path: Path) -> None:
    labels = ["happiness", "neutral", "uncertain", "anger"]
    frames = (moment(n * 1.8, {1: labels[n // 7 % 4], 2: labels[n // 3 % 4]}) for n in range(6000))
    report = HtmlReport(tmp_path / "p.html", lambda: FACTS)
    for frame in frames:
        report.write(frame)
    report.close()
    assert (tmp_path / "p.html").stat().st_size < 2_000_000
    assert "s clips</text>" not in (tmp_path / "p.html").read_text("utf-8"), "thousands of clips are not drawn"


def test_a_drawn_timeline_has_a_bounded_number_of_points() -> None:
    timeline = Timeline()
    for n in range(8000):
        timeline.write(moment(n / 10, {1: "happiness" if n % 2 else "neutral"}))
    timeline.close()
    [person] = timeline.people
    for layout in (WIDE, NARROW):
        plot = timeline_plot(person, timeline, layout)
        assert [area.emotion for area in plot.areas] == list(STACK_ORDER)
        assert max(len(area.points.split()) for area in plot.areas) <= 2 * (layout.max_columns + 2)


def test_a_field_carries_the_longest_text_that_fits() -> None:
    texts = {"captions": ("anger 12 %", "anger"), "y": 0, "height": 26, "title": ""}
    captions = [Box(x=0, width=width, label="anger", **texts).lines for width in (90, 60, 30)]
    assert captions == [["anger 12 %"], ["anger"], []]
    two_lines = Box(x=0, width=60, label="anger", y=0, height=90, title="", captions=("head turned", "head\nturned"))
    assert two_lines.lines == ["head", "turned"]
    hatched = [Box(x=0, width=width, label="uncertain", **texts).plate_width for width in (90, 30)]
    assert hatched == [pytest.approx(78), 0], "only text needs a plain ground"


def test_bad_targets_and_clips_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"must end in \.html, \.htm; received p\.pdf"):
        HtmlReport(tmp_path / "p.pdf", lambda: FACTS)
    with pytest.raises(RecordError, match="there is no folder"):
        HtmlReport(tmp_path / "none" / "p.html", lambda: FACTS)
    for seconds in (0.0, -1.0, float("nan")):
        with pytest.raises(ConfigError, match="clips must last"):
            HtmlReport(tmp_path / "p.html", lambda: FACTS, clip_s=seconds)
    (tmp_path / "p.html").write_text("precious")
    with pytest.raises(RecordError, match="it exists already; add --overwrite"):
        HtmlReport(tmp_path / "p.html", lambda: FACTS)


def test_no_frame_no_page_and_none_after_close(tmp_path: Path) -> None:
    report = HtmlReport(tmp_path / "p.html", lambda: FACTS)
    report.close()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RecordError, match="is closed"):
        report.write(moment(0.0, {}))


def test_a_page_that_cannot_be_written_is_saved_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, elsewhere = tmp_path / "stick", tmp_path / "temporary"
    folder.mkdir()
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    report = HtmlReport(folder / "p.html", lambda: FACTS)
    report.write(moment(0.0, {1: "neutral"}))
    folder.rmdir()  # as when a stick is pulled out
    with pytest.raises(RecordError, match=r"the page is in .*temporary/p-\w+\.html instead"):
        report.close()
    [saved] = elsewhere.glob("*.html")
    assert "Person 1" in saved.read_text("utf-8")


def test_a_full_disk_leaves_the_page_of_an_earlier_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "p.html").write_text("precious")
    report = HtmlReport(tmp_path / "p.html", lambda: FACTS, overwrite=True)
    for frame in story():
        report.write(frame)
    with full_disk(3000), pytest.raises(RecordError, match="cannot write the report") as caught:
        report.close()
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.html", "temporary"]
    assert (tmp_path / "p.html").read_text() == "precious"


@pytest.mark.parametrize(
    ("seconds", "step_s", "text"), [(0.5, 0.1, "0.5 s"), (5, 1, "5 s"), (90, 30, "1:30"), (3723, 600, "1:02:03")]
)
def test_times_are_written_as_people_read_them(seconds: float, step_s: float, text: str) -> None:
    assert plain(clock(seconds, step_s)) == text
