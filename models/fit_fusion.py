"""Fits temperatures and fusion weights on validation faces: `python -m models.fit_fusion --labels … --root …`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from models.cli import fail_in_one_line, split_shares
from models.console import say
from models.dataset.labels import LabelledFace, of_split, read_labels
from models.errors import DataError
from models.evaluate.fusion_solver import (
    METHODS,
    Evidence,
    cross_validated,
    fit_fusion,
    fit_temperature,
    negative_log_likelihood,
)
from models.evaluate.scores import expected_calibration_error, score
from models.evaluate.shipped import run_shipped
from models.manifest import EMOTIONS, MANIFEST_NAME, WEIGHTS_DIR, load_manifest, save_manifest
from realtime.core.config import PipelineConfig
from realtime.core.types import FloatArray
from realtime.inference.fusion import tempered

_FOLDER = click.Path(file_okay=False, path_type=Path)
_AGREED = 0.5
_FEWEST = 50


@click.command()
@click.option("--labels", type=click.Path(dir_okay=False, path_type=Path), help="Table of labels or votes.")
@click.option("--root", type=_FOLDER, required=True, help="Folder that holds the pictures.")
@click.option("--label-column", default="label", show_default=True, help="Column with hard labels, if there is one.")
@click.option(
    "--split", type=click.Choice(("train", "val")), default="val", show_default=True, help="Never the test split."
)
@click.option("--method", type=click.Choice(METHODS), default="stacked", show_default=True)
@click.option("--weights", type=_FOLDER, default=WEIGHTS_DIR, help="Folder with manifest.json; it is rewritten.")
@split_shares
@fail_in_one_line
def main(
    labels: Path | None,
    root: Path,
    label_column: str,
    split: str,
    method: str,
    weights: Path,
    val_share: float,
    test_share: float,
) -> None:
    """Measure on validation faces how far each expert is right for each emotion, and write it into the manifest.

    First one temperature per expert, then the fusion. All methods are compared by five-fold cross-validation, and
    --method is the one that is written. The fit aims at all votes; scored are faces of which more than half agree.
    """
    every = [face for face in read_labels(labels, root, label_column) if face.label]
    faces = of_split(every, split, (val_share, test_share))
    manifest = load_manifest(weights)
    evidence = _enough_evidence(faces, root, split, weights)
    temperatures = _calibrate(evidence, [expert.temperature for expert in manifest.experts])
    scores = {name: _report(f"{name} (cross-validated)", cross_validated(evidence, name), evidence) for name in METHODS}
    for column, region in enumerate(manifest.regions):
        scores[region] = _report(
            f"{region} alone, T={temperatures[column]:.2f}", evidence.by_region[:, column], evidence
        )
    fusion = fit_fusion(evidence, method)
    experts = tuple(
        replace(expert, temperature=temperature)
        for expert, temperature in zip(manifest.experts, temperatures, strict=True)
    )
    save_manifest(
        replace(manifest, experts=experts, fusion=fusion, scores={**manifest.scores, "fusion_on_val": scores})
    )
    for region, row in zip(manifest.regions, fusion.success, strict=True):
        shares = "  ".join(f"{name} {share:.2f}" for name, share in zip(EMOTIONS, row, strict=True))
        say(f"{region} is right when it says: {shares}")
    say(f"wrote {method} fusion into {weights / MANIFEST_NAME}")


def _enough_evidence(faces: list[LabelledFace], root: Path, split: str, weights: Path) -> Evidence:
    """Return the experts' answers to the faces. Raises DataError where they are too few for a fit."""
    if len(faces) < _FEWEST:
        raise DataError(f"fitting needs {_FEWEST} labelled faces or more in the split {split!r}; received {len(faces)}")
    evidence = collect(faces, root, PipelineConfig(weights=weights))
    if evidence.agreed.sum() < _FEWEST:
        raise DataError(
            f"fitting needs {_FEWEST} faces that are found and whose votes agree; of {len(faces)} only "
            f"{evidence.agreed.sum()} were"
        )
    return evidence


def _calibrate(evidence: Evidence, applied: Sequence[float]) -> list[float]:
    """Fit one temperature per expert and apply it to the evidence, in place, instead of those in `applied`."""
    for column, temperature in enumerate(applied):
        # What an earlier fit applies is undone first: temperatures multiply.
        evidence.by_region[:, column] = tempered(evidence.by_region[:, column], 1 / temperature)
    clear = evidence[evidence.agreed]
    temperatures = [fit_temperature(clear.by_region[:, column], clear.truth) for column in range(len(applied))]
    for column, temperature in enumerate(temperatures):
        evidence.by_region[:, column] = tempered(evidence.by_region[:, column], temperature)
    return temperatures


def collect(faces: list[LabelledFace], root: Path, config: PipelineConfig) -> Evidence:
    """Return the experts' answers to the faces that are found."""
    answers = run_shipped(faces, root, config)
    everyone = Evidence(
        answers.by_region,
        answers.reliability,
        soft=np.array([face.soft for face in faces], np.float32),
        weight=np.array([face.weight for face in faces], np.float32),
        agreed=np.array([face.agreement > _AGREED for face in faces]),
    )
    return everyone[answers.detected]


def _report(name: str, probabilities: FloatArray, evidence: Evidence) -> dict[str, float]:
    probabilities, truth = probabilities[evidence.agreed], evidence.truth[evidence.agreed]
    said = probabilities.argmax(axis=1).astype(np.int64)
    scores = score(truth, said)
    loss = negative_log_likelihood(probabilities, truth)
    ece = expected_calibration_error(probabilities.max(axis=1), said == truth)
    say(
        f"{name:32} accuracy {scores.accuracy:.2%}  macro-F1 {scores.macro_f1:.3f}  "
        f"log-loss {loss:.4f}  ECE {ece:.3f}  ({scores.faces} faces)"
    )
    figures = {"accuracy": scores.accuracy, "macro_f1": scores.macro_f1, "log_loss": loss, "ece": ece}
    return {key: round(value, 4) for key, value in figures.items()}


if __name__ == "__main__":
    main()
