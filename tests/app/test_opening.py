"""Ways into the desktop program and back to results: recent analyses, pasted and dropped files, what is asked first."""

from __future__ import annotations

import csv
import dataclasses
import os
import sys
import types
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.analysed import analysis_of
from tests.support.app_driver import Driver, answer, descendants, running_workers
from tests.support.made_clips import write_clip

tk = pytest.importorskip("tkinter", reason="this Python has no Tk")

from realtime.app import __main__ as command  # noqa: E402
from realtime.app import opener, window  # noqa: E402
from realtime.app.jobs.save_kinds import Kind, Saved  # noqa: E402
from realtime.app.views import questions  # noqa: E402

pytestmark = pytest.mark.timeout(90)
PEOPLE = {1: "happiness", 2: "anger"}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    (tmp_path / "videos").mkdir()
    return write_clip(tmp_path / "videos" / "clip.mp4", 12)


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """What was asked; every answer is no."""
    texts: list[str] = []
    monkeypatch.setattr(questions.messagebox, "askyesno", lambda title, text, **_: texts.append(text))
    return texts


def pressed(screen, text: str) -> None:
    """Press the button that begins with `text`."""
    buttons = [w for w in descendants(screen.body) if w.winfo_class() == "TButton" and w.winfo_ismapped()]
    next(button for button in buttons if str(button.cget("text")).startswith(text)).invoke()


def reopened(drive: Driver, name: str):
    """Go home and open a recent analysis by keyboard."""
    drive.app.go_home()
    start = drive.on("StartScreen")
    names = [entry.source.name for entry in start.recent.entries]
    start.recent.table.choose(names.index(name))
    start.recent.table.tree.focus_force()
    drive.press("Return")
    return drive.on("PlayerScreen")


def test_an_analysis_is_in_the_list_and_comes_back_from_there(drive: Driver, monkeypatch, clip: Path, asked) -> None:
    looked_in = []

    def choose(**how: str) -> tuple[str, ...]:
        looked_in.append(how["initialdir"])
        return (str(clip),)

    monkeypatch.setattr(questions.filedialog, "askopenfilenames", choose)
    drive.press("Control-o")
    first = drive.on("PlayerScreen").analysis
    drive.press("Control-o")
    drive.until(lambda: drive.app.screen.title == "clip.mp4" and drive.app.screen.analysis is not first)
    assert looked_in == [str(opener.Preferences(opener.data_folder() / "none").open_folder), str(clip.parent)]
    player = reopened(drive, "clip.mp4")
    assert player.analysis is not first
    assert player.analysis.results.times_s.tolist() == first.results.times_s.tolist()
    drive.until(lambda: player.shown is not None)
    drive.press("Control-q")
    drive.until(lambda: drive.app.ended)
    assert not running_workers()
    assert asked == [], "nothing is lost by leaving"
    assert drive.boxes == []


def test_a_video_that_is_gone_is_marked_and_its_numbers_are_still_shown(drive: Driver, monkeypatch, clip: Path) -> None:
    drive.app.opening.keep(dataclasses.replace(analysis_of(clip, PEOPLE), config=drive.app.config))
    clip.unlink()
    drive.app.go_home()
    texts = drive.app.screen.recent.table.tree.item("0", "values")
    assert texts[0] == "clip.mp4 (missing)"
    player = reopened(drive, "clip.mp4")
    assert "not there any more" in player._picture.itemcget(player._picture._note, "text")
    drive.press("Right")
    drive.until(lambda: player.time.cget("text").startswith("0:00.4"))
    assert player.bars._label.cget("text") == "happiness"
    answer(monkeypatch, "asksaveasfilename", clip.with_name("t.csv"))
    drive.press("Control-t")
    drive.until(lambda: not player.saving.busy)
    assert len(list(csv.DictReader(clip.with_name("t.csv").open()))) == 24
    assert drive.boxes == []


def test_a_video_that_goes_away_while_it_is_shown_leaves_the_numbers(drive: Driver, clip: Path) -> None:
    analysis = analysis_of(clip, PEOPLE)
    clip.unlink()
    drive.app.show_player(analysis)
    drive.until(lambda: drive.boxes)
    assert "open it again" in drive.boxes[0][1]
    player = drive.on("PlayerScreen")
    drive.press("End")
    drive.until(lambda: player.time.cget("text").startswith("0:00.4"))


def test_entries_are_removed_cleared_and_no_more_kept(drive: Driver, monkeypatch, clip: Path, asked) -> None:
    opening = drive.app.opening
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        other = clip.with_name(name)
        other.write_bytes(clip.read_bytes())
        opening.keep(analysis_of(other))
    drive.app.go_home()
    recent = drive.app.screen.recent
    recent.table.tree.focus_force()
    drive.press("Delete")
    assert len(recent.entries) == 3, "whoever says no keeps it"
    monkeypatch.setattr(questions.messagebox, "askyesno", lambda title, text, **_: True)
    drive.press("Delete")
    assert [entry.source.name for entry in recent.entries] == ["b.mp4", "a.mp4"]
    assert len(opening.recent.entries()) == 2
    opening.clear_recent()
    assert opening.recent.entries() == []
    assert drive.app.screen.recent is None, "a list of nothing is not shown"
    opening.set_keeps_recent(False)
    assert not opening.keep(analysis_of(clip)).kept
    assert opening.recent.entries() == []
    assert not opener.Preferences(opener.data_folder()).keeps_recent


def test_a_damaged_entry_is_a_box_with_the_way_out(drive: Driver, clip: Path) -> None:
    drive.app.opening.keep(analysis_of(clip))
    drive.app.opening.recent.entries()[0].path.with_suffix(".npz").write_bytes(b"PK")
    drive.app.go_home()
    drive.app.opening.reopen(drive.app.screen.recent.entries[0])
    drive.until(lambda: drive.boxes)
    assert "remove it from the list" in drive.boxes[0][1]
    drive.on("StartScreen")


def test_whoever_leaves_what_nobody_has_is_asked_until_it_is_saved(drive: Driver, monkeypatch, clip, asked) -> None:
    app = drive.app
    app.opening.set_keeps_recent(False)
    app.show_player(analysis_of(clip))
    player = app.screen
    drive.press("Control-q")
    assert "is not saved" in asked[0]
    app.open_video(clip)
    assert app.screen is player
    assert len(asked) == 2
    answer(monkeypatch, "asksaveasfilename", clip.with_name("t.csv"))
    drive.press("Control-t")
    drive.until(lambda: not player.saving.busy)
    drive.press("Control-q")
    drive.until(lambda: app.ended)
    assert len(asked) == 2


def test_an_analysis_that_cannot_be_kept_is_shown_with_the_reason_and_asked_for(
    drive: Driver, monkeypatch, clip: Path, asked
) -> None:
    monkeypatch.setattr("realtime.app.library.recent_analyses.write_analysis", full_disk)
    drive.app.open_video(clip)
    drive.on("PlayerScreen")
    drive.until(lambda: drive.boxes)
    assert "No space left" in drive.boxes[0][1]
    drive.press("Control-q")
    assert "Leave, and lose it?" in asked[0]


def full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch):
    """A fake xdg-open: returns a function that makes it fail, and one that returns what it was given, once it was."""
    if sys.platform != "linux":
        pytest.skip("there it is another program")
    told, folder = tmp_path / "told", tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def set_code(code: int) -> None:
        program = folder / "xdg-open"
        program.write_text(f'#!/bin/sh\nprintf %s "$1" > "{told}.part"\nmv "{told}.part" "{told}"\nexit {code}\n')
        program.chmod(0o755)

    def given(drive: Driver) -> str:
        drive.until(told.exists)
        text = told.read_text()
        told.unlink()
        drive.until(lambda: "opening" not in running_workers())
        return text

    set_code(0)
    return set_code, given


def test_a_saved_file_is_opened_or_shown_in_its_folder(drive: Driver, monkeypatch, clip: Path, desktop) -> None:
    set_code, given = desktop
    drive.app.show_player(analysis_of(clip))
    player = drive.app.screen
    table = clip.with_name("t.csv")
    answer(monkeypatch, "asksaveasfilename", table)
    drive.press("Control-t")
    drive.until(lambda: not player.saving.busy)
    drive.app.root.update()
    pressed(player, "Open")
    assert given(drive) == str(table)
    pressed(player, "Show")
    assert given(drive) == str(clip.parent)
    assert drive.boxes == []
    set_code(4)
    pressed(player, "Open")
    drive.until(lambda: drive.boxes)
    assert "open it by hand" in drive.boxes[0][1]


def test_what_a_camera_saved_is_opened_from_the_first_screen(drive: Driver, clip: Path, desktop) -> None:
    _, given = desktop
    drive.app.go_home("both are saved", [Saved(Kind.RECORDING, clip), Saved(Kind.TABLE, clip.parent / "gone.csv")])
    drive.app.root.update()
    pressed(drive.app.screen, "Open the recording")
    assert given(drive) == str(clip)
    pressed(drive.app.screen, "Show in folder")
    assert given(drive) == str(clip.parent)
    pressed(drive.app.screen, "Open the table")
    drive.until(lambda: drive.boxes)
    assert "gone.csv is not there any more" in drive.boxes[0][1]


def test_files_that_were_copied_in_a_file_manager_are_opened(drive: Driver, clip: Path) -> None:
    root = drive.app.root
    root.clipboard_clear()
    root.clipboard_append("no path at all")
    drive.press("Control-v")
    drive.until(lambda: drive.boxes)
    assert "no file was copied" in drive.boxes[0][1]
    odd = clip.with_name("ä b.mp4")
    odd.write_bytes(clip.read_bytes())
    root.clipboard_clear()
    root.clipboard_append(f"{clip.as_uri()}\r\n{odd.as_uri()}\r\n", type="text/uri-list")
    drive.press("Control-v")
    screen = drive.on("QueueScreen")
    drive.until(lambda: not screen.running)
    assert [row.path.name for row in screen.rows] == ["clip.mp4", "ä b.mp4"]
    assert [row.state.value for row in screen.rows] == ["done", "done"]


def test_dropped_files_are_opened(x_display, monkeypatch, drive: Driver, clip: Path) -> None:
    """With a fake in place of the Tk extension, which keeps to what tkdnd's manual says of its bindings."""
    registered = []

    def require(root) -> None:
        name = root.register(lambda *told: registered.append(told))
        root.tk.eval(f"namespace eval tkdnd {{}}; proc tkdnd::drop_target {{args}} {{ {name} {{*}}$args }}")

    fake = types.SimpleNamespace(TkinterDnD=types.SimpleNamespace(require=require))
    monkeypatch.setitem(sys.modules, "tkinterdnd2", fake)
    root = drive.app.root
    opening = opener.Opener(drive.app, drive.app._go_if_allowed, lambda: None)
    assert opening.takes_drops
    assert registered == [("register", ".", "DND_Files")]
    odd = clip.with_name("a b.mp4")
    odd.write_bytes(clip.read_bytes())
    script = root.tk.call("bind", ".", "<<Drop:DND_Files>>")
    assert root.tk.eval(script.replace("%D", f"{{{{{odd}}} {clip}}}")) == "copy"
    screen = drive.on("QueueScreen")
    drive.until(lambda: not screen.running)
    assert {row.path.name for row in screen.rows} == {"a b.mp4", "clip.mp4"}


def test_without_the_extra_the_window_takes_no_drops(drive: Driver, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "tkinterdnd2", None)
    assert not opener.take_drops(drive.app.root, lambda paths: None)


def test_videos_and_folders_on_the_command_line_make_a_queue(
    x_display, monkeypatch, clip: Path, tmp_path: Path, tmp_path_factory
) -> None:
    monkeypatch.setenv("DISPLAY", x_display)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
    (tmp_path / "more" / "deep").mkdir(parents=True)
    (tmp_path / "more" / "deep" / "other.mp4").write_bytes(clip.read_bytes())
    seen, apps = [], []

    def mainloop(root) -> None:
        app = apps[0]
        driver = Driver(app)
        screen = driver.on("QueueScreen")
        driver.until(lambda: screen.rows and not screen.running)
        seen.extend((row.path.name, row.state.value) for row in screen.rows)
        app.quit()
        driver.until(lambda: app.ended)

    made = window.App.__init__

    def init(self, *args, **kwargs) -> None:
        made(self, *args, **kwargs)
        apps.append(self)

    monkeypatch.setattr(window.App, "__init__", init)
    monkeypatch.setattr(tk.Tk, "mainloop", mainloop)
    mask = os.umask(0o077)
    try:
        told = CliRunner().invoke(command.main, [str(clip), str(tmp_path / "more")])
    finally:
        os.umask(mask)
    assert told.exit_code == 0, told.output
    assert seen == [("clip.mp4", "done"), ("other.mp4", "done")]
