from __future__ import annotations

import numpy as np

from realtime.core.metrics import Metrics, percentile
from realtime.core.types import Analysed
from realtime.timeline.label_spans import LabelSpans
from tests.support.fakes import make_emotions, make_faces, make_frame, one_hot


def analysed(index: int, *emotions: str) -> Analysed:
    faces = make_faces([(20 + 20 * n, 20) for n in range(len(emotions))])
    faces = faces.with_track_ids(np.arange(1, len(emotions) + 1))
    raw = np.stack([one_hot(name) for name in emotions]) if emotions else np.zeros((0, 6), np.float32)
    return Analysed(make_frame(index), faces, make_emotions(raw))


def test_spans_say_what_was_seen_when() -> None:
    log = LabelSpans()
    for index in range(90):
        log.write(analysed(index, "happiness" if index < 30 else "neutral", "anger"))
    assert log.lines() == [
        "person 1: happiness 0.0-1.0 s, neutral 1.0-3.0 s",
        "person 2: anger 0.0-3.0 s",
    ]
    assert (log.frames, log.frames_with_face) == (90, 90)


def test_flashes_are_left_out_and_gaps_begin_new_spans() -> None:
    log = LabelSpans()
    for index in [*range(30), *range(90, 120)]:
        log.write(analysed(index, "fear"))
    log.write(analysed(121, "anger"))
    assert log.lines() == ["person 1: fear 0.0-1.0 s, fear 3.0-4.0 s"]


def test_nobody_is_said_too() -> None:
    log = LabelSpans()
    log.write(analysed(0))
    assert log.lines() == ["no face was seen"]


def test_rates_count_intervals_and_latency_is_a_percentile() -> None:
    now = [100.0]
    metrics = Metrics(lambda: now[0])
    assert metrics.fps() == 0.0
    for _ in range(11):
        metrics.shown(now[0] - 0.05)
        now[0] += 0.1
    assert abs(metrics.fps() - 10) < 1e-6
    assert abs(metrics.latency_ms() - 50) < 1e-6
    assert percentile([1, 2, 3, 4], 0.95) == 4
    assert percentile(list(range(1, 21)), 0.95) == 19
    assert percentile([1, 2], 0.5) == 1
    assert percentile([], 0.5) == 0.0


def test_stage_times_are_per_frame() -> None:
    metrics = Metrics()
    with metrics.timed("classify", 4):
        sum(range(200_000))
    with metrics.timed("classify"):
        pass
    times = metrics.stages()["classify"]
    assert times.cpu_ms > 0
    assert times.p95_ms >= times.p50_ms
