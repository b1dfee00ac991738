"""The report for somebody who has never seen the program, and for those who hear it or use no mouse."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from models.manifest import EMOTIONS, load_manifest
from realtime.reports.html_page import PageFacts
from realtime.reports.html_report import HtmlReport
from realtime.reports.measured_accuracy import measured_accuracy
from tests.support.pages.chromium import Tab
from tests.support.pages.report_page import FACTS, plain, saved_tables, story, written
from tests.support.values.analysed import moment


class Outline(HTMLParser):
    """All elements of a page with their attributes, in order, and its text in one line."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.text = " ".join(plain(self.text).split())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


def page_of(path: Path, facts: PageFacts) -> str:
    report = HtmlReport(path, lambda: facts)
    for frame in story():
        report.write(frame)
    report.close()
    return path.read_text("utf-8")


@pytest.mark.parametrize("scene", ["story", "nobody"])
def test_headings_links_pictures_and_tables_are_in_order(tmp_path: Path, scene: str) -> None:
    outline = Outline(
        written(tmp_path / "p.html", story() if scene == "story" else [moment(0.1 * n, {}) for n in range(9)])
    )
    levels = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), "no level is left out"
    names = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(names) == len(set(names))
    inside = [link["href"] or "" for link in outline.of("a") if (link["href"] or "").startswith("#")]
    assert {link[1:] for link in inside} <= set(names), "every link leads somewhere"
    assert inside[0] == "#results", "the first one leads past everything"
    assert all(picture.get("alt") for picture in outline.of("img"))
    assert all(plot.get("aria-hidden") == "true" or plot.get("aria-label") for plot in outline.of("svg"))
    assert all("scope" in cell for cell in outline.of("th"))
    scrolling = [box for box in outline.of("div") if {"scroll", "box"} & set((box.get("class") or "").split())]
    assert all(box.get("tabindex") == "0" and box.get("aria-label") for box in scrolling), "keys can scroll them"


def test_a_plot_is_told_in_words(tmp_path: Path) -> None:
    labels = [plot["aria-label"] for plot in Outline(written(tmp_path / "p.html", story())).of("svg") if "role" in plot]
    assert (
        "Labels of person 1 over time: neutral 0.0 to 4.5 s, happiness 4.5 to 8.0 s, "
        "uncertain 8.0 to 10.0 s (head turned away)" in labels
    )
    assert "Share of time of person 1: neutral 45 %, happiness 35 %, uncertain 20 %" in labels


def test_axes_have_units_and_every_plot_can_be_saved(tmp_path: Path) -> None:
    text = written(tmp_path / "p.html", story())
    assert text.count("time in the video (seconds)") == text.count(">probability</text>") == 4, "wide and narrow"
    assert text.count(">share of the time that the face was seen</text>") == 2
    tables = saved_tables(text)
    assert set(tables) == {
        *(f"{what}-person-{track}.csv" for what in ("timeline", "shares") for track in (1, 2)),
        "changes.csv",
        "clips.csv",
    }
    assert sum(float(row["seen_s"]) for row in tables["timeline-person-1.csv"]) == pytest.approx(10.0)
    first = tables["timeline-person-1.csv"][0]
    assert (first["start_s"], first["end_s"], first["label"]) == ("0.0", "0.1", "neutral")
    assert sum(float(first[f"p_{name}"]) for name in EMOTIONS) == pytest.approx(1, abs=0.001)
    shares = {row["label"]: row for row in tables["shares-person-1.csv"]}
    assert float(shares["neutral"]["share"]) == pytest.approx(0.45)
    assert float(shares["neutral"]["share_low_95"]) < 0.45 < float(shares["neutral"]["share_high_95"])
    assert f"{100 * float(shares['neutral']['share_low_95']):.0f} to " in text
    assert {(row["before"], row["after"]) for row in tables["changes.csv"]} >= {("neutral", "happiness")}


def test_a_long_run_names_minutes_and_tells_no_novel(tmp_path: Path) -> None:
    labels = ["happiness", "neutral"]
    text = written(tmp_path / "p.html", (moment(n / 2, {1: labels[n // 20 % 2]}) for n in range(600)))
    assert "time in the video (minutes:seconds)" in text
    assert ", and the row below it, for every clip of 4 s," in " ".join(text.replace("&nbsp;", " ").split())
    told = next(plot["aria-label"] or "" for plot in Outline(text).of("svg") if "role" in plot)
    assert told.endswith(", and 18 more")


def test_what_is_known_of_errors_is_the_manifests_and_what_is_uncertain_the_runs(tmp_path: Path) -> None:
    known = measured_accuracy(load_manifest())
    facts = PageFacts("clip", [], known, uncertain_below=0.37)
    text = Outline(page_of(tmp_path / "p.html", facts)).text
    low, high = (f"{100 * share:.0f}" for share in known.right)
    assert f"it named {low} to {high} of 100 faces as people had named them" in text
    assert "No expression was clearly more probable than 37 %" in text
    for figure in (*known.figures, *known.recall, *known.precision):
        assert plain(figure.what) in text
    for each in known.sets:
        assert f"{each.about} ({each.name})" in text
    assert len(known.by_emotion) == 6
    for emotion, recall, precision in known.by_emotion:
        assert precision
        told = [f"{100 * low:.0f} to {100 * high:.0f}" for low, high in (recall, precision)]
        assert f"{emotion}{told[0]}{told[1]}" in text
    nothing = Outline(page_of(tmp_path / "q.html", FACTS)).text
    assert "The models that were used bring no test results, so how often they are right is unknown." in nothing
    assert "of 100 faces" not in nothing
    assert "No expression stood out" in nothing


def test_a_change_within_one_emotion_says_what_changed(tmp_path: Path) -> None:
    frames = story()
    weak = [moment(n / 10, {1: "neutral"}) for n in range(60)]
    for number, frame in enumerate(weak):
        shares = frame.emotions.probabilities
        shares[0] = [0.4, 0.0, 0.0, 0.0, 0.6, 0.0] if number >= 30 else [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    text = Outline(written(tmp_path / "p.html", weak)).text
    assert (
        "neutral before and after From 2.9 to 3.0 s: happiness up from 0 to 40 %, neutral down from 100 to 60 %" in text
    )
    both = Outline(written(tmp_path / "q.html", frames)).text
    assert "neutral → happiness From 4.4 to 4.5 s: happiness up from 2 to 90 %, neutral down from 90 to 2 %" in both


_CONTRASTS = """
(() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = color.slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  // The hatching's darker stripes, where no plate is between.
  const ground = (x, y, self) => {
    for (const below of document.elementsFromPoint(x, y)) {
      const style = getComputedStyle(below);
      if (below instanceof SVGGeometryElement && style.fill !== "none") {
        return style.fill.startsWith("url") ? [139, 139, 139] : numbers(style.fill);
      }
      const color = numbers(style.backgroundColor);
      if (!(below instanceof SVGElement) && color[3] !== 0) return color;
    }
    return null;
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || element.matches("title, .skip")) continue;
    const place = element.getClientRects()[0];
    const back = place && ground(place.x + place.width / 2, place.y + place.height / 2, element);
    if (!back) continue;
    const style = getComputedStyle(element);
    const ink = numbers(element instanceof SVGElement ? style.fill : style.color);
    found.push([contrast(ink, back), element.textContent.trim().slice(0, 30)]);
  }
  const paper = numbers(getComputedStyle(document.body).backgroundColor);
  const lines = ["frame", "axis", "bar", "whisker"].map((name) =>
    contrast(numbers(getComputedStyle(document.querySelector(`svg .${name}`)).stroke), paper));
  return { found, lines, paper };
})()
"""


@pytest.mark.timeout(60)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_lines_can_be_told_from_what_is_behind_them(tab: Tab, tmp_path: Path, scheme: str) -> None:
    page_of(tmp_path / "p.html", PageFacts("clip", [("a", "b")], measured_accuracy(load_manifest()), 0.4))
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    tab.open((tmp_path / "p.html").as_uri())
    tab.wait_for("document.querySelector('table.facts') !== null && document.readyState === 'complete'")
    tab.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    tab.resize((1100, tab.evaluate("document.documentElement.scrollHeight")))
    seen = tab.evaluate(_CONTRASTS)
    assert len(seen["found"]) > 150
    assert [(text, ratio) for ratio, text in seen["found"] if ratio < 4.5] == [], "WCAG 2.2, 1.4.3"
    assert min(seen["lines"]) >= 3, "WCAG 2.2, 1.4.11"
    assert (seen["paper"][0] < 100) == (scheme == "dark")
    tab.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": scheme}])
    printed = (
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('nav')).display]"
    )
    assert tab.evaluate(printed) == ["rgb(255, 255, 255)", "none"], "on paper it is light, and without links to press"


@pytest.mark.timeout(60)
def test_keys_reach_everything_in_the_order_of_the_page(tab: Tab, tmp_path: Path) -> None:
    written(tmp_path / "p.html", story())
    tab.open((tmp_path / "p.html").as_uri())
    tab.wait_for("document.readyState === 'complete' && document.querySelector('main') !== null")

    def press(key: str, code: int) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            tab.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    press("Tab", 9)
    assert tab.evaluate("document.activeElement.className") == "skip"
    assert tab.evaluate("document.activeElement.getBoundingClientRect().x") >= 0, "it shows itself"
    everything = "[...document.querySelectorAll(\"a, summary, [tabindex='0']\")]"
    reached = f"window.stops = {everything}.filter((each) => each.checkVisibility()), window.stops.length"
    for number in range(1, tab.evaluate(reached)):
        press("Tab", 9)
        assert tab.evaluate("window.stops.indexOf(document.activeElement)") == number
        assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "one sees where it is"
    tab.evaluate("document.querySelector('.skip').focus()")
    press("Enter", 13)
    tab.wait_for("document.activeElement.id === 'results'")
