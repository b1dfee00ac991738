"""What is carried over to frames that were shown before they were measured, and what counts as an observation."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.core.types import NOT_YET, Analysed, Emotions, Faces, LateAnswer
from realtime.smoothing.carry_forward import CarryForward
from tests.support.fakes import make_emotions, make_faces, make_frame, one_hot


def tracked(*tracks: int) -> Faces:
    faces = make_faces([(20.0 + 5 * n, 24.0) for n in range(len(tracks))])
    return faces.with_track_ids(np.array(tracks, np.int64))


class Observed:
    """Stands in for smoothing; notes what it is shown."""

    def __init__(self) -> None:
        self.times_s: list[float] = []

    def __call__(self, faces: Faces, emotions: Emotions, media_time_s: float) -> Emotions:
        self.times_s.append(round(media_time_s, 3))
        return emotions


def passed_on(index: int, *tracks: int, late: tuple[LateAnswer, ...] = ()) -> Analysed:
    return Analysed(make_frame(index), tracked(*tracks), Emotions.not_yet(len(tracks)), late)


def measured(index: int, **people: str) -> Analysed:
    tracks = [int(name[1:]) for name in people]
    return Analysed(make_frame(index), tracked(*tracks), make_emotions(np.stack([one_hot(e) for e in people.values()])))


def late(index: int, **people: str) -> LateAnswer:
    one = measured(index, **people)
    return LateAnswer(index, one.frame.media_time_s, one.faces, one.emotions)


def test_each_track_keeps_its_last_emotion_with_its_age() -> None:
    last = CarryForward(Observed())
    last.update(measured(0, _1="anger", _2="fear"))
    held = last.update(passed_on(6, 2, 3, 1)).emotions
    assert held.labels == ("fear", "uncertain", "anger")
    assert held.reasons == ("", NOT_YET, "")
    assert held.age_s.tolist() == pytest.approx([0.2, np.inf, 0.2])
    later = last.update(passed_on(9, 1, 2, 3, late=(late(6, _2="surprise", _3="neutral"),))).emotions
    assert later.labels == ("anger", "surprise", "neutral")
    assert later.age_s.tolist() == pytest.approx([0.3, 0.1, 0.1])


def test_what_is_carried_over_is_no_new_observation() -> None:
    observed = Observed()
    last = CarryForward(observed)
    last.update(measured(0, _1="anger"))
    for index in (1, 2, 3):
        last.update(passed_on(index, 1))
    last.update(passed_on(4, 1, late=(late(1, _1="anger"),)))
    own = last.update(measured(5, _1="fear"))
    assert observed.times_s == [0.0, 0.033, 0.167]
    assert (own.emotions.labels, own.emotions.measured) == (("fear",), True)


def test_late_answers_leave_smoothed_as_others_do() -> None:
    sad = make_emotions(one_hot("sadness"))
    last = CarryForward(lambda faces, emotions, now_s: sad)
    assert last.update(passed_on(4, 1, late=(late(1, _1="anger"),))).late[0].emotions is sad


def test_people_are_forgotten_and_reset() -> None:
    last = CarryForward(Observed())
    last.update(measured(0, _1="anger"))
    last.update(passed_on(75, 2))
    assert last.update(passed_on(76, 1)).emotions.reasons == (NOT_YET,), "out of sight for two seconds"
    last.update(measured(77, _1="anger"))
    last.reset()
    assert last.update(passed_on(78, 1)).emotions.reasons == (NOT_YET,)


def test_somebody_in_sight_keeps_an_old_emotion_however_slow_the_classifier() -> None:
    last = CarryForward(Observed())
    last.update(measured(0, _1="anger"))
    for index in range(1, 150):
        held = last.update(passed_on(index, 1)).emotions
    assert (held.labels, round(float(held.age_s[0]), 2)) == (("anger",), 4.97)
