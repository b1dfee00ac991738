"""How far a region can be trusted: each cue falls by itself, and the worst one of the best region is named."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.region_registry import REGIONS
from realtime.inference.reliability import (
    REASONS,
    photographed,
    region_quality,
    reliability_and_reason,
    without_covered,
)
from tests.support.fakes import make_faces

FRAME_WH = (320, 240)
SHARP = np.random.default_rng(0).integers(60, 200, (32, 48, 1)).astype(np.uint8)


def quality(
    pose_deg: tuple[float, float, float] = (0, 0, 0),
    eye_distance_px: float = 60.0,
    crop: np.ndarray = SHARP,
    centre_xy: tuple[float, float] = (160, 120),
) -> dict[str, float]:
    faces = replace(make_faces([centre_xy], eye_distance_px), head_pose_deg=np.array([pose_deg], np.float32))
    return dict(zip(REASONS, region_quality(faces, 0, crop, REGIONS["eyes"].geometry, FRAME_WH).tolist(), strict=True))


def test_a_near_sharp_face_that_looks_here_has_nothing_against_it() -> None:
    assert quality() == dict.fromkeys(REASONS, 1.0)
    assert quality((0, 0, 170)) == dict.fromkeys(REASONS, 1.0), "crops are turned upright: leaning costs nothing"


@pytest.mark.parametrize(
    ("angle_deg", "left"), [(36, 1.0), (40.5, 0.5), (45, 0.2), (90, 0.2)], ids=["nearly", "half", "turned", "profile"]
)
@pytest.mark.parametrize("axis", [0, 1], ids=["yaw", "pitch"])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_turned_face_counts_less_to_either_side_but_its_order_stays(
    angle_deg: float, left: float, axis: int, side: int
) -> None:
    pose = [0.0, 0.0, 0.0]
    pose[axis] = side * angle_deg
    assert quality(tuple(pose)) == dict.fromkeys(REASONS, 1.0) | {"turned": pytest.approx(left, abs=1e-6)}


@pytest.mark.parametrize(("distance_px", "left"), [(12, 1.0), (9, 0.5), (6, 0.0), (3, 0.0)])
def test_a_small_face_counts_less(distance_px: float, left: float) -> None:
    assert quality(eye_distance_px=distance_px)["small"] == pytest.approx(left, abs=1e-5)


def test_blur_counts_and_of_a_flat_crop_nobody_can_say_whether_it_is_sharp() -> None:
    soft = cv2.GaussianBlur(SHARP.astype(np.float32), (0, 0), 8)
    stretched = cv2.normalize(soft, None, 60, 200, cv2.NORM_MINMAX).astype(np.uint8)[:, :, None]
    assert quality(crop=stretched) == dict.fromkeys(REASONS, 1.0) | {"blurred": pytest.approx(0, abs=0.1)}
    flat = quality(crop=np.full_like(SHARP, 128))
    assert (flat["blurred"], flat["hidden"]) == (1.0, 0.0)


def test_what_lies_outside_the_picture_is_hidden() -> None:
    shares = [quality(centre_xy=(x, 120))["hidden"] for x in (160, 20, 0, -100)]
    assert shares[0] == 1.0
    assert shares[-1] == 0.0
    assert shares == sorted(shares, reverse=True)


@given(arrays(np.float32, (2, 4), elements=st.floats(0, 1, width=32)))
def test_cues_multiply_and_the_best_regions_worst_cue_is_the_reason(cues: np.ndarray) -> None:
    reliability, reason = reliability_and_reason(cues)
    np.testing.assert_allclose(reliability, cues[:, 0] * cues[:, 1] * cues[:, 2] * cues[:, 3], rtol=1e-5)
    assert reliability.dtype == np.float32
    best = cues[reliability == reliability.max()]
    assert any(row[REASONS.index(reason)] == row.min() for row in best)


@pytest.mark.parametrize(
    ("eyes", "lips", "reliability"),
    [(0.6, 0.6, (1, 1)), (0.99, 0.2, (1, 0)), (0.95, 0.2, (0.5, 0)), (0.6, 0.2, (0.05, 0)), (0.2, 0.99, (0, 1))],
    ids=["both seen", "eyes alone, sure", "eyes alone, less sure", "eyes alone, unsure", "lips alone, sure"],
)
def test_a_flat_answer_is_a_covered_region_and_the_other_one_then_has_to_be_sure(
    eyes: float, lips: float, reliability: tuple[float, float]
) -> None:
    by_region = np.array([[[share] + [(1 - share) / 5] * 5 for share in (eyes, lips)]], np.float32)
    quality = without_covered(np.ones((1, 2, 4), np.float32), by_region)
    values, reason = reliability_and_reason(quality[0])
    assert values == pytest.approx(reliability, abs=1e-4)
    assert max(values) == 1 or reason == "hidden"


def test_no_face_at_all_is_no_covered_one() -> None:
    assert without_covered(np.ones((0, 2, 4), np.float32), np.ones((0, 2, 6), np.float32)).shape == (0, 2, 4)


def drawn_face(shade: float = 1.0) -> np.ndarray:
    """An emoji in 320x240: even colors, sharp edges."""
    image = np.full((240, 320, 3), 255, np.uint8)
    cv2.circle(image, (160, 120), 80, (60, 210, 255), -1, cv2.LINE_AA)
    for x in (135, 185):
        cv2.ellipse(image, (x, 100), (7, 12), 0, 0, 360, (20, 40, 80), -1, cv2.LINE_AA)
    cv2.ellipse(image, (160, 130), (40, 35), 0, 15, 165, (20, 40, 80), 7, cv2.LINE_AA)
    return (image * shade).astype(np.uint8)


def test_a_drawn_face_is_no_picture_of_a_face_and_a_photograph_is(portrait_bgr: np.ndarray) -> None:
    faces = make_faces([(160, 120)], 60.0)
    assert photographed(faces, drawn_face()) == 0
    portrait = replace(faces, boxes_xyxy=np.array([[170, 70, 280, 190]], np.float32))
    for shade in (1.0, 0.1):
        assert photographed(portrait, (portrait_bgr * shade).astype(np.uint8)) == 1
    outside = replace(faces, boxes_xyxy=np.array([[900, 900, 990, 990]], np.float32))
    assert photographed(outside, drawn_face()) == 1
