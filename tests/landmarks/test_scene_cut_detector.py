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
