"""How far two boxes overlap."""

from __future__ import annotations

import pytest

from realtime.landmarks.box_overlap import intersection_over_union, share_of_smaller

BOX = (10.0, 20.0, 30.0, 60.0)


@pytest.mark.parametrize(
    ("other", "over_union", "of_smaller"),
    [
        (BOX, 1, 1),
        ((20.0, 20.0, 40.0, 60.0), 1 / 3, 1 / 2),
        ((15.0, 30.0, 25.0, 40.0), 1 / 8, 1),
        ((30.0, 20.0, 50.0, 60.0), 0, 0),
        ((40.0, 70.0, 60.0, 90.0), 0, 0),
        ((10.0, 20.0, 10.0, 60.0), 0, 0),
    ],
    ids=["the same", "half", "inside", "side by side", "apart both ways", "without an area"],
)
def test_boxes_overlap_alike_from_either_side(
    other: tuple[float, float, float, float], over_union: float, of_smaller: float
) -> None:
    for pair in ((BOX, other), (other, BOX)):
        assert intersection_over_union(*pair) == pytest.approx(over_union)
        assert share_of_smaller(*pair) == pytest.approx(of_smaller)
