"""The desktop program driven from end to end on a display of its own: keys, clicks, boxes, and its end."""

from __future__ import annotations

import csv
import dataclasses
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from demo import CLIP_PATH
from tests.support.clocks import LIMIT_S, FakeClock
from tests.support.pages.app_driver import Driver, answer, descendants, running_workers
from tests.support.pictures.made_clips import write_clip
from tests.support.values.analysed import analysis_of, moment

tk = pytest.importorskip("tkinter", reason="this Python has no Tk")

from realtime.app.jobs.job import Job  # noqa: E402
from realtime.app.views import dialogs  # noqa: E402
from realtime.app.views.theme import screen_zoom  # noqa: E402
from realtime.overlay.palette import GREY, colour_of, hex_colour  # noqa: E402

pytestmark = pytest.mark.timeout(90)


def open_the_demo(drive: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open the demo clip and watch its analysis until the player is there."""
    app = drive.app
    answer(monkeypatch, "askopenfilenames", CLIP_PATH)
    drive.press("Control-o")
    progress = drive.on("ProgressScreen")
    said: list[tuple[str, float, str]] = []
    began_s = time.monotonic()

    def watched() -> bool:
        if app.screen is progress:
            bar = progress.bar
            said.append((str(bar.cget("mode")), float(bar.cget("value")), progress._text.cget("text")))
        return type(app.screen).__name__ == "PlayerScreen"

    drive.until(watched)
    shares = [value for mode, value, _ in said if mode == "determinate"]
    assert shares == sorted(shares)
    assert len(set(shares)) > 5
    assert any(" %" in text for _, _, text in said)
    # How long is left is told from the first second on; the whole clip may take hardly longer.
    assert any(" left" in text for _, _, text in said) or time.monotonic() - began_s < 3


class Flood(Job):
    """A job that only has events for the window, and ends when the test says so."""

    def __init__(self, drive: Driver) -> None:
        super().__init__("flood", drive.app.post)
        self.over = threading.Event()
        drive.app.start(self)

    def work(self) -> None:
        self.over.wait(LIMIT_S)


def test_a_flood_of_events_leaves_the_window_its_turn(drive: Driver) -> None:
    app, heard = drive.app, []
    clock = app._clock = FakeClock()
    app.screen.heard = lambda job, event: (heard.append(event), clock.sleep(0.004))
    job = Flood(drive)
    for number in range(7):
        job.post(number)
    app._take_events()
    assert heard == [0, 1, 2], "ten milliseconds, and what was begun within them"
    drive.until(lambda: len(heard) == 7)
    assert heard == list(range(7))
    job.over.set()


def test_a_job_that_does_not_end_keeps_the_program_for_a_minute_at_most(drive: Driver) -> None:
    app = drive.app
    clock = app._clock = FakeClock()
    job = Flood(drive)
    app.quit()
    for _ in range(5):
        app._poll()
    clock.sleep(59)
    app._poll()
    assert not app.ended
    clock.sleep(2)
    app._poll()
    assert app.ended
    assert job.alive
    job.over.set()


def test_a_video_from_opening_to_closing(drive: Driver, monkeypatch, tmp_path: Path) -> None:
    app = drive.app
    open_the_demo(drive, monkeypatch)
    player = app.screen
    drive.until(lambda: player.shown is not None and player.shown.index > 10)
    assert player.player.playing, "a video plays once it is analyzed"
    drive.press("space")
    drive.until(lambda: str(player._play.cget("text")) == "Play")

    strip = player.strip
    strip.event_generate("<Button-1>", x=(strip._left + strip._right) // 2, y=10)
    drive.until(lambda: abs(player.shown.index - 180) <= 2)
    drive.press("Right")
    drive.until(lambda: abs(player.shown.index - 210) <= 2)
    drive.press("Shift-Left")
    drive.until(lambda: player.shown.index == 0)
    assert player.time.cget("text") == "0:00.0 / 0:12.0"
    drive.press("End")
    drive.until(lambda: player.shown.index == 359)
    said_now = player.analysis.results.emotions(359)
    assert player.bars._label.cget("text") == said_now.labels[0]

    answer(monkeypatch, "asksaveasfilename", tmp_path / "table.csv")
    drive.press("Control-t")
    drive.until(lambda: not player.saving.busy)
    rows = list(csv.DictReader((tmp_path / "table.csv").open()))
    assert len(rows) == 360
    assert rows[359]["label"] == said_now.labels[0]
    assert "saved" in player.saving._text

    drive.press("Control-q")
    drive.until(lambda: app.ended)
    assert not running_workers()
    assert not drive.boxes
    assert {path.name for path in tmp_path.iterdir()} == {"table.csv", "table.csv-metadata.json"}


def test_a_file_that_is_no_video_is_a_box_that_says_what_to_do(drive: Driver, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video" * 100)
    drive.app.open_video(bad)
    drive.until(lambda: drive.boxes)
    assert "check that it plays elsewhere" in drive.boxes[0][1]
    drive.on("StartScreen")
    drive.until(lambda: not running_workers())


def test_closing_in_mid_analysis_asks_ends_every_thread_and_leaves_no_file(
    drive: Driver, monkeypatch, tmp_path: Path
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(dialogs.messagebox, "askyesno", lambda title, text, **_: not asked.append(text))
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(CLIP_PATH.read_bytes())
    drive.app.open_video(clip)
    progress = drive.on("ProgressScreen")
    drive.until(lambda: progress._progress is not None and progress._progress.done > 5)
    assert progress._progress.done < 300
    # What a window manager calls when somebody clicks on the close button.
    drive.app.root.tk.call(drive.app.root.protocol("WM_DELETE_WINDOW"))
    drive.until(lambda: drive.app.ended)
    assert asked == ["clip.mp4 is not analyzed yet. Leave, and stop?"]
    assert not running_workers()
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_escape_cancels_an_analysis(drive: Driver) -> None:
    drive.app.open_video(CLIP_PATH)
    progress = drive.on("ProgressScreen")
    drive.until(lambda: progress._progress is not None)
    drive.press("Escape")
    drive.on("StartScreen")
    drive.until(lambda: not running_workers())
    assert not drive.boxes


def test_a_file_that_broke_off_is_shown_as_far_as_it_goes(drive: Driver, tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mp4", 60, options={"movflags": "faststart"}, noise=True)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    drive.app.open_video(cut)
    player = drive.on("PlayerScreen")
    drive.until(lambda: drive.boxes)
    assert "broke off" in drive.boxes[0][1]
    assert 10 < len(player.analysis.results) < 60


@pytest.fixture
def player(drive: Driver, tmp_path: Path):
    """The player with a small video of three people who were never there."""
    labels = {1: "happiness", 2: "uncertain", 3: "surprise"}
    drive.app.show_player(analysis_of(write_clip(tmp_path / "clip.mp4", 60), labels))
    drive.until(lambda: drive.app.screen.shown is not None)
    drive.app.screen.player.pause()
    return drive.app.screen


def test_nothing_is_cut_off_at_any_magnification(drive: Driver, player) -> None:
    root = drive.app.root
    for zoom in (100, 200):
        while drive.app.theme.zoom != zoom:
            before = drive.app.theme.zoom
            drive.press("Control-plus")
            assert drive.app.theme.zoom > before, f"{zoom} % must fit a screen of 1920 x 1080"
        drive.until(lambda: root.winfo_width() >= root.winfo_reqwidth())
        for widget in descendants(player.body):
            if widget.winfo_ismapped() and widget.winfo_class() in ("TButton", "TLabel", "TCombobox", "TFrame"):
                assert widget.winfo_width() >= widget.winfo_reqwidth(), (zoom, widget, widget.winfo_class())
                assert widget.winfo_height() >= widget.winfo_reqheight(), (zoom, widget)
                right = widget.winfo_rootx() - root.winfo_rootx() + widget.winfo_width()
                assert right <= root.winfo_width()
    drive.press("Control-Key-0")
    assert drive.app.theme.zoom == 100


def test_every_control_is_reached_by_tab(drive: Driver, player) -> None:
    wanted = {
        str(w)
        for w in descendants(player.body)
        if (w.winfo_ismapped() and w.winfo_class() in ("TButton", "TCombobox")) or w is player.strip
    }
    assert len(wanted) >= 8
    seen, widget = set(), player._play
    for _ in range(40):
        seen.add(str(widget))
        widget = widget.tk_focusNext()
    assert wanted <= seen


def test_a_button_with_the_focus_is_pressed_by_return_and_by_space_once(drive: Driver, player) -> None:
    player._play.focus_force()
    for key, wanted in (("Return", True), ("space", False)):
        drive.press(key)
        drive.until(lambda wanted=wanted: player.player.playing is wanted, 5)
        # A key that presses twice would have undone itself by now.
        for _ in range(5):
            drive.app.root.update()
        assert player.player.playing is wanted


def test_an_emotion_that_is_carried_over_is_grey_and_says_its_age(drive: Driver, player) -> None:
    analysed, picture = moment(0.0, {1: "anger"}), player._picture
    colours = []
    for age_s, said in ((0.0, "anger 90%"), (0.1, "anger 90%"), (0.5, "anger 0.5 s ago")):
        emotions = dataclasses.replace(analysed.emotions, age_s=np.array([age_s], np.float32))
        picture.mark(analysed.faces, emotions, 1.0)
        items = picture.find_withtag("face")
        assert [picture.itemcget(item, "text") for item in items if picture.type(item) == "text"] == [said]
        colours.append(picture.itemcget(items[1], "outline"))
        player.bars.show(emotions, 0)
        assert ("0.5 s ago" in player.bars._reason.cget("text")) == (age_s == 0.5)
    assert colours == [hex_colour(colour_of("anger"))] * 2 + [hex_colour(GREY)]


def test_a_click_into_a_row_shows_that_persons_bars(drive: Driver, player) -> None:
    strip = player.strip
    drive.app.root.update()
    strip.event_generate("<Button-1>", x=strip._left + 5, y=strip._row_y(1) + 3)
    drive.until(lambda: player._chosen == 2)
    drive.until(lambda: player.bars._label.cget("text") == "uncertain")
    assert player.bars._reason.cget("text") == "turned"


def test_what_is_being_saved_can_be_cancelled(drive: Driver, player, monkeypatch, tmp_path: Path) -> None:
    from realtime.overlay.output_painter import OutputPainter

    slow = OutputPainter.draw

    def draw(self, analysed):
        time.sleep(0.05)
        return slow(self, analysed)

    monkeypatch.setattr(OutputPainter, "draw", draw)
    answer(monkeypatch, "asksaveasfilename", tmp_path / "r.mp4")
    drive.press("Control-r")
    drive.until(lambda: "%" in player.saving._text)
    assert player.saving.bar.winfo_ismapped()
    asked = []
    monkeypatch.setattr(dialogs.messagebox, "askyesno", lambda title, text, **_: asked.append(text))
    drive.press("Control-q")
    assert "give it up" in asked[0]
    assert player.saving.busy, "whoever says no goes on"
    drive.press("Escape")
    drive.until(lambda: not player.saving.busy)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
    assert not drive.boxes


def test_the_look_can_be_changed_while_a_video_is_shown(drive: Driver, player) -> None:
    player.player.show(30)
    drive.until(lambda: player.shown.index == 30)
    drive.press("Control-l")
    assert drive.app.theme.palette.name == "light"
    player.shown = None
    player.player.show(30)
    drive.until(lambda: player.shown is not None and player.shown.index == 30)


def test_the_magnification_of_the_screen(x_display, monkeypatch) -> None:
    monkeypatch.setenv("DISPLAY", x_display)
    assert screen_zoom() == 100, "a screen of 1920 x 1080, which tells no magnification of its own"
