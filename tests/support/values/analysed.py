"""Analysed frames with given people, labels and times, for tests of what is gathered over a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from models.manifest import EMOTIONS
from realtime.app.jobs.analyse import Analysis
from realtime.capture.video_file import FileSource
from realtime.core.config import PipelineConfig
from realtime.core.metrics import Metrics
from realtime.core.types import UNCERTAIN, Analysed, Emotions, Faces, Frame
from realtime.timeline.analysis_results import AnalysisResults
from tests.support.fakes import blank, one_hot

SIZE_WH = (320, 240)


def moment(time_s: float, people: Mapping[int, str], *, grey: int = 90, reason: str = "turned") -> Analysed:
    """A frame at `time_s` in which person -> label is seen; "uncertain" carries `reason`."""
    image = blank(*SIZE_WH, grey)
    count = len(people)
    boxes = np.array([[20 + 70 * n, 60, 70 + 70 * n, 120] for n in range(count)], np.float32).reshape(count, 4)
    faces = Faces(
        boxes_xyxy=boxes,
        landmarks_xy=np.zeros((count, 468, 2), np.float32),
        head_pose_deg=np.zeros((count, 3), np.float32),
        track_ids=np.array(list(people), np.int64).reshape(count),
    )
    labels = tuple(people.values())
    shares = [one_hot(label) if label in EMOTIONS else np.full(len(EMOTIONS), 1 / 6, np.float32) for label in labels]
    raw = np.array(shares, np.float32).reshape(count, len(EMOTIONS))
    emotions = Emotions(
        probabilities=raw,
        by_region=np.repeat(raw[:, None], 2, axis=1),
        reliability=np.ones((count, 2), np.float32),
        labels=labels,
        raw=raw,
        reasons=tuple(reason if label == UNCERTAIN else "" for label in labels),
    )
    return Analysed(Frame(image, round(time_s * 10), time_s, 0.0), faces, emotions)


def results_of(frames: Iterable[Analysed]) -> AnalysisResults:
    """What the desktop program keeps of these frames."""
    results = AnalysisResults()
    for analysed in frames:
        results.add(analysed)
    return results


def analysis_of(path: Path, people: Mapping[int, str] | None = None) -> Analysis:
    """A video as if it had been analysed, and these people seen in each frame: person 1, always happy, unless told."""
    source = FileSource(str(path))
    info = source.open()
    times = []
    while (frame := source.read()) is not None:
        times.append(frame.media_time_s)
    source.close()
    results = results_of([moment(time_s, people or {1: "happiness"}) for time_s in times])
    return Analysis(str(path), info, results, Metrics(), "cpu", 0.0, PipelineConfig())
