"""A live source that gives no picture for a while: window and page say so, and stop saying it."""

from __future__ import annotations

import itertools
import json
import urllib.request
from pathlib import Path

import pytest

import realtime.session.window_sink as window_module
from realtime.core.config import PipelineConfig
from realtime.core.options import AnalysisOptions, RunOptions
from realtime.serving.page_sink import PageOptions
from realtime.session import pacer
from realtime.session.pacer import PictureGap
from realtime.session.session import Session
from realtime.session.window import Key
from realtime.session.window_sink import WindowOptions
from tests.support.clocks import LIMIT_S, FakeClock, in_background, until
from tests.support.fakes import ScriptedWindow
from tests.support.pages.mjpeg_server import pictures

pytestmark = pytest.mark.timeout(60)
_WAITS = " s, trying again"


def test_a_gap_is_told_by_the_second_and_ends_with_the_next_picture() -> None:
    clock = FakeClock()
    gap = PictureGap(clock)
    clock.sleep(60)
    assert gap.note(reconnecting=False) == "", "nothing is missed before the first picture"
    gap.came()
    told = []
    for _ in range(8):
        told.append(gap.note(reconnecting=clock.now_s > 113))
        clock.sleep(0.5)
    said = "no picture from the source for"
    assert told == ["", "", "", "", f"{said} 2 s", f"{said} 2 s", f"{said} 3 s", f"{said} 4 s, trying again"]
    gap.came()
    assert gap.note(reconnecting=False) == ""


def test_rare_pictures_are_no_gap() -> None:
    clock = FakeClock()
    gap = PictureGap(clock)
    for _ in range(3):
        gap.came()
        clock.sleep(5.0)
    clock.sleep(9.0)
    assert gap.note(reconnecting=False) == ""
    clock.sleep(2.0)
    assert gap.note(reconnecting=False) == "no picture from the source for 16 s"


def test_window_and_page_say_so_while_a_stream_is_opened_again(
    serve, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacer, "_SILENT_S", 0.3)
    monkeypatch.setattr(pacer, "_SILENT_STEPS", 0.0)
    monkeypatch.setattr(window_module, "Window", ScriptedWindow)
    monkeypatch.setattr(ScriptedWindow, "script", {1: Key.TOGGLE_HUD})
    drawn, plain = [], window_module.Overlay.draw

    def spied(self, analysed, hud, **options):
        drawn.append(hud and hud.notice)
        return plain(self, analysed, hud, **options)

    monkeypatch.setattr(window_module.Overlay, "draw", spied)
    numbers = itertools.count()

    def talk(connection, over) -> None:
        if next(numbers) % 2:
            over.wait(1.5)
        pictures(connection, over, count=100)

    said: list[str] = []
    analysis = AnalysisOptions(pipeline=PipelineConfig(weights=weights))
    outputs = PageOptions("127.0.0.1:0"), WindowOptions()
    session = Session(RunOptions(f"http://{serve(talk)}/cam", analysis, outputs=outputs), notify=said.append)
    running = in_background(session.run)
    until(lambda: any(line.startswith("watch at ") for line in said))
    address = next(line.split()[2] for line in said if line.startswith("watch at "))
    told = [notice for notice in _notices(f"{address}events") if notice.endswith(_WAITS)][-1]
    session.stop()
    running.result(LIMIT_S)
    assert told.startswith("no picture from the source for ")
    assert told in drawn
    assert None in drawn, "the line of facts is off, and comes for this only"


def _notices(address: str) -> list[str]:
    """What the page said, until the first state without a notice after one that tells how long it waits."""
    found: list[str] = []
    with urllib.request.urlopen(address, timeout=LIMIT_S) as events:
        for line in iter(events.readline, b""):
            if not line.startswith(b'data: {"t"'):
                continue
            found.append(json.loads(line[6:])["run"]["notice"])
            if found[-1] == "" and any(notice.endswith(_WAITS) for notice in found):
                return found
    return found
