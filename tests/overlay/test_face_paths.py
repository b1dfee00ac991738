"""Which boxes count for a frame: those of a face just before and after it too, and no tail behind one that moves."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.overlay.face_paths import KEEP_S, FacePaths


def boxes(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def covers(paths: FacePaths, time_s: float, box: tuple[float, ...]) -> bool:
    return any(
        left <= box[0] and top <= box[1] and right >= box[2] and bottom >= box[3]
        for left, top, right, bottom in paths.at(time_s)
    )


@pytest.mark.parametrize(("time_s", "covered"), [(3.9, False), (4.1, True), (5.0, True), (5.9, True), (6.1, False)])
def test_a_box_counts_for_a_second_before_and_after_it_was_found(time_s: float, covered: bool) -> None:
    paths = FacePaths()
    paths.add(boxes((10, 20, 50, 70)), 5.0)
    assert KEEP_S == 1.0
    assert covers(paths, time_s, (10, 20, 50, 70)) is covered


def test_between_two_boxes_of_a_face_the_hull_of_both_counts() -> None:
    paths = FacePaths()
    paths.add(boxes((0, 0, 40, 40)), 0.0)
    paths.add(boxes((20, 0, 60, 40)), 0.6)
    assert paths.at(0.3) == [(0, 0, 60, 40)]


def test_a_face_that_moves_drags_no_tail_behind_it() -> None:
    paths = FacePaths()
    for step in range(60):
        paths.add(boxes((10 * step, 0, 10 * step + 50, 50)), step / 30)
    ((left, _, right, _),) = paths.at(1.0)
    assert left >= 300 - 4 * 10
    assert right <= 350 + 4 * 10


def test_boxes_of_two_models_on_one_face_are_one_and_two_people_stay_two() -> None:
    paths = FacePaths()
    paths.add(boxes((0, 0, 40, 40), (5, 5, 45, 50), (100, 0, 140, 40)), 0.0)
    assert sorted(paths.at(0.0)) == [(0, 0, 45, 50), (100, 0, 140, 40)]


def test_what_is_long_past_is_forgotten() -> None:
    paths = FacePaths()
    for second in range(1000):
        paths.add(boxes((50 * second, 0, 50 * second + 40, 40)), float(second))
    assert len(paths._paths) <= 4
