"""95 % intervals of shares of time, of frames that resemble their neighbors."""

from __future__ import annotations

import numpy as np
import pytest

from models.manifest import EMOTIONS
from realtime.timeline.share_interval import effective_count, share_intervals, wilson_interval
from realtime.timeline.timeline import LABELS, Timeline
from tests.support.values.analysed import moment

SHARES = np.array([0.5, 0.3, 0.2])


def series(rng: np.random.Generator, steps: int, dwell_steps: float) -> np.ndarray:
    """A face that now and then takes on another expression, `(T, L)`; `SHARES` say how often it is which."""
    starts = rng.random(steps) < 1 / dwell_steps
    starts[0] = True
    drawn = rng.choice(len(SHARES), size=steps, p=SHARES)
    return np.eye(len(SHARES))[drawn[np.maximum.accumulate(np.where(starts, np.arange(steps), 0))]]


@pytest.mark.parametrize(("steps", "dwell_steps"), [(50, 10), (300, 20), (1200, 20)])
def test_about_95_of_100_intervals_hold_the_true_share(steps: int, dwell_steps: float) -> None:
    rng = np.random.default_rng(7)
    held = naive = 0.0
    for _ in range(200):
        shown = series(rng, steps, dwell_steps)
        for count, weight in ((effective_count(shown), (1, 0)), (float(steps), (0, 1))):
            low, high = wilson_interval(shown.mean(axis=0), count).T
            inside = ((low <= SHARES) & (high >= SHARES)).mean() / 200
            held, naive = held + weight[0] * inside, naive + weight[1] * inside
    assert 0.9 < held <= 1
    assert naive < 0.6, "frames taken for independent promise far too much"


def test_a_mood_that_flickers_counts_by_the_mood_and_not_by_the_flicker() -> None:
    """Labels change in every second step, but how often they are which changes with a mood of some 100 steps."""
    rng = np.random.default_rng(3)
    moods, held = np.array([[0.85, 0.1, 0.05], [0.15, 0.5, 0.35]]), 0.0
    for _ in range(100):
        mood = series(rng, 2000, 100)[:, :1]  # SHARES[0] of the time
        chances = mood * moods[0] + (1 - mood) * moods[1]
        shown = np.eye(3)[(rng.random(2000)[:, None] > chances.cumsum(axis=1)).sum(axis=1).clip(0, 2)]
        low, high = wilson_interval(shown.mean(axis=0), effective_count(shown)).T
        held += ((low <= moods.mean(axis=0)) & (high >= moods.mean(axis=0))).mean() / 100
    assert 0.85 < held <= 1


def test_independent_moments_count_in_full_and_one_expression_counts_once() -> None:
    alternating = np.eye(2)[np.arange(200) % 2]
    assert effective_count(alternating) == 200
    rng = np.random.default_rng(0)
    assert effective_count(series(rng, 4000, 1.0)) > 2000
    assert effective_count(np.tile([1.0, 0.0], (300, 1))) == 1, "however long one smile lasts"
    assert effective_count(np.eye(2)[[0]]) == 1
    assert effective_count(np.eye(2)[np.arange(300) // 100 % 2]) <= 3, "no more than there are spells"


def test_wilsons_interval_is_the_published_one() -> None:
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I: 81 of 263, 15 of 148, 0 of 20.
    found = [wilson_interval(np.array([hits / of]), of)[0] for hits, of in ((81, 263), (15, 148), (0, 20))]
    assert np.array(found) == pytest.approx(np.array([[0.2553, 0.3662], [0.0624, 0.1605], [0.0, 0.1611]]), abs=1e-4)


def test_a_person_has_one_interval_for_each_label() -> None:
    timeline = Timeline()
    for n in range(100):
        timeline.write(moment(n / 10, {1: "happiness" if n // 10 % 2 else "uncertain"}))
    timeline.close()
    [person] = timeline.people
    intervals = share_intervals(person.bins)
    assert intervals.shape == (len(LABELS), 2)
    for label in ("happiness", "uncertain"):
        low, high = intervals[LABELS.index(label)]
        assert 0.1 < low < 0.5 < high < 0.9
    assert (intervals[[LABELS.index(name) for name in EMOTIONS if name != "happiness"], 0] == 0).all()
