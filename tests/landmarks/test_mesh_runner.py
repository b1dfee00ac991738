"""The ROI that the landmark model sees, the points mapped back to the frame, and parity with FaceMesh itself."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from realtime.landmarks.detector import Detector
from realtime.landmarks.mesh_runner import FaceRoi, MeshRunner, NetworkLike, roi_of_detection, roi_of_mesh
from realtime.landmarks.networks import mediapipe_graphs as mesh
from realtime.landmarks.networks.detection import Detection
from realtime.landmarks.networks.litert_mesh import LiteRtMesh
from realtime.landmarks.networks.mediapipe_graphs import MeshGraph
from realtime.landmarks.networks.mediapipe_import import light_imports
from realtime.landmarks.networks.network_files import LANDMARK_COUNT
from realtime.landmarks.networks.network_files import MESH_SIDE_PX as SIDE
from realtime.landmarks.networks.open_network import open_mesh_network
from tests.support.backends import needs_litert, needs_mediapipe


class FakeNetwork:
    """Says where the brightest blue, green and red of its picture are."""

    def find(self, face_rgb: np.ndarray) -> tuple[np.ndarray, float]:
        self.picture = face_rgb
        points = np.zeros((LANDMARK_COUNT, 3), np.float32)
        for row in range(3):
            y, x = np.unravel_index(face_rgb[:, :, row].argmax(), face_rgb.shape[:2])
            points[row] = (x + 0.5, y + 0.5, 96.0)
        return points, 0.7

    def close(self) -> None:
        self.closed = True


def dots(*places_xy: tuple[int, int]) -> np.ndarray:
    """Return a picture with a blurred dot per colour, red first."""
    picture = np.zeros((360, 640, 3), np.float32)
    for channel, (x, y) in zip((2, 1, 0), places_xy, strict=True):
        picture[y, x, channel] = 1
    picture = cv2.GaussianBlur(picture, (0, 0), 6)
    return (picture / picture.max() * 255).astype(np.uint8)


class BrokenNetwork(FakeNetwork):
    """Says that a face is there, at places that are no numbers."""

    def find(self, face_rgb: np.ndarray) -> tuple[np.ndarray, float]:
        points, presence = super().find(face_rgb)
        points[7] = np.inf
        return points, presence


@pytest.mark.filterwarnings("error")
def test_points_that_are_no_numbers_are_no_face() -> None:
    _, presence = MeshRunner(BrokenNetwork()).run(dots((330, 200), (300, 160), (350, 150)), FaceRoi(320, 180, 150, 0.3))
    assert presence == 0.0


@pytest.mark.parametrize("angle_deg", [0, 35, -110])
@pytest.mark.parametrize("side_px", [150, 300])
def test_points_come_back_to_where_they_are_in_the_frame(angle_deg: float, side_px: float) -> None:
    places = [(330, 200), (300, 160), (350, 150)]
    network = FakeNetwork()
    layer = MeshRunner(network)
    points, presence = layer.run(dots(*places), FaceRoi(320, 180, side_px, math.radians(angle_deg)))
    assert presence == 0.7
    step = side_px / SIDE
    np.testing.assert_allclose(points[:3, :2], places, atol=1.5 + step)
    np.testing.assert_allclose(points[:3, 2], 96 * step, rtol=1e-5)
    layer.close()
    assert network.closed


def test_the_face_is_upright_in_the_square_and_its_colours_are_rgb() -> None:
    network = FakeNetwork()
    # The eyes' line falls to the right by 30 degrees; the red dot lies on it, right of the middle.
    x, y = round(320 + 60 * math.cos(math.radians(30))), round(180 + 60 * math.sin(math.radians(30)))
    points, _ = MeshRunner(network).run(dots((x, y), (320, 180), (320, 180)), FaceRoi(320, 180, SIDE, math.radians(30)))
    row, column = np.unravel_index(network.picture[:, :, 0].argmax(), (SIDE, SIDE))
    assert (column, row) == (pytest.approx(SIDE / 2 + 60, abs=2), pytest.approx(SIDE / 2, abs=2))
    np.testing.assert_allclose(points[0, :2], (x, y), atol=2)


def test_a_place_is_half_as_large_again_as_the_face_and_turned_with_its_eyes() -> None:
    points = np.full((LANDMARK_COUNT, 3), 150.0, np.float32)
    points[0], points[1] = (100, 50, 0), (200, 250, 0)
    points[33], points[263] = (120, 110, 0), (180, 170, 0)
    assert roi_of_mesh(points) == pytest.approx(FaceRoi(150, 150, 300, math.radians(45)))
    seen = Detection(np.array([100, 50, 220, 150], np.float32), np.array([[130, 80], [190, 20]], np.float32))
    assert roi_of_detection(seen) == pytest.approx(FaceRoi(160, 100, 180, math.radians(-45)))


LITERT = pytest.param(LiteRtMesh, marks=needs_litert)
GRAPH = pytest.param(MeshGraph, marks=needs_mediapipe)


def graph_without_the_quick_converter() -> MeshGraph:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mesh, "_CONVERTERS", ('calculator: "NoSuchCalculator"', *mesh._CONVERTERS[1:]))
        return MeshGraph()


@needs_mediapipe
@pytest.mark.parametrize("make_network", [LITERT, MeshGraph, graph_without_the_quick_converter])
def test_landmarks_are_those_of_facemesh(portrait_bgr: np.ndarray, make_network: Callable[[], NetworkLike]) -> None:
    with light_imports():
        from mediapipe.python.solutions.face_mesh import FaceMesh
    picture = portrait_bgr[:, :, ::-1].copy()
    detector, layer, reference = Detector(far=False), MeshRunner(make_network()), FaceMesh(max_num_faces=1)
    try:
        place = roi_of_detection(detector.find(portrait_bgr)[0])
        for _ in range(3):
            found, presence = layer.run(portrait_bgr, place)
            place = roi_of_mesh(found)
            [wanted] = reference.process(picture).multi_face_landmarks
            height, width = portrait_bgr.shape[:2]
            points = np.array([(one.x * width, one.y * height, one.z * width) for one in wanted.landmark])
            eyes_px = np.linalg.norm(points[263, :2] - points[33, :2])
            assert np.abs(found - points).max() < 0.01 * eyes_px
            assert presence > 0.9
    finally:
        detector.close()
        layer.close()
        reference.close()
    layer.close()
    detector.close()


@pytest.mark.parametrize("make_network", [LITERT, GRAPH])
def test_nothing_is_present_where_no_face_is(make_network: Callable[[], NetworkLike]) -> None:
    network = make_network()
    try:
        noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
        assert network.find(noise)[1] < 0.1
        assert network.find(np.zeros((SIDE, SIDE, 3), np.uint8))[1] < 0.1
    finally:
        network.close()
    network.close()


@needs_litert
@needs_mediapipe
def test_litert_and_mediapipes_graph_give_the_same_numbers(portrait_bgr: np.ndarray) -> None:
    face_rgb = cv2.resize(portrait_bgr, (SIDE, SIDE))[:, :, ::-1].copy()
    quick, graph = LiteRtMesh(), MeshGraph()
    try:
        first, presence = quick.find(face_rgb)
        kept = first.copy()
        wanted, wanted_presence = graph.find(face_rgb)
        assert first == pytest.approx(wanted, abs=0.01)
        assert presence == pytest.approx(wanted_presence, abs=0.001)
        quick.find(np.zeros_like(face_rgb))
        # A later face must not be written over an earlier one, which other threads still read.
        assert (first == kept).all()
    finally:
        quick.close()
        graph.close()


@needs_litert
@pytest.mark.parametrize("score", [-2000.0, 0.0, 2000.0])
def test_no_score_overflows(score: float, monkeypatch: pytest.MonkeyPatch) -> None:
    network = LiteRtMesh()
    plain = network._interpreter.get_tensor
    said = {network._score: np.array([score], np.float32)}
    monkeypatch.setattr(network._interpreter, "get_tensor", lambda port: said[port] if port in said else plain(port))
    assert network.find(np.zeros((SIDE, SIDE, 3), np.uint8))[1] == (np.sign(score) + 1) / 2
    network.close()


@needs_mediapipe
def test_without_litert_mediapipes_graph_does_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    network = open_mesh_network()
    network.close()
    assert isinstance(network, MeshGraph)


@needs_litert
def test_where_litert_is_installed_it_runs_the_mesh() -> None:
    network = open_mesh_network()
    network.close()
    assert isinstance(network, LiteRtMesh)
