"""A run with a window that presses keys by itself, in a time of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

import realtime.session.window_sink as window_module
from realtime.core.config import PipelineConfig
from realtime.core.options import AnalysisOptions, FaceStyle, PictureOptions, RunOptions
from realtime.core.sink import SinkOptions
from realtime.session.session import Session
from realtime.session.window import Key
from realtime.session.window_sink import WindowOptions
from tests.support.clocks import FakeClock
from tests.support.fakes import ScriptedWindow
from tests.support.pictures.made_clips import write_clip
from tests.support.values.tiny_models import write_tiny_weights


@pytest.fixture
def clock() -> FakeClock:
    """The run's own time: it passes only while the run waits."""
    return FakeClock()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: FakeClock) -> object:
    monkeypatch.setattr(window_module, "Window", ScriptedWindow)
    monkeypatch.chdir(tmp_path)
    weights = write_tiny_weights(tmp_path / "weights").folder
    clip = write_clip(tmp_path / "clip.mp4", 60)

    def start(
        script: dict[int, Key],
        *outputs: SinkOptions,
        window: bool = True,
        speed: float = 1.0,
        faces: FaceStyle = FaceStyle.AS_THEY_ARE,
        **options: object,
    ) -> tuple[Session, ScriptedWindow, list[str]]:
        ScriptedWindow.script = script
        clock.now_s = 0.0
        said: list[str] = []
        analysis = AnalysisOptions(pipeline=PipelineConfig(weights=weights), **options)
        shown = (WindowOptions(speed),) if window else ()
        run_options = RunOptions(str(clip), analysis, PictureOptions(faces), outputs=(*outputs, *shown))
        session = Session(run_options, notify=said.append, clock=clock, sleep=clock.sleep)
        session.run()
        return session, ScriptedWindow.last, said

    return start
