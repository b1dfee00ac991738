"""What a report says of how often the models are right: the manifest's figures and no others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models.manifest import load_manifest
from realtime.reports.measured_accuracy import NOTHING_MEASURED, measured_accuracy

SCORES = {
    "fusion_on_val": {"stacked": {"accuracy": 0.9}},
    "one": {
        "fused": {
            "faces": 400,
            "accuracy": 0.71,
            "recall": {"happiness": 0.9, "fear": 0.3},
            "precision": {"happiness": 0.95, "fear": None},
            "ece": 0.04,
        },
        "covered": {"mouth": {"accuracy": 0.5}},
        "by_yaw_deg": [
            {"from": 0.0, "to": 30.0, "faces": 300, "accuracy": 0.9},
            {"from": 30.0, "to": 45.0, "faces": 30, "accuracy": 0.6},
            {"from": 45.0, "to": None, "faces": 10, "accuracy": 0.2},
        ],
        "by_eye_distance_px": [{"from": 0.0, "to": 16.0, "faces": 5, "accuracy": 1.0}],
    },
    "two": {
        "fused": {"accuracy": 0.63, "recall": {"happiness": 0.8, "fear": 0.5}, "precision": {"happiness": 0.7}},
    },
}


def of(scores: Any) -> Any:
    return measured_accuracy(replace(load_manifest(), scores=scores))


def test_figures_are_those_of_the_manifest_and_none_is_made_up() -> None:
    known = of(SCORES)
    rows = {figure.what: list(figure.values) for figure in known.figures}
    assert [each.name for each in known.sets] == ["one", "two"]
    assert rows == {
        "faces tested": [400, None],
        "right: named as people had named it": [0.71, 0.63],
        "right, with a mask drawn over nose and mouth": [0.5, None],
        "right, head turned by more than 30°": [pytest.approx((30 * 0.6 + 10 * 0.2) / 40), None],
        "how far the stated probability was from the share that was right, on average": [0.04, None],
    }, "five faces are too few to have a share"
    assert known.right == (0.63, 0.71)
    assert known.by_emotion == [("happiness", (0.8, 0.9), (0.7, 0.95)), ("fear", (0.3, 0.5), None)]
    assert (known.best_emotion, known.worst_emotion) == ("happiness", "fear")


@pytest.mark.parametrize(
    "scores", [{}, {"fusion_on_val": {}}, {"a": 1, "b": {"fused": None}, "c": {"fused": {"recall": {}}}}]
)
def test_a_manifest_without_figures_says_nothing(scores: Any) -> None:
    assert of(scores) == NOTHING_MEASURED


def test_the_shipped_models_have_figures_of_each_set_that_the_model_card_names() -> None:
    manifest = load_manifest()
    known = measured_accuracy(manifest)
    assert known.right[0] < known.right[1] < 1
    for each, share in zip(known.sets, known.figures[1].values, strict=True):
        assert share == manifest.scores[each.name]["fused"]["accuracy"]
        assert each.about
