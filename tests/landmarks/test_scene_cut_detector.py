"""Cuts between two pictures: all of it must be another picture, not only brighter, moved, or partly covered."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.landmarks.scene_cut_detector import SceneCutDetector


def scene(seed: int) -> np.ndarray:
    tiles = np.random.default_rng(seed).uniform(30, 150, (9, 16, 1))
    return np.kron(tiles, np.ones((40, 40, 3))).astype(np.uint8)


def covered(picture: np.ndarray) -> np.ndarray:
    changed = picture.copy()
    changed[:, :64] = 255
    return changed


def with_bars(picture: np.ndarray) -> np.ndarray:
    """The middle of it, with black at the sides and a little above and below."""
    barred = np.full_like(picture, 8)
    barred[40:320, 180:460] = picture[40:320, 180:460]
    return barred


@pytest.mark.parametrize("begins_with_bars", [False, True])
@pytest.mark.parametrize(("number", "cut"), [(1, False), (2, True)])
def test_bars_that_come_or_go_are_no_cut_and_hide_none(number: int, cut: bool, begins_with_bars: bool) -> None:
    cuts = SceneCutDetector()
    first, second = scene(1), scene(number)
    cuts.is_cut(with_bars(first) if begins_with_bars else first)
    assert cuts.is_cut(second if begins_with_bars else with_bars(second)) is cut


def test_what_moves_before_a_dark_wall_makes_no_cut() -> None:
    detector, shown = SceneCutDetector(), scene(4)[:280, :320]
    cut_at = []
    for left in range(0, 320, 24):
        frame = np.full((360, 640, 3), 6, np.uint8)
        frame[40:320, left : left + 320] = shown
        if detector.is_cut(frame):
            cut_at.append(left)
    assert cut_at == []


def test_a_dark_picture_is_not_taken_for_bars() -> None:
    cuts = SceneCutDetector()
    cuts.is_cut(np.full_like(scene(1), 8))
    assert cuts.is_cut(scene(1))
    assert cuts.is_cut(np.full_like(scene(1), 8))


@pytest.mark.parametrize(
    ("second", "cut"),
    [
        (scene(1), False),
        (scene(1) + np.uint8(80), False),
        (np.roll(scene(1), 16, axis=1), False),
        (covered(scene(1)), False),
        (scene(2), True),
        (np.full_like(scene(1), 220), True),
        (scene(1)[:180], True),
    ],
    ids=["the same", "brighter", "moved", "a tenth covered", "another scene", "a flat one", "another size"],
)
def test_a_cut_is_told_from_other_changes(second: np.ndarray, cut: bool) -> None:
    cuts = SceneCutDetector()
    assert not cuts.is_cut(scene(1)), "before the first picture there is none to compare with"
    assert cuts.is_cut(second) is cut
    assert not cuts.is_cut(second), "a picture is compared with the one before it only"
