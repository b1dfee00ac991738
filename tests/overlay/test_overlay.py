"""Overlay: what is drawn, where, and that it can be read."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from models.manifest import EMOTIONS
from realtime.core.types import UNCERTAIN, Analysed
from realtime.overlay.face_facts import FaceFacts, ago, verdict
from realtime.overlay.face_panel import Level, PanelPainter
from realtime.overlay.overlay import Overlay
from realtime.overlay.palette import EMOTION_COLOURS_BGR, GREY, INK, PANEL
from realtime.overlay.staleness_filter import StalenessFilter
from realtime.overlay.text import text_layer
from tests.support.pictures.drawn_faces import HUD, SIZES_WH, analysed, changed_box, has_colour, plain


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
    far = [[-1e9, -1e9, 1e9, 1e9], [1e8, 1e8, 2e8, 2e8]]
    assert Overlay().draw(analysed(plain(), far), HUD, landmarks=True).shape == plain().shape


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


def aged(value: Analysed, *age_s: float) -> Analysed:
    return dataclasses.replace(value, emotions=dataclasses.replace(value.emotions, age_s=np.array(age_s, np.float32)))


def test_an_old_emotion_is_grey_and_says_its_age():
    value = analysed(plain(), [[500, 250, 650, 450]])
    colour = EMOTION_COLOURS_BGR["happiness"]
    young, old = (Overlay().draw(aged(value, age_s), None) for age_s in (0.1, 0.7))
    assert (young == Overlay().draw(value, None)).all(), "a tenth of a second is as good as now"
    bars = {name: (picture == colour).all(axis=2).sum() for name, picture in (("young", young), ("old", old))}
    assert bars["old"] == 0 < bars["young"]
    facts = FaceFacts.of(aged(value, 0.7).emotions, 0, 1)
    assert (verdict(facts, ("eyes", "lips")), facts.colour) == ("0.7 s ago", GREY)
    doubted = dataclasses.replace(facts, label=UNCERTAIN, reason="turned")
    assert verdict(doubted, ("eyes", "lips")) == "turned, 0.7 s ago"
    assert [ago(age_s) for age_s in (0.0, 0.2, 0.31, np.inf)] == ["", "", "0.3 s ago", ""]


@pytest.mark.parametrize("level", Level)
def test_each_panel_shows_that_an_emotion_is_old(level):
    value = analysed(plain(), [[500, 250, 650, 450]])
    painter = PanelPainter(("eyes", "lips"), 10)
    young, old = plain(), plain()
    painter.draw(young, level, 20, 20, FaceFacts.of(value.emotions, 0, 1))
    painter.draw(old, level, 20, 20, FaceFacts.of(aged(value, 0.7).emotions, 0, 1))
    assert (young != old).any()
    right, bottom = (20 + side for side in painter.size_wh(level))
    outside = np.ones(old.shape[:2], bool)
    outside[20:bottom, 20:right] = False
    assert (old[outside] == 128).all(), "the age fits into the panel"


def test_an_age_that_climbs_and_falls_shows_calmly():
    calm = StalenessFilter()
    value = analysed(plain(), [[500, 250, 650, 450]])
    shown = []
    for number in range(36):
        frame = dataclasses.replace(value.frame, media_time_s=number / 30)
        one = aged(dataclasses.replace(value, frame=frame), 0.15 + (number % 5) / 30)
        shown.append(round(calm.facts(one)[0].age_s, 3))
    assert set(shown[4:]) == {0.283}
    later = dataclasses.replace(value, frame=dataclasses.replace(value.frame, media_time_s=3.0))
    assert calm.facts(later)[0].age_s == 0.0, "once the classifier keeps up it is over"
    assert calm.facts(aged(later, np.inf))[0].age_s == np.inf


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
