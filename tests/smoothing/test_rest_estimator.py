"""What is learned of a resting face without asking, and what must not be."""

from __future__ import annotations

import numpy as np
import pytest

from models.manifest import EMOTIONS, BaselineSpec
from realtime.inference.fusion import softmax
from realtime.smoothing.rest_estimator import RestEstimator

NEUTRAL, SADNESS, ANGER = map(EMOTIONS.index, ("neutral", "sadness", "anger"))
SPEC = BaselineSpec((-3.0, 1.0, -1.0, 0.0, 4.0, -1.0), gain=0.5, neutral_step=-1.5)
FPS = 10.0


def face(**differences: float) -> np.ndarray:
    """A face like the population's rest, but for some log-probabilities."""
    return softmax(
        np.array([r + differences.get(n, 0.0) for r, n in zip(SPEC.rest, EMOTIONS, strict=True)], np.float32)
    )


LAUGH = softmax(np.array([5.0, -1, -2, -2, 0, 0], np.float32))
SAD = softmax(np.array([-3.0, 3.5, 0, 1, 1, -2], np.float32))


def after(estimator: RestEstimator, raw: np.ndarray, seconds: float, trust: float = 1.0) -> RestEstimator:
    for _ in range(round(seconds * FPS)):
        estimator.observe(raw, trust, 1 / FPS)
    return estimator


def label(raw: np.ndarray, estimator: RestEstimator) -> str:
    return EMOTIONS[int((np.log(raw) + estimator.shift).argmax())]


def test_nothing_is_known_at_first_and_it_is_learned_slowly() -> None:
    known = RestEstimator(SPEC)
    assert not known.shift.any()
    assert known.known_share == 0
    after(known, face(), 2.0)
    assert known.known_share < 0.1
    after(known, face(), 60.0)
    assert 0.6 < known.known_share < 0.8
    assert known.shift[NEUTRAL] == pytest.approx(-1.5 * known.known_share, abs=0.05)


def test_a_slight_frown_of_a_very_neutral_face_is_heard_once_its_rest_is_known() -> None:
    known, frown = RestEstimator(SPEC), face(neutral=-1.3, anger=2.0)
    assert label(frown, known) == "neutral"
    after(known, face(neutral=0.5), 40.0)
    assert label(frown, known) == "anger"
    assert label(face(neutral=0.5), known) == "neutral"


def test_who_rests_a_little_sadly_is_called_neutral_after_a_while() -> None:
    known, rest = RestEstimator(SPEC), face(neutral=-1.6, sadness=1.6)
    assert label(rest, known) == "sadness"
    after(known, rest, 180.0)
    assert label(rest, known) == "neutral"
    assert label(SAD, known) == "sadness", "a clear expression still shows"


@pytest.mark.parametrize("shown", [LAUGH, SAD], ids=["a laugh", "sadness"])
@pytest.mark.parametrize("before_s", [0.0, 20.0])
def test_a_minute_of_a_clear_expression_is_no_rest(shown: np.ndarray, before_s: float) -> None:
    """Also where it is the first that is seen, when nothing else is known."""
    known = after(RestEstimator(SPEC), face(), before_s)
    emotion, before = int(shown.argmax()), known.shift.copy()
    after(known, shown, 60.0)
    assert label(shown, known) == EMOTIONS[emotion]
    np.testing.assert_allclose(known.shift, before, atol=0.1)


def test_talking_does_not_move_it() -> None:
    """Mouth open, mouth shut, a smile between: most frames are none of a rest."""
    rng = np.random.default_rng(5)
    known = after(RestEstimator(SPEC), face(), 20.0)
    before = known.shift.copy()
    for _ in range(round(60 * FPS)):
        mouth = rng.choice(3)
        known.observe((face(surprise=7.0), LAUGH, face(neutral=-1.0, surprise=2.5))[mouth], 1.0, 1 / FPS)
    assert np.abs(known.shift - before).max() < 0.5
    assert label(face(), known) == "neutral"


def test_a_difference_beyond_two_nats_counts_no_more() -> None:
    far = after(RestEstimator(SPEC), face(fear=-9.0), 3.0)
    assert 0 < far.shift[EMOTIONS.index("fear")] < 0.2


def test_unreliable_frames_and_absences_count_for_little() -> None:
    turned = after(RestEstimator(SPEC), face(), 60.0, trust=0.0)
    assert not turned.shift.any()
    away = RestEstimator(SPEC)
    away.observe(face(), 1.0, 4.0)
    assert away.known_share < 0.02, "a frame after four seconds stands for a quarter of one"
