"""Everything that is published of one answer to one group of faces, in one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.evaluate.confusions import Confusions, confusions
from models.evaluate.scores import Scores, expected_calibration_error, score, selective_accuracy
from models.evaluate.shipped import Answers
from models.manifest import EMOTIONS
from realtime.core.types import FloatArray

IntArray = npt.NDArray[np.int64]
FUSED = "fused"
_SIZE_OF_A_NAME = 16


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """Figures of one answer ("fused", or an expert's) to one group of faces.

    Attributes:
        scores: accuracy, macro-F1, confusion matrix, faces, found.
        ece: `float`, expected calibration error, 15 bins.
        selective: `float`, accuracy on the 70 % most confident answers.
    """

    scores: Scores
    ece: float
    selective: float

    @property
    def errors(self) -> Confusions:
        """Macro recall, and the two errors that pay for each other."""
        return confusions(self.scores.confusion)

    def as_dict(self) -> dict[str, Any]:
        """Return plain figures for JSON, rounded to six places."""
        return {
            **self.scores.as_dict(),
            **self.errors.as_dict(),
            "ece": round(self.ece, 6),
            "accuracy_on_70_percent": round(self.selective, 6),
        }

    def lines(self, name: str) -> list[str]:
        """Return two lines with every figure, of the answer `name`."""
        one = self.scores
        return [
            f"{name:{_SIZE_OF_A_NAME}} accuracy {one.accuracy:6.2%}  macro-F1 {one.macro_f1:.3f}  "
            f"faces {one.faces}  found {one.found} ({one.found / one.faces:.2%})",
            f"{'':{_SIZE_OF_A_NAME}} {self.errors.line()}  ECE {self.ece:.3f}  "
            f"70 % most confident {self.selective:.1%}",
        ]


def summarize(truth: IntArray, said: IntArray, confidence: FloatArray) -> Summary:
    """Return the figures of an answer.

    Args:
        truth: `(N,)` indices into `EMOTIONS`, one or more.
        said: `(N,)` likewise, or `NOT_FOUND`.
        confidence: `(N,) float32`, 0 where no face was found.

    Raises:
        DataError: scikit-learn is not installed.
    """
    right = np.asarray(said == truth, np.bool_)
    return Summary(
        score(truth, said), expected_calibration_error(confidence, right), selective_accuracy(confidence, right)
    )


def probabilities_by_answer(answers: Answers) -> Mapping[str, FloatArray]:
    """Return the fused probabilities, `(N, 6)`, and those of each expert, by the answer's name."""
    return {FUSED: answers.fused, **{name: answers.by_region[:, row] for row, name in enumerate(answers.regions)}}


def summaries(truth: IntArray, rows: IntArray, answers: Answers) -> Mapping[str, Summary]:
    """Return the figures of the fused answer and of each expert.

    Args:
        truth: `(N,)` indices into `EMOTIONS`, one or more.
        rows: `(N,)`, which of the answers they belong to.
        answers: to these pictures and others.
    """
    return {
        name: summarize(truth, answers.said(p)[rows], answers.confidence(p)[rows])
        for name, p in probabilities_by_answer(answers).items()
    }


def indices_of(labels: list[str]) -> IntArray:
    """Return the labels, each one of the six, as `(N,)` indices into `EMOTIONS`."""
    return np.array([EMOTIONS.index(label) for label in labels], np.int64)
