"""Every face is found: many, small ones in tiles, half ones at the edge, and those that are upside down."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from realtime.core.types import Frame
from realtime.landmarks.all_faces_detector import AllFacesDetector, _boxes
from realtime.landmarks.networks.detection import Detection

# The face of the portrait: middle and size, in its 512 pixels.
FACE_XY, FACE_PX = (223, 118), 110


@pytest.fixture(scope="module")
def detector() -> Iterator[AllFacesDetector]:
    made = AllFacesDetector()
    yield made
    made.close()


def found_in(detector: AllFacesDetector, image_bgr: np.ndarray, frames: int = 15) -> np.ndarray:
    """Boxes of half a second of one picture, in which every view has its turn."""
    return np.concatenate([detector.find(Frame(image_bgr, n, n / 30, 0.0)) for n in range(frames)])


def has_face(boxes: np.ndarray, x: float, y: float, size_px: float) -> bool:
    """Whether a box of about that size has this point near its middle."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    near = np.abs(middle - (x, y)).max(axis=1) < 0.4 * size_px if len(boxes) else np.zeros(0, bool)
    sizes = boxes[:, 3] - boxes[:, 1]
    return bool((near & (sizes > 0.6 * size_px) & (sizes < 2.2 * size_px)).any())


def test_six_faces_are_six(detector: AllFacesDetector, portrait_bgr: np.ndarray) -> None:
    half = cv2.resize(portrait_bgr, (256, 256), interpolation=cv2.INTER_AREA)
    boxes = found_in(detector, np.vstack([np.hstack([half] * 3)] * 2), 1)
    for column in range(3):
        for row in range(2):
            assert has_face(boxes, 256 * column + FACE_XY[0] / 2, 256 * row + FACE_XY[1] / 2, FACE_PX / 2)


def test_half_a_face_at_the_edge_is_found(detector: AllFacesDetector, portrait_bgr: np.ndarray) -> None:
    boxes = found_in(detector, np.ascontiguousarray(portrait_bgr[:, FACE_XY[0] :]))
    assert has_face(boxes, 0, FACE_XY[1], FACE_PX)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_face_is_found_where_it_is(detector: AllFacesDetector, portrait_bgr: np.ndarray, turns: int) -> None:
    x, y = FACE_XY
    places = {1: (y, 512 - x), 2: (512 - x, 512 - y), 3: (512 - y, x)}
    boxes = found_in(detector, np.ascontiguousarray(np.rot90(portrait_bgr, turns)))
    assert has_face(boxes, *places[turns], FACE_PX)


@pytest.mark.parametrize("corner_xy", [(30, 40), (1150, 600)])
def test_a_small_face_in_a_large_picture_is_found(
    detector: AllFacesDetector, portrait_bgr: np.ndarray, corner_xy: tuple[int, int]
) -> None:
    small = cv2.resize(portrait_bgr[:300, 60:400], None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    image = np.full((720, 1280, 3), 110, np.uint8)
    x, y = corner_xy
    image[y : y + small.shape[0], x : x + small.shape[1]] = small
    size_px = FACE_PX / 4
    assert size_px >= detector.smallest_face_px((1280, 720))
    assert has_face(found_in(detector, image), x + (FACE_XY[0] - 60) / 4, y + FACE_XY[1] / 4, size_px)


def test_where_nobody_is_nobody_is_found(detector: AllFacesDetector) -> None:
    assert not len(found_in(detector, np.full((480, 640, 3), 120, np.uint8)))


def test_a_video_of_few_pictures_a_second_has_every_view_in_each(
    detector: AllFacesDetector, portrait_bgr: np.ndarray
) -> None:
    half = np.ascontiguousarray(portrait_bgr[:, FACE_XY[0] :])
    for second in range(100, 103):
        assert has_face(detector.find(Frame(half, second, float(second), 0.0)), 0, FACE_XY[1], FACE_PX)


def test_in_turned_frames_and_tiles_a_low_score_is_not_enough() -> None:
    class Network:
        def find(self, image_bgr: np.ndarray) -> list[Detection]:
            eyes = np.zeros((2, 2), np.float32)
            return [Detection(np.full(4, score, np.float32), eyes, score) for score in (0.75, 0.5, 0.25)]

    picture = np.zeros((8, 8, 3), np.uint8)
    assert len(_boxes(Network(), picture)) == 3
    assert _boxes(Network(), picture, 0.5)[:, 0].tolist() == [0.75, 0.5]
