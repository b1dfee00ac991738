"""Panels say whose they are: by number, as tables and reports do, and by a line to the face."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from realtime.overlay import face_panel, timeline_strip
from realtime.overlay.face_panel import Level, PanelPainter
from realtime.overlay.overlay import Overlay
from realtime.overlay.palette import EMOTION_COLOURS_BGR
from realtime.overlay.staleness_filter import StalenessFilter
from realtime.overlay.text import text_width_px
from realtime.timeline.live_timeline import LiveTimeline
from tests.support.pictures.drawn_faces import analysed, plain


@pytest.mark.parametrize("cap_px", [7, 10, 29])
@pytest.mark.parametrize("level", list(Level))
def test_a_panel_names_its_person_as_tables_do_and_nothing_overlaps(monkeypatch, level, cap_px):
    written = []

    def left(picture, text, x, y, cap, colour, bold=False):
        written.append((text, x, x + text_width_px(text, cap, bold)))
        return written[-1][2]

    def right(picture, text, end, y, cap, colour, bold=False):
        written.append((text, end - text_width_px(text, cap, bold), end))
        return written[-1][1]

    monkeypatch.setattr(face_panel, "write", left)
    monkeypatch.setattr(face_panel, "write_right", right)
    shares = np.array([[1.0, 0, 0, 0, 0, 0]], np.float32)
    frame = analysed(plain(), [[100, 100, 200, 200]], probabilities=shares)
    (facts,) = StalenessFilter().facts(frame)
    object.__setattr__(facts, "track_id", 88)
    painter = PanelPainter(("eyes", "lips"), cap_px)
    painter.draw(plain(), level, 0, 0, facts)
    (person, label, percent) = written[:3]
    assert (person[0], label[0], percent[0]) == ("person 88", "happiness", "100%")
    assert person[2] < label[1]
    assert label[2] < percent[1]
    assert percent[2] < painter.size_wh(level)[0]


def test_the_timeline_names_persons_in_the_same_way(monkeypatch):
    written = []
    monkeypatch.setattr(timeline_strip, "write", lambda picture, text, *_: written.append(text))
    bands = LiveTimeline(1.0, live=False)
    frame = analysed(plain(), [[100, 100, 200, 200]])
    for index in range(30):
        bands.write(dataclasses.replace(frame, frame=dataclasses.replace(frame.frame, media_time_s=index / 30)))
    timeline_strip.lanes_picture(bands.view(0.0, 1.0, 800), 100, 10)
    assert written == ["person 1 happiness"]


@pytest.mark.parametrize("box", [(300, 200, 500, 440), (900, 200, 1100, 440)])
def test_a_line_of_the_faces_colour_joins_panel_and_face(box):
    frame = analysed(plain(), [box, (-900, -900, -800, -800)], labels=["happiness", "sadness"])
    drawn = Overlay().draw(frame, None)
    # The panel is 14 pixels to the right, or to the left, where there is no room.
    between = slice(box[2] + 5, box[2] + 10) if box[0] < 640 else slice(box[0] - 9, box[0] - 4)
    strip = drawn[box[1] : box[3], between]
    joined = (strip == np.array(EMOTION_COLOURS_BGR["happiness"], np.uint8)).all(axis=2).all(axis=1)
    assert 1 <= joined.sum() <= 4
    # Its dark edge shows on bright pictures.
    row = int(np.flatnonzero(joined)[0])
    assert (strip[row - 1] < 100).all()
