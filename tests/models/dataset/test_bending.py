"""Neutral faces bent along their mesh, alone and as a data set."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from models.dataset import bending
from models.dataset.__main__ import main
from models.dataset.bending import bend_face, moved_picture
from models.manifest import EMOTIONS
from models.region_crops import eye_distance_px
from realtime.landmarks.still_image_finder import StillImageFinder

NEUTRAL = np.eye(6, dtype=np.float32)[EMOTIONS.index("neutral")]
LEFT_MOUTH_CORNER, RIGHT_MOUTH_CORNER, LEFT_BROW, LEFT_LID = 61, 291, 105, 159


@pytest.fixture(scope="module")
def landmarks_xy(portrait_bgr: np.ndarray) -> np.ndarray:
    finder = StillImageFinder()
    found = finder.find(portrait_bgr).landmarks_xy[0]
    finder.close()
    return found


def _drawn(kind: str, strength: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bending, "_KINDS", (kind,))
    monkeypatch.setattr(bending, "_STRENGTH", (strength, strength))


def test_anger_lowers_the_brows_sadness_the_corners_of_the_mouth(
    portrait_bgr: np.ndarray, landmarks_xy: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    d_px = eye_distance_px(landmarks_xy)
    _drawn("anger", 1.2, monkeypatch)
    _, angry, label = bend_face(portrait_bgr, landmarks_xy, NEUTRAL, np.random.default_rng(0))
    assert (angry - landmarks_xy)[LEFT_BROW, 1] > 0.02 * d_px
    assert EMOTIONS[int(label.argmax())] == "anger"
    _drawn("sadness", 1.2, monkeypatch)
    _, sad, _ = bend_face(portrait_bgr, landmarks_xy, NEUTRAL, np.random.default_rng(0))
    assert (sad - landmarks_xy)[[LEFT_MOUTH_CORNER, RIGHT_MOUTH_CORNER], 1].min() > 0.02 * d_px


def test_a_slight_expression_stays_partly_neutral_and_resting_faces_keep_their_label(
    portrait_bgr: np.ndarray, landmarks_xy: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = []
    for strength in (0.2, 0.5, 1.0):
        _drawn("anger", strength, monkeypatch)
        _, _, label = bend_face(portrait_bgr, landmarks_xy, NEUTRAL, np.random.default_rng(0))
        assert label.sum() == pytest.approx(1, abs=1e-5)
        shares.append(float(label[EMOTIONS.index("anger")]))
    assert shares == pytest.approx([0.0, 0.3375, 0.9])
    _drawn("neutral", 1.0, monkeypatch)
    picture, moved, label = bend_face(portrait_bgr, landmarks_xy, NEUTRAL, np.random.default_rng(0))
    np.testing.assert_array_equal(label, NEUTRAL)
    assert 0 < np.abs(moved - landmarks_xy).max() < 0.1 * eye_distance_px(landmarks_xy)
    assert (picture != portrait_bgr).any()


def test_what_is_drawn_on_a_landmark_goes_where_the_landmark_goes(landmarks_xy: np.ndarray) -> None:
    """A white spot on the left mouth corner of a black picture, moved down by a tenth of d; far away nothing moves."""
    picture = np.zeros((400, 500, 3), np.uint8)
    x, y = landmarks_xy[LEFT_MOUTH_CORNER]
    cv2.circle(picture, (round(float(x)), round(float(y))), 3, (255, 255, 255), -1)
    cv2.circle(picture, (5, 5), 3, (255, 255, 255), -1)
    shift = np.zeros((468, 2), np.float32)
    near = np.linalg.norm(landmarks_xy[:468] - landmarks_xy[LEFT_MOUTH_CORNER], axis=1)
    d_px = eye_distance_px(landmarks_xy)
    shift[near < 0.2 * d_px, 1] = 0.1
    bent, moved = moved_picture(picture, landmarks_xy, shift)
    face = np.argwhere(bent[20:, 20:, 0] > 128).mean(axis=0) + 20
    assert face[0] - y == pytest.approx(0.1 * d_px, abs=2.0)
    assert (moved - landmarks_xy)[LEFT_MOUTH_CORNER, 1] == pytest.approx(0.1 * d_px, rel=0.05)
    np.testing.assert_array_equal(bent[:12, :12], picture[:12, :12])


def test_a_data_set_of_bent_faces_holds_neutral_training_faces_only_and_depends_on_the_seed(
    portrait_bgr: np.ndarray, tmp_path: Path
) -> None:
    root = tmp_path / "faces"
    root.mkdir()
    face = cv2.resize(portrait_bgr[70:220, 150:300], (96, 96), interpolation=cv2.INTER_AREA)
    rows = [["file", "label", "split"]]
    for number in range(8):
        cv2.imwrite(str(root / f"{number}.png"), cv2.convertScaleAbs(face, alpha=0.7 + number * 0.03))
        rows.append([f"{number}.png", "happy" if number == 0 else "neutral", "val" if number == 1 else "train"])
    with (root / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    crops = {}
    for name, seed in (("first", "1"), ("again", "1"), ("other", "2")):
        arguments = ["build", "--labels", str(root / "labels.csv"), "--root", str(root), "--out", str(tmp_path / name)]
        done = CliRunner().invoke(main, [*arguments, "--workers", "1", "--bend", seed])
        assert done.exit_code == 0, done.output
        index = list(csv.DictReader((tmp_path / name / "index.csv").open()))
        assert {row["file"] for row in index} == {f"{number}.png" for number in range(2, 8)}
        crops[name] = sorted((row["file"], row["label"], row["p_anger"]) for row in index)
    assert crops["first"] == crops["again"] != crops["other"]
    assert {row[1] for row in crops["first"] + crops["other"]} - {"neutral"}


def test_a_table_without_neutral_training_faces_bends_nothing(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,label,split\na.png,happy,train\nb.png,neutral,val\n")
    arguments = ["build", "--labels", str(tmp_path / "labels.csv"), "--root", str(tmp_path)]
    done = CliRunner().invoke(main, [*arguments, "--out", str(tmp_path / "out"), "--bend", "1"])
    assert done.exit_code == 1
    assert "--bend needs neutral faces in the training split" in done.output
