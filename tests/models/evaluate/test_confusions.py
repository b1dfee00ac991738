"""The figures that accuracy hides: macro recall and the two errors between neutral and sad or angry."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.evaluate.confusions import by_source, confusions
from models.manifest import EMOTIONS

HAPPY, SAD, FEAR, ANGRY, NEUTRAL, SURPRISE = range(6)


def _table(**rows: list[int]) -> np.ndarray:
    table = np.zeros((6, 7), np.int64)
    for name, values in rows.items():
        table[EMOTIONS.index(name)] = values
    return table


def test_both_errors_and_macro_recall_are_read_from_the_confusion_matrix() -> None:
    """Ten sad, ten angry and twenty neutral faces with known mistakes; one face was not found."""
    found = confusions(
        _table(sadness=[0, 6, 0, 0, 3, 0, 1], anger=[0, 1, 0, 7, 2, 0, 0], neutral=[1, 2, 0, 1, 16, 0, 0])
    )
    assert found.macro_recall == pytest.approx((0.6 + 0.7 + 0.8) / 3)
    assert found.missed == pytest.approx(5 / 20)
    assert found.accused == pytest.approx(3 / 20)
    assert "sad or angry called neutral 25.0%" in found.line()


def test_an_emotion_that_does_not_occur_neither_counts_nor_divides_by_zero() -> None:
    """Happy faces only: perfect macro recall, and no share of sad, angry or neutral faces."""
    found = confusions(_table(happiness=[5, 0, 0, 0, 0, 0, 0]))
    assert found.macro_recall == 1.0
    assert math.isnan(found.missed)
    assert math.isnan(found.accused)
    assert found.as_dict()["neutral_as_sad_or_angry"] is None


def test_each_source_is_scored_for_itself_and_a_missed_face_is_wrong() -> None:
    """Two sources: one right throughout, one whose neutral face is called angry and whose sad face is not found."""
    truth = np.array([NEUTRAL, SAD, NEUTRAL, SAD])
    answer = np.array([NEUTRAL, SAD, ANGRY, -1])
    scores = by_source(["posed", "posed", "film", "film"], truth, answer)
    assert list(scores) == ["posed", "film"]
    assert scores["posed"].macro_recall == 1.0
    assert scores["posed"].accused == 0.0
    assert scores["film"].macro_recall == 0.0
    assert scores["film"].accused == 1.0
    assert scores["film"].missed == 0.0
