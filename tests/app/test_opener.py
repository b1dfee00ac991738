"""Ways into the desktop program: pasted, dropped and named files; and out of it, to programs that open its files."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.pages.app_driver import Driver, answer, descendants, running_workers
from tests.support.pictures.made_clips import write_clip
from tests.support.values.analysed import analysis_of

tk = pytest.importorskip("tkinter", reason="this Python has no Tk")

from realtime.app import __main__ as command  # noqa: E402
from realtime.app import opener, window  # noqa: E402
from realtime.app.jobs.save_kinds import Kind, Saved  # noqa: E402

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    (tmp_path / "videos").mkdir()
    return write_clip(tmp_path / "videos" / "clip.mp4", 12)


def pressed(screen, text: str) -> None:
    """Press the button that begins with `text`."""
    buttons = [w for w in descendants(screen.body) if w.winfo_class() == "TButton" and w.winfo_ismapped()]
    next(button for button in buttons if str(button.cget("text")).startswith(text)).invoke()


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
    monkeypatch.setattr(command, "hold_standard_streams", lambda: None)  # They are pytest's.
    mask = os.umask(0o077)
    try:
        told = CliRunner().invoke(command.main, [str(clip), str(tmp_path / "more")])
    finally:
        os.umask(mask)
    assert told.exit_code == 0, told.output
    assert seen == [("clip.mp4", "done"), ("other.mp4", "done")]
