"""Anchors, decoding and averaging against faces worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.landmarks.networks.anchors import anchor_centers, decoded, merged

SIDE_PX = 128
ANCHORS = np.array([[0.25, 0.5], [0.75, 0.5], [0.5, 0.5]], np.float32)


def numbers(*sizes_px: tuple[float, float]) -> np.ndarray:
    """Return a regression of boxes two pixels right of their anchors, eyes at 10 and 20 pixels from them."""
    rows = [[2, 0, *size, 10, 11, 20, 21, *[0] * 8] for size in sizes_px]
    return np.array(rows, np.float32)


def test_anchors_are_the_middles_of_their_cells_row_by_row() -> None:
    found = anchor_centers(8, ((4, 1), (8, 2)))
    assert found.tolist() == [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75], [0.5, 0.5], [0.5, 0.5]]


def test_a_box_lies_around_its_anchor_and_the_best_comes_first() -> None:
    points, scores = decoded(
        numbers((32, 64), (16, 16), (8, 8)), np.array([0.0, 3.0, -3.0], np.float32), ANCHORS, SIDE_PX, 0.5
    )
    assert scores == pytest.approx([1 / (1 + np.exp(-3)), 0.5])
    x = 0.25 + 2 / SIDE_PX
    expected = [[x - 0.125, 0.25], [x + 0.125, 0.75], [0.25 + 10 / SIDE_PX, 0.5 + 11 / SIDE_PX]]
    assert points[1][:3] == pytest.approx(np.array(expected))
    assert points[1][3] == pytest.approx(np.array([0.25 + 20 / SIDE_PX, 0.5 + 21 / SIDE_PX]))


@pytest.mark.parametrize("size_px", [(-4, 8), (8, -4), (float("nan"), 8)])
def test_a_box_without_a_size_is_left_out(size_px: tuple[float, float]) -> None:
    points, scores = decoded(numbers((8, 8), size_px, (8, 8)), np.full(3, 2, np.float32), ANCHORS, SIDE_PX, 0.5)
    assert len(points) == len(scores) == 2


@pytest.mark.filterwarnings("error")
def test_no_logit_overflows() -> None:
    _, scores = decoded(numbers(*[(8, 8)] * 3), np.array([-1e5, 0, 1e5], np.float32), ANCHORS, SIDE_PX, 0.0)
    assert scores.tolist() == [1.0, 0.5, 0.0]


def box(left: float, top: float, side: float) -> list[list[float]]:
    return [[left, top], [left + side, top + side], [left + side / 4, top], [left + side / 2, top]]


def test_boxes_that_overlap_become_their_mean_by_score_and_others_stay() -> None:
    points = np.array([box(0.1, 0.1, 0.4), box(0.7, 0.1, 0.2), box(0.15, 0.1, 0.4)], np.float32)
    first, second = merged(points, np.array([0.9, 0.8, 0.6], np.float32))
    left = (0.1 * 0.9 + 0.15 * 0.6) / 1.5
    assert first.box_xyxy == pytest.approx([left, 0.1, left + 0.4, 0.5])
    assert first.eyes_xy == pytest.approx(np.array([[left + 0.1, 0.1], [left + 0.2, 0.1]]))
    assert (first.score, second.score) == pytest.approx((0.9, 0.8))
    assert second.box_xyxy == pytest.approx([0.7, 0.1, 0.9, 0.3])


def test_boxes_without_an_area_come_to_an_end() -> None:
    assert len(merged(np.zeros((3, 4, 2), np.float32), np.full(3, 0.5, np.float32))) == 3


def test_boxes_that_overlap_by_three_tenths_are_two_faces() -> None:
    shift = 0.4 * (1 - 0.3) / 1.3  # of two squares of 0.4, with an overlap of 0.3 of their union
    for more, count in ((0.004, 2), (-0.004, 1)):
        points = np.array([box(0.1, 0.1, 0.4), box(0.1 + shift + more, 0.1, 0.4)], np.float32)
        assert len(merged(points, np.array([0.9, 0.8], np.float32))) == count
