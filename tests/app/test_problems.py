"""What nobody foresaw: one line in a box, the trace in a log that the box names."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime.app.jobs.analyse import AnalysisJob
from realtime.app.library import problem_log
from realtime.app.library.problem_log import ProblemLog
from realtime.core.errors import ConfigError
from tests.support.pages.app_driver import Driver

pytestmark = pytest.mark.timeout(60)


def broken(error: Exception) -> None:
    raise error


def is_one_line_that_names_the_log(text: str, log: Path) -> bool:
    return "\n" not in text and "Traceback" not in text and str(log) in text


def test_what_fails_in_the_window_is_a_box_once_and_a_trace_in_the_log(drive: Driver) -> None:
    log = drive.app._problems.path
    for _ in range(3):
        drive.app.root.after(0, broken, ValueError("one\ntwo"))
    drive.until(lambda: drive.boxes)
    drive.app.root.after(0, broken, ConfigError("this cannot be; choose another"))
    drive.until(lambda: len(drive.boxes) == 2)
    (title, text), (_, foreseen) = drive.boxes
    assert title == "Something went wrong"
    assert "(ValueError: one)" in text
    assert is_one_line_that_names_the_log(text, log)
    assert foreseen == "this cannot be; choose another"
    written = log.read_text("utf-8")
    assert written.count("Traceback") == 1
    assert "in broken" in written
    assert "ValueError: one\ntwo" in written


def test_what_fails_in_a_job_is_a_box_that_names_the_log(drive: Driver, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(AnalysisJob, "work", lambda self: broken(RuntimeError("broken")))
    (tmp_path / "clip.mp4").write_bytes(b"any")
    drive.app.open_video(tmp_path / "clip.mp4")
    drive.until(lambda: drive.boxes)
    text = drive.boxes[0][1]
    assert "(RuntimeError: broken)" in text
    assert is_one_line_that_names_the_log(text, drive.app._problems.path)
    assert "in broken" in drive.app._problems.path.read_text("utf-8")
    drive.on("StartScreen")


def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = ProblemLog(tmp_path / "file").add("Traceback")
    assert "cannot be written" in said
    assert "\n" not in said


def test_a_log_that_has_grown_is_begun_anew_and_the_last_one_kept(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(problem_log, "_MOST_BYTES", 10)
    log = ProblemLog(tmp_path)
    for number in range(3):
        assert str(log.path) in log.add(f"trace {number}")
    assert "trace 2" in log.path.read_text("utf-8")
    assert "trace 1" not in log.path.read_text("utf-8")
    assert "trace 1" in (tmp_path / "problems.old.log").read_text("utf-8")
