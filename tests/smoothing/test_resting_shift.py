"""What a known resting face changes, in both directions."""

from __future__ import annotations

import numpy as np
import pytest

from models.manifest import EMOTIONS, BaselineSpec
from realtime.inference.fusion import centred_log
from realtime.smoothing.resting_shift import resting_shift, shifted
from tests.support.fakes import one_hot

NEUTRAL, SADNESS, ANGER = map(EMOTIONS.index, ("neutral", "sadness", "anger"))
SPEC = BaselineSpec((-3.0, 1.0, -1.0, 0.0, 4.0, -1.0), gain=0.5, neutral_step=-1.0)


def rest(**differences: float) -> np.ndarray:
    return np.array(SPEC.rest, np.float32) + np.array([differences.get(name, 0.0) for name in EMOTIONS], np.float32)


def test_a_person_like_all_others_changes_by_the_step_alone() -> None:
    np.testing.assert_allclose(resting_shift(rest(), SPEC), np.eye(6)[NEUTRAL] * -1.0, atol=1e-6)


def test_who_rests_very_clearly_neutral_is_heard_sooner_and_who_rests_sadly_later() -> None:
    clear = resting_shift(rest(neutral=1.0, sadness=-1.0), SPEC)
    sad = resting_shift(rest(neutral=-1.0, sadness=1.0), SPEC)
    slight = np.exp(rest(neutral=-1.6, sadness=1.0))[None]
    slight /= slight.sum()
    said = [EMOTIONS[int(shifted(slight, shift).argmax())] for shift in (clear, sad)]
    assert said == ["sadness", "neutral"]
    assert clear[SADNESS] == pytest.approx(0.5)
    assert sad[SADNESS] == pytest.approx(-0.5)


def test_the_resting_face_itself_reads_neutral_two_to_one() -> None:
    for label in ("sadness", "anger", "happiness"):
        face = one_hot(label, 0.6)[None]
        seen = shifted(face, resting_shift(centred_log(face), SPEC))[0]
        others = np.delete(seen, NEUTRAL)
        assert seen[NEUTRAL] / others.max() == pytest.approx(2.0, rel=0.02), label


def test_no_shift_is_larger_than_two_and_a_half() -> None:
    face = one_hot("happiness", 0.9999)[None]
    shift = resting_shift(centred_log(face), SPEC)
    assert np.abs(shift).max() == pytest.approx(2.5)
    assert EMOTIONS[int(shifted(face, shift).argmax())] == "happiness", "a laugh is no rest"


def test_without_a_populations_rest_only_the_last_rule_holds() -> None:
    assert not resting_shift(rest(), None).any()
    lowered = resting_shift(rest(anger=5.0), None)
    assert lowered[ANGER] == pytest.approx(-(1.0 + np.log(2)), abs=1e-5)
    assert np.count_nonzero(lowered) == 1
