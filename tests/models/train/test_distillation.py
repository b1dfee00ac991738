"""Distillation: what a teacher says of training faces, as a table, and as a share of the labels."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.support.values.tiny_models import write_tiny_weights

pytest.importorskip("tensorflow", reason="training needs the train extra")

from models import teach
from models.dataset.crop_set import CropSet, load_crops
from models.dataset.index import index_columns
from models.errors import DataError
from models.manifest import EMOTIONS
from models.region_crops import border_wh
from models.region_registry import REGIONS
from models.train import __main__ as train
from models.train import loop as training
from models.train.distillation import distilled, read_answers

BORDER_PX = 8


def built(folder: Path, ids: range, split: str = "train") -> Path:
    """A built data set whose crops are the brighter the later, all of them labelled neutral."""
    rows, columns = [], index_columns()
    for number in ids:
        row = dict.fromkeys(columns, "0") | {"id": f"{number:07d}", "split": split, "label": "neutral", "weight": "1"}
        rows.append(row | {"p_neutral": "1", "agreement": "1"})
        for region in REGIONS:
            x, y = border_wh(REGIONS[region].geometry, BORDER_PX)
            width, height = REGIONS[region].geometry.size_wh
            path = folder / region / split / "neutral" / f"{number:07d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.full((height + 2 * y, width + 2 * x), 40 + 20 * number, np.uint8))
    new = not (folder / "index.csv").exists()
    with (folder / "index.csv").open("a", newline="") as stream:
        table = csv.DictWriter(stream, columns)
        if new:
            table.writeheader()
        table.writerows(rows)
    geometry = {region: asdict(REGIONS[region].geometry) for region in REGIONS}
    (folder / "build.json").write_text(json.dumps({"geometry": geometry, "border_px": BORDER_PX}))
    return folder


def run_teach(data: Path, weights: Path, out: Path) -> Result:
    return CliRunner().invoke(teach.main, ["--data", str(data), "--weights", str(weights), "--out", str(out)])


def test_the_fused_experts_answers_come_with_the_faces_numbers(tmp_path: Path) -> None:
    data = built(tmp_path / "data", range(1, 6))
    built(data, range(7, 9), split="val")
    write_tiny_weights(tmp_path / "weights", eyes="anger", lips="anger")
    result = run_teach(data, tmp_path / "weights", tmp_path / "new" / "answers.csv")
    assert result.exit_code == 0, result.output
    answers = read_answers(tmp_path / "new" / "answers.csv")
    assert list(answers) == [1, 2, 3, 4, 5], "the training split, and no face of another"
    angry = [float(row[EMOTIONS.index("anger")]) for row in answers.values()]
    assert angry == sorted(angry)
    assert angry[-1] > angry[0] + 0.1, "the tiny experts are the surer the brighter the crop"
    assert all(row.sum() == pytest.approx(1, abs=0.001) for row in answers.values())


def test_experts_that_take_other_crops_are_refused(tmp_path: Path) -> None:
    data = built(tmp_path / "data", range(3))
    facts = json.loads((data / "build.json").read_text())
    facts["geometry"]["lips"]["width_d"] = 1.9
    (data / "build.json").write_text(json.dumps(facts))
    write_tiny_weights(tmp_path / "weights")
    result = run_teach(data, tmp_path / "weights", tmp_path / "answers.csv")
    assert result.exit_code == 1
    assert "other crops of the lips" in result.output
    assert not (tmp_path / "answers.csv").exists()


def test_a_share_of_each_label_is_the_answer_and_faces_without_one_keep_theirs(tmp_path: Path) -> None:
    crops = load_crops(built(tmp_path, range(3)), "lips", "train")
    before = crops.soft.copy()
    fear = np.eye(6, dtype=np.float32)[EMOTIONS.index("fear")]
    mixed = distilled(crops, {1: fear}, 0.25).soft
    neutral = EMOTIONS.index("neutral")
    assert mixed[:, neutral].tolist() == [1, 0.75, 1]
    assert mixed[:, EMOTIONS.index("fear")].tolist() == [0, 0.25, 0]
    assert (crops.soft == before).all()


@pytest.mark.parametrize("text", [None, "number,p_fear\n1,0.5\n", "id,p_happiness\nx,1\n"])
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "answers.csv").write_text(text)
    with pytest.raises(DataError, match=r"`python -m models\.teach` makes one"):
        read_answers(tmp_path / "answers.csv")


def test_answers_to_other_faces_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    data, other = built(tmp_path / "data", range(4)), built(tmp_path / "other", range(2, 6))
    built(data, range(4, 6), split="val")
    write_tiny_weights(tmp_path / "weights")
    assert run_teach(other, tmp_path / "weights", tmp_path / "answers.csv").exit_code == 0
    options = ["--region", "lips", "--data", str(data), "--out", str(tmp_path / "out"), "--batch", "2"]
    result = CliRunner().invoke(train.main, [*options, "--teacher", str(tmp_path / "answers.csv")])
    assert result.exit_code == 1
    assert "2 of 4 have none" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("share", [None, 0.4])
def test_training_learns_from_the_teacher_and_is_scored_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float | None
) -> None:
    data = built(tmp_path / "data", range(4))
    built(data, range(4, 6), split="val")
    covered = built(tmp_path / "covered", range(2))
    write_tiny_weights(tmp_path / "weights", eyes="anger", lips="anger")
    assert run_teach(data, tmp_path / "weights", tmp_path / "answers.csv").exit_code == 0
    seen: dict[str, Any] = {}

    def remember(recipe: train.Recipe, faces: CropSet, val: CropSet, out: Path, **more: Any) -> dict[str, float]:
        seen.update(recipe=recipe, train=faces, val=val, covered=more["covered"])
        return {"epoch": 1, "val_loss": 1.0, "val_accuracy": 0.5}

    monkeypatch.setattr(training, "fit", remember)
    options = ["--region", "lips", "--data", str(data), "--out", str(tmp_path / "out"), "--batch", "2"]
    options += ["--covered-data", str(covered)]
    if share is not None:
        options += ["--teacher", str(tmp_path / "answers.csv"), "--teacher-share", str(share)]
    result = CliRunner().invoke(train.main, options)
    assert result.exit_code == 0, result.output
    neutral = EMOTIONS.index("neutral")
    assert (seen["val"].soft[:, neutral] == 1).all()
    for crops in (seen["train"], *seen["covered"]):
        assert (crops.soft[:, neutral] < 0.75).all() if share else (crops.soft[:, neutral] == 1).all()
    assert seen["recipe"].teacher_share == (share or 0.0)
    assert json.loads((tmp_path / "out" / "recipe.json").read_text())["recipe"]["teacher_share"] == (share or 0.0)
