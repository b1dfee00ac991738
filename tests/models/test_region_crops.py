from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from models.region_crops import border_wh, cut_region, eye_distance_px, region_corners
from models.region_registry import REGIONS
from tests.support.fakes import make_landmarks


def picture(width: int = 320, height: int = 240) -> np.ndarray:
    """Smooth in x and y, so that a crop's grey values tell where it was cut."""
    x, y = np.meshgrid(np.linspace(0, 200, width), np.linspace(0, 55, height))
    return np.repeat((x + y).astype(np.uint8)[:, :, None], 3, axis=2)


def turned(points: np.ndarray, degrees: float, centre: tuple[float, float]) -> np.ndarray:
    matrix = cv2.getRotationMatrix2D(centre, -degrees, 1.0)
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


@pytest.mark.parametrize("region", REGIONS)
def test_crops_have_the_experts_size_and_a_border_in_proportion(region: str) -> None:
    geometry, landmarks = REGIONS[region].geometry, make_landmarks((160, 120), 60)
    width, height = geometry.size_wh
    assert cut_region(picture(), landmarks, geometry).shape == (height, width, 1)
    x, y = border_wh(geometry, 8)
    assert cut_region(picture(), landmarks, geometry, 8).shape == (height + 2 * y, width + 2 * x, 1)


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("eye_distance", [14.0, 24.0])
def test_the_middle_of_a_crop_with_border_is_the_crop_without(region: str, eye_distance: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    geometry, landmarks = REGIONS[region].geometry, make_landmarks((160, 120), eye_distance)
    x, y = border_wh(geometry, 8)
    wide = cut_region(noise, landmarks, geometry, 8)
    np.testing.assert_allclose(wide[y:-y, x:-x].astype(int), cut_region(noise, landmarks, geometry).astype(int), atol=1)


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("degrees", [-40.0, 15.0, 170.0])
def test_a_turned_picture_gives_the_same_crop(region: str, degrees: float) -> None:
    centre = (160.0, 120.0)
    landmarks = make_landmarks(centre, 50)
    rotated = cv2.warpAffine(
        picture(), cv2.getRotationMatrix2D(centre, -degrees, 1.0), (320, 240), borderMode=cv2.BORDER_REPLICATE
    )
    before = cut_region(picture(), landmarks, REGIONS[region].geometry)
    after = cut_region(rotated, turned(landmarks, degrees, centre), REGIONS[region].geometry)
    assert np.abs(before.astype(int) - after.astype(int)).max() <= 4


@pytest.mark.parametrize("region", REGIONS)
def test_a_crop_shows_what_lies_between_its_corners(region: str) -> None:
    landmarks, geometry = make_landmarks((160, 120), 60), REGIONS[region].geometry
    corners = region_corners(landmarks, geometry)
    crop = cut_region(picture(), landmarks, geometry)[:, :, 0]
    places = [(0, 0), (0, -1), (-1, -1), (-1, 0)]
    for (x, y), place in zip(corners, places, strict=True):
        assert abs(int(crop[place]) - int(picture()[round(float(y)), round(float(x)), 0])) <= 4
    width, height = corners[2] - corners[0]
    assert width == pytest.approx(geometry.width_d * 60, abs=0.01)
    assert height == pytest.approx(geometry.height_d * 60, abs=0.01)


def test_regions_lie_where_a_face_has_them() -> None:
    landmarks = make_landmarks((160, 120), 60)
    eyes, lips = (region_corners(landmarks, REGIONS[region].geometry) for region in REGIONS)
    eye_line, mouth = landmarks[33, 1], landmarks[13, 1]
    assert eyes[:, 1].mean() == pytest.approx(eye_line - 0.06 * 60, abs=0.01), "brows are above the eyes"
    assert lips[:, 1].mean() == pytest.approx(mouth, abs=0.01)
    assert eyes[2, 1] < mouth


def test_near_faces_lose_the_detail_that_training_never_had() -> None:
    stripes = np.zeros((480, 640, 3), np.uint8)
    stripes[:, ::4] = 255
    crop = cut_region(stripes, make_landmarks((320, 240), 200), REGIONS["eyes"].geometry)
    assert crop.std() < 15, "fine stripes of a near face must average out, not alias"
    assert crop.mean() == pytest.approx(64, abs=6)


def test_grey_and_colour_pictures_give_the_same_crop() -> None:
    landmarks = make_landmarks((160, 120), 40)
    geometry = REGIONS["lips"].geometry
    colour = cut_region(picture(), landmarks, geometry)
    np.testing.assert_allclose(colour, cut_region(picture()[:, :, 0].copy(), landmarks, geometry), atol=1)


def test_a_face_at_the_edge_or_without_width_still_gives_a_crop() -> None:
    outside = make_landmarks((2, 2), 60)
    assert cut_region(picture(), outside, REGIONS["eyes"].geometry).shape == (32, 48, 1)
    flat = np.zeros((468, 2), np.float32)
    assert eye_distance_px(flat) == 0
    assert cut_region(picture(), flat, REGIONS["lips"].geometry).shape == (48, 64, 1)


def test_geometry_is_checked() -> None:
    from models.errors import ModelError

    with pytest.raises(ModelError, match="positive sizes"):
        replace(REGIONS["eyes"].geometry, width_d=0.0)
