"""The registry of regions, and that a region which it lacks is refused wherever one is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from models.dataset.crop_set import load_crops
from models.dataset.occlusion import cover, cover_face
from models.errors import ConfigError, DataError, EmotionLiveError, ModelError
from models.manifest import load_manifest
from models.region_registry import DEFAULT_REGIONS, REGIONS, region_named
from models.train.__main__ import main as train_main
from realtime.overlay.face_panel import PanelPainter
from realtime.overlay.overlay import Overlay
from realtime.reports.table_writer import open_table
from tests.support.fakes import BROWS, make_landmarks, three_experts
from tests.support.pictures.drawn_faces import analysed, plain
from tests.support.values.tiny_models import write_tiny_weights

CROP = np.zeros((40, 60, 1), np.uint8)


def rewritten(folder: Path, *regions: str) -> Path:
    """A folder whose manifest names these regions."""
    body = json.loads(write_tiny_weights(folder).to_json())
    body["experts"] = [{**body["experts"][0], "region": region} for region in regions]
    for table in ("weights", "success"):
        body["fusion"][table] = [body["fusion"][table][0] for _ in regions]
    (folder / "manifest.json").write_text(json.dumps(body))
    return folder


def build(region: str) -> object:
    pytest.importorskip("keras", reason="the train extra is not installed")
    from models.train.checkpoint import build_network

    return build_network({"region": region, "dropout": 0.1, "width": 4}, (48, 32))


def finished_data_set(folder: Path) -> Path:
    geometry = {"eyes": {"anchor": [33, 263]}}
    (folder / "build.json").write_text(json.dumps({"geometry": geometry, "border_px": 8}))
    (folder / "index.csv").write_text("id,split\n0,train\n")
    return folder


DOORS: dict[str, tuple[type[EmotionLiveError], Callable[[Path, str], object]]] = {
    "registry": (ConfigError, lambda _, name: region_named(name)),
    "manifest": (ModelError, lambda folder, name: load_manifest(rewritten(folder, "eyes", name))),
    "network": (ConfigError, lambda _, name: build(name)),
    "occluder": (ConfigError, lambda _, name: cover(CROP, BROWS.geometry, name, np.random.default_rng(0))),
    "crops": (ConfigError, lambda folder, name: load_crops(finished_data_set(folder), name, "train")),
    "table": (ConfigError, lambda folder, name: open_table(folder / "out.csv", regions=("eyes", name))),
    "panel": (ConfigError, lambda _, name: PanelPainter(("eyes", name), 10)),
}


@pytest.mark.parametrize("door", DOORS)
def test_an_unknown_region_is_refused_in_one_line_that_names_the_known_ones(door: str, tmp_path: Path) -> None:
    error, enter = DOORS[door]
    with pytest.raises(error, match=r"eyes, lips.*'ears'") as refused:
        enter(tmp_path, "ears")
    assert "\n" not in str(refused.value)


def test_the_overlay_outlines_no_region_that_it_does_not_know() -> None:
    value = three_experts(analysed(plain(), [[500, 250, 650, 450]]), "anger", "anger", "anger")
    with pytest.raises(ConfigError, match="'brows'"):
        Overlay().draw(value, None, landmarks=True)


def test_training_of_an_unknown_region_is_a_wrong_argument(tmp_path: Path) -> None:
    arguments = ["--region", "ears", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(train_main, arguments)
    assert done.exit_code == 2
    assert "'ears' is not one of 'eyes', 'lips'" in done.output


@pytest.mark.parametrize(("regions", "message"), [((), "one expert or more"), (("eyes", "eyes"), "each region once")])
def test_a_manifest_needs_experts_and_each_once(tmp_path: Path, regions: tuple[str, ...], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        load_manifest(rewritten(tmp_path, *regions))


def test_a_region_that_a_data_set_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds the regions eyes; for lips build it again"):
        load_crops(finished_data_set(tmp_path), "lips", "train")


def test_an_entry_names_only_what_training_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGIONS, "brows", replace(BROWS, network="oracle", occluders=("umbrella",)))
    with pytest.raises(ConfigError, match="densenet201, residual_cnn; brows names 'oracle'"):
        build("brows")
    with pytest.raises(ConfigError, match=r"glasses, .*; brows names 'umbrella'"):
        cover(CROP, BROWS.geometry, "brows", np.random.default_rng(0))


@pytest.mark.parametrize("change", [{"name": "raw"}, {"name": "Left Brow"}, {"name": ""}, {"occluders": ()}])
def test_an_entry_that_cannot_work_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        replace(BROWS, **change)


def test_a_cover_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="mask, glasses; received 'hat'"):
        cover_face(np.zeros((48, 64, 3), np.uint8), make_landmarks(), "hat", np.random.default_rng(0))


def test_what_is_meant_where_nothing_is_named_are_the_shipped_experts() -> None:
    assert load_manifest().regions == DEFAULT_REGIONS
    assert all(expert.geometry == REGIONS[expert.region].geometry for expert in load_manifest().experts)
