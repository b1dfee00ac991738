"""Simulated people who rest and show expressions, and what a learned rest changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.steadiness.resting_people import answered, labels_of, people, simulated
from benchmarks.steadiness.simulated_people import Noise
from benchmarks.steadiness.streams import Watched
from models.dataset.labels import LabelledFace, hard
from models.evaluate.shipped import Answers
from models.manifest import EMOTIONS, BaselineSpec
from realtime.inference.fusion import softmax
from tests.support.fakes import make_emotions, make_faces

SPEC = BaselineSpec((-3.0, 1.0, -1.0, 0.0, 4.0, -1.0), gain=0.5, neutral_step=-1.5)
QUIET = Noise(np.zeros((6, 6)), 0.2)
NEUTRAL, ANGER = EMOTIONS.index("neutral"), EMOTIONS.index("anger")
RESTING = softmax(np.array(SPEC.rest, np.float32))
FROWNING = softmax(np.array([-3.0, 1.0, -1.0, 2.2, 2.8, -1.0], np.float32))


@pytest.fixture
def pictures() -> tuple[list[LabelledFace], Answers]:
    """Three people who rest like all others, frown slightly and laugh; the third has no neutral picture."""
    faces, fused = [], []
    for name in ("A", "B", "C"):
        for label, said in (("neutral", RESTING), ("anger", FROWNING), ("happiness", np.roll(RESTING, -4))):
            if (name, label) != ("C", "neutral"):
                faces.append(replace(hard(f"{name}-{label}.png", label), subject=name))
                fused.append(said)
    answers = Answers.none(len(faces), ("eyes", "lips"))
    return faces, replace(answers, detected=np.ones(len(faces), np.bool_), fused=np.stack(fused))


def test_people_rest_and_show_every_expression_in_turn(pictures: tuple[list[LabelledFace], Answers]) -> None:
    crowd = people(*pictures, QUIET, 60)
    assert len(crowd) == 2, "who has no neutral picture is nobody"
    times_s, raw, truth, since_s = crowd[0]
    assert times_s[-1] == pytest.approx(8 + 12 * 7, abs=0.3)
    assert [int((truth == one).sum()) / 5 for one in (NEUTRAL, ANGER)] == [8 + 12 * 4, 6 * 3]
    np.testing.assert_allclose(raw[truth == ANGER][0], FROWNING, atol=1e-3)
    assert since_s[40] == 0


def test_a_slight_frown_is_heard_once_the_rest_is_learned(pictures: tuple[list[LabelledFace], Answers]) -> None:
    course = people(*pictures, QUIET, 1)[0]
    late_frown = (course[2] == ANGER) & (course[0] > 60)
    assert (answered(course, None)[late_frown] == NEUTRAL).all()
    assert (answered(course, SPEC)[late_frown] == ANGER).all()
    found = simulated(*pictures, QUIET, SPEC, 60)
    assert found["off"]["sad_or_angry_as_neutral"] == 1
    assert found["auto"]["sad_or_angry_as_neutral"] < 0.8
    assert found["auto"]["neutral_as_sad_or_angry"] == 0
    assert found["auto"]["called_neutral_after_15_s_of_it_alone"] == {"happiness": 0, "anger": 1}


def test_a_clip_is_told_with_flips_and_frames_of_each_label() -> None:
    thumb, faces = np.zeros((9, 16, 3), np.uint8), make_faces([(100, 100)], 60)
    laugh = np.roll(RESTING, -4)
    seen = [
        Watched(number / 10, thumb, faces, make_emotions(np.stack([RESTING if number < 30 else laugh])))
        for number in range(60)
    ]
    found = labels_of(seen, SPEC, learn=True)
    assert found["flips"] == 1
    words = found["frames"][1].split()
    assert words[::2] == ["neutral", "happiness"]
    assert sum(map(int, words[1::2])) == 60
