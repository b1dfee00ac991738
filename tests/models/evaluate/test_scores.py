"""Scores, against counts done by hand."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest

from models.errors import DataError
from models.evaluate.scores import (
    NOT_FOUND,
    accuracy,
    confusion_text,
    expected_calibration_error,
    score,
    selective_accuracy,
)
from models.manifest import EMOTIONS

HAPPINESS, SADNESS = EMOTIONS.index("happiness"), EMOTIONS.index("sadness")


def two_emotions(counts: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Truth and answers that give this 2x2 confusion of happiness and sadness, truth down, answer across."""
    cells = [
        (truth, answer, counts[row][column])
        for row, truth in enumerate((HAPPINESS, SADNESS))
        for column, answer in enumerate((HAPPINESS, SADNESS))
    ]
    repeats = [count for _, _, count in cells]
    return np.repeat([truth for truth, _, _ in cells], repeats), np.repeat([answer for _, answer, _ in cells], repeats)


def test_two_emotions_score_as_by_hand() -> None:
    truth, answer = two_emotions([[40, 10], [20, 30]])
    scores = score(truth, answer)
    both = [HAPPINESS, SADNESS]
    assert scores.confusion[np.ix_(both, both)].tolist() == [[40, 10], [20, 30]]
    assert scores.confusion.sum() == scores.faces == scores.found == 100
    assert scores.accuracy == accuracy(truth, answer) == 0.7
    # Happiness: precision 40 / 60, recall 40 / 50, F1 80 / 110; sadness: 30 / 40, 30 / 50, 60 / 90.
    assert scores.f1["happiness"] == pytest.approx(80 / 110, abs=1e-12)
    assert scores.f1["sadness"] == pytest.approx(60 / 90, abs=1e-12)
    assert scores.macro_f1 == pytest.approx((80 / 110 + 60 / 90) / 2, abs=1e-12)
    figures = scores.as_dict()
    assert figures["f1"] == dict.fromkeys(EMOTIONS) | {"happiness": 0.727273, "sadness": 0.666667}
    assert figures["recall"] == dict.fromkeys(EMOTIONS) | {"happiness": 0.8, "sadness": 0.6}
    assert figures["precision"] == dict.fromkeys(EMOTIONS) | {"happiness": 0.666667, "sadness": 0.75}


def test_an_emotion_that_is_only_answered_lowers_the_others_and_is_left_out() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = score(np.array([0, 0, 0, 0]), np.array([0, 0, 5, NOT_FOUND]))
    assert scores.f1["happiness"] == pytest.approx(2 * 2 / (4 + 2))
    assert np.isnan(scores.f1["surprise"])
    assert scores.macro_f1 == scores.f1["happiness"]
    assert scores.confusion.shape == (6, 7)
    assert scores.confusion[0].tolist() == [2, 0, 0, 0, 0, 1, 1]
    assert (scores.recall["happiness"], scores.precision["happiness"]) == (0.5, 1.0), "not found is not recognized"
    assert scores.precision["surprise"] == 0.0
    assert np.isnan([scores.recall["surprise"], scores.precision["fear"]]).all()


def test_confusion_is_printed_with_truth_down() -> None:
    lines = confusion_text(score(*two_emotions([[4, 1], [2, 3]]))).splitlines()
    assert lines[0].split()[:2] == ["happi", "sadne"]
    assert lines[1 + HAPPINESS].split()[:3] == ["happiness", "4", "1"]
    assert lines[1 + SADNESS].split()[:3] == ["sadness", "2", "3"]


def test_without_scikit_learn_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    truth, answer = two_emotions([[1, 1], [1, 1]])
    assert accuracy(truth, answer) == 0.5
    with pytest.raises(DataError, match="need scikit-learn; run `make setup-train` first"):
        score(truth, answer)


def test_scores_count_faces_not_found_as_wrong() -> None:
    scores = score(np.array([0, 0, 1, 4]), np.array([0, NOT_FOUND, 1, 3]))
    assert (scores.faces, scores.found, scores.accuracy) == (4, 3, 0.5)
    assert scores.f1["happiness"] == pytest.approx(2 / 3)
    assert np.isnan(scores.f1["fear"])
    assert scores.macro_f1 == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert scores.confusion[0, 6] == 1


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    confidence = np.full(100, 0.9, np.float32)
    assert expected_calibration_error(confidence, np.arange(100) < 60) == pytest.approx(0.3, abs=1e-5)
    assert expected_calibration_error(confidence, np.arange(100) < 90) == pytest.approx(0.0, abs=1e-5)


def test_the_most_confident_faces_are_scored_first() -> None:
    confidence = np.array([0.9, 0.5, 0.8, 0.3], np.float32)
    right = np.array([True, False, True, False])
    assert selective_accuracy(confidence, right, 0.5) == 1.0
    assert selective_accuracy(confidence, right, 1.0) == 0.5
    assert selective_accuracy(confidence, right, 0.01) == 1.0, "one face at least"
