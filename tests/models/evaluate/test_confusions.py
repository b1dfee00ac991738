"""The figures that accuracy hides: macro recall and the two errors between neutral and sad or angry."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.evaluate.confusions import confusions
from models.manifest import EMOTIONS


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
    assert (found.sad_or_angry, found.neutral) == (20, 20)
    assert "sad or angry called neutral 25.0%" in found.line()


def test_an_emotion_that_does_not_occur_neither_counts_nor_divides_by_zero() -> None:
    """Happy faces only: perfect macro recall, and no share of sad, angry or neutral faces."""
    found = confusions(_table(happiness=[5, 0, 0, 0, 0, 0, 0]))
    assert found.macro_recall == 1.0
    assert math.isnan(found.missed)
    assert math.isnan(found.accused)
    assert found.as_dict()["neutral_as_sad_or_angry"] is None
    assert found.line().endswith("sad or angry called neutral none  neutral called sad or angry none")
