from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from realtime.core.types import Faces
from realtime.landmarks.person_tracker import PersonTracker, TrackingFinder
from tests.support.fakes import FakeFinder, blank, make_faces, make_frame


def ids(tracker: PersonTracker, centres: list[tuple[float, float]], at_s: float, grey: int = 0) -> list[int]:
    return [int(i) for i in tracker.update(make_faces(centres), at_s, blank(640, 360, grey)).track_ids]


def test_people_are_numbered_from_one_and_keep_their_number_in_any_order() -> None:
    tracker = PersonTracker()
    assert ids(tracker, [(100, 100), (300, 100)], 0.0) == [1, 2]
    assert ids(tracker, [(302, 101), (103, 100)], 0.03) == [2, 1]


def test_a_short_absence_keeps_the_number_and_a_long_one_does_not() -> None:
    tracker = PersonTracker()
    ids(tracker, [(100, 100)], 0.0)
    assert ids(tracker, [], 0.5) == []
    assert ids(tracker, [(105, 100)], 1.5) == [1]
    assert ids(tracker, [(105, 100)], 4.0) == [2], "numbers are never used again"


def test_someone_elsewhere_is_someone_else() -> None:
    tracker = PersonTracker()
    ids(tracker, [(100, 100)], 0.0)
    assert ids(tracker, [(400, 200)], 0.03) == [2]


def test_somebody_much_nearer_at_the_same_place_is_someone_else() -> None:
    tracker = PersonTracker()
    near = make_faces([(100, 100)])
    middle = near.landmarks_xy[:, [33, 263, 61, 291]].mean(axis=1, keepdims=True)

    def sized(factor: float) -> Faces:
        return replace(near, landmarks_xy=(middle + factor * (near.landmarks_xy - middle)).astype(np.float32))

    assert tracker.update(near, 0.0, blank()).track_ids.tolist() == [1]
    assert tracker.update(sized(1.2), 0.03, blank()).track_ids.tolist() == [1]
    assert tracker.update(sized(3.6), 0.06, blank()).track_ids.tolist() == [2]


def test_of_two_people_as_near_the_one_whose_box_is_met_is_meant() -> None:
    tracker = PersonTracker()
    two = make_faces([(100, 100), (120, 100)])
    boxes = np.array([[0, 0, 20, 20], [80, 60, 160, 140]], np.float32)
    tracker.update(replace(two, boxes_xyxy=boxes), 0.0, blank())
    between = replace(make_faces([(109.5, 100)]), boxes_xyxy=boxes[1:])
    assert tracker.update(between, 0.03, blank()).track_ids.tolist() == [2]


def test_a_cut_ends_every_track_though_a_face_is_at_the_same_place() -> None:
    tracker = PersonTracker()
    assert ids(tracker, [(100, 100)], 0.0, grey=20) == [1]
    assert ids(tracker, [(100, 100)], 0.03, grey=25) == [1], "a change of light is no cut"
    assert ids(tracker, [(100, 100)], 0.06, grey=200) == [2]


def test_a_cut_within_one_room_is_noticed_and_a_flash_is_not() -> None:
    rng, tracker = np.random.default_rng(0), PersonTracker()
    here, there = (np.kron(rng.uniform(60, 140, (9, 16, 1)), np.ones((40, 40, 3))).astype(np.uint8) for _ in range(2))

    def id_in(picture: np.ndarray, at_s: float) -> int:
        return int(tracker.update(make_faces([(100, 100)]), at_s, picture).track_ids[0])

    assert id_in(here, 0.0) == 1
    assert id_in(here + np.uint8(60), 0.03) == 1, "all of it grew brighter"
    assert id_in(np.roll(here, 12, axis=1) + np.uint8(60), 0.06) == 1, "the camera turns"
    assert id_in(there, 0.1) == 2


def test_two_people_who_cross_keep_their_numbers_though_one_is_hidden_meanwhile() -> None:
    tracker = PersonTracker()
    for number in range(61):
        near, far = (100.0 + 7 * number, 150.0), (520.0 - 7 * number, 170.0)
        if abs(near[0] - far[0]) < 50:
            assert ids(tracker, [near], number / 30) == [1]
        elif number % 2:
            assert ids(tracker, [far, near], number / 30) == [2, 1]
        else:
            assert ids(tracker, [near, far], number / 30) == [1, 2]


def test_someone_back_at_the_edge_they_left_by_keeps_the_number_however_fast_they_left() -> None:
    tracker = PersonTracker()
    for number in range(6):
        ids(tracker, [(120.0 - 12 * number, 100.0)], number / 30)
    assert ids(tracker, [(65.0, 100.0)], 1.8) == [1]


def test_a_jump_back_in_time_begins_anew() -> None:
    tracker = PersonTracker()
    assert ids(tracker, [(100, 100)], 5.0) == [1]
    assert ids(tracker, [(100, 100)], 1.0) == [2]


def test_a_turned_head_is_the_same_head() -> None:
    tracker, straight = PersonTracker(), make_faces([(200.0, 100.0)], 60.0)
    tracker.update(straight, 0.0, blank(640, 360))
    points = straight.landmarks_xy.copy()
    points[..., 0] = 200 + (points[..., 0] - 200) * 0.4
    box = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    turned = Faces(box, points, straight.head_pose_deg, straight.track_ids)
    assert tracker.update(turned, 0.03, blank(640, 360)).track_ids.tolist() == [1]


def test_two_trackers_count_for_themselves() -> None:
    ids(PersonTracker(), [(100, 100)], 0.0)
    assert ids(PersonTracker(), [(100, 100)], 0.0) == [1]


@given(st.permutations(range(4)), st.integers(0, 5))
def test_the_order_of_faces_does_not_matter(order: list[int], shift: int) -> None:
    tracker = PersonTracker()
    places = [(60.0 + 150 * n, 100.0) for n in range(4)]
    ids(tracker, places, 0.0)
    moved = [(places[n][0] + shift, places[n][1]) for n in order]
    assert ids(tracker, moved, 0.03) == [n + 1 for n in order]


def test_tracking_finder_numbers_what_its_finder_finds_and_closes_it() -> None:
    inner = FakeFinder()
    finder = TrackingFinder(inner)
    assert np.array_equal(finder.find(make_frame(0)).track_ids, [1])
    finder.close()
    assert inner.closed == 1


def test_nobody_is_followed_over_a_seek() -> None:
    finder = TrackingFinder(FakeFinder())
    before = [finder.find(make_frame(n)).track_ids.tolist() for n in range(3)]
    after = [finder.find(replace(make_frame(n), epoch=1)).track_ids.tolist() for n in range(3, 6)]
    assert (before, after) == ([[1]] * 3, [[2]] * 3)


def test_somebody_in_pictures_that_are_seconds_apart_keeps_the_number() -> None:
    tracker = PersonTracker()
    assert [ids(tracker, [(100 + number, 100)], 3.0 * number) for number in range(5)] == [[1]] * 5
    assert ids(tracker, [(105, 100)], 60.0) == [2]


def test_faces_come_from_left_to_right_and_are_numbered_so() -> None:
    finder = FakeFinder()
    seen = iter([[(300, 100), (100, 100)], [(297, 100), (450, 100), (100, 100)]])
    finder.find = lambda frame: make_faces(next(seen))  # type: ignore[method-assign]
    tracking = TrackingFinder(finder)
    first, second = tracking.find(make_frame(0)), tracking.find(make_frame(1))
    assert first.track_ids.tolist() == [1, 2]
    assert np.diff(first.boxes_xyxy[:, 0]).tolist() > [0]
    assert np.diff(first.landmarks_xy[:, 33, 0]).tolist() > [0]
    assert np.diff(second.boxes_xyxy[:, 0]).min() > 0
    assert sorted(second.track_ids.tolist()) == [1, 2, 3]
    assert second.track_ids[0] == 1
