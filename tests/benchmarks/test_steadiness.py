"""The benchmark of steadiness: its people, its measures, and the bars that need no real faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.steadiness.filters import NO_LABEL, RIVALS, live, offline, raw
from benchmarks.steadiness.metrics import both_ways_figures, clip_figures, flips, switch_figures, tracked
from benchmarks.steadiness.plot import draw_curves
from benchmarks.steadiness.scenes import crossing, leaving
from benchmarks.steadiness.simulated_people import Kind, Noise, ValidationFaces, measure_noise, simulate
from benchmarks.steadiness.streams import thumbnail, watch
from models.manifest import EMOTIONS
from realtime.core.config import PipelineConfig, SmoothingConfig
from realtime.landmarks.scene_cut_detector import SceneCutDetector

K = len(EMOTIONS)


def made_faces(count: int = 300) -> ValidationFaces:
    """Experts that are right for about four faces in five."""
    rng = np.random.default_rng(0)
    truth = np.arange(count) % K
    logits = rng.normal(0, 1.2, (count, K)) + 3.2 * np.eye(K)[truth]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return ValidationFaces(shares.astype(np.float32), truth)


NOISE = Noise(np.eye(K) * 0.8, 0.12)


def crowd(kind: Kind, fps: float = 30, dropped: float = 0, people: int = 8) -> list:
    rng = np.random.default_rng(1)
    faces = made_faces() if kind is not Kind.EPISODES else made_faces().understood()
    return [simulate(faces, NOISE, kind, fps=fps, dropped=dropped, episodes=4, rng=rng) for _ in range(people)]


@pytest.mark.parametrize("kind", list(Kind))
def test_people_show_what_they_should_when_they_should(kind: Kind) -> None:
    for person in crowd(kind, people=4):
        assert (np.diff(person.times_s) > 0).all()
        np.testing.assert_allclose(person.raw.sum(axis=1), 1, atol=1e-5)
        assert (np.diff(person.truth) != 0).all()
        episode = np.searchsorted(person.changes_s, person.times_s, side="right")
        right = person.raw.argmax(axis=1) == person.truth[episode]
        assert right.mean() > 0.6


def test_the_noise_of_a_stream_is_measured() -> None:
    rng = np.random.default_rng(0)
    times_s = np.arange(3000) / 30
    walk = np.zeros((3000, K))
    for step in range(1, 3000):
        walk[step] = 0.7 * walk[step - 1] + 0.3 * rng.standard_normal(K)
    shares = np.exp(walk) / np.exp(walk).sum(axis=1, keepdims=True)
    noise = measure_noise([(times_s, shares.astype(np.float32))])
    assert 0.05 < noise.correlation_s < 0.15
    assert 0.25 < np.sqrt((noise.root**2).sum() / K) < 0.5


def test_labels_that_know_the_truth_have_no_lag_and_no_flips() -> None:
    people = crowd(Kind.INDEPENDENT)
    truths = {id(p.times_s): p.truth[np.searchsorted(p.changes_s, p.times_s, side="right")] for p in people}
    found = switch_figures(people, lambda times_s, *_: truths[id(times_s)])
    assert found["p95"] <= 34
    assert found["flips_per_minute"] == 0
    assert switch_figures(people, lambda times_s, *_: np.full(len(times_s), NO_LABEL))["never_shown"] == 1


def test_the_program_is_calm_and_quick_at_every_frame_rate() -> None:
    at_30 = switch_figures(crowd(Kind.INDEPENDENT), live(200))
    noisy = switch_figures(crowd(Kind.INDEPENDENT), raw)
    assert at_30["p50"] < 350
    assert at_30["flips_per_minute"] * 20 < noisy["flips_per_minute"]
    for other in (crowd(Kind.INDEPENDENT, 10), crowd(Kind.INDEPENDENT, 30, 1 / 3)):
        assert abs(switch_figures(other, live(200))["p50"] - at_30["p50"]) < 70


def test_both_ways_no_lag_is_left() -> None:
    found = both_ways_figures(crowd(Kind.INDEPENDENT), offline(200))
    assert found["flips_per_minute"] == 0
    assert abs(found["median_ms"]) < 1000 / 30


@pytest.mark.parametrize("name", list(RIVALS))
def test_every_filter_calms_a_noisy_stream(name: str) -> None:
    people = crowd(Kind.INDEPENDENT, people=2)
    for person in people:
        sure = np.ones(len(person.times_s), np.float32)
        assert flips(RIVALS[name](300)(person.times_s, person.raw, sure)) < flips(raw(person.times_s, person.raw, sure))


def test_the_curves_are_drawn(tmp_path: Path) -> None:
    points = [
        {"tau_ms": tau, "clip_flips_per_minute": 9 - tau / 50, "p50": tau, "p95": 2 * tau} for tau in (100.0, 200.0)
    ]
    draw_curves(dict.fromkeys(RIVALS, points), tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 5000


def test_a_thumbnail_shows_the_same_cuts_as_its_picture() -> None:
    rng = np.random.default_rng(0)
    whole, small = SceneCutDetector(), SceneCutDetector()
    pictures = [rng.integers(0, 255, (365, 641, 3)).astype(np.uint8) for _ in range(4)]
    for step in range(12):
        picture = pictures[step // 3]
        assert whole.is_cut(picture) == small.is_cut(thumbnail(picture))


def test_people_of_a_real_clip_keep_their_numbers_between_cuts(real_data: Path) -> None:
    seen = watch(real_data / "videos" / "several_people_cuts.mp4", PipelineConfig())
    cuts = SceneCutDetector()
    found = [number for number, one in enumerate(seen) if cuts.is_cut(one.thumb_bgr)]
    assert found == [20, 82, 211]
    ids = [set(faces.track_ids.tolist()) for faces in tracked(seen)]
    between = set().union(*ids[82:211])
    assert len(between) == 1
    assert not between & set().union(*ids[:82], *ids[211:])
    figures = clip_figures(seen, SmoothingConfig())
    assert figures["flips"] * 3 <= figures["raw_flips"]


def test_crossing_and_coming_back_keep_the_number(real_data: Path) -> None:
    names = ("talking_33s", "neutral_portrait_480x908", "talking_no_sound")
    front, other, third = (real_data / "videos" / f"{name}.mp4" for name in names)
    for pair in ((front, other), (other, third)):
        found = crossing(pair)
        assert (found["ids"], found["identity_changes"]) == (2, 0)
    assert leaving(front)["ids"] == 1
