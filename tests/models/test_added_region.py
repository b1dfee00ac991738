"""A third region, added by one entry in the registry, passes through data set, training, fit and scores."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from models.dataset.__main__ import main as dataset_main
from models.dataset.crop_set import load_crops
from models.dataset.occlusion import cover
from models.errors import DataError
from models.evaluate.__main__ import main as evaluate_main
from models.fit_fusion import main as fit_main
from models.manifest import EMOTIONS, Manifest, load_manifest
from models.region_crops import border_wh
from models.region_registry import REGIONS
from tests.support.fakes import BROWS, THREE
from tests.support.values.tiny_models import write_tiny_weights


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGIONS, BROWS.name, BROWS)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return write_tiny_weights(tmp_path / "weights", eyes="anger", lips="happiness", brows="fear")


def test_the_manifest_keeps_the_third_expert_and_its_place(manifest: Manifest) -> None:
    assert load_manifest(manifest.folder) == manifest
    assert manifest.regions == THREE


@pytest.fixture
def pictures(tmp_path: Path, portrait_bgr: np.ndarray) -> Path:
    """Sixty pictures of one face, and their table."""
    root = tmp_path / "pictures"
    root.mkdir()
    face = cv2.resize(portrait_bgr[70:220, 150:300], (48, 48), interpolation=cv2.INTER_AREA)
    rows = ["file,label,split"]
    for number in range(60):
        cv2.imwrite(str(root / f"{number}.png"), cv2.convertScaleAbs(face, alpha=0.6 + number * 0.01))
        rows.append(f"{number}.png,{EMOTIONS[number % 3]},{'train' if number < 4 else 'val'}")
    (root / "labels.csv").write_text("\n".join(rows))
    return root


def test_the_data_set_builder_cuts_it_and_says_what_glasses_hide_of_it(pictures: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.csv"
    few.write_text("\n".join((pictures / "labels.csv").read_text().splitlines()[:5]))
    arguments = ["build", "--labels", str(few), "--root", str(pictures), "--workers", "1", "--cover", "glasses"]
    done = CliRunner().invoke(dataset_main, [*arguments, "--out", str(tmp_path / "data")])
    assert done.exit_code == 0, done.output
    eyes, brows = (load_crops(tmp_path / "data", region, "train") for region in ("eyes", "brows"))
    assert brows.without_border().shape[1:] == (16, 48, 1)
    assert brows.geometry == BROWS.geometry
    assert len(brows) == len(eyes) > 0
    np.testing.assert_allclose(brows.hidden, eyes.hidden / 2)
    assert brows.hidden.min() >= 0.2
    assert (tmp_path / "data" / "preview_brows.png").exists()


def test_a_data_set_from_before_it_was_registered_is_named(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = tmp_path / "few.csv"
    few.write_text("\n".join((pictures / "labels.csv").read_text().splitlines()[:3]))
    monkeypatch.delitem(REGIONS, "brows")
    arguments = [
        "build",
        "--labels",
        str(few),
        "--root",
        str(pictures),
        "--workers",
        "1",
        "--out",
        str(tmp_path / "old"),
    ]
    assert CliRunner().invoke(dataset_main, arguments).exit_code == 0
    monkeypatch.setitem(REGIONS, "brows", BROWS)
    with pytest.raises(DataError, match="holds the regions eyes, lips; for brows build it again"):
        load_crops(tmp_path / "old", "brows", "train")


def test_its_occluder_covers_its_crops() -> None:
    x, y = border_wh(BROWS.geometry, 8)
    crop = np.full((16 + 2 * y, 48 + 2 * x, 1), 200, np.uint8)
    for seed in range(10):
        drawn, hidden = cover(crop, BROWS.geometry, "brows", np.random.default_rng(seed))
        assert hidden in (0.4, 0.6), "what glasses hide"
        # The anchor, on the eyes' line, lies below the brows.
        assert (drawn[-6:] != 200).mean() > (drawn[:6] != 200).mean()
        assert (drawn != 200).mean() > 0.1


def test_training_builds_the_network_that_its_entry_names() -> None:
    pytest.importorskip("keras", reason="the train extra is not installed")
    from models.train.checkpoint import build_network

    recipe = {"dropout": 0.1, "width": BROWS.width}
    network = build_network({**recipe, "region": "brows"}, BROWS.geometry.size_wh)
    lips = build_network({**recipe, "region": "lips"}, BROWS.geometry.size_wh)
    assert network.predict_on_batch(np.zeros((2, 16, 48, 1), np.uint8)).shape == (2, 6)
    assert network.count_params() == lips.count_params()


def test_its_answers_are_fitted_and_scored(pictures: Path, manifest: Manifest, tmp_path: Path) -> None:
    options = ["--labels", str(pictures / "labels.csv"), "--root", str(pictures), "--weights", str(manifest.folder)]
    fitted = CliRunner().invoke(fit_main, options)
    assert fitted.exit_code == 0, fitted.output
    assert "brows is right when it says" in fitted.output
    after = load_manifest(manifest.folder)
    assert (len(after.fusion.cross), "brows" in after.scores["fusion_on_val"]) == (3, True)
    scored = CliRunner().invoke(
        evaluate_main, ["shipped", *options, "--split", "train", "--by-region", "--out", str(tmp_path / "said.csv")]
    )
    assert scored.exit_code == 0, scored.output
    assert "brows " in scored.output
    row = next(csv.DictReader((tmp_path / "said.csv").open()))
    assert max(EMOTIONS, key=lambda emotion: float(row[f"brows_p_{emotion}"])) == "fear"
    assert list(row)[-3:] == ["eyes_reliability", "lips_reliability", "brows_reliability"]
