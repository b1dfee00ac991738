"""The rule of docs/steadiness.md, "What the number means", on every row of the tables of real clips."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner

import run_live
from models.manifest import EMOTIONS
from realtime.core.config import SmoothingConfig
from realtime.inference.reliability import NO_CLEAR_EXPRESSION, REASONS


@pytest.mark.parametrize("smooth", ["live", "offline"])
@pytest.mark.parametrize(("clip", "seconds"), [("talking_no_sound.mp4", 6), ("several_people_cuts.mp4", 20)])
def test_label_and_confidence_follow_from_the_probabilities_of_their_row(
    real_data: Path, tmp_path: Path, clip: str, seconds: int, smooth: str
) -> None:
    table = tmp_path / "t.csv"
    arguments = [str(real_data / "videos" / clip), "--headless", "--table", str(table), "--smooth", smooth]
    found = CliRunner().invoke(run_live.main, [*arguments, "--seconds", str(seconds)])
    assert found.exit_code == 0, found.output
    rows = [row for row in csv.DictReader(table.open()) if row["label"]]
    labeled = [row for row in rows if row["label"] != "uncertain"]
    assert len(labeled) > 100
    for row in rows:
        shares = {emotion: float(row[f"p_{emotion}"]) for emotion in EMOTIONS}
        assert float(row["confidence"]) == max(shares.values())
        if row["label"] == "uncertain":
            assert row["uncertain_reason"] in (*REASONS, NO_CLEAR_EXPRESSION)
        else:
            assert shares[row["label"]] == float(row["confidence"]) >= SmoothingConfig().min_confidence
            assert row["uncertain_reason"] == ""
