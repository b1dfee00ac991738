"""Exports trained experts to ONNX files and a manifest: `python -m export`."""

from __future__ import annotations

import datetime
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from models.cli import fail_in_one_line
from models.console import say
from models.errors import DataError, ModelError
from models.manifest import (
    EMOTIONS,
    MANIFEST_NAME,
    WEIGHTS_DIR,
    ExpertSpec,
    FusionSpec,
    Manifest,
    load_manifest,
    save_manifest,
)
from models.new_files import write_whole
from models.region_registry import REGIONS, geometry_from_dict

_FOLDER = click.Path(file_okay=False, path_type=Path)
_REAL_CROPS = 70
_CALIBRATION_CROPS = 512
_MAX_INT8_LOSS = 0.003


@click.command()
@click.option("--weights", type=_FOLDER, required=True, help="Folder with the trained experts: WEIGHTS/REGION/.")
@click.option("--data", type=_FOLDER, required=True, help="Built data set whose validation crops prove the parity.")
@click.option("--out", type=_FOLDER, default=WEIGHTS_DIR, show_default="models/weights", help="Folder to write to.")
@click.option(
    "--region",
    type=click.Choice(tuple(REGIONS)),
    multiple=True,
    default=tuple(REGIONS),
    help="Only this expert (repeatable); others that OUT's manifest has are kept.",
)
@click.option("--precision", type=click.Choice(["int8", "half", "float"]), default="int8", show_default=True)
@click.option(
    "--meant-share",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Of an expert with two heads: share of the one that learned what was meant.",
)
@click.option("--about", default="", help="One line for the manifest: what data, under which terms.")
@fail_in_one_line
def main(
    weights: Path, data: Path, out: Path, region: tuple[str, ...], precision: str, meant_share: float, about: str
) -> None:
    """Convert trained experts to ONNX, check their parity with Keras, and write the manifest.

    The graph takes uint8 crops of any batch size and gives probabilities; scaling is inside. With --precision int8 the
    convolutions compute in eight bits; that may cost 0.3 points of validation accuracy, or nothing is written. With
    half the weights are rounded and stored in half precision, computed in float32, and compared after rounding.
    Fusion starts as the plain mean: `python -m models.fit_fusion` measures its weights next.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _check_trained(weights, region)
    out.mkdir(parents=True, exist_ok=True)
    before = _present(out) if set(region) != set(REGIONS) else None
    experts, files = {expert.region: expert for expert in before.experts} if before else {}, {}
    for name in REGIONS:
        if name in region:
            experts[name], files[name] = _export_one(name, weights / name, data, precision, meant_share)
    manifest = Manifest(
        experts=tuple(experts.values()),
        fusion=plain_mean(len(experts)),
        created=datetime.date.today().isoformat(),
        data={"about": about} if about else dict(before.data) if before else {},
        folder=out,
    )
    # All or nothing, the manifest last: a failed export leaves what was there.
    for name, content in files.items():
        write_whole(out / f"{name}.onnx", content)
    save_manifest(manifest)
    say(f"wrote {out / MANIFEST_NAME}; now fit the fusion: python -m models.fit_fusion --weights {out} …")


def _check_trained(weights: Path, regions: Sequence[str]) -> None:
    """Refuse, before TensorFlow is loaded and another expert converted, a folder that lacks a training."""
    for name in regions:
        if not (weights / name / "recipe.json").is_file():
            raise DataError(
                f"{weights} must have a training of each region; {name} is missing: run `python -m models.train "
                f"--region {name} --data DATA --out {weights / name}`, or export the others alone with --region"
            )


def plain_mean(experts: int) -> FusionSpec:
    """Return the fusion of so many experts that knows nothing yet: each counts alike."""
    ones = ((1.0,) * len(EMOTIONS),) * experts
    return FusionSpec("mean", ones, (0.0,) * len(EMOTIONS), 1.0, ones)


def _present(out: Path) -> Manifest | None:
    return load_manifest(out) if (out / MANIFEST_NAME).is_file() else None


def _export_one(region: str, folder: Path, data: Path, precision: str, meant_share: float) -> tuple[ExpertSpec, bytes]:
    """Return the expert's entry in the manifest and the content of its file."""
    # TensorFlow takes seconds to import: `--help` and bad arguments need not wait for it.
    from export.convert import round_to_half, store_as_half, to_onnx, with_softmax
    from export.heads import with_one_head
    from export.parity import largest_difference, seeded_crops
    from models.dataset.crop_set import load_crops
    from models.train.checkpoint import load_trained
    from models.train.loop import read_history, score_logits

    network, facts = load_trained(folder)
    network = with_one_head(network, facts, meant_share)
    val = load_crops(data, region, "val")
    geometry = geometry_from_dict(facts["geometry"])
    if val.geometry != geometry:
        raise DataError(f"{folder} was trained on other crops than {data} holds; give --data the training's data set")
    crops = val.without_border()
    scores: dict[str, Any] = {"val_float": score_logits(network.predict(crops, batch_size=256, verbose=0), val)}
    if precision == "half":
        round_to_half(network)
        scores["val_half"] = score_logits(network.predict(crops, batch_size=256, verbose=0), val)
    served = with_softmax(network)
    model = to_onnx(served)
    if precision == "half":
        model = store_as_half(model)
    sets = {"seeded": seeded_crops(geometry.size_wh), "real": crops[:_REAL_CROPS].copy()}
    difference = largest_difference(served, model, sets)
    if precision == "int8":
        model = _quantized(region, model, val, scores)
    content = model.SerializeToString()
    say(f"{region}: {len(content) / 1e6:.1f} MB, largest difference to Keras {difference:.1e}, {scores}")
    trained = _told(facts, read_history(folder), precision, difference)
    if facts["recipe"].get("meant"):
        trained["meant_share"] = meant_share
    digest = hashlib.sha256(content).hexdigest()
    return ExpertSpec(region, f"{region}.onnx", digest, geometry, trained=trained, scores=scores), content


def _told(
    facts: Mapping[str, Any], history: Sequence[Mapping[str, Any]], precision: str, difference: float
) -> dict[str, Any]:
    """Return the training facts for the manifest, without paths, which mean nothing on another machine."""
    earlier = Path(facts["recipe"].get("start_from", "")).name
    covered = [Path(folder).name for folder in facts["recipe"].get("covered_data", ())]
    bent = [Path(folder).name for folder in facts["recipe"].get("bent_data", ())]
    teacher, meant = (Path(facts["recipe"].get(key, "")).name for key in ("teacher", "meant"))
    return {
        **facts,
        "recipe": {
            **facts["recipe"],
            "start_from": earlier,
            "covered_data": covered,
            "teacher": teacher,
            "meant": meant,
            "bent_data": bent,
        },
        "epoch": min(history, key=lambda row: float(row["val_loss"]))["epoch"] if history else None,
        "precision": precision,
        "parity": difference,
        "date": datetime.date.today().isoformat(),
    }


def _quantized(region: str, model: Any, val: Any, scores: dict[str, Any]) -> Any:
    """Return the model in eight bits and note its scores beside those of the float one.

    Raises:
        ModelError: it loses more than `_MAX_INT8_LOSS` of validation accuracy.
    """
    from export.quantize import run, to_int8
    from models.train.loop import score_logits

    crops = val.without_border()
    small = to_int8(model, crops[:_CALIBRATION_CROPS])
    p, exact = run(small, crops), run(model, crops)
    scores["val_int8"] = score_logits(np.log(np.maximum(p, 1e-7)), val)
    scores["int8_mean_difference"] = round(float(np.abs(p - exact).mean()), 5)
    loss = scores["val_float"]["val_accuracy"] - scores["val_int8"]["val_accuracy"]
    if loss > _MAX_INT8_LOSS:
        raise ModelError(
            f"eight bits may cost {_MAX_INT8_LOSS:.1%} of validation accuracy; the {region} expert loses {loss:.1%}: "
            "export it with --precision half"
        )
    return small


if __name__ == "__main__":
    main()
