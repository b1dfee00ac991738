"""Cameras in the desktop program: chosen, shown, recorded, or not there."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from demo import CLIP_PATH
from tests.support.pages.app_driver import Driver, answer, running_workers

tk = pytest.importorskip("tkinter", reason="this Python has no Tk")

from realtime.app.jobs.save_kinds import Kind  # noqa: E402
from realtime.app.screens import camera_list as camera_screen  # noqa: E402
from realtime.capture.open_source import CameraEntry, FileSource  # noqa: E402
from realtime.session import analyser  # noqa: E402

pytestmark = pytest.mark.timeout(90)


def test_a_camera_is_chosen_shown_and_recorded(drive: Driver, monkeypatch, tmp_path: Path) -> None:
    cameras = [CameraEntry(0, "Built in"), CameraEntry(4, "On a cable")]
    monkeypatch.setattr(camera_screen, "list_cameras", lambda: cameras)
    asked = []

    def source(text: str, **_: object) -> FileSource:
        asked.append(text)
        return FileSource(str(CLIP_PATH), realtime=True)

    monkeypatch.setattr(analyser, "source_for", source)
    drive.press("Control-k")
    screen = drive.on("CameraListScreen")
    drive.until(lambda: screen.list.size() == 2)
    screen.list.focus_force()
    drive.press("Down")
    drive.press("Return")
    screen = drive.on("CameraScreen")
    drive.until(lambda: screen._view is not None)
    assert asked == ["4"]
    for kind in Kind:
        answer(monkeypatch, "asksaveasfilename", tmp_path / f"live{kind.suffixes[0]}")
        screen.save(kind)
    drive.until(lambda: len(screen._writing) == 3)
    drive.press("n")
    drive.until(lambda: "Rest your face" in screen._facts.cget("text"))
    at_s = screen._view.media_time_s
    drive.until(lambda: screen._view.media_time_s > at_s + 1)
    drive.press("Escape")
    start = drive.on("StartScreen")
    assert start._note.count("saved") == 3
    assert [saved.path.suffix for saved in start._saved] == [kind.suffixes[0] for kind in Kind]
    rows = list(csv.DictReader((tmp_path / "live.csv").open()))
    assert float(rows[-1]["media_time_s"]) - float(rows[0]["media_time_s"]) > 0.8
    assert all(row["wall_time"] for row in rows)
    assert np.diff([int(row["frame"]) for row in rows]).min() >= 0
    assert not [path for path in tmp_path.iterdir() if ".part" in path.name]
    drive.until(lambda: not running_workers())


def test_a_camera_that_does_not_open_is_a_box(drive: Driver) -> None:
    drive.app.start_camera(CameraEntry(987, "nowhere"))
    drive.until(lambda: drive.boxes)
    assert "camera 987" in drive.boxes[0][1]
    drive.on("StartScreen")


def test_no_camera_at_all(drive: Driver, monkeypatch) -> None:
    monkeypatch.setattr(camera_screen, "list_cameras", list)
    drive.app.choose_camera()
    screen = drive.on("CameraListScreen")
    drive.until(lambda: "No camera was found" in str(screen._say.cget("text")))
    assert screen._start.instate(["disabled"])
