"""Options as facts, and back."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from realtime.core.config import PipelineConfig, SmoothingConfig
from realtime.core.errors import ConfigError
from realtime.core.options import AnalysisOptions, SmoothingMode
from realtime.provenance.option_facts import option_facts, options_from

OPTIONS = AnalysisOptions(
    pipeline=PipelineConfig(
        max_faces=2,
        provider="cpu",
        sensitivity=0.7,
        smoothing=SmoothingConfig(time_constant_ms=450, min_confidence=0.3),
    ),
    smoothing=SmoothingMode.OFFLINE,
    seconds=12.5,
    calibrate_s=3,
)


def test_options_survive_json_and_tell_no_folder(tmp_path: Path) -> None:
    text = json.dumps(option_facts(OPTIONS))
    assert options_from(json.loads(text), weights=OPTIONS.pipeline.weights) == OPTIONS
    assert str(OPTIONS.pipeline.weights.parent) not in text
    assert options_from(json.loads(text), weights=tmp_path).pipeline.weights == tmp_path


def test_every_option_is_told() -> None:
    told = option_facts(OPTIONS)
    assert list(told) == [field.name for field in fields(AnalysisOptions)]
    assert list(told["pipeline"]["smoothing"]) == [field.name for field in fields(SmoothingConfig)]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"zoom": 2}, "zoom"),
        ({"pipeline": {"zoom": 2}}, "pipeline.zoom"),
        ({"smoothing": "twice"}, "one of live, offline, none"),
        ({"seconds": -1}, "above 0"),
        ({"seconds": {"file": "t.csv", "sha256": ""}}, "cannot be repeated"),
    ],
)
def test_options_that_cannot_be_taken_are_named(facts: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        options_from(facts, weights=OPTIONS.pipeline.weights)
