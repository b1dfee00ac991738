"""Access keys: one of its own for each menu, entry and button, and Alt with it does what the button does."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime.app.views.access_keys import MENUS, underlines
from tests.support.pages.app_driver import Driver, answer, descendants
from tests.support.pictures.made_clips import write_clip
from tests.support.values.analysed import analysis_of

tk = pytest.importorskip("tkinter", reason="this Python has no Tk")

from realtime.app.screens import camera_list  # noqa: E402
from realtime.capture.open_source import CameraEntry, FileSource  # noqa: E402
from realtime.session import analyser  # noqa: E402

pytestmark = pytest.mark.timeout(60)


def letters_of_menu(menu) -> list[str]:
    entries = [n for n in range(menu.index("end") + 1) if menu.type(n) != "separator"]
    return [letter(menu.entrycget(n, "label"), menu.entrycget(n, "underline")) for n in entries]


def letter(text: object, place: object) -> str:
    assert int(str(place)) >= 0, f"{text} has no access key"
    return str(text)[int(str(place))].lower()


def letters_of_screen(drive: Driver) -> list[str]:
    buttons = [w for w in descendants(drive.app.screen.body) if w.winfo_class() == "TButton"]
    return [letter(button.cget("text"), button.cget("underline")) for button in buttons]


def assert_unique(letters: list[str], taken: set[str] = frozenset()) -> None:
    assert letters
    assert len(set(letters)) == len(letters), letters
    assert not set(letters) & taken


def test_a_label_has_the_first_letter_that_no_earlier_one_has() -> None:
    assert underlines(["Open videos", "Open a folder", "One", "on"]) == [0, 5, 1, -1]
    assert underlines(["Exit   Ctrl+Q", "x"], "e") == [1, -1]


def test_every_menu_has_access_keys_of_its_own(drive: Driver) -> None:
    bar = drive.app._menu._bar
    assert_unique(letters_of_menu(bar))
    for n in range(len(MENUS)):
        assert_unique(letters_of_menu(bar.nametowidget(bar.entrycget(n, "menu"))))


@pytest.fixture
def on_screen(drive: Driver, monkeypatch, tmp_path: Path):
    clip = write_clip(tmp_path / "clip.mp4", 60)
    monkeypatch.setattr(camera_list, "list_cameras", lambda: [CameraEntry(0, "Built in")])
    monkeypatch.setattr(analyser, "source_for", lambda *_, **__: FileSource(str(clip), realtime=True))
    ways = {
        "start": lambda: None,
        "cameras": drive.app.choose_camera,
        "camera": lambda: drive.app.start_camera(CameraEntry(0, "Built in")),
        "player": lambda: drive.app.show_player(analysis_of(clip, {1: "fear", 2: "anger"})),
    }
    return lambda name: ways[name]()


@pytest.mark.parametrize("name", ["start", "cameras", "camera", "player"])
def test_every_screen_has_access_keys_of_its_own_beside_the_menus(drive: Driver, on_screen, name: str) -> None:
    on_screen(name)
    of_menus = set(letters_of_menu(drive.app._menu._bar))
    assert_unique(letters_of_screen(drive), of_menus)
    if name == "camera":
        drive.app.screen._writing = dict.fromkeys(drive.app.screen._save_buttons, Path("file"))
        drive.app.screen._set_save_buttons()
        assert_unique(letters_of_screen(drive), of_menus)


def test_alt_and_the_letter_press_the_button(drive: Driver, on_screen, monkeypatch, tmp_path: Path) -> None:
    on_screen("player")
    drive.until(lambda: drive.app.screen.shown is not None)
    player = drive.app.screen
    player.player.pause()
    drive.press("Alt-p")
    assert player.player.playing
    asked = []
    monkeypatch.setattr(player.saving, "begin", lambda kind, path: asked.append((kind.value, path)))
    answer(monkeypatch, "asksaveasfilename", tmp_path / "table.csv")
    drive.press("Alt-t")
    assert asked == [("table", tmp_path / "table.csv")]
    for button in player._save_buttons:
        button.state(["disabled"])
    drive.press("Alt-t")
    assert len(asked) == 1, "a button that is disabled is not pressed"
