"""Classification metrics on labeled faces; a face that was not found counts as wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import DataError
from models.manifest import EMOTIONS

IntArray = npt.NDArray[np.int64]
NOT_FOUND = -1
_BINS = 15
# Confusion and F1 are scikit-learn's. By hand: accuracy, one expression, since the base install prints it without
# scikit-learn; expected calibration error and risk-coverage curve, which scikit-learn does not have (its
# `calibration_curve` does not say how many faces are in each bin, so no error can be computed from it).


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

    @property
    def recall(self) -> dict[str, float]:
        """Per emotion, the share of its faces that is called so; NaN where it does not occur."""
        return _shares(self.confusion.diagonal(), self.confusion.sum(axis=1))

    @property
    def precision(self) -> dict[str, float]:
        """Per emotion, the share of the faces called so that show it; NaN where no face is called so."""
        return _shares(self.confusion.diagonal(), self.confusion[:, : len(EMOTIONS)].sum(axis=0))

    def as_dict(self) -> dict[str, object]:
        """Return plain figures for JSON, rounded to six places."""
        return {
            "faces": self.faces,
            "found": self.found,
            "accuracy": round(self.accuracy, 6),
            "macro_f1": round(self.macro_f1, 6),
            "f1": _plain(self.f1),
            "recall": _plain(self.recall),
            "precision": _plain(self.precision),
        }


def _plain(by_emotion: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else round(value, 6) for name, value in by_emotion.items()}


def _shares(parts: IntArray, wholes: IntArray) -> dict[str, float]:
    """Return one share per emotion, NaN of nothing."""
    pairs = zip(parts.tolist(), wholes.tolist(), strict=True)
    return dict(zip(EMOTIONS, (part / whole if whole else math.nan for part, whole in pairs), strict=True))


def sklearn_metrics() -> Any:
    """Return `sklearn.metrics`, which only the train extra installs. Raises DataError where it is missing."""
    try:
        from sklearn import metrics
    except ImportError as error:
        raise DataError("F1 and confusion need scikit-learn; run `make setup-train` first") from error
    return metrics


def accuracy(truth: IntArray, answer: IntArray) -> float:
    """Return the share of right answers; arguments as for `score`. Needs no scikit-learn."""
    return float((truth == answer).mean())


def score(truth: IntArray, answer: IntArray) -> Scores:
    """Score answers against the truth.

    Args:
        truth: `(N,)` indices into `EMOTIONS`, one or more.
        answer: `(N,)` indices into `EMOTIONS`, or `NOT_FOUND`.

    Raises:
        DataError: scikit-learn is not installed.
    """
    metrics, kinds = sklearn_metrics(), range(len(EMOTIONS))
    confusion = metrics.confusion_matrix(truth, answer, labels=[*kinds, NOT_FOUND])[: len(kinds)]
    present = np.flatnonzero(confusion.sum(axis=1))
    f1 = np.full(len(kinds), np.nan)
    f1[present] = metrics.f1_score(truth, answer, labels=present, average=None)
    return Scores(
        faces=len(truth),
        found=int((answer != NOT_FOUND).sum()),
        accuracy=accuracy(truth, answer),
        macro_f1=float(metrics.f1_score(truth, answer, labels=present, average="macro")),
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


@dataclass(frozen=True, slots=True)
class Bin:
    """Faces whose confidence lies in one range, for a reliability diagram.

    Attributes:
        low: `float`, from this confidence on.
        high: `float`, below this one; the last bin has its upper end, too.
        faces: `int`, how many.
        confidence: `float`, their mean confidence.
        right: `float`, the share that is right.
    """

    low: float
    high: float
    faces: int
    confidence: float
    right: float


def reliability_bins(confidence: npt.NDArray[np.float32], right: npt.NDArray[np.bool_], bins: int = _BINS) -> list[Bin]:
    """Return the bins of equal width that have faces, the least confident first."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    found = []
    for number in range(bins):
        inside = place == number
        if inside.any():
            means = float(confidence[inside].mean()), float(right[inside].mean())
            found.append(Bin(number / bins, (number + 1) / bins, int(inside.sum()), *means))
    return found


def expected_calibration_error(
    confidence: npt.NDArray[np.float32], right: npt.NDArray[np.bool_], bins: int = _BINS
) -> float:
    """Return the ECE (Guo et al. 2017): mean gap between confidence and accuracy over equal-width bins."""
    filled = reliability_bins(confidence, right, bins)
    return sum(one.faces / len(confidence) * abs(one.confidence - one.right) for one in filled)


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
