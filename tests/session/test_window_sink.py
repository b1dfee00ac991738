"""Keys that write, in a folder that cannot be written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

import realtime.session.window_sink as window_module
from realtime.core.config import PipelineConfig
from realtime.core.options import AnalysisOptions, RunOptions
from realtime.session.session import Session
from realtime.session.window import Key
from realtime.session.window_sink import WindowOptions
from tests.support.clocks import FakeClock
from tests.support.made_clips import write_clip
from tests.support.tiny_models import write_tiny_weights


class PressingWindow:
    """Presses r and s once each, early in the run."""

    def __init__(self, title: str, size_wh: tuple[int, int] | None = None) -> None:
        self._calls = 0

    def show(self, image_bgr: np.ndarray) -> Key | None:
        self._calls += 1
        return {3: Key.TOGGLE_RECORDING, 6: Key.SCREENSHOT}.get(self._calls)

    def close(self) -> None:
        """Nothing is open."""


def test_recording_and_screenshot_say_why_not_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = os.open

    def closed_folder(path: str | Path, flags: int, *more: int) -> int:
        if Path(path).name.startswith((".emotion-live", "emotion-live")):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return plain(path, flags, *more)

    monkeypatch.setattr(window_module, "Window", PressingWindow)
    monkeypatch.setattr("models.new_files.os.open", closed_folder)
    monkeypatch.chdir(tmp_path)
    clock, said = FakeClock(), []
    analysis = AnalysisOptions(pipeline=PipelineConfig(weights=write_tiny_weights(tmp_path / "weights").folder))
    clip = str(write_clip(tmp_path / "clip.mp4", 30))
    options = RunOptions(clip, analysis, outputs=(WindowOptions(),))
    session = Session(options, notify=said.append, clock=clock, sleep=clock.sleep)
    session.run()
    assert session.spans.frames == 30
    assert len(said) == 2
    assert "cannot record to emotion-live-" in said[0]
    assert said[1] == "the screenshot cannot be written: Permission denied; start the program in a writable folder"
    assert session.finished == []
