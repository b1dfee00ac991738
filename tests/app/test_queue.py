"""Several videos in the desktop program: one after another, each with its progress, its end and its result."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.support.pages.app_driver import Driver, answer, running_workers
from tests.support.pictures.made_clips import write_clip

tk = pytest.importorskip("tkinter", reason="this Python has no Tk")

from realtime.app.jobs.analyse import AnalysisJob, Progress  # noqa: E402
from realtime.app.library.queue_job import VideoProgress  # noqa: E402
from realtime.app.screens.queue import QueueScreen  # noqa: E402
from realtime.app.views import questions  # noqa: E402

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good videos, one that is none, a text, and a folder with a copy."""
    folder = tmp_path / "videos"
    (folder / "day 2").mkdir(parents=True)
    one = write_clip(folder / "a.mp4", 8)
    (folder / "b.mp4").write_bytes(b"no video" * 100)
    (folder / "notes.txt").write_text("no video")
    (folder / "day 2" / "c.mp4").write_bytes(one.read_bytes())
    return folder


@pytest.fixture
def held(monkeypatch) -> threading.Event:
    """Analyses stand still after their beginning until this is set; the first of them says that half is done."""
    event = threading.Event()
    work = AnalysisJob.work

    def slow(job: AnalysisJob) -> None:
        job.post(Progress(4, 0.5, 2.0))
        while not event.wait(0.01):
            job.check_cancelled()
        work(job)

    monkeypatch.setattr(AnalysisJob, "work", slow)
    return event


def states(screen: QueueScreen) -> list[tuple[str, str]]:
    """What the table says of each video."""
    tree = screen.table.tree
    return [tuple(str(text) for text in tree.item(row, "values")[:2]) for row in tree.get_children()]  # type: ignore[misc]


def test_a_folder_is_analyzed_and_each_result_opens(drive: Driver, monkeypatch, folder: Path, held) -> None:
    app = drive.app
    answer(monkeypatch, "askdirectory", folder)
    drive.press("Control-f")
    screen = drive.on("QueueScreen")
    drive.until(lambda: ("a.mp4", "running") in states(screen) and "50 %, about 2 s left" in screen.rows[0].text)
    assert states(screen) == [("a.mp4", "running"), ("b.mp4", "waiting"), ("c.mp4", "waiting")]
    assert float(screen.bar.cget("value")) == pytest.approx(1000 / 6)
    held.set()
    drive.until(lambda: not screen.running)
    assert states(screen) == [("a.mp4", "done"), ("b.mp4", "failed"), ("c.mp4", "done")]
    assert screen.say.cget("text") == "2 of 3 videos done, 1 failed"
    assert "check that it plays elsewhere" in screen.rows[1].text
    assert str(folder) not in screen.rows[1].text

    screen.table.tree.focus_force()
    drive.press("Down")
    drive.press("Return")
    assert app.screen is screen, "there is no result of a video that failed"
    assert "check that it plays elsewhere" in screen._detail.cget("text")
    drive.press("Down")
    drive.press("Return")
    player = drive.on("PlayerScreen")
    assert player.analysis.source == str(folder / "day 2" / "c.mp4")
    assert len(player.analysis.results) == 8
    app.opening.show_queue()
    assert app.screen is screen
    assert screen.table.chosen == 2, "the same row is chosen as before"
    assert len(app.opening.recent.entries()) == 2
    drive.press("Escape")
    drive.on("StartScreen")
    drive.press("Control-q")
    drive.until(lambda: app.ended)
    assert not running_workers()
    assert drive.boxes == []


def test_a_queue_goes_on_behind_other_screens_and_takes_more(drive: Driver, folder: Path, held) -> None:
    app = drive.app
    app.opening.open([folder / "a.mp4", folder / "b.mp4"])
    screen = drive.on("QueueScreen")
    drive.until(lambda: len(screen.rows) == 2)
    app.go_home()
    # What is waiting or running already is not taken twice.
    app.opening.open([folder / "a.mp4", folder / "day 2"])
    assert app.screen is screen
    drive.until(lambda: len(screen.rows) == 3)
    app.go_home()
    held.set()
    drive.until(lambda: not screen.running)
    assert type(app.screen).__name__ == "StartScreen"
    app.opening.show_queue()
    assert states(screen) == [("a.mp4", "done"), ("b.mp4", "failed"), ("c.mp4", "done")]


def test_a_queue_is_canceled_and_goes_on(drive: Driver, folder: Path, held) -> None:
    drive.app.opening.open([folder])
    screen = drive.on("QueueScreen")
    drive.until(lambda: ("a.mp4", "running") in states(screen))
    (job,) = screen._jobs
    drive.press("Escape")
    screen.heard(job, VideoProgress(0, Progress(5, 0.6, 3.0)))  # It was on its way.
    assert [state for _, state in states(screen)] == ["canceled"] * 3
    drive.until(lambda: "queue" not in running_workers())
    assert [state for _, state in states(screen)] == ["canceled"] * 3
    assert drive.app.opening.recent.entries() == []
    held.set()
    screen.go_on()
    drive.until(lambda: not screen.running)
    assert [state for _, state in states(screen)] == ["done", "failed", "done"]


def test_an_unforeseen_error_in_one_video_leaves_the_others(drive: Driver, monkeypatch, folder: Path) -> None:
    work = AnalysisJob.work

    def fragile(job: AnalysisJob) -> None:
        if job.source.endswith("a.mp4"):
            raise RuntimeError("one\ntwo")
        work(job)

    monkeypatch.setattr(AnalysisJob, "work", fragile)
    drive.app.opening.open([folder / "a.mp4", folder / "day 2"])
    screen = drive.on("QueueScreen")
    drive.until(lambda: screen.rows and not screen.running)
    assert states(screen) == [("a.mp4", "failed"), ("c.mp4", "done")]
    assert screen.rows[0].text == "something unforeseen went wrong (RuntimeError: one)"


def test_leaving_in_mid_queue_asks_and_ends_every_thread(drive: Driver, monkeypatch, folder: Path, held) -> None:
    asked = []
    monkeypatch.setattr(questions.messagebox, "askyesno", lambda title, text, **_: asked.append(text))
    drive.app.opening.open([folder])
    screen = drive.on("QueueScreen")
    drive.until(lambda: ("a.mp4", "running") in states(screen))
    drive.app.go_home()
    drive.press("Control-q")
    assert asked == ["3 videos are not analyzed yet. Leave, and stop?"]
    assert screen.running
    monkeypatch.setattr(questions.messagebox, "askyesno", lambda title, text, **_: True)
    drive.press("Control-q")
    drive.until(lambda: drive.app.ended)
    assert not running_workers()


def test_results_that_no_list_keeps_are_there_until_the_program_ends(drive: Driver, monkeypatch, folder: Path) -> None:
    opening, asked = drive.app.opening, []
    opening.set_keeps_recent(False)
    opening.open([folder])
    screen = drive.on("QueueScreen")
    drive.until(lambda: screen.rows and not screen.running)
    assert opening.recent.entries() == []
    assert screen.rows[0].entry.path.is_file()
    screen.table.tree.focus_force()
    drive.press("Return")
    assert len(drive.on("PlayerScreen").analysis.results) == 8
    opening.open([folder / "a.mp4", folder / "a.mp4", folder / "b.mp4"])
    assert drive.app.screen is screen, "no other queue takes the place of the only one that has them"
    drive.until(lambda: len(screen.rows) == 5 and not screen.running)
    monkeypatch.setattr(questions.messagebox, "askyesno", lambda title, text, **_: asked.append(text))
    drive.press("Control-q")
    assert "2 results of the queue end with the program" in asked[0]
    monkeypatch.setattr(questions.messagebox, "askyesno", lambda title, text, **_: True)
    drive.press("Control-q")
    drive.until(lambda: drive.app.ended)
    assert not screen.rows[0].entry.path.parent.exists()


def test_what_holds_no_video_or_too_many_is_said(drive: Driver, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    drive.app.opening.open([tmp_path / "empty"])
    drive.until(lambda: drive.boxes)
    assert "no video was found" in drive.boxes[0][1]
    assert "--pattern" not in drive.boxes[0][1], "that is an option of the command"
    drive.on("StartScreen")
    drive.app.opening.open([folder])
    screen = drive.app.screen
    screen._most = 2  # Before it hears what is in the folder.
    drive.until(lambda: len(drive.boxes) == 2)
    assert "2 videos at most; received 3" in drive.boxes[1][1]
    assert screen.rows == []
    drive.on("StartScreen")
