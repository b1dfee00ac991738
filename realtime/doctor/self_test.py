"""End-to-end self-test: the demo clip through the whole program with all outputs, into a temporary folder."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from models.manifest import WEIGHTS_DIR
from realtime.core.config import PipelineConfig
from realtime.core.errors import EmotionLiveError
from realtime.core.options import AnalysisOptions, RunOptions
from realtime.core.types import Analysed
from realtime.doctor.check import REINSTALL, Check, Status
from realtime.recording.recording_sink import RecordingOptions
from realtime.reports.report_sink import ReportOptions
from realtime.reports.table_sink import TableOptions
from realtime.session.session import Session

_HERE = Path(__file__).resolve()
# An installed wheel carries the clip beside this file; demo/ belongs to the project's folder.
_PLACES = (_HERE.with_name("clip.mp4"), _HERE.parents[2] / "demo" / "clip.mp4")
CLIP = next((path for path in _PLACES if path.is_file()), _PLACES[-1])
_LIMIT_S = 45.0
_LIVE_FPS = 25.0
# What the demo clip shows first, as its seconds: the portrait as it is, which smiles.
_SMILE_S = (0.5, 2.0)
_MIN_SHARE = 0.8


class _TimeUpError(EmotionLiveError):
    """The self-test took too long."""


class _Watch:
    """Counts what the run shows, and ends it when time is up."""

    def __init__(self) -> None:
        self.frames = self.with_face = self.smile = self.smiling = 0
        self._end_s = time.monotonic() + _LIMIT_S

    def step(self, analysed: Analysed) -> None:
        self.frames += 1
        labels = analysed.emotions.labels
        self.with_face += bool(labels)
        if _SMILE_S[0] <= analysed.frame.media_time_s < _SMILE_S[1]:
            self.smile += 1
            self.smiling += "happiness" in labels
        if time.monotonic() > self._end_s:
            raise _TimeUpError(f"time is up after {_LIMIT_S:g} s")


def self_test(weights: Path = WEIGHTS_DIR, clip: Path = CLIP, seconds: float | None = None) -> Check:
    """Analyze the demo clip with a recording, a table and a report. Takes a few seconds, at most 45.

    Args:
        weights: folder of the models.
        clip: `Path`, a clip that shows a smile from 0.5 to 2 s.
        seconds: `float`, analyze only this much of it.

    Raises:
        EmotionLiveError: a part of the program does not work here.
    """
    name = "self-test"
    if not clip.is_file():
        return Check(name, Status.NOTE, "the demo clip is not part of this install", "run it from the project's folder")
    watch, slow = _Watch(), False
    with tempfile.TemporaryDirectory(prefix="emotion-live-") as folder:
        out = Path(folder)
        options = RunOptions(
            source=str(clip),
            analysis=AnalysisOptions(pipeline=PipelineConfig(weights=weights), seconds=seconds),
            outputs=(
                RecordingOptions(out / "video.mp4"),
                TableOptions(out / "table.csv"),
                ReportOptions(out / "report.html"),
            ),
        )
        session = Session(options, on_frame=watch.step)
        try:
            session.run()
        except _TimeUpError:
            slow = True
        written = [what for what, path in session.finished if path.is_file() and path.stat().st_size > 0]
    return _verdict(name, watch, session, written, slow)


def _verdict(name: str, watch: _Watch, session: Session, written: list[str], slow: bool) -> Check:
    fps = session.metrics.mean_fps()
    smiling = watch.smiling / max(1, watch.smile)
    facts = {
        "frames": watch.frames,
        "frames_with_face": watch.with_face,
        "smile_share": round(smiling, 3),
        "fps": round(fps, 1),
        "provider": session.provider,
        "stages_ms": {stage: round(times.p50_ms, 2) for stage, times in session.metrics.stages().items()},
        "written": written,
    }
    found = (
        f"{watch.frames} frames at {fps:.0f} per second on {session.provider or 'nothing'}, {watch.with_face} with a "
        f"face, its smile seen in {100 * smiling:.0f} %; wrote {', '.join(written) or 'nothing'}"
    )
    if watch.with_face < _MIN_SHARE * watch.frames or watch.smiling < _MIN_SHARE * watch.smile or not watch.smile:
        todo = f"{REINSTALL}, and see that models/ and demo/ are unaltered"
        return Check(name, Status.PROBLEM, found, todo, facts)
    if set(written) != {"recording", "table", "report"}:
        return Check(name, Status.PROBLEM, found, "see that the temporary folder has space", facts)
    if slow or fps < _LIVE_FPS:
        todo = "close other programs, or use --max-faces 1; live, late frames are dropped and counted"
        return Check(name, Status.NOTE, found, todo, facts)
    return Check(name, Status.OK, found, facts=facts)
