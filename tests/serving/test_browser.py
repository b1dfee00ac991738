"""The live page and the report in a real browser."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.serving.page_server import PageServer
from tests.support.clocks import until
from tests.support.pages.chromium import Tab
from tests.support.pages.live_page import INFO, grey, opened, publish, state
from tests.support.pages.report_page import FACTS, story, written
from tests.support.values.analysed import moment

pytestmark = pytest.mark.timeout(60)

TOKEN = "a-token-for-the-test"
NEUTRAL_RGB, HAPPINESS_RGB = (0, 158, 115), (240, 228, 66)


def see_grey(tab: Tab, folder: Path, place_xy: list[int], level: int) -> None:
    """Wait until the browser shows a grey of `level` at a place of its window."""

    def shown() -> list[int]:
        return cv2.imread(str(tab.screenshot(folder / "page.png")))[place_xy[1], place_xy[0]].tolist()

    until(lambda: shown() == pytest.approx([level] * 3, abs=4))


def watched(page: PageServer, tab: Tab, small: bool = False) -> None:
    tab.open(f"http://127.0.0.1:{page.address.port}/")
    tab.wait_for("document.getElementById('source').textContent !== 'emotion-live'")
    until(lambda: page.watched_small if small else page.watched)


def test_a_person_sees_picture_label_bars_and_reason(page: PageServer, tab: Tab, tmp_path: Path) -> None:
    page.publish(None, state(0.0, {1: "neutral"}))
    watched(page, tab)
    page.publish(grey(200), state(0.5, {1: "happiness", 4: "uncertain"}))
    tab.wait_for("document.querySelectorAll('.person').length === 2")
    assert tab.evaluate("document.getElementById('source').textContent") == INFO.name
    assert tab.evaluate("document.getElementById('facts').textContent") == "0:00 · 30.0 fps · p95 21 ms · 3 dropped"
    one = tab.evaluate("document.querySelector('[data-person=\"1\"]').innerText").split("\n")
    assert one[:4] == ["person 1", "happiness", "90 %", "eyes and lips agree"]
    assert tab.evaluate("[4, 5, 6, 975, 1000].map(percent)") == ["0 %", "0 %", "1 %", "97 %", "100 %"]
    four = tab.evaluate("document.querySelector('[data-person=\"4\"]').innerText").split("\n")
    assert [text for text in four[:4] if text] == ["person 4", "uncertain", "turned", "happiness"]
    widths = tab.evaluate("[...document.querySelectorAll('[data-person=\"1\"] .fill')].map((bar) => bar.style.width)")
    assert widths == ["90%", "2%", "2%", "2%", "2%", "2%"]
    tab.wait_for("document.getElementById('picture').naturalWidth === 320")
    middle = tab.evaluate(
        "(() => { const r = document.getElementById('picture').getBoundingClientRect();"
        " return [Math.round(r.x + r.width / 2), Math.round(r.y + r.height / 2)]; })()"
    )
    see_grey(tab, tmp_path, middle, 200)
    page.publish(grey(60), state(0.6, {}))
    tab.wait_for("document.querySelector('.nobody') !== null")
    assert tab.evaluate("document.querySelectorAll('.person').length") == 0
    see_grey(tab, tmp_path, middle, 60)
    assert tab.complaints() == []


def test_the_timeline_shows_what_was_missed_and_what_comes(page: PageServer, tab: Tab) -> None:
    for n in range(20):
        publish(page, None, state(n * 0.5, {1: "neutral"}))
    watched(page, tab)
    for n in range(20):
        page.publish(None, state(10 + n * 0.5, {1: "happiness", 2: "uncertain"} if n < 10 else {1: "happiness"}))
        tab.wait_for(f"moments.length && moments[moments.length - 1].t === {10 + n * 0.5}")
    assert tab.evaluate("new Set(moments.map((moment) => moment.t)).size") == 40
    assert tab.complaints() == []
    # A lane: 18 px title, 46 px stack, 12 px band; the last minute over the whole width.
    colour = (
        "((seconds, y) => { drawTimeline(); const c = document.getElementById('timeline');"
        " return [...c.getContext('2d').getImageData(Math.round(seconds / 60 * c.width), y, 1, 1).data].slice(0, 3); })"
    )
    assert tuple(tab.evaluate(f"{colour}(5, 40)")) == pytest.approx(NEUTRAL_RGB, abs=12)
    assert tuple(tab.evaluate(f"{colour}(15, 40)")) == pytest.approx(HAPPINESS_RGB, abs=12)
    assert tuple(tab.evaluate(f"{colour}(5, 70)")) == pytest.approx(NEUTRAL_RGB, abs=12)
    assert tuple(tab.evaluate(f"{colour}(15, 70)")) == pytest.approx(HAPPINESS_RGB, abs=12)
    assert tuple(tab.evaluate(f"{colour}(40, 40)")) == pytest.approx((36, 40, 44), abs=12), (
        "nothing is known of the future"
    )
    hatched = tab.evaluate(f"[0, 1, 2, 3, 4, 5].map((dy) => {colour}(12, 86 + 18 + 46 + 4 + dy)[0])")
    assert len(set(hatched)) > 1, "uncertain is hatched"
    assert tuple(tab.evaluate(f"{colour}(17, 86 + 40)")) == pytest.approx((36, 40, 44), abs=12), (
        "the second person has left"
    )


def test_the_page_asks_nobody_else_for_anything(page: PageServer, tab: Tab) -> None:
    watched(page, tab)
    page.publish(grey(9), state(0.1, {1: "fear"}))
    tab.wait_for("document.querySelectorAll('.person').length === 1")
    home = f"http://127.0.0.1:{page.address.port}/"
    asked = [url.split("?")[0] for url in tab.requests()]
    assert asked == [home, f"{home}page.css", f"{home}page.js", f"{home}events", f"{home}picture.mjpeg"]


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_the_page_fits_every_screen(page: PageServer, tab: Tab, width: int) -> None:
    tab.resize((width, 800))
    watched(page, tab, small=width <= 600)
    page.publish(grey(90), state(1.0, {1: "surprise", 2: "uncertain", 3: "sadness"}))
    tab.wait_for("document.querySelectorAll('.person').length === 3")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    clipped = (
        "[...document.querySelectorAll('.row span, .head *, .why')].filter((e) => e.scrollWidth > e.clientWidth + 1"
    )
    assert tab.evaluate(f"{clipped} && getComputedStyle(e).display !== 'inline').length") == 0


def test_a_phone_gets_the_picture_that_is_drawn_for_it_and_another_one_when_turned(
    page: PageServer, tab: Tab, tmp_path: Path
) -> None:
    tab.resize((360, 740))
    watched(page, tab, small=True)
    page.publish(grey(200), state(0.5, {1: "fear"}), grey(60))
    tab.wait_for("document.getElementById('picture').naturalWidth === 320")
    see_grey(tab, tmp_path, [180, 150], 60)
    assert not page.watched, "the large one is not drawn for it"
    tab.resize((1280, 800))
    until(lambda: page.watched)
    page.publish(grey(200), state(0.6, {1: "fear"}), grey(60))
    see_grey(tab, tmp_path, [180, 150], 200)
    until(lambda: not page.watched_small)
    assert tab.complaints() == []


def test_a_run_that_stands_still_is_told_from_one_that_is_paused(page: PageServer, tab: Tab) -> None:
    tab.hold_timers()
    watched(page, tab)
    page.publish(None, state(1.0, {1: "fear"}))
    tab.wait_for("heldTimers.size === 1")
    assert tab.evaluate("document.getElementById('state').textContent") == ""
    tab.evaluate("fireTimers()")
    assert tab.evaluate("document.getElementById('state').textContent").startswith("Nothing new")
    page.publish(None, state(1.1, {1: "fear"}))
    tab.wait_for("document.getElementById('state').textContent === ''")
    page.publish(None, state(1.2, {1: "fear"}, paused=True))
    tab.wait_for("document.getElementById('state').textContent === 'Paused'")
    assert tab.evaluate("heldTimers.size") == 0, "and it stays so"
    waiting = state(1.2, {1: "fear"})
    page.publish(None, dataclasses.replace(waiting, run={**waiting.run, "notice": "no picture for 4 s"}))
    tab.wait_for("document.getElementById('state').textContent === 'no picture for 4 s'")


def test_the_end_is_said_and_the_last_picture_stays(page: PageServer, tab: Tab) -> None:
    tab.hold_timers()
    watched(page, tab)
    page.publish(grey(120), state(1.0, {1: "anger"}))
    tab.wait_for("document.getElementById('picture').naturalWidth === 320")
    page.close()
    tab.wait_for("document.getElementById('state').textContent === 'The run has ended.'")
    assert tab.evaluate("document.getElementById('picture').naturalWidth") == 320
    assert tab.evaluate("[events, heldTimers.size]") == [None, 0], "nothing is asked of a run that has ended"


def test_a_hidden_page_lets_go_of_the_picture_and_comes_back(page: PageServer, tab: Tab) -> None:
    watched(page, tab)
    hide = "Object.defineProperty(document, 'hidden', {{value: {}, configurable: true}})"
    turn = "; document.dispatchEvent(new Event('visibilitychange'))"
    tab.evaluate(hide.format("true") + turn)
    until(lambda: not page.watched)
    tab.evaluate(hide.format("false") + turn)
    until(lambda: page.watched)


def test_with_a_token_the_page_works_and_its_address_forgets_it(tab: Tab) -> None:
    page = opened(TOKEN)
    tab.open(f"http://127.0.0.1:{page.address.port}/?token={TOKEN}")
    tab.wait_for(
        "document.getElementById('source') && document.getElementById('source').textContent.startsWith('clip')"
    )
    assert tab.evaluate("location.href") == f"http://127.0.0.1:{page.address.port}/"
    assert tab.evaluate("document.cookie") == "", "scripts cannot read the cookie"
    tab.wait_for("document.getElementById('state').textContent === ''")
    page.close()


@pytest.mark.parametrize("scene", ["story", "nobody", "crowd"])
def test_the_report_renders_alone_and_without_complaint(tab: Tab, tmp_path: Path, scene: str) -> None:
    frames = {
        "story": story(),
        "nobody": [moment(n / 10, {}) for n in range(20)],
        "crowd": [moment(n / 10, dict.fromkeys(range(1, 13), "fear" if n % 9 else "uncertain")) for n in range(120)],
    }[scene]
    written(tmp_path / "report.html", frames)
    address = (tmp_path / "report.html").as_uri()
    tab.open(address)
    tab.wait_for("document.readyState === 'complete' && location.protocol === 'file:'")
    assert tab.evaluate("document.querySelector('h1').textContent") == f"Facial expressions in {FACTS.source}"
    broken = "[...document.images].filter((image) => !image.complete || !image.naturalWidth).length"
    assert tab.evaluate(broken) == 0
    heights = "[...document.querySelectorAll('svg.timeline')].map((e) => e.getBoundingClientRect().height)"
    plots = [height for height in tab.evaluate(heights) if height]  # each has a narrow drawing, too, for phones
    assert len(plots) == {"story": 2, "nobody": 0, "crowd": 8}[scene]
    assert all(height > 100 for height in plots)
    tab.resize((390, 844))
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert len([height for height in tab.evaluate(heights) if height]) == len(plots)
    picture = cv2.imread(str(tab.screenshot(tmp_path / "report.png")))
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 10, "something is drawn"
    assert tab.requests() == [address]
    assert tab.complaints() == []
