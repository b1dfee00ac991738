"""Glasses and masks drawn on training crops."""

from __future__ import annotations

import numpy as np
import pytest

from models.dataset.occlusion import cover
from models.region_crops import border_wh
from models.region_registry import REGIONS

BORDER_PX = 8


def stored(region: str) -> np.ndarray:
    geometry = REGIONS[region].geometry
    x, y = border_wh(geometry, BORDER_PX)
    shape = (geometry.size_wh[1] + 2 * y, geometry.size_wh[0] + 2 * x, 1)
    return np.random.default_rng(0).integers(90, 110, shape).astype(np.uint8)


@pytest.mark.parametrize("region", REGIONS)
def test_something_is_drawn_on_a_copy_and_the_seed_decides_what(region: str) -> None:
    crop = stored(region)
    before = crop.copy()
    for seed in range(20):
        drawn, hidden = cover(crop, REGIONS[region].geometry, region, np.random.default_rng(seed))
        again, _ = cover(crop, REGIONS[region].geometry, region, np.random.default_rng(seed))
        assert (drawn.shape, drawn.dtype) == (crop.shape, np.uint8)
        assert 0 <= hidden <= 1
        assert (drawn != crop).mean() > 0.05
        np.testing.assert_array_equal(drawn, again)
    np.testing.assert_array_equal(crop, before)


def test_a_mask_hides_the_mouth_and_its_label() -> None:
    for seed in range(20):
        crop = stored("lips")
        drawn, hidden = cover(crop, REGIONS["lips"].geometry, "lips", np.random.default_rng(seed))
        middle = np.s_[crop.shape[0] // 2 - 4 : crop.shape[0] // 2 + 4, crop.shape[1] // 2 - 8 : crop.shape[1] // 2 + 8]
        assert hidden == pytest.approx(0.9)
        assert (drawn[middle] != crop[middle]).mean() > 0.8


def test_eyes_get_glasses_over_both_eyes_or_a_mask_below_them() -> None:
    geometry = REGIONS["eyes"].geometry
    scale = geometry.size_wh[0] / geometry.width_d
    kinds = set()
    for seed in range(30):
        crop = stored("eyes")
        drawn, hidden = cover(crop, geometry, "eyes", np.random.default_rng(seed))
        middle_x, eye_line = (crop.shape[1] - 1) / 2, (crop.shape[0] - 1) / 2 - geometry.shift_down_d * scale
        left, right = (
            abs(int(drawn[round(eye_line), round(middle_x + side * 0.33 * scale), 0]) - 100) > 20 for side in (-1, 1)
        )
        below = (drawn[-2, 20:-20] != crop[-2, 20:-20]).mean() > 0.8
        kinds.add("mask" if hidden == 0 else "glasses")
        assert (left, right, below) == ((False, False, True) if hidden == 0 else (True, True, False))
    assert kinds == {"mask", "glasses"}
