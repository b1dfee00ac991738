from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.manifest import EMOTIONS
from realtime.core.config import SmoothingConfig
from realtime.core.errors import ConfigError
from realtime.core.types import Emotions
from realtime.smoothing.label_smoother import LabelSmoother, label_single_frames
from tests.support.fakes import make_emotions, make_faces, one_hot

K = len(EMOTIONS)


def feed(
    smooth: LabelSmoother, raw: np.ndarray, at_s: float, track: int = 1, trust: float = 1.0, reason: str = ""
) -> Emotions:
    faces = make_faces().with_track_ids(np.array([track], np.int64))
    return smooth.update(faces, make_emotions(raw, trust, reason), at_s)


def play(
    smooth: LabelSmoother, emotion: str, start_s: float, seconds: float, fps: float = 30.0, **options: object
) -> list[Emotions]:
    times = start_s + np.arange(round(seconds * fps)) / fps
    return [feed(smooth, one_hot(emotion), float(at), **options) for at in times]  # type: ignore[arg-type]


def test_a_constant_input_converges_to_itself() -> None:
    last = play(LabelSmoother(SmoothingConfig()), "happiness", 0, 3)[-1]
    np.testing.assert_allclose(last.probabilities[0], one_hot("happiness"), atol=1e-3)
    assert last.labels == ("happiness",)


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float32, (12, K), elements=st.floats(0.0009765625, 1, width=32)),
    arrays(np.float32, 12, elements=st.floats(0, 1, width=32)),
)
def test_probabilities_stay_a_distribution(raw: np.ndarray, trust: np.ndarray) -> None:
    smooth = LabelSmoother(SmoothingConfig())
    for number, row in enumerate(raw):
        said = feed(smooth, row / row.sum(), number / 30, trust=float(trust[number]))
        np.testing.assert_allclose(said.probabilities.sum(axis=1), 1, atol=1e-5)


def check_shown(said: Emotions, config: SmoothingConfig) -> None:
    """The rule of docs/steadiness.md: label and confidence follow from the distribution that is shown with them."""
    for row, label in enumerate(said.labels):
        if label != "uncertain":
            shares = said.probabilities[row]
            assert shares[EMOTIONS.index(label)] == shares.max() == np.float32(said.confidence(row))
            assert said.confidence(row) >= config.min_confidence
        assert (label == "uncertain") == (said.reasons[row] != "")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, K - 1), st.integers(1, 12), st.floats(0.2, 0.99)), min_size=2, max_size=12),
    st.sampled_from([0.0, 50.0, 200.0, 900.0]),
    st.sampled_from([0.0, 300.0]),
    st.sampled_from([0.0, 0.4, 0.7]),
    st.sampled_from([1.0, 0.5, 0.2]),
    st.integers(0, 2**32 - 1),
)
def test_the_label_is_always_the_largest_of_what_is_shown_and_above_the_limit(
    course: list[tuple[int, int, float]], tau_ms: float, dwell_ms: float, limit: float, least_trust: float, seed: int
) -> None:
    config = SmoothingConfig(time_constant_ms=tau_ms, min_dwell_ms=dwell_ms, min_confidence=limit)
    smooth, rng, now_s = LabelSmoother(config), np.random.default_rng(seed), 0.0
    for emotion, frames, share in course:
        for _ in range(frames):
            raw = np.float32(0.8 * one_hot(EMOTIONS[emotion], share) + 0.2 * rng.dirichlet(np.ones(K)))
            said = feed(smooth, raw, now_s, trust=float(rng.uniform(least_trust, 1)), reason="turned")
            check_shown(said, config)
            now_s += rng.uniform(0.01, 0.3)


def switch_time_s(fps: float, keep: float = 1.0) -> float:
    smooth, rng = LabelSmoother(SmoothingConfig()), np.random.default_rng(3)
    play(smooth, "neutral", 0, 2, fps)
    for number in range(round(3 * fps)):
        if rng.random() <= keep and feed(smooth, one_hot("happiness"), 2 + number / fps).labels == ("happiness",):
            return number / fps
    return float("inf")


def test_a_new_expression_shows_soon_at_any_frame_rate_and_with_frames_dropped() -> None:
    assert switch_time_s(30) < 0.35
    for other in (switch_time_s(60), switch_time_s(10), switch_time_s(30, keep=0.67)):
        assert abs(other - switch_time_s(30)) <= 0.1


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, K, elements=st.floats(0.03125, 1, width=32)), st.floats(0.3, 1), st.integers(10, 60))
def test_any_constant_input_converges_to_itself_at_any_rate(raw: np.ndarray, trust: float, fps: int) -> None:
    second, largest = np.sort(raw)[-2:]
    assume(largest > 1.2 * second)  # of two that are nearly equal the one that is named first stays named
    row, smooth = raw / raw.sum(), LabelSmoother(SmoothingConfig())
    feed(smooth, one_hot("fear"), 0.0)
    for number in range(1, 14 * fps):
        last = feed(smooth, row, number / fps, trust=trust)
    np.testing.assert_allclose(last.probabilities[0], row, atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.booleans(), min_size=60, max_size=60))
def test_dropped_frames_change_nothing_while_an_expression_lasts(kept: list[bool]) -> None:
    whole, holed = LabelSmoother(SmoothingConfig()), LabelSmoother(SmoothingConfig())
    for number in range(90):
        row = one_hot("neutral" if number < 30 else "happiness")
        every = feed(whole, row, number / 30)
        # The frame before the change and the last one are seen; any others may be missing.
        if number in (29, 89) or number < 30 or kept[number - 30]:
            some = feed(holed, row, number / 30)
    np.testing.assert_allclose(every.probabilities, some.probabilities, atol=1e-3)
    assert every.labels == some.labels == ("happiness",)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(3)))
def test_the_order_of_faces_does_not_matter(order: list[int]) -> None:
    rows = np.stack([one_hot("fear"), one_hot("anger", 0.6), one_hot("neutral", 0.5)])
    straight, mixed = LabelSmoother(SmoothingConfig()), LabelSmoother(SmoothingConfig())
    places, ids = make_faces([(50.0, 50.0)] * 3), np.arange(1, 4)
    for number in range(10):
        noisy = np.roll(rows, number % 2, axis=1)
        a = straight.update(places.with_track_ids(ids), make_emotions(noisy), number / 30)
        b = mixed.update(places.with_track_ids(ids[order]), make_emotions(noisy[order]), number / 30)
        np.testing.assert_array_equal(a.probabilities[order], b.probabilities)
        assert [a.labels[place] for place in order] == list(b.labels)


def test_reset_forgets_everything() -> None:
    used, fresh = LabelSmoother(SmoothingConfig()), LabelSmoother(SmoothingConfig())
    play(used, "anger", 0, 1)
    play(used, "happiness", 1, 1, trust=0.3, reason="small")
    used.reset()
    for a, b in zip(play(used, "fear", 2, 1), play(fresh, "fear", 2, 1), strict=True):
        np.testing.assert_array_equal(a.probabilities, b.probabilities)
        assert (a.labels, a.reasons) == (b.labels, b.reasons)


def test_going_back_at_once_takes_more_than_going_on() -> None:
    def back_after_s(third: str) -> float:
        smooth = LabelSmoother(SmoothingConfig())
        play(smooth, "neutral", 0, 2)
        play(smooth, "happiness", 2, 0.5)
        shown = [said.labels[0] for said in play(smooth, third, 2.5, 3)]
        return shown.index(third) / 30

    assert back_after_s("surprise") < 0.4
    assert back_after_s("surprise") + 0.2 < back_after_s("neutral") < 1.0


def test_without_smoothing_each_frame_speaks_for_itself() -> None:
    smooth = LabelSmoother(SmoothingConfig(time_constant_ms=0, min_dwell_ms=0))
    for number, name in enumerate(("fear", "anger", "fear", "neutral") * 3):
        said = feed(smooth, one_hot(name), number / 30)
        assert said.labels == (name,)
        np.testing.assert_allclose(said.probabilities[0], one_hot(name), atol=1e-4)


def test_while_one_expression_gives_way_to_another_nothing_is_called_unclear() -> None:
    smooth = LabelSmoother(SmoothingConfig())
    play(smooth, "neutral", 0, 2)
    shown = {said.labels[0] for said in play(smooth, "surprise", 2, 1)}
    assert shown == {"neutral", "surprise"}


def test_what_is_shown_does_not_speak_against_a_label_that_is_held() -> None:
    smooth = LabelSmoother(SmoothingConfig())
    play(smooth, "neutral", 0, 2)
    play(smooth, "happiness", 2, 0.6)
    held = [said for said in play(smooth, "neutral", 2.6, 2) if said.labels == ("happiness",)]
    assert len(held) > 10, "going back at once is doubted"
    assert min(said.probabilities[0, EMOTIONS.index("happiness")] for said in held) > 0.25


def test_the_reason_stays_while_trust_returns() -> None:
    smooth = LabelSmoother(SmoothingConfig())
    play(smooth, "neutral", 0, 0.5, trust=0.0, reason="turned")
    said = feed(smooth, one_hot("neutral"), 0.5)
    assert (said.labels, said.reasons) == (("uncertain",), ("turned",))


def test_one_odd_frame_does_not_flip_the_label() -> None:
    smooth = LabelSmoother(SmoothingConfig())
    play(smooth, "neutral", 0, 1)
    assert feed(smooth, one_hot("anger", 0.99), 1.0).labels == ("neutral",)


def test_noise_between_two_emotions_flips_less_than_the_raw_answer() -> None:
    rng, smooth = np.random.default_rng(0), LabelSmoother(SmoothingConfig())
    labels, raw_labels = [], []
    for number in range(600):
        raw = one_hot("neutral" if rng.random() < 0.6 else "sadness", 0.6)
        raw_labels.append(int(raw.argmax()))
        labels.append(feed(smooth, raw, number / 30).labels[0])
    flips = sum(a != b for a, b in pairwise(labels))
    raw_flips = sum(a != b for a, b in pairwise(raw_labels))
    assert raw_flips > 200
    assert flips * 5 <= raw_flips


def test_people_do_not_mix_and_a_new_track_starts_fresh() -> None:
    smooth = LabelSmoother(SmoothingConfig())
    play(smooth, "happiness", 0, 1, track=1)
    said = feed(smooth, one_hot("sadness"), 1.0, track=2)
    np.testing.assert_allclose(said.probabilities[0], one_hot("sadness"), atol=1e-3)


def test_unreliable_frames_count_less_and_end_as_uncertain_with_the_reason() -> None:
    smooth = LabelSmoother(SmoothingConfig())
    play(smooth, "happiness", 0, 1)
    turned = play(smooth, "anger", 1, 1, trust=0.0, reason="turned")
    assert turned[0].labels == ("happiness",), "a moment of doubt changes nothing yet"
    assert (turned[-1].labels, turned[-1].reasons) == (("uncertain",), ("turned",))
    np.testing.assert_allclose(turned[-1].probabilities[0], one_hot("happiness"), atol=2e-2)


def test_no_clear_expression_is_uncertain() -> None:
    said = feed(LabelSmoother(SmoothingConfig()), np.full(K, 1 / K, np.float32), 0.0)
    assert (said.labels, said.reasons) == (("uncertain",), ("no clear expression",))


def test_reset_and_time_jumps_forget() -> None:
    smooth = LabelSmoother(SmoothingConfig())
    play(smooth, "happiness", 10, 1)
    back = feed(smooth, one_hot("fear"), 2.0)
    np.testing.assert_allclose(back.probabilities[0], one_hot("fear"), atol=1e-3)
    smooth.reset()
    after = feed(smooth, one_hot("anger"), 2.1)
    np.testing.assert_allclose(after.probabilities[0], one_hot("anger"), atol=1e-3)


def test_time_shift_changes_nothing() -> None:
    early, late = LabelSmoother(SmoothingConfig()), LabelSmoother(SmoothingConfig())
    for emotion, start in (("neutral", 0.0), ("surprise", 1.0)):
        a, b = play(early, emotion, start, 1)[-1], play(late, emotion, 1000 + start, 1)[-1]
        np.testing.assert_allclose(a.probabilities, b.probabilities, atol=1e-4)


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="0 ms or more"):
        SmoothingConfig(time_constant_ms=-1)
    with pytest.raises(ConfigError, match="0 to 1"):
        SmoothingConfig(min_confidence=2)


def test_a_head_that_swings_to_and_fro_is_not_named_in_between() -> None:
    smooth, labels = LabelSmoother(SmoothingConfig()), []
    play(smooth, "happiness", 0, 2)
    for swing in range(4):
        start_s = 2 + swing * 0.8
        away = play(smooth, "happiness", start_s, 0.4, trust=0.0, reason="turned")
        back = play(smooth, "happiness", start_s + 0.4, 0.4)
        labels += [said.labels[0] for said in (*away, *back)]
    assert sum(before != after for before, after in pairwise(labels)) <= 1
    assert labels[-1] == "uncertain"
    assert {said.reasons for said in back} == {("turned",)}, "a face that was turned just now is no unclear one"
    assert play(smooth, "happiness", 5.2, 1)[-1].labels == ("happiness",)


@pytest.mark.parametrize("frames_back", range(10, 30))
def test_nobody_is_named_in_the_frame_in_which_they_turn_away_again(frames_back: int) -> None:
    smooth = LabelSmoother(SmoothingConfig())
    play(smooth, "happiness", 0, 2)
    play(smooth, "happiness", 2, 0.5, trust=0.0, reason="turned")
    before = play(smooth, "happiness", 2.5, frames_back / 30)[-1].labels
    again = feed(smooth, one_hot("happiness"), 2.5 + frames_back / 30, trust=0.0, reason="turned").labels
    # Whoever is back is named after 0.6 s. The frame of turning away names nobody, and takes no name away at once.
    shown = ("uncertain",) if frames_back < 19 else ("happiness",)
    assert (before, again) == (shown, shown)


def test_single_frames_are_named_anew_after_their_answers_were_shifted() -> None:
    rows = np.stack([one_hot("sadness"), one_hot("neutral", 0.3), one_hot("fear")])
    shifted = dataclasses.replace(make_emotions(rows), labels=("neutral", "fear", "anger"), reasons=("", "", "small"))
    said = label_single_frames(shifted, SmoothingConfig())
    assert said.labels == ("sadness", "uncertain", "uncertain")
    assert said.reasons == ("", "no clear expression", "small")


def test_after_a_change_the_bars_begin_with_what_decided_for_it() -> None:
    smooth = LabelSmoother(SmoothingConfig())
    play(smooth, "neutral", 0, 2)
    shown = [said for said in play(smooth, "happiness", 2, 1) if said.labels == ("happiness",)]
    assert shown[0].confidence(0) > 0.5
    held = [said for said in play(smooth, "neutral", 3, 0.2) if said.labels == ("happiness",)]
    assert held
    assert min(said.confidence(0) for said in held) > 0.8, "what speaks against a label is not shown under it"
