"""What leaves the program as a picture, large and for a small screen."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from realtime.core.options import FaceStyle, PictureOptions
from realtime.core.types import Analysed
from realtime.overlay.face_panel import Level
from realtime.overlay.output_painter import OutputPainter
from realtime.overlay.palette import EMOTION_COLOURS_BGR
from tests.support.values.analysed import moment


def in_hd(people: dict[int, str]) -> Analysed:
    """A frame of 1280 x 960 noise with these people."""
    frame = moment(0.0, people)
    image = np.random.default_rng(0).integers(60, 200, (960, 1280, 3)).astype(np.uint8)
    faces = dataclasses.replace(frame.faces, boxes_xyxy=frame.faces.boxes_xyxy * 4)
    return dataclasses.replace(frame, frame=dataclasses.replace(frame.frame, image_bgr=image), faces=faces)


def test_a_small_picture_has_labels_only_at_the_faces_places_and_leaves_the_frame_alone() -> None:
    frame, painter = in_hd({1: "happiness", 3: "anger"}), OutputPainter()
    before = frame.frame.image_bgr.copy()
    small = painter.draw_small(frame)
    assert small.shape == (480, 640, 3)
    np.testing.assert_array_equal(frame.frame.image_bgr, before)
    for number, label in enumerate(("happiness", "anger")):
        left, top = (frame.faces.boxes_xyxy[number][:2] / 2).round().astype(int)
        assert (small[top, left] == EMOTION_COLOURS_BGR[label]).all(), "the corner of its frame, in its color"
    assert painter.draw(frame).shape == before.shape, "the large one is drawn beside it"


def test_a_small_picture_has_no_panel_where_there_is_room_for_one() -> None:
    painter = OutputPainter()
    painter.draw_small(in_hd({1: "happiness"}))
    assert painter._small_overlay.level is Level.TAG


def test_a_picture_that_is_small_already_keeps_its_size() -> None:
    assert OutputPainter().draw_small(moment(0.0, {1: "fear"})).shape == (240, 320, 3)


@pytest.mark.parametrize("faces", [FaceStyle.ON_BLACK, FaceStyle.BLURRED])
def test_a_small_picture_hides_faces_as_the_large_one_does(faces: FaceStyle) -> None:
    frame = in_hd({1: "neutral"})
    left, top, right, bottom = frame.faces.boxes_xyxy[0].astype(int)
    inside = np.s_[top // 2 + 20 : bottom // 2 - 20, left // 2 + 20 : right // 2 - 20]
    seen = OutputPainter().draw_small(frame)[inside]
    hidden = OutputPainter(PictureOptions(faces)).draw_small(frame)[inside]
    assert hidden.std() < 0.3 * seen.std()


def test_a_small_picture_is_mirrored_with_its_frames() -> None:
    frame = in_hd({1: "neutral"})
    small = OutputPainter(PictureOptions(mirror=True)).draw_small(frame)
    left, top = (frame.faces.boxes_xyxy[0][:2] / 2).round().astype(int)
    assert (small[top, 639 - left] == EMOTION_COLOURS_BGR["neutral"]).all()
