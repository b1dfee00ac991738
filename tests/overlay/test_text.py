"""The list of two columns that the window's help is."""

from __future__ import annotations

import pytest

from realtime.overlay.palette import INK
from realtime.overlay.text import draw_list
from tests.support.pictures.drawn_faces import changed_box, has_colour, plain


@pytest.mark.parametrize("size_wh", [(640, 360), (406, 720), (1280, 720), (300, 200), (64, 48)])
def test_a_list_is_in_the_middle_and_is_made_smaller_to_fit(size_wh):
    rows = [("space", "pause, go on"), *[("n", "take the faces of the next 5 s as resting")] * 12]
    picture = plain(size_wh)
    draw_list(picture, rows, 13)
    left, top, right, bottom = changed_box(picture, plain(size_wh))
    assert (left + right, top + bottom) == pytest.approx(size_wh, abs=3)
    if size_wh > (400, 0):
        assert left > 0
        assert top > 0
        assert has_colour(picture, INK)
