from __future__ import annotations

import ast
import csv
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.region_crops import eye_distance_px
from realtime.core.types import Frame
from realtime.landmarks.detector import Detector
from realtime.landmarks.landmark_finder import LandmarkFinder, faces_from_mesh
from realtime.landmarks.networks.network_files import LANDMARK_COUNT
from realtime.landmarks.still_image_finder import StillImageFinder
from tests.support.backends import needs_litert, needs_mediapipe


@pytest.fixture(scope="module")
def finder():
    finder = StillImageFinder()
    yield finder
    finder.close()


def test_a_face_is_found_where_it_is(finder: StillImageFinder, portrait_bgr: np.ndarray) -> None:
    faces = finder.find(portrait_bgr)
    assert len(faces) == 1
    x1, y1, x2, y2 = faces.boxes_xyxy[0]
    assert 150 < x1 < 200
    assert 250 < x2 < 300
    assert 50 < y1 < 120
    assert 170 < y2 < 220
    assert faces.landmarks_xy.shape == (1, LANDMARK_COUNT, 2)


def test_a_tiny_face_that_fills_its_picture_is_found_at_the_same_place(
    finder: StillImageFinder, portrait_bgr: np.ndarray, small_face_bgr: np.ndarray
) -> None:
    wanted, got = finder.find(portrait_bgr).landmarks_xy[0], finder.find(small_face_bgr).landmarks_xy[0]
    moved = (wanted - np.array([150, 70], np.float32)) * 48 / 150
    assert eye_distance_px(got) == pytest.approx(eye_distance_px(moved), rel=0.12)
    assert np.abs(got - moved).mean() < 2.0


@pytest.mark.parametrize("kind", ["black", "noise", "stripes"])
def test_no_face_is_found_where_there_is_none(finder: StillImageFinder, kind: str) -> None:
    picture = np.zeros((48, 48, 3), np.uint8)
    if kind == "noise":
        picture = np.random.default_rng(0).integers(0, 256, picture.shape, dtype=np.uint8)
    elif kind == "stripes":
        picture[::6] = 255
    assert len(finder.find(picture)) == 0


def test_pose_signs_are_those_of_the_documentation(finder: StillImageFinder, portrait_bgr: np.ndarray) -> None:
    def pose(picture: np.ndarray) -> np.ndarray:
        return finder.find(picture).head_pose_deg[0]

    upright = pose(portrait_bgr)
    matrix = cv2.getRotationMatrix2D((224, 130), -20, 1.0)  # cv2 turns counter-clockwise: this leans clockwise
    leaning = pose(cv2.warpAffine(portrait_bgr, matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE))
    assert leaning[2] - upright[2] == pytest.approx(20, abs=4)
    mirrored = pose(np.ascontiguousarray(portrait_bgr[:, ::-1]))
    assert mirrored[0] == pytest.approx(-upright[0], abs=5)
    assert mirrored[2] == pytest.approx(-upright[2], abs=4)


def test_yaw_and_pitch_come_from_depth() -> None:
    def mesh(turn: float, nod: float) -> np.ndarray:
        points = np.zeros((1, LANDMARK_COUNT, 3), np.float32)
        points[0, 234], points[0, 454] = (-50, 0, -turn), (50, 0, turn)
        points[0, 10], points[0, 152] = (0, -60, nod), (0, 60, -nod)
        return points

    turned = faces_from_mesh(mesh(50, 0)).head_pose_deg[0]
    assert turned[0] == pytest.approx(45, abs=0.1), "the temple on the picture's right is farther: yaw > 0"
    up, level = faces_from_mesh(mesh(0, 20)).head_pose_deg[0], faces_from_mesh(mesh(0, 0)).head_pose_deg[0]
    assert up[1] > level[1], "the chin is nearer: looking up"


def test_the_videos_finder_follows_a_face_and_takes_frames_without_one(portrait_bgr: np.ndarray) -> None:
    finder = LandmarkFinder(max_faces=2)
    try:
        counts = [len(finder.find(Frame(portrait_bgr, n, n / 30, 0.0))) for n in range(3)]
        blank = np.zeros_like(portrait_bgr)
        counts.append(len(finder.find(Frame(blank, 3, 0.1, 0.0))))
        one = portrait_bgr[20:300, 110:330]
        two = np.ascontiguousarray(np.hstack([one, one]))
        counts.append(max(len(finder.find(Frame(two, n, n / 30, 0.0))) for n in range(4, 8)))
    finally:
        finder.close()
        finder.close()
    assert counts == [1, 1, 1, 0, 2]


def test_a_face_that_walks_through_the_picture_is_never_misplaced(portrait_bgr: np.ndarray) -> None:
    face = portrait_bgr[20:300, 110:330]
    finder = LandmarkFinder(max_faces=1)
    centres = []
    try:
        for number, left in enumerate(range(20, 740, 8)):
            picture = np.full((480, 960, 3), 90, np.uint8)
            picture[100 : 100 + len(face), left : left + face.shape[1]] = face
            faces = finder.find(Frame(picture, number, number / 30, 0.0))
            assert len(faces) == 1
            centres.append((faces.boxes_xyxy[0, :2] + faces.boxes_xyxy[0, 2:]) / 2 - (left, 100))
    finally:
        finder.close()
    away_px = np.linalg.norm(np.array(centres) - np.median(centres, axis=0), axis=1)
    assert away_px.max() < 4


def test_faces_that_fill_the_picture_are_found_as_in_front_of_a_laptop(real_data: Path) -> None:
    folder = real_data / "data" / "lfw_expressions"
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as stream:
        names = [row["file"] for row in csv.DictReader(stream)][::90]
    finder = LandmarkFinder(max_faces=1)
    try:
        found = []
        for number, name in enumerate(names):
            picture = cv2.resize(cv2.imread(str(folder / name)), (720, 720))
            found.append(len(finder.find(Frame(picture, number, 0.0, 0.0, epoch=number))))
    finally:
        finder.close()
    # MediaPipe's full-range detector alone finds a tenth of them.
    assert np.mean(found) > 0.9


def test_a_far_face_is_seen_by_the_far_detector_only(portrait_bgr: np.ndarray) -> None:
    picture = np.full((720, 1280, 3), 90, np.uint8)
    small = cv2.resize(portrait_bgr, (360, 360), interpolation=cv2.INTER_AREA)  # the face is 80 pixels high
    picture[200:560, 460:820] = small
    counts = []
    for far in (False, True):
        detector = Detector(far=far)
        counts.append(len(detector.find(picture)))
        detector.close()
    assert counts == [0, 1]


def imported_by(code: str) -> list[str]:
    """Return which heavy packages a fresh Python has imported after `code`."""
    heavy = "print(sorted({'mediapipe', 'tensorflow', 'keras', 'matplotlib', 'jax'} & set(__import__('sys').modules)))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{heavy}"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    found: list[str] = ast.literal_eval(done.stdout)
    return found


@needs_litert
def test_where_litert_runs_mediapipe_is_not_imported() -> None:
    code = (
        "from realtime.landmarks.landmark_finder import LandmarkFinder;"
        "from realtime.landmarks.all_faces_detector import AllFacesDetector;"
        "LandmarkFinder().close(); AllFacesDetector().close()"
    )
    assert imported_by(code) == []


@needs_mediapipe
def test_mediapipe_is_imported_without_tensorflow_and_matplotlib() -> None:
    code = (
        "from realtime.landmarks.networks.mediapipe_graphs import DetectorGraph, MeshGraph;"
        "MeshGraph().close(); DetectorGraph(0.5, far=False).close();"
        "import importlib.util as u, sys; taken = set(sys.modules);"
        "assert u.find_spec('matplotlib') is None or __import__('matplotlib').__version__;"
        "[sys.modules.pop(name) for name in set(sys.modules) - taken]"
    )
    assert imported_by(code) == ["mediapipe"]


def test_after_a_seek_faces_are_looked_for_anew(monkeypatch):
    from dataclasses import replace

    from realtime.landmarks import landmark_finder as landmarks
    from tests.support.fakes import make_frame

    did = []

    class Noted:
        def __init__(self, *_):
            pass

        def find(self, image_bgr, media_time_s):
            did.append("find")
            return np.zeros((0, 468, 3), np.float32)

        def forget(self):
            did.append("forget")

    monkeypatch.setattr(landmarks, "RoiTracker", Noted)
    monkeypatch.setattr(landmarks, "Detector", lambda: None)
    finder = landmarks.LandmarkFinder()
    for epoch in (0, 0, 2, 2):
        finder.find(replace(make_frame(), epoch=epoch))
    assert did == ["find", "find", "forget", "find", "find"]


def test_a_face_that_is_upside_down_is_fitted_upright(portrait_bgr: np.ndarray) -> None:
    finder = LandmarkFinder(1)
    try:
        upright = finder.find(Frame(portrait_bgr, 0, 0.0, 0.0))
        turned = [
            finder.find(Frame(np.ascontiguousarray(portrait_bgr[::-1, ::-1]), n, n / 30, 0.0, 1)) for n in range(3)
        ]
    finally:
        finder.close()
    for faces in turned:
        assert abs(faces.head_pose_deg[0, 2]) > 150
        np.testing.assert_allclose(511 - faces.landmarks_xy[0], upright.landmarks_xy[0], atol=6)
