from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.errors import ModelError
from models.manifest import EMOTIONS, ExpertSpec, FusionSpec, Manifest, file_sha256, load_manifest, verified_file
from models.region_registry import REGIONS


def make_manifest(folder: Path) -> Manifest:
    experts = []
    for region in REGIONS:
        (folder / f"{region}.onnx").write_bytes(region.encode())
        digest = file_sha256(folder / f"{region}.onnx")
        geometry = REGIONS[region].geometry
        experts.append(ExpertSpec(region, f"{region}.onnx", digest, geometry, 1.25, {"epoch": 3}, {"val": 0.5}))
    rows = tuple(tuple(0.1 * k for k in range(len(EMOTIONS))) for _ in REGIONS)
    fusion = FusionSpec("log_linear", rows, (0.0,) * 6, 1.5, rows)
    manifest = Manifest(tuple(experts), fusion, "2026-01-01", {"about": "test"}, {"val": {"accuracy": 0.5}}, folder)
    (folder / "manifest.json").write_text(manifest.to_json(), "utf-8")
    return manifest


def test_a_manifest_survives_json(tmp_path: Path) -> None:
    written = make_manifest(tmp_path)
    assert load_manifest(tmp_path) == written


def test_a_whole_file_is_verified(tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path)
    assert verified_file(manifest, manifest.experts[0]) == tmp_path / "eyes.onnx"


def test_a_missing_or_altered_model_file_is_refused(tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path)
    (tmp_path / "eyes.onnx").write_bytes(b"other")
    with pytest.raises(ModelError, match=r"eyes\.onnx is not the one that the manifest names"):
        verified_file(manifest, manifest.experts[0])
    (tmp_path / "lips.onnx").unlink()
    with pytest.raises(ModelError, match=r"lips\.onnx is missing"):
        verified_file(manifest, manifest.experts[1])


def test_no_manifest_names_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="python -m export"):
        load_manifest(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 99}, "version 99"),
        ({"emotions": ["joy"]}, "joy"),
        ({"experts": []}, "must name one expert or more"),
        ({"fusion": {"method": "mean"}}, "not a manifest"),
        ({"surplus": 1}, "not a manifest"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    make_manifest(tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ModelError, match=message):
        load_manifest(tmp_path)


def test_text_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ModelError, match="not a manifest"):
        load_manifest(tmp_path)


@pytest.mark.parametrize("temperature", [0, -1, float("nan"), "hot"])
def test_a_temperature_that_cannot_be_is_refused(tmp_path: Path, temperature: object) -> None:
    make_manifest(tmp_path)
    path = tmp_path / "manifest.json"
    body = json.loads(path.read_text())
    body["experts"][0]["temperature"] = temperature
    path.write_text(json.dumps(body))
    with pytest.raises(ModelError):
        load_manifest(tmp_path)


def test_negative_fusion_weights_are_refused() -> None:
    rows = ((-1.0,) * 6,) * 2
    with pytest.raises(ModelError, match="non-negative"):
        FusionSpec("mean", rows, (0.0,) * 6, 1.0, rows)
