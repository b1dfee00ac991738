"""One person's filter over time, apart from the labels that are made of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.manifest import EMOTIONS
from realtime.core.config import SmoothingConfig
from realtime.smoothing.temporal_filter import Rates, TemporalFilter, gain, log_evidence
from tests.support.fakes import one_hot

RATES = Rates.of(SmoothingConfig())
FEAR, ANGER = EMOTIONS.index("fear"), EMOTIONS.index("anger")


def said(emotion: str, confidence: float = 0.9) -> np.ndarray:
    return log_evidence(one_hot(emotion, confidence))


@settings(max_examples=50)
@given(
    arrays(np.float32, (8, len(EMOTIONS)), elements=st.floats(0, 1, width=32)),
    arrays(np.float64, 8, elements=st.floats(0, 1)),
    arrays(np.float64, 8, elements=st.floats(0, 5)),
)
def test_belief_and_what_is_shown_stay_distributions(raw: np.ndarray, trust: np.ndarray, gaps_s: np.ndarray) -> None:
    person = TemporalFilter(RATES, log_evidence(raw[0]), float(trust[0]))
    for row, sure, gap_s in zip(raw, trust, gaps_s, strict=True):
        person.observe(log_evidence(row), float(sure), float(gap_s))
        for found in (person.belief, person.shown):
            assert found.sum() == pytest.approx(1, abs=1e-5)
            assert found.min() >= 0
        assert 0 <= person.trust <= 1
        assert person.regret_nats >= 0


@given(st.floats(0, 1), st.floats(0.001, 2))
def test_two_steps_move_a_mean_as_far_as_one_of_their_length(share: float, whole_s: float) -> None:
    first_s, tau_s = share * whole_s, 0.2
    twice = 1 - (1 - gain(first_s, tau_s)) * (1 - gain(whole_s - first_s, tau_s))
    assert twice == pytest.approx(gain(whole_s, tau_s), abs=1e-9)
    assert gain(tau_s, tau_s) == pytest.approx(0.632, abs=1e-3)


def test_no_single_frame_outweighs_all_others() -> None:
    assert log_evidence(np.float32([1, 0, 0, 0, 0, 1e-9])).min() == pytest.approx(np.log(5e-3))


def test_two_frames_of_one_time_are_taken_without_smoothing_too() -> None:
    person = TemporalFilter(Rates.of(SmoothingConfig(time_constant_ms=0)), said("fear"), 1.0)
    with np.errstate(all="raise", under="ignore"):
        for gap_s in (0.1, 0.0, 0.0):
            person.observe(said("fear"), 1.0, gap_s)
            assert person.belief[FEAR] == pytest.approx(1)
        person.observe(said("anger"), 1.0, 0.1)
    assert person.belief[ANGER] == pytest.approx(1)


def test_a_frame_that_cannot_be_trusted_says_nothing_and_lets_belief_leak() -> None:
    person = TemporalFilter(RATES, said("fear"), 1.0)
    before, shown = person.belief.copy(), person.shown
    person.observe(said("anger", 0.99), 0.0, 0.1)
    assert person.belief[FEAR] < before[FEAR]
    others = np.delete(person.belief, FEAR)
    assert np.ptp(others) == pytest.approx(np.ptp(np.delete(before, FEAR)) * (1 - RATES.change_share(0.1)), abs=1e-9)
    np.testing.assert_allclose(person.shown, shown, atol=1e-6)


def test_a_frame_stands_for_a_quarter_of_a_second_at_most() -> None:
    assert RATES.weight(3.0, 1.0) == RATES.weight(0.25, 1.0) == 2 * RATES.weight(0.125, 1.0) == 2 * RATES.weight(9, 0.5)


def test_doubt_shows_sooner_than_trust_returns() -> None:
    falling, rising = TemporalFilter(RATES, said("fear"), 1.0), TemporalFilter(RATES, said("fear"), 0.0)
    falling.observe(said("fear"), 0.0, 0.05)
    rising.observe(said("fear"), 1.0, 0.05)
    assert 1 - falling.trust > 2 * rising.trust > 0


def test_a_new_name_begins_with_what_was_seen_last_and_remembers_what_it_left() -> None:
    person = TemporalFilter(RATES, said("fear"), 1.0)
    for _ in range(6):
        person.observe(said("anger"), 1.0, 1 / 30)
    assert person.shown[ANGER] < 0.5, "what speaks against a name is not shown under it"
    person.change_to(ANGER)
    assert (person.emotion, person.left, person.regret_nats) == (ANGER, FEAR, 0.0)
    assert person.shown.argmax() == ANGER
    person.observe(said("fear"), 1.0, 1 / 30)
    assert person.regret_nats > 0


def test_no_bar_rises_above_that_of_the_emotion_that_is_held() -> None:
    person = TemporalFilter(RATES, said("fear"), 1.0)
    nearly = np.full(len(EMOTIONS), 0.02, np.float32)
    nearly[FEAR], nearly[ANGER] = 0.42, 0.50
    for _ in range(60):
        person.observe(log_evidence(nearly), 1.0, 1 / 30)
    assert person.emotion == FEAR, "only `change_to` changes it"
    assert person.shown[FEAR] == person.shown.max() == np.float32(person.confidence)
