"""The moments of largest change, and the small pictures of them."""

from __future__ import annotations

import dataclasses
import itertools

import cv2
import numpy as np
import pytest

from realtime.timeline.face_thumbnails import FaceThumbnails, cut_face
from realtime.timeline.key_moments import KeyMoments
from tests.support.values.analysed import moment


def find(frames: list, **options) -> list:
    moments = KeyMoments(**options)
    for frame in frames:
        moments.write(frame)
    moments.close()
    moments.close()
    return moments.found


def test_a_change_is_found_when_it_happens_with_pictures_of_before_and_after() -> None:
    frames = [moment(n / 30, {4: "neutral" if n < 90 else "happiness"}, grey=40 if n < 90 else 200) for n in range(180)]
    [found] = find(frames)
    assert (found.track, found.before, found.after) == (4, "neutral", "happiness")
    assert found.media_time_s == pytest.approx(3.0, abs=0.15)
    assert found.change == pytest.approx(0.88, abs=0.01)
    assert found.pictures is not None
    before, after = (cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in found.pictures)
    assert abs(float(before.mean()) - 40) < 3
    assert abs(float(after.mean()) - 200) < 3
    assert max(before.shape) == 112


def test_a_change_has_the_time_and_values_that_the_timeline_shows() -> None:
    # The answer climbs, then goes over to anger within 0.3 s; the label follows in between.
    happiness = [0.6] * 20 + [0.7, 0.8, 0.9] + [0.6, 0.3, 0.1] + [0.1] * 20
    frames = [moment(n / 10, {1: "happiness" if n < 24 else "anger"}) for n in range(len(happiness))]
    for frame, share in zip(frames, happiness, strict=True):
        frame.emotions.probabilities[0] = 0
        frame.emotions.probabilities[0, :4] = share, 0, 0, 1 - share
    [found] = find(frames, pictures=False)
    assert (found.before, found.after) == ("happiness", "anger")
    assert found.media_time_s == pytest.approx(2.4), "when the label changed"
    assert (found.start_s, found.end_s) == (pytest.approx(2.2), pytest.approx(2.5)), "not what went before it"
    assert (found.fell.emotion, found.fell.before, found.fell.after) == ("happiness", *map(pytest.approx, (0.9, 0.1)))


def test_a_change_while_a_face_has_no_label_is_none() -> None:
    frames = [moment(n / 10, {1: "neutral" if n < 20 else "uncertain"}) for n in range(40)]
    for frame in frames[25:]:
        frame.emotions.probabilities[0] = moment(0, {1: "sadness"}).emotions.probabilities[0]
    assert find(frames) == []


def test_without_pictures_none_is_kept() -> None:
    frames = [moment(n / 10, {1: "neutral" if n < 20 else "anger"}) for n in range(60)]
    assert [m.pictures for m in find(frames, pictures=False)] == [None]


def test_what_a_turned_face_seems_to_show_is_no_change() -> None:
    labels = ["neutral"] * 20 + ["uncertain"] * 20 + ["neutral"] * 20
    assert find([moment(n / 10, {1: label}) for n, label in enumerate(labels)]) == []


def test_only_the_largest_are_kept_in_order_of_time() -> None:
    # Changes every five seconds of two people, more than are kept.
    def label(n: int) -> str:
        return "fear" if n // 50 % 2 else "happiness"

    found = find([moment(n / 10, {1: label(n), 2: "neutral"}) for n in range(1000)], count=5)
    assert len(found) == 5
    times = [m.media_time_s for m in found]
    assert times == sorted(times)
    assert {m.track for m in found} == {1}
    assert all(b - a > 2 for a, b in itertools.pairwise(times))


def test_somebody_who_leaves_and_comes_back_otherwise_has_not_changed() -> None:
    frames = [moment(n / 10, {1: "sadness"}) for n in range(20)]
    frames += [moment(n / 10, {}) for n in range(20, 60)]
    frames += [moment(n / 10, {1: "happiness"}) for n in range(60, 80)]
    assert find(frames) == []


def test_a_portrait_is_of_the_nearest_face_and_faces_outside_have_none() -> None:
    portraits = FaceThumbnails()
    portraits.write(moment(0.0, {1: "neutral"}, grey=10))
    near = moment(0.1, {1: "neutral"}, grey=250)
    near.faces.boxes_xyxy[0] = 10, 10, 200, 200
    portraits.write(near)
    portraits.write(moment(0.2, {1: "neutral"}, grey=10))
    [data] = portraits.jpegs().values()
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).mean() > 240
    unmeasured = dataclasses.replace(near.emotions, age_s=np.ones(1, np.float32))
    blind = FaceThumbnails()
    blind.write(dataclasses.replace(near, emotions=unmeasured))
    assert blind.jpegs() == {}, "nobody looked at this picture"
    assert cut_face(near.frame.image_bgr, np.array([-500, 0, -400, 90], np.float32)) is None
