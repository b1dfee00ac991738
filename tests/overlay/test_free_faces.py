"""Neither panels nor the status line cover a face while there is a place beside the faces."""

from __future__ import annotations

import numpy as np
import pytest

import realtime.overlay.overlay as overlay_module
from realtime.overlay.face_panel import Level, PanelPainter
from realtime.overlay.overlay import Overlay
from realtime.overlay.panel_layout import overlap_px, place_panels
from tests.support.pictures.drawn_faces import HUD, analysed, plain


@pytest.fixture
def drawn(monkeypatch):
    """What was drawn: (kind, left, top, right, bottom), where the kind is a level of detail or "status"."""
    places = []
    paint, items = PanelPainter.draw, overlay_module._draw_hud_items

    def panel(self, picture, level, x, y, facts):
        places.append((level, x, y, x + self.size_wh(level)[0], y + self.size_wh(level)[1]))
        paint(self, picture, level, x, y, facts)

    def status(picture, texts, area, *more):
        places.append(("status", *area))
        items(picture, texts, area, *more)

    monkeypatch.setattr(PanelPainter, "draw", panel)
    monkeypatch.setattr(overlay_module, "_draw_hud_items", status)
    return places


def covered(places, boxes):
    return float(overlap_px([place[1:] for place in places], boxes).sum())


@pytest.mark.parametrize(
    ("size_wh", "box", "level"),
    [
        ((640, 640), (160, 160, 465, 590), Level.COMPACT),
        ((640, 640), (80, 60, 560, 590), Level.TAG),
        ((640, 480), (250, 20, 470, 300), Level.FULL),
        ((1280, 720), (0, 0, 400, 600), Level.FULL),
        ((1280, 720), (380, -60, 900, 700), Level.FULL),
    ],
)
def test_a_panel_says_less_rather_than_covering_a_face(drawn, size_wh, box, level):
    Overlay().draw(analysed(plain(size_wh), [box]), HUD)
    assert [place[0] for place in drawn] == ["status", level]
    assert covered(drawn, [box]) == 0


def test_a_face_that_moves_is_never_under_its_panel_or_the_status_line(drawn):
    overlay = Overlay()
    for step in range(0, 900, 9):
        box = (step, 20 + step // 6, step + 240, 320 + step // 6)
        drawn.clear()
        overlay.draw(analysed(plain(), [box, (20, 500, 180, 690)]), HUD)
        assert len(drawn) == 3
        assert covered(drawn, [box, (20, 500, 180, 690)]) == 0, step


def test_the_status_line_leaves_its_corner_for_a_face_and_stays_in_the_new_one(drawn):
    overlay = Overlay()
    for boxes in ([], [(10, 0, 200, 200)], []):
        overlay.draw(analysed(plain(), boxes), HUD)
    first, moved, last = (place[1:3] for place in drawn if place[0] == "status")
    assert first == (8, 8)
    assert moved[0] > 640
    assert moved[1] == 8
    assert last[1] == 8
    assert last[0] > 640


def test_the_status_line_is_shorter_where_faces_leave_little_room(drawn):
    box = (110, -20, 640, 380)
    Overlay().draw(analysed(plain((640, 360)), [box]), HUD)
    status = drawn[0]
    assert status[0] == "status"
    assert status[3] <= 110
    assert covered([status], [box]) == 0


@pytest.mark.parametrize(
    ("picture_wh", "panel_wh", "boxes"),
    [
        ((640, 360), (165, 136), [(280, -10, 470, 230), (380, 10, 480, 140)]),
        ((1280, 720), (165, 50), [(20, 310, 250, 590), (1040, 140, 1330, 500), (1020, 110, 1420, 610)]),
    ],
)
def test_a_free_place_further_away_is_better_than_the_edge_of_a_face(picture_wh, panel_wh, boxes):
    placed = place_panels(np.array(boxes, np.float32), panel_wh, picture_wh, 10, [(6, 6, 340, 25)])
    panels = np.concatenate([placed, placed + np.array(panel_wh)], axis=1)
    assert overlap_px(panels, boxes).sum() == 0


@pytest.mark.parametrize("box", [(160, 160, 465, 590), (190, 100, 450, 540)])
def test_where_only_a_corner_of_a_face_would_be_covered_a_panel_says_less(drawn, box):
    Overlay().draw(analysed(plain((640, 640)), [box]), None)
    assert drawn[0][0] is Level.COMPACT
    assert covered(drawn, [box]) == 0
