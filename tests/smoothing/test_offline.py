"""Smoothing in both directions of time, and the two passes over a file that it takes."""

from __future__ import annotations

import csv
from itertools import islice, pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from demo import CLIP_PATH
from models.manifest import EMOTIONS
from realtime.core.config import PipelineConfig, SmoothingConfig
from realtime.core.errors import ConfigError, SourceReadError
from realtime.core.options import AnalysisOptions, RunOptions, SmoothingMode
from realtime.core.types import Emotions
from realtime.recording.recording_sink import RecordingOptions
from realtime.reports.table_sink import TableOptions
from realtime.session.session import Session
from realtime.smoothing.offline import smooth_offline
from tests.support.fakes import make_emotions, one_hot
from tests.support.pictures.made_clips import cut, write_clip

K = len(EMOTIONS)


def smooth(rows: np.ndarray, times_s: np.ndarray, trust: np.ndarray | None = None, reason: str = "") -> list[Emotions]:
    trust = np.ones(len(rows)) if trust is None else trust
    said = [make_emotions(row, float(sure), reason) for row, sure in zip(rows, trust, strict=True)]
    return smooth_offline(times_s.tolist(), [np.array([1], np.int64)] * len(rows), said, SmoothingConfig())


def labels(said: list[Emotions]) -> list[str]:
    return [one.labels[0] for one in said]


def test_a_change_shows_in_the_frame_in_which_it_happens() -> None:
    rows = np.stack([one_hot("neutral")] * 30 + [one_hot("happiness")] * 30)
    assert labels(smooth(rows, np.arange(60) / 30)) == ["neutral"] * 30 + ["happiness"] * 30


def test_noise_makes_no_flip_and_moves_the_change_by_less_than_a_frame_in_the_median() -> None:
    rng, late = np.random.default_rng(0), []
    for _ in range(20):
        names = ["neutral"] * 45 + ["surprise"] * 45
        rows = np.stack([one_hot(name if rng.random() < 0.8 else "sadness", rng.uniform(0.4, 0.9)) for name in names])
        said = labels(smooth(rows, np.arange(90) / 30))
        changes = [place + 1 for place, (a, b) in enumerate(pairwise(said)) if a != b]
        assert len(changes) == 1
        late.append(changes[0] - 45)
    assert abs(np.median(late)) < 1


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, (12, K), elements=st.floats(0.0009765625, 1, width=32)))
def test_time_has_no_direction(raw: np.ndarray) -> None:
    # Of two equally probable courses either may be taken, so no two may be.
    raw = raw + np.random.default_rng(0).uniform(0, 1e-3, raw.shape)
    rows, times_s = raw / raw.sum(axis=1, keepdims=True), np.arange(12) / 30
    forth, back = smooth(rows, times_s), smooth(rows[::-1], times_s)[::-1]
    assert labels(forth) == labels(back)
    for a, b in zip(forth, back, strict=True):
        np.testing.assert_allclose(a.probabilities, b.probabilities, atol=1e-4)
    for one in forth:
        np.testing.assert_allclose(one.probabilities.sum(axis=1), 1, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float32, (30, K), elements=st.floats(0.0009765625, 1, width=32)),
    arrays(np.float64, 30, elements=st.floats(0, 1)),
    st.sampled_from([0.05, 0.3]),
)
def test_the_label_is_always_the_largest_of_what_is_shown_and_above_the_limit(
    raw: np.ndarray, trust: np.ndarray, step_s: float
) -> None:
    raw[:, 4] += 0.7 * (np.arange(30) // 6 % 2)  # so that some frames are clear
    for said in smooth(raw / raw.sum(axis=1, keepdims=True), np.arange(30) * step_s, trust, reason="turned"):
        if said.labels[0] != "uncertain":
            shares = said.probabilities[0]
            assert shares[EMOTIONS.index(said.labels[0])] == shares.max() >= SmoothingConfig().min_confidence
        assert (said.labels[0] == "uncertain") == (said.reasons[0] != "")


def test_a_constant_input_is_itself_from_the_first_frame() -> None:
    for one in smooth(np.stack([one_hot("fear", 0.7)] * 5), np.arange(5) / 10):
        np.testing.assert_allclose(one.probabilities[0], one_hot("fear", 0.7), atol=1e-5)
        assert one.labels == ("fear",)


def test_somebody_seen_once_keeps_their_own_answer() -> None:
    assert labels(smooth(one_hot("anger")[None], np.zeros(1))) == ["anger"]


def test_a_turned_face_has_no_label_and_a_short_unclear_moment_keeps_it() -> None:
    rows, times_s = np.stack([one_hot("anger")] * 60), np.arange(60) / 30
    trust = np.ones(60)
    trust[20:40] = 0
    turned = smooth(rows, times_s, trust, reason="turned")
    assert labels(turned)[20:40] == ["uncertain"] * 20
    assert {one.reasons[0] for one in turned[20:40]} == {"turned"}
    assert turned[10].labels == ("anger",)
    rows[30:33] = 1 / K
    assert labels(smooth(rows, times_s)) == ["anger"] * 60


def test_people_are_smoothed_apart_whatever_their_order() -> None:
    said = [make_emotions(np.stack([one_hot("fear"), one_hot("anger")])) for _ in range(20)]
    ids = [np.array([1, 2], np.int64)] * 20
    swapped = [make_emotions(np.stack([one_hot("anger"), one_hot("fear")])) for _ in range(10)]
    mixed = smooth_offline(
        (np.arange(20) / 30).tolist(),
        ids[:10] + [np.array([2, 1], np.int64)] * 10,
        said[:10] + swapped,
        SmoothingConfig(),
    )
    assert [one.labels for one in mixed] == [("fear", "anger")] * 10 + [("anger", "fear")] * 10


def test_nothing_is_nothing() -> None:
    assert smooth_offline([], [], [], SmoothingConfig()) == []


def offline_run(source: object, weights: Path, *outputs: object, **options: object) -> tuple[Session, list[str]]:
    notes: list[str] = []
    analysis = AnalysisOptions(pipeline=PipelineConfig(weights=weights), smoothing=SmoothingMode.OFFLINE, **options)
    return Session(RunOptions(str(source), analysis, outputs=outputs), notify=notes.append), notes


def test_two_passes_write_every_frame_with_its_own_picture(weights: Path, tmp_path: Path) -> None:
    video, table = tmp_path / "out.mp4", tmp_path / "out.csv"
    session, notes = offline_run(CLIP_PATH, weights, RecordingOptions(video), TableOptions(table), seconds=1)
    session.run()
    rows = list(csv.DictReader(table.open()))
    assert [int(row["frame"]) for row in rows] == list(range(30))
    assert {row["label"] for row in rows} == {"happiness"}
    assert notes[0].startswith("first pass")
    assert "second pass: 30 frames" in notes
    with av.open(str(video)) as container, av.open(str(CLIP_PATH)) as source:
        written = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
        given_last = next(islice(source.decode(video=0), 29, None)).to_ndarray(format="gray")
    assert len(written) == 30
    edge = np.abs(written[-1][-8:].astype(int) - given_last[-8:]).mean()
    assert edge < 6, "the last picture is that of the last frame"


def test_what_a_broken_file_has_is_written_before_its_error(weights: Path, tmp_path: Path) -> None:
    clip = cut(write_clip(tmp_path / "clip.mkv", 90, noise=True))
    session, _ = offline_run(clip, weights, TableOptions(tmp_path / "t.csv"))
    with pytest.raises(SourceReadError):
        session.run()
    frames = [int(row["frame"]) for row in csv.DictReader((tmp_path / "t.csv").open())]
    assert len(frames) > 10
    assert frames == list(range(len(frames)))


def test_a_source_that_goes_on_without_us_is_refused(weights: Path) -> None:
    with pytest.raises(ConfigError, match="leave --realtime or --smooth offline out"):
        offline_run(CLIP_PATH, weights, realtime=True)
