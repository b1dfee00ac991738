"""The timeline that fills: by media time, newest word counts, people keep their lanes, memory stays bounded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from realtime.core.types import Analysed, Faces
from realtime.timeline.live_timeline import LIVE_S, MAX_LANES, NO_FACE, LiveTimeline
from realtime.timeline.timeline import LABELS
from tests.support.values.analysed import moment


def seen(time_s, people, epoch=0):
    analysed = moment(time_s, people)
    return replace(analysed, frame=replace(analysed.frame, epoch=epoch))


def filled(bands, start_s, end_s, people, epoch=0, fps=20):
    for number in range(round(start_s * fps), round(end_s * fps)):
        bands.write(seen(number / fps, people, epoch))


def names(view, lane=0):
    return [None if label == NO_FACE else LABELS[label] for label in view.labels[lane].tolist()]


def test_it_fills_by_media_time_and_knows_what_was_not_looked_at():
    bands = LiveTimeline(10.0)
    filled(bands, 0, 2, {1: "neutral"})
    filled(bands, 2, 3, {})
    filled(bands, 3, 4, {1: "happiness"})
    view = bands.view(0, 10, 10)
    assert names(view) == ["neutral", "neutral", None, "happiness", *[None] * 6]
    assert view.analysed.tolist() == [True] * 4 + [False] * 6
    assert view.shares[0, 0].argmax() == LABELS.index("neutral")
    assert view.shares[0, 3].sum() == pytest.approx(1, abs=1e-5)
    assert view.tracks[0].tolist() == [1, 1, 0, 1, 0, 0, 0, 0, 0, 0]


def test_what_was_analysed_before_a_seek_stays_and_what_is_seen_again_replaces_it():
    bands = LiveTimeline(10.0)
    filled(bands, 0, 4, {1: "neutral", 2: "anger"})
    filled(bands, 7, 9, {3: "fear"}, epoch=1)
    filled(bands, 1, 2, {4: "happiness"}, epoch=2)
    bands.write(seen(5.0, {}, epoch=3))
    view = bands.view(0, 10, 10)
    assert names(view) == ["neutral", "happiness", "neutral", "neutral", None, None, None, "fear", "fear", None]
    assert names(view, 1) == ["anger", None, "anger", "anger", *[None] * 6]
    assert view.analysed.tolist() == [True] * 4 + [False] * 3 + [True] * 2 + [False]


def test_a_new_number_for_the_same_person_after_a_seek_does_not_take_a_new_lane():
    bands = LiveTimeline(10.0)
    for epoch in range(20):
        filled(bands, epoch % 5, epoch % 5 + 1, {epoch + 1: "neutral"}, epoch)
    assert len(bands.view(0, 10, 10).labels) == 1


def test_the_leftmost_of_those_who_come_at_once_gets_the_first_lane_and_keeps_it():
    def swapped(time_s):
        analysed = seen(time_s, {1: "anger", 2: "fear"})
        faces = analysed.faces
        boxes = np.ascontiguousarray(faces.boxes_xyxy[::-1])
        return Analysed(
            analysed.frame,
            Faces(boxes, faces.landmarks_xy, faces.head_pose_deg, faces.track_ids),
            analysed.emotions,
        )

    bands = LiveTimeline(4.0)
    for number in range(20):
        bands.write(swapped(number / 20))
    filled(bands, 1, 2, {1: "anger"})
    filled(bands, 2, 3, {1: "anger", 3: "sadness"})
    view = bands.view(0, 3, 3)
    assert names(view, 0) == ["fear", None, None], "the lane is kept for two seconds"
    assert names(view, 1) == ["anger", "anger", "anger"]
    assert names(view, 2) == [None, None, "sadness"]


def test_a_frame_counts_until_the_next_one_but_not_over_a_hole():
    bands = LiveTimeline(20.0)
    for time_s in (0.0, 0.9, 1.8, 10.0, 10.05):
        bands.write(seen(time_s, {1: "neutral"}))
    view = bands.view(0, 20, 200)
    assert view.analysed[:28].all()
    assert not view.analysed[29:99].any()


def test_a_file_longer_than_it_said_is_kept_whole_in_the_same_memory():
    bands = LiveTimeline(None)
    filled(bands, 0, 300, {1: "neutral"}, fps=5)
    filled(bands, 300, 600, {1: "anger"}, fps=5)
    bands.write(seen(6000.0, {1: "fear"}))
    assert names(bands.view(0, 600, 10)) == ["neutral"] * 5 + ["anger"] * 5
    assert bands.last_s == 6000


def test_of_a_live_source_the_last_minute_is_there_however_long_it_runs():
    bands = LiveTimeline(live=True)
    filled(bands, 0, 500, {1: "neutral"}, fps=5)
    filled(bands, 500, 530, {1: "anger"}, fps=5)
    view = bands.view(530 - LIVE_S, 530, 6)
    assert names(view) == ["neutral"] * 3 + ["anger"] * 3
    bands.write(seen(1e5, {1: "fear"}))
    bands.write(seen(1e5 + 0.5, {1: "fear"}))
    assert names(bands.view(1e5 - 59, 1e5 + 1, 60)) == [None] * 59 + ["fear"]


def test_a_crowd_has_no_more_lanes_than_can_be_drawn():
    bands = LiveTimeline(1.0)
    filled(bands, 0, 1, dict.fromkeys(range(1, 15), "neutral"))
    assert len(bands.view(0, 1, 5).labels) == MAX_LANES
