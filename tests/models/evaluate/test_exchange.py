"""What one step of sensitivity gives and takes, measured on labelled pictures."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from models.dataset.labels import hard
from models.evaluate.__main__ import main
from models.evaluate.exchange import steps
from models.evaluate.shipped import Answers
from models.manifest import EMOTIONS, Exchange, FusionSpec, load_manifest, save_manifest
from realtime.core.config import PipelineConfig
from realtime.inference.classifier import RegionClassifier
from tests.support.fakes import make_faces, make_frame
from tests.support.values.tiny_models import write_tiny_weights

ANGER, NEUTRAL = EMOTIONS.index("anger"), EMOTIONS.index("neutral")


def with_anger(bias: float) -> FusionSpec:
    cross = tuple(tuple(tuple(np.eye(6)[row].tolist()) for row in range(6)) for _ in range(2))
    ones = ((1.0,) * 6,) * 2
    return FusionSpec("stacked", ones, tuple(bias * (k == ANGER) for k in range(6)), 1.0, ones, cross)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Weights whose three fusions say anger ever more readily."""
    manifest = load_manifest(write_tiny_weights(tmp_path / "w", eyes="neutral", lips="neutral").folder)
    exchange = Exchange(0.5, seen=with_anger(0.0), meant=with_anger(60.0))
    save_manifest(replace(manifest, fusion=with_anger(2.0), exchange=exchange))
    return tmp_path / "w"


def test_a_higher_sensitivity_misses_fewer_angry_faces_and_accuses_more_neutral_ones(weights: Path) -> None:
    """Four faces on which neutral leads anger by 0.5 to 5 in the pooled logits; two are angry, two at rest."""
    faces = [hard(f"{number}.png", label) for number, label in enumerate(("anger", "anger", "neutral", "neutral", ""))]
    answers = Answers.none(5, ("eyes", "lips"))
    logits = np.zeros((5, 6))
    logits[:, NEUTRAL] = 6
    logits[:, ANGER] = 6 - np.array([0.5, 2.0, 1.6, 2.5, 0.0])
    answers.by_region[:] = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))[:, None]
    answers.reliability[:], answers.detected[:] = 1, True
    low, middle, high = steps("faces", faces, answers, load_manifest(weights), (0.0, 0.5, 1.0))
    assert [one.errors.missed for one in (low, middle, high)] == [1.0, 0.5, 0.0]
    assert [one.errors.accused for one in (low, middle, high)] == [0.0, 0.0, 1.0]
    assert [one.accuracy for one in (low, middle, high)] == [0.5, 0.75, 0.5]
    assert middle.row()[:4] == ["faces", "0.50", "0.7500", "0.7500"]


def test_the_command_writes_a_table_and_a_plot_of_each_set(
    weights: Path, portrait_bgr: np.ndarray, tmp_path: Path
) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), portrait_bgr)
    (tmp_path / "labels.csv").write_text("file,label\na.png,neutral\n")
    one = ["--of", "posed", str(tmp_path / "labels.csv"), str(tmp_path), "label", "all"]
    done = CliRunner().invoke(main, ["exchange", *one, "--out", str(tmp_path / "x.csv"), "--weights", str(weights)])
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader((tmp_path / "x.csv").open()))
    assert [row["sensitivity"] for row in rows] == ["0.00", "0.25", "0.50", "0.75", "1.00"]
    assert (rows[0]["accused"], rows[-1]["accused"]) == ("0.0000", "1.0000")
    assert (tmp_path / "x.png").stat().st_size > 1000


def test_weights_with_one_fusion_and_a_wrong_split_are_refused_before_anything_runs(tmp_path: Path) -> None:
    folder = write_tiny_weights(tmp_path / "w").folder
    one = ["--of", "posed", str(tmp_path / "labels.csv"), str(tmp_path), "label", "all"]
    arguments = ["exchange", *one, "--out", str(tmp_path / "x.csv"), "--weights", str(folder)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1
    assert "no sensitivity to choose" in done.output


def test_the_program_says_what_the_chosen_sensitivity_says(weights: Path, portrait_bgr: np.ndarray) -> None:
    frame, face = make_frame(image=portrait_bgr), make_faces([(225, 145)], 60)
    said = {}
    for sensitivity in (None, 0.0, 1.0):
        classifier = RegionClassifier(PipelineConfig(weights=weights, sensitivity=sensitivity))
        (emotions,) = classifier.classify([(frame, face)])
        said[sensitivity] = EMOTIONS[int(emotions.raw[0].argmax())]
    assert said == {None: "neutral", 0.0: "neutral", 1.0: "anger"}
