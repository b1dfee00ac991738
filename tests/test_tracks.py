from __future__ import annotations

import numpy as np
from fakes import blank, make_faces, make_frame
from hypothesis import given
from hypothesis import strategies as st

from realtime.tracks import Tracker, TrackingFinder
from realtime.types import Faces, Frame


def ids(tracker: Tracker, centres: list[tuple[float, float]], at_s: float, grey: int = 0) -> list[int]:
    return [int(i) for i in tracker.update(make_faces(centres), at_s, blank(640, 360, grey)).track_ids]


def test_people_are_numbered_from_one_and_keep_their_number_in_any_order() -> None:
    tracker = Tracker()
    assert ids(tracker, [(100, 100), (300, 100)], 0.0) == [1, 2]
    assert ids(tracker, [(302, 101), (103, 100)], 0.03) == [2, 1]


def test_a_short_absence_keeps_the_number_and_a_long_one_does_not() -> None:
    tracker = Tracker()
    ids(tracker, [(100, 100)], 0.0)
    assert ids(tracker, [], 0.5) == []
    assert ids(tracker, [(105, 100)], 1.5) == [1]
    assert ids(tracker, [(105, 100)], 4.0) == [2], "numbers are never used again"


def test_someone_elsewhere_is_someone_else() -> None:
    tracker = Tracker()
    ids(tracker, [(100, 100)], 0.0)
    assert ids(tracker, [(400, 200)], 0.03) == [2]


def test_a_cut_ends_every_track_though_a_face_is_at_the_same_place() -> None:
    tracker = Tracker()
    assert ids(tracker, [(100, 100)], 0.0, grey=20) == [1]
    assert ids(tracker, [(100, 100)], 0.03, grey=25) == [1], "a change of light is no cut"
    assert ids(tracker, [(100, 100)], 0.06, grey=200) == [2]


def test_two_trackers_count_for_themselves() -> None:
    ids(Tracker(), [(100, 100)], 0.0)
    assert ids(Tracker(), [(100, 100)], 0.0) == [1]


@given(st.permutations(range(4)), st.integers(0, 5))
def test_the_order_of_faces_does_not_matter(order: list[int], shift: int) -> None:
    tracker = Tracker()
    places = [(60.0 + 150 * n, 100.0) for n in range(4)]
    ids(tracker, places, 0.0)
    moved = [(places[n][0] + shift, places[n][1]) for n in order]
    assert ids(tracker, moved, 0.03) == [n + 1 for n in order]


def test_tracking_finder_numbers_what_its_finder_finds_and_closes_it() -> None:
    class Finder:
        closed = 0

        def find(self, frame: Frame) -> Faces:
            return make_faces()

        def close(self) -> None:
            self.closed += 1

    inner = Finder()
    finder = TrackingFinder(inner)
    assert np.array_equal(finder.find(make_frame(0)).track_ids, [1])
    finder.close()
    assert inner.closed == 1
