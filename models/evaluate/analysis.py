"""Evaluation figures of one labeled set: scores, calibration, accuracy by face size and head turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from models.dataset.labels import LabelledFace
from models.evaluate.confusions import Confusions, confusions
from models.evaluate.scores import Scores, expected_calibration_error, score, selective_accuracy
from models.evaluate.shipped import Answers
from models.manifest import EMOTIONS, FusionSpec
from realtime.core.types import FloatArray
from realtime.inference.fusion import fuse

BoolArray = npt.NDArray[np.bool_]
_SIZES_PX = (0.0, 16.0, 24.0, 32.0, 48.0, 96.0, np.inf)  # between the outer eye corners
_TURNS_DEG = (0.0, 10.0, 20.0, 30.0, 45.0, np.inf)
_METHODS_WITHOUT_A_FIT = ("success", "mean")


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Faces of one size or turn: `low` to `high` (px or degrees), how many, and the share right."""

    low: float
    high: float
    faces: int
    accuracy: float


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """Figures of one protocol.

    Attributes:
        scores: answer ("fused", region, other fusion method) -> scores.
        covered: what is covered ("mouth", "eyes") -> scores of the fused answer.
        confidence: `(N,) float32` of the fused answer; 0 where no face was found.
        confidence_raw: `(N,) float32`, before the fusion's temperature.
        right: `(N,) bool`.
        rows: `(N,) int64`, the scored faces' places in the list that was run.
        by_size: accuracy by distance between the outer eye corners, of faces that were found.
        by_turn: accuracy by head turn, likewise.
        neutral_as_sad_or_angry: `float`, share of the neutral faces.
    """

    scores: Mapping[str, Scores]
    covered: Mapping[str, Scores]
    confidence: FloatArray
    confidence_raw: FloatArray
    right: BoolArray
    rows: npt.NDArray[np.int64]
    by_size: Sequence[Band]
    by_turn: Sequence[Band]
    neutral_as_sad_or_angry: float

    @property
    def errors(self) -> Confusions:
        """Macro recall of the fused answer, and the two errors that pay for each other."""
        return confusions(self.scores["fused"].confusion)

    @property
    def ece(self) -> tuple[float, float]:
        """Expected calibration error before and after the temperature, 15 bins."""
        before, after = (expected_calibration_error(c, self.right) for c in (self.confidence_raw, self.confidence))
        return before, after

    def as_dict(self) -> dict[str, Any]:
        """Return plain figures for JSON."""
        before, after = self.ece
        fused = self.scores["fused"].accuracy
        return {
            **{name: one.as_dict() for name, one in self.scores.items()},
            "ece": round(after, 4),
            "ece_before_temperature": round(before, 4),
            "accuracy_on_70_percent": round(selective_accuracy(self.confidence, self.right), 4),
            **self.errors.as_dict(),
            "covered": {
                name: {**one.as_dict(), "loss": round(fused - one.accuracy, 4)} for name, one in self.covered.items()
            },
            "by_eye_distance_px": [_band_dict(band) for band in self.by_size],
            "by_yaw_deg": [_band_dict(band) for band in self.by_turn],
        }


def analyse(
    faces: Sequence[LabelledFace], plain: Answers, covered: Mapping[str, Answers], fusion: FusionSpec
) -> Analysis | None:
    """Return the figures on the faces with one of the six labels, `None` if there are none.

    Args:
        faces: the pictures that were run, with this protocol's labels.
        plain: the program's answers.
        covered: its answers when a part of each face is covered.
        fusion: the shipped one.
    """
    rows = np.array([number for number, face in enumerate(faces) if face.label], np.int64)
    if not len(rows):
        return None
    truth = np.array([EMOTIONS.index(faces[row].label) for row in rows], np.int64)
    by_answer: dict[str, FloatArray] = {"fused": plain.fused}
    by_answer.update({region: plain.by_region[:, column] for column, region in enumerate(plain.regions)})
    for method in _METHODS_WITHOUT_A_FIT:
        other = replace(fusion, method=method, cross=())
        by_answer[f"fused by {method}"] = fuse(plain.by_region, plain.reliability, other)
    scores = {name: score(truth, plain.said(p)[rows]) for name, p in by_answer.items()}
    right = plain.said(plain.fused)[rows] == truth
    raw = fuse(plain.by_region, plain.reliability, replace(fusion, temperature=1.0))
    found = plain.detected[rows]
    return Analysis(
        scores=scores,
        covered={name: score(truth, one.said(one.fused)[rows]) for name, one in covered.items()},
        confidence=np.where(found, plain.fused[rows].max(axis=1), 0).astype(np.float32),
        confidence_raw=np.where(found, raw[rows].max(axis=1), 0).astype(np.float32),
        right=np.asarray(right, np.bool_),
        rows=rows,
        by_size=_bands(plain.eye_distance_px[rows][found], right[found], _SIZES_PX),
        by_turn=_bands(np.abs(plain.yaw_deg[rows][found]), right[found], _TURNS_DEG),
        neutral_as_sad_or_angry=_neutral_as_sad_or_angry(scores["fused"]),
    )


def _neutral_as_sad_or_angry(scores: Scores) -> float:
    row = scores.confusion[EMOTIONS.index("neutral")]
    return float((row[EMOTIONS.index("sadness")] + row[EMOTIONS.index("anger")]) / max(1, row.sum()))


def _bands(values: FloatArray, right: BoolArray, edges: Sequence[float]) -> list[Band]:
    bands = []
    for low, high in pairwise(edges):
        inside = (values >= low) & (values < high)
        if inside.any():
            bands.append(Band(low, high, int(inside.sum()), float(right[inside].mean())))
    return bands


def _band_dict(band: Band) -> dict[str, float | None]:
    high = None if np.isinf(band.high) else band.high
    return {"from": band.low, "to": high, "faces": band.faces, "accuracy": round(band.accuracy, 4)}
