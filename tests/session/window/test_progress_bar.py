"""Progress where there is no terminal: seldom enough for a log."""

from __future__ import annotations

import os
import pty

import pytest

from models.console import ERR, Messages
from realtime.core.protocols import SourceInfo
from realtime.session.progress_bar import ProgressBar
from tests.support.values.analysed import moment


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def lines_of(
    capsys: pytest.CaptureFixture[str], frames: int, frame_s: float, total: int | None, shown: bool = True
) -> list[str]:
    clock = Clock()
    info = SourceInfo(name="talk.mp4", live=total is None, size_wh=(64, 48), fps=30.0, frame_count=total)
    with ProgressBar(shown, clock) as bar:
        bar.opened(info)
        for _ in range(frames):
            clock.now_s += frame_s
            bar.step(moment(0.0, {}))
    said = capsys.readouterr()
    assert said.out == ""
    assert "\r" not in said.err
    return said.err.splitlines()


def test_a_long_file_says_a_line_for_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(capsys, 2000, 0.1, total=2000)
    assert len(lines) == 10
    assert lines[2] == "talk.mp4: 30%, 600 of 2000 frames, about 140 s left"


def test_a_slow_or_endless_run_says_a_line_every_half_minute(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(lines_of(capsys, 300, 1.0, total=100_000)) == 10
    lines = lines_of(capsys, 180, 0.5, total=None)
    assert len(lines) == 3
    assert lines[0] == "talk.mp4: 60 frames in 30 s"


def test_a_short_run_and_one_in_a_window_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines_of(capsys, 100, 0.01, total=100) == []
    assert lines_of(capsys, 2000, 0.1, total=2000, shown=False) == []


def test_a_bar_appears_on_a_terminal_though_standard_error_leads_elsewhere_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    controller, terminal = pty.openpty()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with os.fdopen(os.dup(terminal), "w") as stream:
        monkeypatch.setattr(ERR, "_stream", lambda: stream)
        bar = ProgressBar(shown=True, notes=Messages(lambda: stream))
        os.dup2(nowhere, stream.fileno())  # as while MediaPipe starts
        bar.opened(SourceInfo(name="talk.mp4", live=False, size_wh=(64, 48), fps=30.0, frame_count=2))
        os.dup2(terminal, stream.fileno())
        for _ in range(2):
            bar.step(moment(0.0, {}))
        bar.close()
    shown = os.read(controller, 4096).decode()
    for handle in (controller, terminal, nowhere):
        os.close(handle)
    assert "talk.mp4" in shown
    assert "2/2" in shown
