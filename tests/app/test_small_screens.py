"""Small screens at large magnifications: rows wrap, the rest is scrolled, and nothing is made smaller in secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pages.app_driver import Driver, descendants
from tests.support.pictures.made_clips import write_clip
from tests.support.values.analysed import analysis_of

tk = pytest.importorskip("tkinter", reason="this Python has no Tk")

from realtime.app.screens import base, start  # noqa: E402
from realtime.app.views import theme, widgets  # noqa: E402
from realtime.app.views.flow_row import FlowRow  # noqa: E402

pytestmark = pytest.mark.timeout(60)
ROOM_WH = (1366, 714)


@pytest.fixture
def player(drive: Driver, tmp_path: Path, monkeypatch):
    """The player at 200 % with three people, where a laptop of 1366 x 768 has its room."""
    for module in (base, start, widgets):
        monkeypatch.setattr(module, "usable_wh", lambda _: ROOM_WH)
    monkeypatch.setattr(theme, "_LINE_SHARE", 0.85 * ROOM_WH[0] / drive.app.root.winfo_screenwidth())
    drive.app.zoom_by(4)
    people = {1: "happiness", 2: "uncertain", 3: "surprise"}
    drive.app.show_player(analysis_of(write_clip(tmp_path / "clip.mp4", 30), people))
    drive.until(lambda: drive.app.screen.shown is not None)
    drive.app.screen.player.pause()
    drive.app.root.minsize(1, 1)
    drive.app.root.geometry(f"{ROOM_WH[0]}x{ROOM_WH[1]}")
    drive.until(lambda: drive.app.root.winfo_height() == ROOM_WH[1])
    return drive.app.screen


def row_buttons(player) -> list:
    """The buttons that stand in rows; another one stands beside the picture."""
    shown = [w for w in descendants(player.body) if w.winfo_class() == "TButton" and w.winfo_ismapped()]
    return [button for button in shown if isinstance(button.master, FlowRow)]


def is_seen(drive: Driver, widget) -> bool:
    root = drive.app.root
    top, left = widget.winfo_rooty() - root.winfo_rooty(), widget.winfo_rootx() - root.winfo_rootx()
    seen_down = top >= 0 and top + widget.winfo_height() <= root.winfo_height()
    return seen_down and left >= 0 and left + widget.winfo_width() <= root.winfo_width()


def test_a_player_that_does_not_fit_keeps_its_size_and_is_scrolled(drive: Driver, player) -> None:
    view = player.body
    assert drive.app.theme.zoom == 200
    drive.until(view._down.winfo_ismapped)
    assert not view._across.winfo_ismapped(), "rows wrap rather than go on to the right"
    assert view._canvas.yview()[0] == 0, "the picture is seen first"
    assert not is_seen(drive, player.strip)
    drive.press("Next")
    drive.until(lambda: is_seen(drive, player.strip))
    drive.press("Prior")
    drive.until(lambda: view._canvas.yview()[0] == 0)
    view._canvas.event_generate("<Button-5>")
    drive.until(lambda: view._canvas.yview()[0] > 0)


def test_tab_scrolls_to_where_it_goes(drive: Driver, player) -> None:
    player._play.focus_force()
    assert not is_seen(drive, player.strip)
    for _ in range(12):
        drive.press("Tab")
        widget = drive.app.root.focus_get()
        drive.until(lambda widget=widget: is_seen(drive, widget), 5)
        if widget is player.strip:
            return
    raise AssertionError("the timeline is not reached")


def test_rows_of_buttons_wrap_where_they_are_too_long(drive: Driver, player) -> None:
    buttons = row_buttons(player)
    lines = {button.winfo_rooty() for button in buttons}
    assert len(lines) > 1
    assert [button.cget("text") for button in buttons if button.winfo_rooty() == max(lines)][-2:] == [
        "Another video…",
        "Exit",
    ]
    drive.app.root.geometry(f"{ROOM_WH[0] - 120}x{ROOM_WH[1]}")
    drive.until(lambda: drive.app.root.winfo_width() == ROOM_WH[0] - 120)
    drive.app.root.update()
    other, leave = buttons[-2:]
    assert other.winfo_rooty() == leave.winfo_rooty(), "what is at the right stays together"
    drive.app.root.geometry(f"{ROOM_WH[0]}x{ROOM_WH[1]}")
    drive.until(lambda: drive.app.root.winfo_width() == ROOM_WH[0])
    for button in buttons:
        assert button.winfo_width() == button.winfo_reqwidth()
        assert button.winfo_rootx() + button.winfo_width() <= drive.app.root.winfo_rootx() + ROOM_WH[0]
    drive.app.zoom_by(0)
    drive.until(lambda: len({button.winfo_rooty() for button in row_buttons(player)}) == 1)
    assert not player.body._down.winfo_ismapped()


def test_the_first_screen_has_its_list_below_the_ways_in_where_both_are_too_wide(
    drive: Driver, player, tmp_path: Path
) -> None:
    drive.app.opening.keep(analysis_of(write_clip(tmp_path / "kept.mp4", 10)))
    drive.app.go_home()
    view = drive.app.screen.body
    drive.until(view._down.winfo_ismapped)
    assert not view._across.winfo_ismapped()
    drive.app.zoom_by(0)
    drive.until(lambda: not drive.app.screen.body._down.winfo_ismapped())
    recent = drive.app.screen.recent
    assert recent.winfo_rootx() > drive.app.root.winfo_rootx() + 200, "beside them"
