"""Evaluation figures of one labeled set: scores, calibration, and the errors by source, face size, turn and cover."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from models.evaluate.confusions import Confusions
from models.evaluate.face_sets import LookedAt
from models.evaluate.scores import Scores, expected_calibration_error
from models.evaluate.summary import FUSED, Summary, indices_of, summaries, summarize
from models.manifest import FusionSpec
from realtime.core.types import FloatArray
from realtime.inference.fusion import fuse

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
_SIZES_PX = (0.0, 16.0, 24.0, 32.0, 48.0, 96.0, np.inf)  # between the outer eye corners
_TURNS_DEG = (0.0, 10.0, 20.0, 30.0, 45.0, np.inf)
_METHODS_WITHOUT_A_FIT = ("success", "mean")


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Faces of one size or turn: `low` to `high` (px or degrees), and the figures of the fused answer to them."""

    low: float
    high: float
    summary: Summary

    def as_dict(self) -> dict[str, Any]:
        """Return plain figures for JSON."""
        return {"from": self.low, "to": None if np.isinf(self.high) else self.high, **self.summary.as_dict()}


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """Figures of one set of faces.

    Attributes:
        answers: answer ("fused", region, other fusion method) -> its figures.
        covered: what is covered ("mouth", "eyes") -> figures of the fused answer.
        groups: cell of the column that divides the faces -> likewise, the largest group first.
        confidence: `(N,) float32` of the fused answer; 0 where no face was found.
        confidence_raw: `(N,) float32`, before the fusion's temperature.
        right: `(N,) bool`.
        by_size: by distance between the outer eye corners, of faces that were found.
        by_turn: by head turn, likewise.
    """

    answers: Mapping[str, Summary]
    covered: Mapping[str, Summary]
    groups: Mapping[str, Summary]
    confidence: FloatArray
    confidence_raw: FloatArray
    right: BoolArray
    by_size: Sequence[Band]
    by_turn: Sequence[Band]

    @property
    def fused(self) -> Summary:
        """Figures of the answer that the program shows."""
        return self.answers[FUSED]

    @property
    def errors(self) -> Confusions:
        """Macro recall of the fused answer, and the two errors that pay for each other."""
        return self.fused.errors

    @property
    def scores(self) -> Scores:
        """Scores of the fused answer."""
        return self.fused.scores

    @property
    def ece_before(self) -> float:
        """Expected calibration error before the fusion's temperature."""
        return expected_calibration_error(self.confidence_raw, self.right)

    def as_dict(self) -> dict[str, Any]:
        """Return plain figures for JSON."""
        loss = {what: self.scores.accuracy - one.scores.accuracy for what, one in self.covered.items()}
        return {
            **{name: one.as_dict() for name, one in self.answers.items()},
            "ece_before_temperature": round(self.ece_before, 6),
            "covered": {what: {**one.as_dict(), "loss": round(loss[what], 6)} for what, one in self.covered.items()},
            "groups": {name: one.as_dict() for name, one in self.groups.items()},
            "by_eye_distance_px": [band.as_dict() for band in self.by_size],
            "by_yaw_deg": [band.as_dict() for band in self.by_turn],
            "confusion": self.scores.confusion.tolist(),
        }


def analyze(looked: LookedAt, fusion: FusionSpec) -> Analysis:
    """Return the figures of a set of faces, one or more.

    Args:
        looked: its faces and what the program says of them.
        fusion: the shipped one.
    """
    truth, plain = indices_of([face.label for face in looked.faces]), looked.answers
    every, said, confidence = np.arange(len(truth)), plain.said(plain.fused), plain.confidence(plain.fused)
    by_answer = dict(summaries(truth, every, plain))
    for method in _METHODS_WITHOUT_A_FIT:
        other = fuse(plain.by_region, plain.reliability, replace(fusion, method=method, cross=()))
        by_answer[f"fused by {method}"] = summarize(truth, plain.said(other), plain.confidence(other))
    untempered = fuse(plain.by_region, plain.reliability, replace(fusion, temperature=1.0))

    def fused(rows: BoolArray) -> Summary:
        return summarize(truth[rows], said[rows], confidence[rows])

    found, names = plain.detected, np.asarray(looked.groups, object)
    return Analysis(
        answers=by_answer,
        covered={what: summaries(truth, every, one)[FUSED] for what, one in looked.covered.items()},
        groups={name: fused(names == name) for name, _ in Counter(looked.groups).most_common()},
        confidence=confidence,
        confidence_raw=plain.confidence(untempered),
        right=np.asarray(said == truth, np.bool_),
        by_size=[Band(low, high, fused(rows)) for low, high, rows in _bands(plain.eye_distance_px, found, _SIZES_PX)],
        by_turn=[Band(low, high, fused(rows)) for low, high, rows in _bands(np.abs(plain.yaw_deg), found, _TURNS_DEG)],
    )


def _bands(values: FloatArray, found: BoolArray, edges: Sequence[float]) -> list[tuple[float, float, BoolArray]]:
    """Return each range of values that has faces, and which faces those are."""
    inside = [(low, high, found & (values >= low) & (values < high)) for low, high in pairwise(edges)]
    return [(low, high, rows) for low, high, rows in inside if rows.any()]
