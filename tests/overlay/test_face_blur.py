"""What a recording must not show."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np

from demo import CLIP_PATH
from realtime.core.config import PipelineConfig
from realtime.core.options import AnalysisOptions, FaceStyle, PictureOptions, RunOptions
from realtime.core.types import Analysed, Frame
from realtime.landmarks.landmark_finder import LandmarkFinder
from realtime.overlay.face_blur import FaceBlur, on_black
from realtime.recording.recording_sink import RecordingOptions
from realtime.session.session import Session
from tests.support.values.analysed import moment
from tests.support.values.tiny_models import write_tiny_weights


def noisy(analysed: Analysed) -> Analysed:
    image = np.random.default_rng(1).integers(0, 256, analysed.frame.image_bgr.shape).astype(np.uint8)
    frame = analysed.frame
    return Analysed(Frame(image, frame.index, frame.media_time_s, 0.0), analysed.faces, analysed.emotions)


def detail(image: np.ndarray, box: np.ndarray) -> float:
    left, top, right, bottom = box.astype(int).tolist()
    return float(cv2.Laplacian(image[top:bottom, left:right], cv2.CV_64F).std())


def test_faces_are_blurred_and_nothing_else_nor_the_picture_itself() -> None:
    frame = noisy(moment(0.0, {1: "neutral", 2: "anger"}))
    before = frame.frame.image_bgr.copy()
    blurred = FaceBlur().blurred(frame).frame.image_bgr
    np.testing.assert_array_equal(frame.frame.image_bgr, before)
    for box in frame.faces.boxes_xyxy:
        assert detail(blurred, box) < 0.05 * detail(before, box)
    np.testing.assert_array_equal(blurred[180:], before[180:])
    np.testing.assert_array_equal(blurred[:, 200:], before[:, 200:])


def test_a_face_that_is_lost_for_a_moment_stays_covered() -> None:
    blur = FaceBlur()
    seen = noisy(moment(0.0, {1: "neutral"}))
    box = seen.faces.boxes_xyxy[0]
    blur.blurred(seen)
    lost, gone = noisy(moment(0.8, {})), noisy(moment(3.0, {}))
    assert detail(blur.blurred(lost).frame.image_bgr, box) < 20
    assert detail(blur.blurred(gone).frame.image_bgr, box) > 50


def test_a_face_at_the_edge_or_outside_is_no_error() -> None:
    frame = noisy(moment(0.0, {1: "neutral", 2: "anger"}))
    frame.faces.boxes_xyxy[0] = -30, -30, 20, 20
    frame.faces.boxes_xyxy[1] = 900, 900, 950, 990
    before = frame.frame.image_bgr.copy()
    assert (FaceBlur().blurred(frame).frame.image_bgr[:10, :10] != before[:10, :10]).any()


def test_on_black_keeps_size_and_values() -> None:
    frame = noisy(moment(0.3, {1: "neutral"}))
    black = on_black(frame)
    assert black.frame.image_bgr.shape == frame.frame.image_bgr.shape
    assert not black.frame.image_bgr.any()
    assert (black.frame.media_time_s, black.emotions) == (0.3, frame.emotions)


def record(tmp_path: Path, faces: FaceStyle = FaceStyle.AS_THEY_ARE) -> list[np.ndarray]:
    weights = write_tiny_weights(tmp_path / "weights").folder
    video = tmp_path / "r.mp4"
    analysis = AnalysisOptions(pipeline=PipelineConfig(weights=weights), seconds=0.5)
    Session(RunOptions(str(CLIP_PATH), analysis, PictureOptions(faces), (RecordingOptions(video),))).run()
    with av.open(str(video)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def faces_in(images: list[np.ndarray]) -> int:
    finder = LandmarkFinder(1)
    try:
        return sum(len(finder.find(Frame(image, n, n / 30, 0.0))) > 0 for n, image in enumerate(images))
    finally:
        finder.close()


def test_nobody_is_found_in_a_recording_with_blurred_faces(tmp_path: Path) -> None:
    assert faces_in(record(tmp_path / "plain")) == 15
    assert faces_in(record(tmp_path / "blurred", FaceStyle.BLURRED)) == 0


def test_a_private_recording_shows_the_drawing_on_black(tmp_path: Path) -> None:
    images = record(tmp_path, FaceStyle.ON_BLACK)
    assert len(images) == 15
    for image in images:
        assert np.median(image) < 4
        assert image.max() > 180
