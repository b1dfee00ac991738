"""Classification metrics on labeled faces; a face that was not found counts as wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.manifest import EMOTIONS

IntArray = npt.NDArray[np.int64]
NOT_FOUND = -1


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scores on one set of faces.

    Attributes:
        faces: `int`, how many.
        found: `int`, of how many the landmarker found the face.
        accuracy: `float`, share right; not found is wrong.
        macro_f1: `float`, mean over the six emotions of F1; emotions that do not occur are left out.
        f1: per emotion, NaN where it does not occur.
        confusion: `(6, 7) int64`, rows are truth, columns the answer, the last column "not found".
    """

    faces: int
    found: int
    accuracy: float
    macro_f1: float
    f1: dict[str, float]
    confusion: IntArray

    def as_dict(self) -> dict[str, object]:
        """Return plain figures for JSON, rounded to four places."""
        return {
            "faces": self.faces,
            "found": self.found,
            "accuracy": round(self.accuracy, 4),
            "macro_f1": round(self.macro_f1, 4),
            "f1": {name: None if np.isnan(value) else round(value, 4) for name, value in self.f1.items()},
        }


def score(truth: IntArray, answer: IntArray) -> Scores:
    """Score answers, `(N,)` indices into `EMOTIONS` or `NOT_FOUND`, against the truth, `(N,)` indices."""
    kinds = len(EMOTIONS)
    confusion = np.zeros((kinds, kinds + 1), np.int64)
    np.add.at(confusion, (truth, np.where(answer == NOT_FOUND, kinds, answer)), 1)
    hits, present, said = confusion.diagonal(), confusion.sum(axis=1), confusion[:, :kinds].sum(axis=0)
    f1 = np.where(present > 0, 2 * hits / np.maximum(present + said, 1), np.nan)
    return Scores(
        faces=len(truth),
        found=int((answer != NOT_FOUND).sum()),
        accuracy=float(hits.sum() / max(1, len(truth))),
        macro_f1=float(np.nanmean(f1)) if len(truth) else 0.0,
        f1=dict(zip(EMOTIONS, map(float, f1), strict=True)),
        confusion=confusion,
    )


def confusion_text(scores: Scores) -> str:
    """Return the confusion matrix as aligned text, truth down, answer across."""
    heads = [*(name[:5] for name in EMOTIONS), "none"]
    lines = [f"{'':10}" + "".join(f"{head:>7}" for head in heads) + f"{'F1':>8}"]
    for name, row in zip(EMOTIONS, scores.confusion, strict=True):
        lines.append(f"{name:10}" + "".join(f"{count:7}" for count in row) + f"{scores.f1[name]:8.3f}")
    return "\n".join(lines)


def expected_calibration_error(
    confidence: npt.NDArray[np.float32], right: npt.NDArray[np.bool_], bins: int = 15
) -> float:
    """Return the ECE (Guo et al. 2017): mean gap between confidence and accuracy over equal-width bins."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = 0.0
    for number in range(bins):
        inside = place == number
        if inside.any():
            gap += inside.mean() * abs(float(confidence[inside].mean()) - float(right[inside].mean()))
    return gap


def risk_coverage(
    confidence: npt.NDArray[np.float32], right: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return coverage, `(N,)` from 1/N to 1, and the accuracy on that share of the most confident answers, `(N,)`.

    El-Yaniv and Wiener 2010, "On the foundations of noise-free selective classification".
    """
    order = np.argsort(-confidence, kind="stable")
    count = np.arange(1, len(order) + 1)
    return count / len(order), np.cumsum(right[order]) / count


def selective_accuracy(
    confidence: npt.NDArray[np.float32], right: npt.NDArray[np.bool_], coverage: float = 0.7
) -> float:
    """Return the accuracy on the `coverage` most confident answers."""
    _, accuracy = risk_coverage(confidence, right)
    return float(accuracy[max(1, round(coverage * len(accuracy))) - 1])
