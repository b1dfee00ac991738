"""The numbers behind fusion, measured on validation faces: success shares, pooling weights, temperatures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.manifest import EMOTIONS, FusionSpec
from realtime.core.types import FloatArray
from realtime.inference.fusion import centred_log, fuse, softmax, tempered

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
METHODS = ("stacked", "log_linear", "success", "mean")
_TINY = 1e-7
_MAX_WEIGHT = 4.0
_START_WEIGHT = 0.7
# How many faces' worth of evidence hold each weight near its start: emotions with few faces stay close to the others,
# and the many cross terms closer still.
_PULL_FACES = {"log_linear": 3.0, "stacked": 30.0}
_FOLDS = 5
# An emotion with fewer votes than this fraction of the mean gets less than its share: few faces must not decide all.
_RAREST = 10


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the experts say of validation faces.

    Attributes:
        by_region: `(N, R, 6) float32`.
        reliability: `(N, R) float32`.
        soft: `(N, 6) float32` shares of votes; the fit aims at them.
        weight: `(N,) float32`, how much each face counts in the fit.
        agreed: `(N,) bool`, whether more than half of the votes name one emotion; these are scored.
    """

    by_region: FloatArray
    reliability: FloatArray
    soft: FloatArray
    weight: FloatArray
    agreed: BoolArray

    @classmethod
    def certain(cls, by_region: FloatArray, reliability: FloatArray, truth: IntArray) -> Evidence:
        """Return evidence on faces with one certain label each, `(N,)` indices of emotions."""
        count = len(truth)
        soft = np.eye(len(EMOTIONS), dtype=np.float32)[truth]
        return cls(by_region, reliability, soft, np.ones(count, np.float32), np.ones(count, np.bool_))

    @property
    def truth(self) -> IntArray:
        """Index of the emotion with the most votes, `(N,) int64`."""
        return np.asarray(self.soft.argmax(axis=1), np.int64)

    def of_region(self, region: int) -> Evidence:
        """Return what one expert alone says of the same faces, trusted in full."""
        alone = self.by_region[:, [region]]
        return Evidence(alone, np.ones(alone.shape[:2], np.float32), self.soft, self.weight, self.agreed)

    def __getitem__(self, rows: BoolArray) -> Evidence:
        """Return the faces that the mask `rows`, `(N,)`, picks."""
        return Evidence(
            self.by_region[rows], self.reliability[rows], self.soft[rows], self.weight[rows], self.agreed[rows]
        )


def fit_temperature(probabilities: FloatArray, truth: IntArray) -> float:
    """Return the temperature that makes one expert's probabilities honest (least negative log-likelihood)."""
    from scipy.optimize import minimize_scalar  # of the train extra: --help works without it

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(tempered(probabilities, float(np.exp(log_temperature))), truth)

    return float(np.exp(minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded").x))


def success_shares(evidence: Evidence) -> tuple[tuple[float, ...], ...]:
    """Return how often each expert is right when it names an emotion, `(R, 6)`, one right and one wrong added."""
    clear = evidence[evidence.agreed]
    table = []
    for region in range(clear.by_region.shape[1]):
        said = clear.by_region[:, region].argmax(axis=1)
        hits = [int(((said == k) & (clear.truth == k)).sum()) for k in range(len(EMOTIONS))]
        table.append(tuple((hit + 1) / (int((said == k).sum()) + 2) for k, hit in enumerate(hits)))
    return tuple(table)


def fit_fusion(evidence: Evidence, method: str) -> FusionSpec:
    """Fit one method of fusion on `evidence`.

    The pooling methods get the weights and biases that come nearest to the votes of all faces (least cross-entropy),
    then one temperature that makes the answer honest on the faces whose votes agree. The others have nothing to fit but
    the success shares.
    """
    success = success_shares(evidence)
    if method not in _PULL_FACES:
        ones = tuple((1.0,) * len(EMOTIONS) for _ in success)
        return FusionSpec(method, ones, (0.0,) * len(EMOTIONS), 1.0, success)
    pooling, bias = _pool(evidence, _PULL_FACES[method], crossed=method == "stacked")
    own = _nested(np.clip(np.diagonal(pooling, axis1=1, axis2=2), 0, None))
    cross = tuple(_nested(table) for table in pooling) if method == "stacked" else ()
    spec = FusionSpec(method, own, tuple(map(float, bias)), 1.0, success, cross)
    clear = evidence[evidence.agreed]
    return replace(spec, temperature=fit_temperature(fuse(clear.by_region, clear.reliability, spec), clear.truth))


def cross_validated(evidence: Evidence, method: str, seed: int = 0) -> FloatArray:
    """Return fused probabilities, `(N, 6)`, each face's from a fit that did not see it (five folds)."""
    fold = np.random.default_rng(seed).integers(0, _FOLDS, len(evidence.soft))
    fused = np.empty((len(evidence.soft), len(EMOTIONS)), np.float32)
    for number in range(_FOLDS):
        held = fold == number
        spec = fit_fusion(evidence[~held], method)
        fused[held] = fuse(evidence.by_region[held], evidence.reliability[held], spec)
    return fused


def negative_log_likelihood(probabilities: FloatArray, truth: IntArray) -> float:
    """Return the mean negative log-probability of the truth."""
    return float(-np.log(probabilities[np.arange(len(truth)), truth] + _TINY).mean())


def mixed(seen: Evidence, meant: Evidence, share: float) -> Evidence:
    """Return both labelings of the same faces as one evidence in which the second counts for `share`, in [0, 1]."""
    parts = [(seen, 1 - share), (meant, share)]
    weights = [part * balanced(one) / max(float(balanced(one).sum()), _TINY) for one, part in parts]
    count = len(seen.soft) + len(meant.soft)
    return Evidence(
        np.concatenate([seen.by_region, meant.by_region]),
        np.concatenate([seen.reliability, meant.reliability]),
        np.concatenate([seen.soft, meant.soft]),
        np.concatenate(weights).astype(np.float32) * np.float32(count),
        np.concatenate([seen.agreed, meant.agreed]),
    )


def balanced(evidence: Evidence) -> FloatArray:
    """Return each face's weight in the fit, `(N,)`, such that every emotion's votes add up to the same, within reason.

    How often each emotion is met differs from place to place; a fit to the validation faces' own shares would expect
    a third of all faces to be neutral wherever the camera is.
    """
    votes = (evidence.weight[:, None] * evidence.soft).sum(axis=0)
    votes = np.maximum(votes, votes.mean() / _RAREST)
    return np.asarray(evidence.weight * (evidence.soft / votes).sum(axis=1), np.float32)


def _pool(evidence: Evidence, pull_faces: float, *, crossed: bool) -> tuple[FloatArray, FloatArray]:
    """Return pooling weights, `(R, 6, 6)` from what is said to what is meant, and biases, `(6,)`.

    Without `crossed` only the diagonals are fitted, and stay non-negative.
    """
    from scipy.optimize import minimize

    regions, kinds = evidence.by_region.shape[1], len(EMOTIONS)
    trust = evidence.reliability
    said = trust[:, :, None] * centred_log(evidence.by_region)
    bias_scale = trust.max(axis=1, keepdims=True)
    weight = balanced(evidence)
    share = weight[:, None] / weight.sum()
    start = np.tile(_START_WEIGHT * np.eye(kinds), (regions, 1, 1))
    free = np.ones_like(start, bool) if crossed else start > 0
    pull = pull_faces / len(evidence.soft)

    def loss(values: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weights, bias = np.zeros_like(start), values[-kinds:]
        weights[free] = values[:-kinds]
        p = softmax(np.einsum("nrk,rkj->nj", said, weights) + bias_scale * bias)
        away = weights - start
        value = -(share * evidence.soft * np.log(p + _TINY)).sum()
        value += pull * ((away**2).sum() + (bias**2).sum())
        off = share * (p - evidence.soft)
        slope = np.einsum("nrk,nj->rkj", said, off) + 2 * pull * away
        return float(value), np.concatenate([slope[free], (off * bias_scale).sum(axis=0) + 2 * pull * bias])

    count = int(free.sum())
    low = -_MAX_WEIGHT if crossed else 0.0
    bounds = [(low, _MAX_WEIGHT)] * count + [(-3.0, 3.0)] * kinds
    best = minimize(loss, np.concatenate([start[free], np.zeros(kinds)]), jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = np.zeros_like(start)
    weights[free] = best[:count]
    return weights.astype(np.float32), best[count:].astype(np.float32)


def _nested(table: npt.NDArray[np.float32]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in table)
