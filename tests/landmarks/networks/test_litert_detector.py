"""LiteRT's detections against those of MediaPipe's graph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.landmarks.networks.litert_detector import LiteRtDetector
from realtime.landmarks.networks.mediapipe_graphs import DetectorGraph
from realtime.landmarks.networks.open_network import open_detection_network
from tests.support.backends import needs_litert, needs_mediapipe

pytestmark = needs_litert
NETWORKS = [(False, 0.5), (True, 0.6), (False, 0.3), (True, 0.3)]
Pair = tuple[LiteRtDetector, DetectorGraph]


@pytest.fixture(params=NETWORKS, ids=["near", "far", "near-sensitive", "far-sensitive"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    far, min_score = request.param
    made = LiteRtDetector(min_score, far=far), DetectorGraph(min_score, far=far)
    yield made
    for one in made:
        one.close()
        one.close()


def apart_px(pair: Pair, image_bgr: np.ndarray) -> tuple[float, int]:
    """Return how far both lie apart at most, and how many faces they see."""
    quick, graph = (one.find(image_bgr) for one in pair)
    assert len(quick) == len(graph)
    for one, other in zip(quick, graph, strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-3)
    gaps = [np.abs(one.box_xyxy - other.box_xyxy).max() for one, other in zip(quick, graph, strict=True)]
    gaps += [np.abs(one.eyes_xy - other.eyes_xy).max() for one, other in zip(quick, graph, strict=True)]
    return max(gaps, default=0.0), len(quick)


@needs_mediapipe
@pytest.mark.parametrize("size_wh", [(512, 512), (1280, 720), (301, 477)])
def test_detections_are_those_of_mediapipes_graph(
    pair: Pair, portrait_bgr: np.ndarray, size_wh: tuple[int, int]
) -> None:
    picture = np.full((size_wh[1], size_wh[0], 3), 90, np.uint8)
    shrunk = cv2.resize(portrait_bgr, None, fx=0.58, fy=0.58, interpolation=cv2.INTER_AREA)
    for left in range(0, size_wh[0] - len(shrunk) + 1, len(shrunk)):
        picture[: len(shrunk), left : left + len(shrunk)] = shrunk
    apart, _ = apart_px(pair, picture)
    assert apart < 0.1


@needs_mediapipe
def test_detections_of_photographs_are_those_of_mediapipes_graph(pair: Pair, real_data: Path) -> None:
    files = sorted((real_data / "data" / "lfw_expressions").rglob("*.jpg"))[::60]
    # With surroundings, in which the full-range network finds them too.
    pictures = [cv2.copyMakeBorder(cv2.imread(str(file)), *[200] * 4, cv2.BORDER_REFLECT) for file in files]
    measured = [apart_px(pair, np.asarray(picture, np.uint8)) for picture in pictures]
    assert sum(count for _, count in measured) > 5
    assert max(apart for apart, _ in measured) < 1


def test_a_view_of_a_picture_and_odd_sizes_are_taken(portrait_bgr: np.ndarray) -> None:
    network = LiteRtDetector(0.5, far=False)
    [whole] = network.find(portrait_bgr)
    [turned_twice] = network.find(np.rot90(np.rot90(portrait_bgr, 2), 2))
    assert turned_twice.box_xyxy == pytest.approx(whole.box_xyxy, abs=1e-3)
    [part] = network.find(portrait_bgr[20:420, 60:460])
    assert part.box_xyxy + np.array([60, 20, 60, 20]) == pytest.approx(whole.box_xyxy, abs=15)
    for shape in ((1, 1, 3), (1, 900, 3), (900, 2, 3)):
        assert network.find(np.zeros(shape, np.uint8)) == []
    network.close()


def test_where_litert_is_installed_it_detects() -> None:
    network = open_detection_network(0.5, far=True)
    network.close()
    assert isinstance(network, LiteRtDetector)
