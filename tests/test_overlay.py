"""Overlay: what is drawn, where, and that it can be read."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.spec import EMOTIONS, GEOMETRY
from realtime.colours import EMOTION_COLOURS_BGR, GREY, INK, PANEL
from realtime.layout import PlaceMemory, overlap_px, place_panels
from realtime.lettering import text_layer
from realtime.overlay import HudFacts, Overlay
from realtime.panel import FaceFacts, Level, PanelPainter, verdict
from realtime.types import UNCERTAIN, Analysed, Emotions, Faces, Frame

SIZES_WH = [(320, 240), (640, 360), (1280, 720), (3840, 2160)]
HUD = HudFacts(24.8, 31.0, 0, "camera 0", "cpu", recording=False, paused=False)


def analysed(image, boxes, labels=None, probabilities=None, reasons=None):
    """Faces in `boxes` (rows of left, top, right, bottom) that show `labels`, all happiness unless told."""
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    count = len(boxes)
    labels = tuple(labels or ["happiness"] * count)
    if probabilities is None:
        probabilities = np.full((count, 6), 0.04, np.float32)
        for row, label in enumerate(labels):
            probabilities[row, EMOTIONS.index(label) if label != UNCERTAIN else 4] = 0.8
    across = np.linspace(0.0, 1.0, 468, dtype=np.float32)
    shape = np.stack([across, (across * 7) % 1], axis=1)
    for index, spot in ((33, (0.2, 0.4)), (263, (0.8, 0.4)), (61, (0.35, 0.75)), (291, (0.65, 0.75))):
        shape[index] = spot
    shape[[13, 14]] = (0.5, 0.7), (0.5, 0.8)
    points = boxes[:, None, :2] + shape[None] * (boxes[:, None, 2:] - boxes[:, None, :2])
    faces = Faces(boxes, points.astype(np.float32), np.zeros((count, 3), np.float32), np.arange(1, count + 1))
    both = np.repeat(probabilities[:, None], 2, axis=1)
    trust = np.full((count, 2), 0.9, np.float32)
    reasons = tuple(reasons or ["turned" if label == UNCERTAIN else "" for label in labels])
    return Analysed(
        Frame(image, 0, 0.0, 0.0), faces, Emotions(probabilities, both, trust, labels, probabilities, reasons)
    )


def plain(size_wh=(1280, 720), value=128):
    return np.full((size_wh[1], size_wh[0], 3), value, np.uint8)


def has_colour(picture, colour):
    return bool((picture == np.array(colour, np.uint8)).all(axis=2).any())


def changed_box(picture, before):
    rows, columns = np.nonzero((picture != before).any(axis=2))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("size_wh", SIZES_WH)
@pytest.mark.parametrize("mirror", [False, True])
def test_draws_on_a_copy_of_the_same_size(size_wh, mirror):
    image = plain(size_wh)
    width, height = size_wh
    value = analysed(image, [[0.4 * width, 0.3 * height, 0.6 * width, 0.7 * height]])
    drawn = Overlay().draw(value, HUD, landmarks=True, mirror=mirror)
    assert drawn.shape == image.shape
    assert drawn.dtype == np.uint8
    assert (image == 128).all()
    assert has_colour(drawn, EMOTION_COLOURS_BGR["happiness"])


@pytest.mark.parametrize("size_wh", SIZES_WH)
def test_the_panel_grows_with_the_picture(size_wh):
    width, height = size_wh
    box = [0.45 * width, 0.4 * height, 0.55 * width, 0.6 * height]
    left, top, right, bottom = changed_box(Overlay().draw(analysed(plain(size_wh), [box]), None), plain(size_wh))
    assert right - left > 0.25 * width
    assert right - left < 0.7 * width
    assert bottom - top < 0.7 * height


def test_a_small_picture_says_less_and_a_large_one_all():
    levels = {}
    for width, height in SIZES_WH:
        overlay = Overlay()
        overlay.draw(analysed(plain((width, height)), [[0.45 * width, 0.4 * height, 0.55 * width, 0.6 * height]]), HUD)
        levels[height] = overlay.level
    assert levels[720] is Level.FULL
    assert levels[2160] is Level.FULL
    assert levels[240] < Level.FULL


@pytest.mark.parametrize("size_wh", SIZES_WH[:3])
@pytest.mark.parametrize(
    "share", [(-0.2, -0.2, 0.2, 0.2), (0.9, 0.9, 1.4, 1.3), (-0.5, 0.3, 1.5, 0.8), (1.2, 1.2, 1.5, 1.6), (-9, -9, 9, 9)]
)
def test_faces_past_the_edge(size_wh, share):
    box = np.array(share) * np.tile(size_wh, 2)
    drawn = Overlay().draw(analysed(plain(size_wh), [box]), HUD, landmarks=True, mirror=True)
    assert drawn.shape[:2] == size_wh[::-1]
    assert has_colour(drawn, EMOTION_COLOURS_BGR["happiness"])


def test_faces_out_of_all_reach_are_drawn_without_overflow():
    Overlay().draw(analysed(plain(), [[-1e9, -1e9, 1e9, 1e9], [1e8, 1e8, 2e8, 2e8]]), HUD, landmarks=True)


def test_a_picture_smaller_than_any_panel():
    drawn = Overlay().draw(analysed(plain((48, 32)), [[10, 5, 30, 25]]), HUD, landmarks=True)
    assert drawn.shape == (32, 48, 3)


def test_no_face_and_no_hud_is_the_plain_picture():
    image = np.random.default_rng(0).integers(0, 256, (360, 640, 3), np.uint8)
    empty = analysed(image, [])
    assert np.array_equal(Overlay().draw(empty, None, landmarks=True), image)
    assert np.array_equal(Overlay().draw(empty, None, mirror=True), image[:, ::-1])


def test_no_face_is_said_in_the_hud_line_only():
    image = plain((640, 360))
    without = Overlay().draw(analysed(image, []), HUD)
    _, _, right, bottom = changed_box(without, image)
    assert bottom < 40
    seen = changed_box(Overlay().draw(analysed(image, [[300, 200, 340, 260]]), HUD)[:40], image[:40])
    assert right > seen[2]


def test_hud_shows_recording_as_a_red_dot():
    image = plain((640, 360), 0)
    recording = Overlay().draw(analysed(image, []), dataclasses.replace(HUD, recording=True))
    idle = Overlay().draw(analysed(image, []), HUD)
    red = [(picture[:, :, 2].astype(int) - picture[:, :, 1]).max() for picture in (recording, idle)]
    assert red[0] > 120
    assert red[1] < 20


def test_hud_takes_any_source_name_and_stays_inside():
    image = plain((320, 240))
    long = dataclasses.replace(HUD, source="vidéo-" * 40, latency_ms=None, paused=True, dropped=10**6)
    drawn = Overlay().draw(analysed(image, []), long)
    assert changed_box(drawn, image)[2] < 320


def test_the_box_is_where_the_mirrored_face_is():
    image = plain((640, 360))
    box = [100, 120, 160, 190]
    yellow = np.array(EMOTION_COLOURS_BGR["happiness"], np.uint8)
    for mirror, (left, right) in ((False, (100, 160)), (True, (479, 539))):
        drawn = Overlay().draw(analysed(image, [box]), None, mirror=mirror)
        assert (drawn[122, [left, right]] == yellow).all(), mirror
    assert not (Overlay().draw(analysed(image, [box]), None)[122, [479, 539]] == yellow).all()


def test_texts_are_not_mirrored():
    """A face in the middle of an even picture has its panel at the same place and alike, mirrored or not."""
    image = plain((640, 360))
    box = [280, 150, 359, 220]
    straight = Overlay().draw(analysed(image, [box]), HUD)
    assert np.array_equal(straight, Overlay().draw(analysed(image, [box]), HUD, mirror=True))


def test_mirrored_landmarks_lie_on_the_mirrored_face():
    image = plain((640, 360))
    value = analysed(image, [[100, 120, 160, 190]])
    without, with_them = (Overlay().draw(value, None, landmarks=on, mirror=True) for on in (False, True))
    left, top, right, bottom = changed_box(with_them, without)
    assert 460 < left < right < 580
    assert 90 < top < bottom < 220


def test_uncertain_is_grey_and_an_emotion_coloured():
    image = plain((1280, 720), 0)
    box = [500, 250, 650, 450]
    shared = np.full((1, 6), 1 / 6, np.float32)
    unsure = Overlay().draw(analysed(image, [box], [UNCERTAIN], shared), None)
    assert has_colour(unsure, GREY)
    bars = unsure[:, 660:].astype(int)
    full = PanelPainter(("eyes", "lips"), 10).size_wh(Level.FULL)[1]
    upper = bars[250 : 250 + full - 50]
    assert (upper.max(axis=2) - upper.min(axis=2)).max() < 12
    sure = Overlay().draw(analysed(image, [box], ["anger"]), None)
    assert has_colour(sure, EMOTION_COLOURS_BGR["anger"])
    assert (sure[252, 500] == EMOTION_COLOURS_BGR["anger"]).all()


@pytest.mark.parametrize("size_wh", [(320, 240), (1280, 720)])
def test_the_reason_is_written(size_wh):
    width, height = size_wh
    box = [0.4 * width, 0.4 * height, 0.5 * width, 0.6 * height]
    one, other = (
        Overlay().draw(analysed(plain(size_wh), [box], [UNCERTAIN], reasons=[reason]), None)
        for reason in ("turned", "no clear expression")
    )
    assert (one != other).any()


def test_verdict_names_the_experts_that_decided():
    def facts(label, *tops):
        by_region = np.full((2, 6), 0.1, np.float32)
        for row, top in enumerate(tops):
            by_region[row, EMOTIONS.index(top)] = 0.5
        return FaceFacts(1, label, "blurred", by_region[0], by_region, np.ones(2, np.float32))

    names = ("eyes", "lips")
    assert verdict(facts("fear", "fear", "fear"), names) == "eyes and lips agree"
    assert verdict(facts("fear", "fear", "anger"), names) == "eyes outweigh lips"
    assert verdict(facts("fear", "anger", "fear"), names) == "lips outweigh eyes"
    assert verdict(facts("fear", "anger", "neutral"), names) == "from all together"
    assert verdict(facts(UNCERTAIN, "fear", "fear"), names) == "blurred"


def test_each_experts_answer_and_trust_show():
    image, box = plain(value=0), [500, 250, 650, 450]
    base = analysed(image, [box])
    emotions = base.emotions
    lips = emotions.by_region.copy()
    lips[0, 1] = np.roll(lips[0, 1], 3)
    doubted = emotions.reliability.copy()
    doubted[0, 1] = 0.1
    before = Overlay().draw(base, None)
    for change in ({"by_region": lips}, {"reliability": doubted}):
        other = dataclasses.replace(emotions, **change)
        after = Overlay().draw(Analysed(base.frame, base.faces, other), None)
        assert (before != after).any(), change.keys()
        if "reliability" in change:
            assert after.astype(int).sum() < before.astype(int).sum()


def luminance(colour_bgr):
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in np.array(colour_bgr) / 255.0]
    return 0.0722 * linear[0] + 0.7152 * linear[1] + 0.2126 * linear[2]


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("size_wh", [(320, 240), (1280, 720)])
def test_texts_stand_out_from_black_and_white_pictures(value, size_wh):
    painter = PanelPainter(("eyes", "lips"), 7 if size_wh[1] == 240 else 10)
    value_of = analysed(plain(size_wh, value), [[0, 0, 10, 10]])
    facts = FaceFacts.of(value_of.emotions, 0, 1)
    for level in Level:
        picture = plain(size_wh, value)
        painter.draw(picture, level, 20, 20, facts)
        width, height = painter.size_wh(level)
        panel = picture[24 : 20 + height - 4, 20 + width // 4 : 20 + width - 4].reshape(-1, 3)
        shades = sorted(luminance(pixel) for pixel in np.unique(panel, axis=0))
        ground = luminance(np.median(panel, axis=0)) if level is Level.TAG else shades[0]
        assert (shades[-1] + 0.05) / (ground + 0.05) > 4.5, level


def test_emotion_colours_differ_from_each_other_and_from_the_panel():
    assert tuple(EMOTION_COLOURS_BGR) == EMOTIONS
    colours = [*EMOTION_COLOURS_BGR.values(), GREY, PANEL]
    distances = [np.abs(np.subtract(a, b)).sum() for i, a in enumerate(colours) for b in colours[:i]]
    assert min(distances) > 60
    for colour in EMOTION_COLOURS_BGR.values():
        assert (luminance(colour) + 0.05) / (luminance(PANEL) + 0.05) > 3


@pytest.mark.parametrize("text", ["happiness", "24.8 fps", "", "emoción", "#1"])
@pytest.mark.parametrize("cap_px", [7, 10, 31])
def test_letters_are_not_cut_off(text, cap_px):
    layer = text_layer(text, cap_px, INK)
    ink = 255 - layer.keep[:, :, 0].astype(int)
    assert ink[:, -1:].max() < 128
    assert ink[-1:].max() < 128
    if text:
        assert ink.max() > 128


# Where panels go.

box_share = st.floats(-0.3, 1.3, allow_nan=False)


@settings(max_examples=80, deadline=None)
@given(
    shares=st.lists(st.tuples(box_share, box_share, st.floats(0.01, 0.9), st.floats(0.01, 0.9)), max_size=6),
    picture_wh=st.sampled_from(SIZES_WH),
    panel_share=st.tuples(st.floats(0.02, 1.0), st.floats(0.02, 1.0)),
    gap_px=st.integers(0, 60),
    known=st.lists(st.tuples(st.integers(-4000, 4000), st.integers(-4000, 4000)), max_size=6),
)
def test_panels_are_inside_the_picture(shares, picture_wh, panel_share, gap_px, known):
    scale = np.tile(picture_wh, 2)
    boxes = np.array([[x, y, x + w, y + h] for x, y, w, h in shares], np.float32).reshape(-1, 4) * scale
    panel_wh = tuple(max(1, int(share * side)) for share, side in zip(panel_share, picture_wh, strict=True))
    last = np.full((len(boxes), 2), np.nan)
    last[: len(known)] = np.array(known[: len(boxes)]).reshape(-1, 2)
    placed = place_panels(boxes.astype(np.float32), panel_wh, picture_wh, gap_px, [(8, 8, 200, 30)], last)
    assert placed.shape == (len(boxes), 2)
    assert (placed >= 0).all()
    assert (placed + panel_wh <= picture_wh).all()


def rects_of(placed, panel_wh):
    return np.concatenate([placed, placed + np.array(panel_wh)], axis=1)


CROWDS = {
    "corners": [(150, 80, 300, 260), (900, 80, 1050, 260), (150, 420, 300, 600), (900, 420, 1050, 600)],
    "row": [(60, 250, 180, 400), (380, 250, 500, 400), (700, 250, 820, 400), (1020, 250, 1140, 400)],
    "close together": [(400, 200, 500, 320), (520, 210, 620, 330), (640, 205, 740, 325), (760, 200, 860, 320)],
    "one behind another": [(500, 200, 700, 450), (520, 220, 720, 470)],
    "at the edges": [(0, 0, 150, 180), (1130, 0, 1280, 180), (0, 540, 150, 720), (1130, 540, 1280, 720)],
}


@pytest.mark.parametrize("name", CROWDS)
@pytest.mark.parametrize("panel_wh", [(196, 66), (226, 203)])
def test_panels_cover_neither_each_other_nor_faces(name, panel_wh):
    boxes = np.array(CROWDS[name], np.float32)
    reserved = [(8, 8, 360, 34)]
    rects = rects_of(place_panels(boxes, panel_wh, (1280, 720), 14, reserved), panel_wh)
    shared = overlap_px(rects, rects)
    np.fill_diagonal(shared, 0)
    assert shared.max() == 0
    # Around faces this close there is no room for four large panels: corners may touch a face.
    crowded = name == "close together" and panel_wh[1] > 200
    assert overlap_px(rects, boxes).sum(axis=1).max() <= (0.08 * panel_wh[0] * panel_wh[1] if crowded else 0)
    assert overlap_px(rects, reserved).max() == 0


def test_a_lone_face_has_its_panel_on_the_right_and_else_on_the_left():
    for left, wanted in ((500, 664), (1000, 1000 - 14 - 226)):
        box = np.array([[left, 200, left + 150, 400]], np.float32)
        assert place_panels(box, (226, 203), (1280, 720), 14)[0].tolist() == [wanted, 200]


def test_a_trembling_face_does_not_move_its_panel():
    memory, rng = PlaceMemory(), np.random.default_rng(1)
    ids, seen = np.array([7, 9]), set()
    for _ in range(40):
        boxes = np.array([[300, 200, 450, 400], [700, 220, 820, 380]]) + rng.uniform(-3, 3, (2, 4))
        placed = place_panels(boxes.astype(np.float32), (226, 203), (1280, 720), 14, (), memory.recall(ids))
        memory.store(ids, placed)
        seen.add(placed.tobytes())
    assert len(seen) == 1


def test_a_panel_stays_with_its_person_when_rows_change_order():
    boxes = np.array([[300, 200, 450, 400], [480, 220, 600, 380]], np.float32)
    memory, ids = PlaceMemory(), np.array([1, 2])
    first = place_panels(boxes, (226, 203), (1280, 720), 14)
    memory.store(ids, first)
    again = place_panels(boxes[::-1].copy(), (226, 203), (1280, 720), 14, (), memory.recall(ids[::-1]))
    assert np.array_equal(again[::-1], first)


def test_a_walking_face_takes_its_panel_along_without_jumps():
    memory, ids, steps = PlaceMemory(), np.array([1]), []
    last = None
    for left in range(200, 700, 5):
        boxes = np.array([[left, 200, left + 150, 400]], np.float32)
        placed = place_panels(boxes, (226, 203), (1280, 720), 14, (), memory.recall(ids))
        memory.store(ids, placed)
        if last is not None:
            steps.append(np.abs(placed - last).max())
        last = placed
    assert max(steps) <= 12
    assert abs(int(last[0, 0]) - (695 + 150 + 14)) < 40


def test_places_of_people_long_gone_are_forgotten():
    memory = PlaceMemory()
    memory.store(np.array([3, 0]), np.array([[5, 6], [7, 8]]))
    assert memory.recall(np.array([3])).tolist() == [[5, 6]]
    assert np.isnan(memory.recall(np.array([0, 4]))).all()
    for _ in range(100):
        memory.store(np.zeros(0, np.int64), np.zeros((0, 2), np.int64))
    assert np.isnan(memory.recall(np.array([3]))).all()


def test_panels_say_less_at_once_and_more_only_after_a_calm_while():
    image, overlay = plain(), Overlay()
    one, many = [[200, 200, 300, 320]], [[x, y, x + 90, y + 110] for x in (100, 500, 900) for y in (120, 450)]
    overlay.draw(analysed(image, one), None)
    assert overlay.level is Level.FULL
    overlay.draw(analysed(image, many), None)
    assert overlay.level < Level.FULL
    levels = []
    for _ in range(100):
        overlay.draw(analysed(image, one), None)
        levels.append(overlay.level)
    assert levels[0] < Level.FULL
    assert levels[-1] is Level.FULL
    assert sorted(levels) == levels


def test_regions_without_geometry_are_no_obstacle():
    drawn = Overlay(("eyes", "ears")).draw(analysed(plain(), [[500, 250, 650, 450]]), HUD, landmarks=True)
    assert "ears" not in GEOMETRY
    assert drawn.shape == (720, 1280, 3)
