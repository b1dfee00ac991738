"""A resting face that is taken for an emotion, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.manifest import EMOTIONS, BaselineSpec
from realtime.core.types import Emotions
from realtime.inference.fusion import softmax
from realtime.smoothing.neutral_calibrator import NeutralCalibrator
from tests.support.fakes import make_emotions, make_faces, one_hot


def showing(confidence: float, *labels: str) -> Emotions:
    return make_emotions(np.stack([one_hot(label, confidence) for label in labels]))


def said(
    resting: NeutralCalibrator, emotions: Emotions, media_time_s: float, tracks: tuple[int, ...] = (1,)
) -> list[str]:
    faces = make_faces([(100 * track, 100) for track in tracks], 60).with_track_ids(np.array(tracks, np.int64))
    raw = resting.update(faces, emotions, media_time_s).raw
    np.testing.assert_allclose(raw.sum(axis=1), 1, atol=1e-5)
    return [EMOTIONS[int(row.argmax())] for row in raw]


def watched(label: str, seconds: float = 2.0) -> NeutralCalibrator:
    resting = NeutralCalibrator()
    resting.start(seconds)
    for frame in range(int(seconds * 30) + 2):
        said(resting, showing(0.6, label), frame / 30)
    return resting


def test_a_resting_face_that_looks_sad_reads_neutral_and_real_emotions_still_show() -> None:
    resting = watched("sadness")
    assert resting.calibrated == 1
    assert said(resting, showing(0.6, "sadness"), 3.0) == ["neutral"]
    assert said(resting, showing(0.6, "happiness"), 3.1) == ["happiness"]
    assert said(resting, showing(0.98, "sadness"), 3.2) == ["sadness"], "more than rest is an emotion"


def test_a_face_that_reads_neutral_is_left_alone() -> None:
    resting = watched("neutral")
    for label in EMOTIONS:
        emotions = showing(0.5, label)
        faces = make_faces([(100, 100)], 60).with_track_ids(np.array([1], np.int64))
        np.testing.assert_allclose(resting.update(faces, emotions, 3.0).raw, emotions.raw, atol=0.08)


def test_it_concerns_one_person_and_goes_with_the_track() -> None:
    resting = watched("anger")
    both = showing(0.6, "anger", "anger")
    assert said(resting, both, 3.0, (1, 2)) == ["neutral", "anger"]
    assert said(resting, showing(0.6, "anger"), 20.0, (2,)) == ["anger"]
    assert resting.calibrated == 0
    assert said(resting, showing(0.6, "anger"), 20.1, (1,)) == ["anger"], "forgotten"


def test_the_time_left_is_told_and_starting_again_forgets() -> None:
    resting = NeutralCalibrator()
    assert resting.left_s(0.0) is None
    resting.start(2.0)
    assert resting.left_s(7.0) == 2.0
    said(resting, showing(0.6, "fear"), 7.0)
    assert resting.left_s(8.5) == pytest.approx(0.5)
    assert said(resting, showing(0.6, "fear"), 8.0) == ["fear"], "nothing changes while it watches"
    done = watched("fear")
    done.start(1.0)
    assert done.calibrated == 0


def test_too_few_frames_settle_nothing() -> None:
    resting = NeutralCalibrator()
    resting.start(1.0)
    for time_s in (0.0, 0.5, 1.5):
        assert said(resting, showing(0.6, "anger"), time_s) == ["anger"]
    assert resting.calibrated == 0


def test_a_seek_while_faces_are_watched_begins_the_watch_anew() -> None:
    resting = NeutralCalibrator()
    resting.start(5.0)
    resting.update(make_faces(), make_emotions(one_hot("sadness")), 100.0)
    resting.jump()
    assert resting.left_s(2.0) == 5.0, "not the 103 s that a clock from before would leave"
    resting = NeutralCalibrator()
    resting.jump()
    assert resting.left_s(2.0) is None


SPEC = BaselineSpec((-3.0, 1.0, -1.0, 0.0, 4.0, -1.0), gain=0.5, neutral_step=-1.5)
RESTING = make_emotions(softmax(np.array([SPEC.rest], np.float32)))
FROWNING = make_emotions(softmax(np.array([SPEC.rest], np.float32) + np.float32([0, 0, 0, 2.2, -1.2, 0])))


def rested(resting: NeutralCalibrator, seconds: float, start_s: float = 0.0) -> NeutralCalibrator:
    for frame in range(int(seconds * 10)):
        said(resting, RESTING, start_s + frame / 10)
    return resting


def test_a_known_rest_lets_a_slight_frown_show() -> None:
    resting = NeutralCalibrator(SPEC)
    resting.start(2.0)
    assert said(resting, FROWNING, 0.0) == ["neutral"]
    rested(resting, 3.0, 0.1)
    assert said(resting, FROWNING, 3.2) == ["anger"]
    assert said(resting, RESTING, 3.3) == ["neutral"]


def test_a_rest_is_learned_only_where_it_is_asked_for() -> None:
    silent, learning = rested(NeutralCalibrator(SPEC), 60.0), rested(NeutralCalibrator(SPEC, learn=True), 60.0)
    assert (said(silent, FROWNING, 60.0), silent.note(60.0)) == (["neutral"], "")
    assert (said(learning, FROWNING, 60.0), learning.note(60.0)) == (["anger"], "1 rest learned")
    without = rested(NeutralCalibrator(None, learn=True), 60.0)
    assert (said(without, FROWNING, 60.0), without.note(60.0)) == (["neutral"], "")


def test_what_was_learned_ends_with_the_track_and_at_a_jump() -> None:
    learning = rested(NeutralCalibrator(SPEC, learn=True), 60.0)
    assert said(learning, FROWNING, 60.0, (2,)) == ["neutral"], "another person"
    assert said(learning, FROWNING, 66.0, (2,)) == ["neutral"]
    assert said(learning, FROWNING, 66.1, (1,)) == ["neutral"], "gone for six seconds"
    learning = rested(NeutralCalibrator(SPEC, learn=True), 60.0)
    learning.jump()
    assert said(learning, FROWNING, 60.0) == ["neutral"]


def test_what_was_asked_for_overrides_what_was_learned() -> None:
    learning = rested(NeutralCalibrator(SPEC, learn=True), 60.0)
    learning.start(2.0)
    for frame in range(30):
        asked = said(learning, FROWNING, 60.0 + frame / 10)
    assert asked == ["neutral"], "her rest, she says"
    assert learning.note(63.0) == "1 at rest = neutral"


def test_an_unreliable_frame_teaches_nothing() -> None:
    learning = NeutralCalibrator(SPEC, learn=True)
    turned = replace(RESTING, reliability=np.full_like(RESTING.reliability, 0.3))
    for frame in range(600):
        said(learning, turned, frame / 10)
    assert learning.learned == 0
