"""The measurement of the desktop program's playback counts what was really drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pages.app_driver import Driver
from tests.support.pictures.made_clips import write_clip
from tests.support.values.analysed import analysis_of

tk = pytest.importorskip("tkinter", reason="this Python has no Tk")

from benchmarks.speed import desktop_playback  # noqa: E402

pytestmark = pytest.mark.timeout(60)


def test_pictures_that_are_not_drawn_are_not_counted(drive: Driver, tmp_path: Path, monkeypatch) -> None:
    drive.app.show_player(analysis_of(write_clip(tmp_path / "clip.mp4", 16)))
    screen = drive.app.screen
    show = screen._show

    def every_fifth(shown) -> None:
        if shown.index % 5 == 0:
            show(shown)

    monkeypatch.setattr(screen, "_show", every_fifth)
    drive.until(lambda: screen.shown is not None)
    run = desktop_playback._play_once(drive.app, screen)
    assert 12 <= run["left_out"] <= 14, "the first, the last, and those between that are multiples of five"
    assert run["pictures_per_s"] == pytest.approx((15 - run["left_out"]) / run["took_s"])
