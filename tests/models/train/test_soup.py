"""The mean of trainings; nothing is trained here."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("keras", reason="the train extra is not installed")

from models.dataset.crop_set import CropSet
from models.region_registry import REGIONS
from models.soup import main
from models.train.checkpoint import build_network, load_trained
from models.train.recipe import Recipe

RECIPE = Recipe("lips", 2, 4, 1e-3, 0.01, 0.1, 4, 0.2, 0.5, 0.99, 3, 1)


def training(folder: Path, value: float, **changes: object) -> Path:
    """Write a training all of whose weights are `value`."""
    recipe = replace(RECIPE, **changes)
    network = build_network(asdict(recipe), REGIONS["lips"].geometry.size_wh)
    network.set_weights([np.full_like(weight, value) for weight in network.get_weights()])
    folder.mkdir()
    network.save_weights(folder / "best.weights.h5")
    facts = {"recipe": asdict(recipe), "geometry": asdict(REGIONS["lips"].geometry), "faces": {"train": 1, "val": 12}}
    (folder / "recipe.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture
def val(monkeypatch: pytest.MonkeyPatch) -> None:
    crops = CropSet(
        crops=np.random.default_rng(0).integers(0, 256, (12, 60, 80, 1), dtype=np.uint8),
        soft=np.eye(6, dtype=np.float32)[np.arange(12) % 6],
        weight=np.ones(12, np.float32),
        agreement=np.ones(12, np.float32),
        ids=np.arange(12),
        hidden=np.zeros(12, np.float32),
        geometry=REGIONS["lips"].geometry,
        border_px=8,
    )
    monkeypatch.setattr("models.dataset.crop_set.load_crops", lambda folder, region, split: crops)


def soup(out: Path, *arguments: object) -> str:
    done = CliRunner().invoke(main, [*map(str, arguments), "--data", "DATA", "--out", str(out)])
    return done.output if done.exit_code == 0 else f"failed: {done.output}"


@pytest.mark.usefixtures("val")
def test_a_soup_is_the_weighted_mean_and_counts_as_a_training(tmp_path: Path) -> None:
    first, second = training(tmp_path / "first", 0.1), training(tmp_path / "second", 0.4, epochs=7)
    told = soup(tmp_path / "soup", "--of", first, "--of", second, "--share", 1, "--share", 2)
    assert [line.split()[0] for line in told.splitlines()] == ["first", "second", "soup", "soup:"]
    network, facts = load_trained(tmp_path / "soup")
    for weight in network.get_weights():
        np.testing.assert_allclose(weight, 0.3, rtol=1e-5)
    assert facts["recipe"]["soup"] == [
        {"training": "first", "share": 0.3333, "epochs": 2},
        {"training": "second", "share": 0.6667, "epochs": 7},
    ]
    with (tmp_path / "soup" / "soup.csv").open(newline="") as stream:
        assert [row["of"] for row in csv.DictReader(stream)] == ["first", "second", "soup"]


@pytest.mark.usefixtures("val")
def test_without_shares_all_count_alike(tmp_path: Path) -> None:
    runs = [training(tmp_path / name, value) for name, value in (("a", 0.0), ("b", 0.3), ("c", 0.6))]
    soup(tmp_path / "soup", "--of", runs[0], "--of", runs[1], "--of", runs[2])
    np.testing.assert_allclose(load_trained(tmp_path / "soup")[0].get_weights()[0], 0.3, rtol=1e-5)


@pytest.mark.usefixtures("val")
def test_what_can_not_be_averaged_is_refused_in_one_line(tmp_path: Path) -> None:
    first, wide = training(tmp_path / "first", 0.1), training(tmp_path / "wide", 0.1, width=8)
    assert "two --of or more" in soup(tmp_path / "soup", "--of", first)
    assert "received 2 and 1" in soup(tmp_path / "soup", "--of", first, "--of", first, "--share", 1)
    assert "must be another training" in soup(tmp_path / "soup", "--of", first, "--of", first)
    assert "has width 4" in soup(tmp_path / "soup", "--of", first, "--of", wide)
    assert "holds no trained expert" in soup(tmp_path / "soup", "--of", first, "--of", tmp_path / "none")
    assert not (tmp_path / "soup").exists()
    assert "holds a training already" in soup(first, "--of", first, "--of", wide)


@pytest.mark.usefixtures("val")
def test_crops_of_another_region_are_refused(tmp_path: Path) -> None:
    runs = [training(tmp_path / name, 0.1) for name in ("a", "b")]
    facts = json.loads((runs[1] / "recipe.json").read_text())
    for run in runs:
        (run / "recipe.json").write_text(json.dumps({**facts, "geometry": {**facts["geometry"], "width_d": 9.0}}))
    assert "other crops than DATA holds" in soup(tmp_path / "soup", "--of", runs[0], "--of", runs[1])
    assert not (tmp_path / "soup").exists()
