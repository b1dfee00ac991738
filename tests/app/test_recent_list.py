"""Recent analyses in the desktop program: back by keyboard, without their video, removed; and what is asked first."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import pytest

from tests.support.pages.app_driver import Driver, answer, running_workers
from tests.support.pictures.made_clips import write_clip
from tests.support.values.analysed import analysis_of

tk = pytest.importorskip("tkinter", reason="this Python has no Tk")

from realtime.app import opener  # noqa: E402
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
    tree = drive.app.screen.recent.table.tree
    drive.until(lambda: tree.item("0", "values")[0] == "clip.mp4 (missing)")
    player = reopened(drive, "clip.mp4")
    assert "not there any more" in player._picture.itemcget(player._picture._note, "text")
    drive.press("Right")
    drive.until(lambda: player._told_index == 11)
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
    drive.until(lambda: player._told_index == 11)
    assert player.bars._label.cget("text") == "happiness"


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
