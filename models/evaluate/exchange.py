"""What one step of sensitivity gives and takes, on several sets of faces: a table and a plot."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.dataset.labels import LabelledFace
from models.evaluate.confusions import Confusions, confusions
from models.evaluate.scores import expected_calibration_error, score
from models.evaluate.shipped import Answers
from models.manifest import EMOTIONS, Manifest
from realtime.inference.fusion import fuse

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
COLUMNS = ("faces", "sensitivity", "accuracy", "macro_recall", "missed", "accused", "ece")


@dataclass(frozen=True, slots=True)
class Step:
    """Scores of one set of faces at one sensitivity.

    Attributes:
        faces: `str`, the set's name.
        sensitivity: `float` in [0, 1].
        accuracy: `float`, share right; not found is wrong.
        errors: macro recall and the two errors that pay for each other.
        ece: `float`, expected calibration error, 15 bins.
    """

    faces: str
    sensitivity: float
    accuracy: float
    errors: Confusions
    ece: float

    def row(self) -> list[str]:
        """Return the figures in the order of `COLUMNS`."""
        errors = self.errors
        values = (self.accuracy, errors.macro_recall, errors.missed, errors.accused, self.ece)
        return [self.faces, f"{self.sensitivity:.2f}", *(f"{value:.4f}" for value in values)]


def steps(
    name: str, faces: Sequence[LabelledFace], answers: Answers, manifest: Manifest, at: Sequence[float] = STEPS
) -> list[Step]:
    """Return the scores of the same answers fused at each sensitivity.

    Args:
        name: of the set.
        faces: those without one of the six labels are left out.
        answers: what the experts say of them.
        manifest: whose fusions.
        at: sensitivities in [0, 1].

    Raises:
        ModelError: the manifest has one fusion only.
    """
    rows = np.array([number for number, face in enumerate(faces) if face.label], np.int64)
    truth = np.array([EMOTIONS.index(faces[row].label) for row in rows], np.int64)
    found = []
    for sensitivity in at:
        fused = fuse(answers.by_region, answers.reliability, manifest.fusion_at(sensitivity))
        said = answers.said(fused)[rows]
        confidence = np.where(answers.detected[rows], fused[rows].max(axis=1), 0).astype(np.float32)
        scores = score(truth, said)
        ece = expected_calibration_error(confidence, np.asarray(said == truth, np.bool_))
        found.append(Step(name, sensitivity, scores.accuracy, confusions(scores.confusion), ece))
    return found


def write_exchange(by_set: Mapping[str, Sequence[Step]], default: float, out: Path) -> None:
    """Write `OUT.csv` and `OUT.png`: for each set, how many sad or angry faces are missed for how many accusations."""
    with out.with_suffix(".csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows(step.row() for one in by_set.values() for step in one)
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for name, one in by_set.items():
        _draw(left, right, name, one, default)
    left.set_xlabel("neutral called sad or angry, %")
    left.set_ylabel("sad or angry called neutral, %")
    right.set_xlabel("sensitivity")
    right.set_ylabel("macro recall")
    for axis in (left, right):
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(out.with_suffix(".png"), dpi=110)
    plt.close(figure)


def _draw(left: Any, right: Any, name: str, one: Sequence[Step], default: float) -> None:
    accused = [100 * step.errors.accused for step in one]
    missed = [100 * step.errors.missed for step in one]
    (line,) = left.plot(accused, missed, "o-", label=name)
    for step, x, y in zip(one, accused, missed, strict=True):
        left.annotate(f"{step.sensitivity:g}", (x, y), xytext=(4, 4), textcoords="offset points", fontsize=8)
    right.plot([step.sensitivity for step in one], [step.errors.macro_recall for step in one], "o-", label=name)
    right.axvline(default, color="gray", linewidth=0.8, linestyle="--")
    for step, x, y in zip(one, accused, missed, strict=True):
        if step.sensitivity == default:
            left.plot([x], [y], "s", markersize=10, fillstyle="none", color=line.get_color())
