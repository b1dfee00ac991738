"""The window's sink: small pictures enlarged, and keys that write in a folder that cannot be written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

import realtime.session.window_sink as window_module
from realtime.core.config import PipelineConfig
from realtime.core.options import AnalysisOptions, RunOptions
from realtime.overlay.timeline_strip import StripLayout
from realtime.session.session import Session
from realtime.session.window import Key, first_size_wh
from realtime.session.window_sink import WindowOptions
from tests.support.clocks import FakeClock
from tests.support.pictures.drawn_faces import analysed, plain
from tests.support.pictures.made_clips import write_clip
from tests.support.values.tiny_models import write_tiny_weights


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


@pytest.mark.parametrize("size_wh", [(160, 120), (240, 240), (426, 240), (240, 426), (480, 360), (320, 20)])
def test_a_small_picture_fills_its_window_instead_of_standing_in_a_white_surround(size_wh: tuple[int, int]) -> None:
    width, height = window_module.enlarged(analysed(plain(size_wh), [])).frame.size_wh
    assert width / height == pytest.approx(size_wh[0] / size_wh[1], rel=0.05)
    assert (width, height) == first_size_wh(size_wh) > size_wh
    # The timeline comes below it. OpenCV's window shrinks a picture, but never enlarges it.
    with_timeline = width, height + StripLayout.under((width, height)).height
    assert first_size_wh(with_timeline) <= with_timeline


@pytest.mark.parametrize("size_wh", [(640, 360), (1280, 720), (480, 908), (3840, 2160)])
def test_a_picture_as_large_as_its_window_is_drawn_as_it_is(size_wh: tuple[int, int]) -> None:
    frame = analysed(plain(size_wh), [[10, 10, 50, 50]])
    assert window_module.enlarged(frame) is frame


def test_faces_grow_with_their_picture() -> None:
    frame = analysed(plain((320, 240)), [[100, 60, 180, 160]])
    larger = window_module.enlarged(frame)
    np.testing.assert_allclose(larger.faces.boxes_xyxy, [[200, 120, 360, 320]])
    np.testing.assert_allclose(larger.faces.landmarks_xy, frame.faces.landmarks_xy * 2)
    assert larger.faces.track_ids.tolist() == [1]
    assert larger.emotions is frame.emotions
    assert frame.frame.size_wh == (320, 240)
