"""The timeline's picture: colours where labels were, room that stays dark, places that are times."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.overlay.palette import EMOTION_COLOURS_BGR
from realtime.overlay.timeline_strip import Position, StripLayout, TimelinePainter, lanes_picture, time_text
from realtime.timeline.live_timeline import LiveTimeline
from tests.support.values.analysed import moment


def bands(people, until_s=5.0):
    made = LiveTimeline(10.0)
    for number in range(round(until_s * 20)):
        made.write(moment(number / 20, people))
    return made


def painted(made, now_s=5.0, size_wh=(1280, 720), **position):
    layout = StripLayout.under(size_wh)
    return TimelinePainter().paint(made, Position(0.0, 10.0, now_s, **position), layout), layout


@pytest.mark.parametrize("size_wh", [(1280, 720), (640, 360), (480, 908), (3840, 2160), (64, 48), (7, 5)])
def test_it_is_as_wide_as_the_picture_and_not_high(size_wh):
    strip, layout = painted(bands({1: "neutral"}), size_wh=size_wh)
    assert strip.shape == (layout.height, size_wh[0], 3)
    if size_wh[1] >= 360:
        assert layout.height < 0.24 * size_wh[1]


def test_it_fills_with_the_label_as_far_as_was_analysed():
    made = bands({1: "anger"})
    picture = lanes_picture(made.view(0, 10, 1000), 70, 10)
    band = picture[-3]
    assert (band[100:480] == EMOTION_COLOURS_BGR["anger"]).all()
    assert band[520:].max() < 60
    # The stack above is mostly the same colour, as the label's probability is 0.9.
    stack = picture[:50, 250]
    assert 0.8 < (stack == EMOTION_COLOURS_BGR["anger"]).all(axis=1).mean() < 0.97


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6])
def test_every_person_has_a_band_of_the_own_colour(count):
    labels = list(EMOTION_COLOURS_BGR)[:count]
    picture = lanes_picture(bands({n + 1: label for n, label in enumerate(labels)}).view(0, 10, 1000), 70, 10)
    column = picture[:, 400]
    rows = [np.flatnonzero((column == EMOTION_COLOURS_BGR[label]).all(axis=1)) for label in labels]
    assert all(len(found) >= 5 for found in rows)
    assert [int(np.median(found)) for found in rows] == sorted(int(np.median(found)) for found in rows)


def test_uncertain_is_hatched():
    band = lanes_picture(bands({1: "uncertain"}).view(0, 10, 1000), 70, 10)[-8, 200:480]
    assert len(np.unique(band, axis=0)) >= 2


def test_a_place_is_a_time_both_ways_and_the_present_is_marked_there():
    strip, layout = painted(bands({1: "neutral"}), now_s=7.5)
    position = Position(0.0, 10.0, 7.5)
    for time_s in (0.0, 2.5, 10.0):
        assert layout.time_at(layout.x_of(time_s, position), position) == pytest.approx(time_s, abs=0.01)
    assert layout.time_at(-50, position) == 0.0
    assert layout.time_at(5000, position) == 10.0
    x = layout.x_of(7.5, position)
    assert strip[layout.lanes_y + 5, x].min() > 200
    assert strip[layout.lanes_y + 5, x + 20].max() < 60


def test_lanes_are_drawn_again_only_when_they_change(monkeypatch):
    from realtime.overlay import timeline_strip as timeline_picture

    drawn = []
    plain = timeline_picture.lanes_picture
    monkeypatch.setattr(timeline_picture, "lanes_picture", lambda *a: drawn.append(1) or plain(*a))
    made, painter, layout = bands({1: "neutral"}), TimelinePainter(), StripLayout.under((640, 360))
    pictures = [painter.paint(made, Position(0, 10, now_s), layout) for now_s in (1.0, 2.0, 3.0)]
    assert len(drawn) == 1
    assert not np.array_equal(pictures[0], pictures[1])
    made.write(moment(8.0, {1: "fear"}))
    made.write(moment(8.5, {1: "fear"}))
    painter.paint(made, Position(0, 10, 4.0), layout)
    assert len(drawn) == 2


def test_times_are_written_as_people_read_them():
    assert [time_text(s) for s in (0, 7.26, 59.96, 75.5, 727, 3723.4)] == [
        "0:00.0",
        "0:07.3",
        "1:00.0",
        "1:15.5",
        "12:07",
        "1:02:03",
    ]
