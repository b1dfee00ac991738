"""The numbers behind fusion, measured on validation faces: success shares, pooling weights, temperatures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.spec import EMOTIONS, FusionSpec
from realtime.fusion import fuse, softmax, tempered
from realtime.types import FloatArray

IntArray = npt.NDArray[np.int64]
METHODS = ("log_linear", "success", "mean")
_TINY = 1e-7
_MAX_WEIGHT = 4.0
# Keeps the weights of emotions with few faces near those of the others.
_PULL = 0.02
_FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the experts say of validation faces whose votes agree.

    Attributes:
        by_region: `(N, R, 6) float32`.
        reliability: `(N, R) float32`.
        truth: `(N,) int64` index of the emotion.
    """

    by_region: FloatArray
    reliability: FloatArray
    truth: IntArray

    def __getitem__(self, rows: npt.NDArray[np.bool_]) -> Evidence:
        """Return the faces that the mask `rows`, `(N,)`, picks."""
        return Evidence(self.by_region[rows], self.reliability[rows], self.truth[rows])


def fit_temperature(probabilities: FloatArray, truth: IntArray) -> float:
    """Return the temperature that makes one expert's probabilities honest (least negative log-likelihood)."""
    from scipy.optimize import minimize_scalar  # of the train extra: --help works without it

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(tempered(probabilities, float(np.exp(log_temperature))), truth)

    return float(np.exp(minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded").x))


def success_shares(evidence: Evidence) -> tuple[tuple[float, ...], ...]:
    """Return how often each expert is right when it names an emotion, `(R, 6)`, one right and one wrong added."""
    table = []
    for region in range(evidence.by_region.shape[1]):
        said = evidence.by_region[:, region].argmax(axis=1)
        hits = [int(((said == k) & (evidence.truth == k)).sum()) for k in range(len(EMOTIONS))]
        table.append(tuple((hit + 1) / (int((said == k).sum()) + 2) for k, hit in enumerate(hits)))
    return tuple(table)


def fit_fusion(evidence: Evidence, method: str) -> FusionSpec:
    """Fit one method of fusion on `evidence`.

    Log-linear: weights, non-negative, and biases that minimise the negative log-likelihood, then one temperature.
    The other methods have nothing to fit but the success shares.
    """
    success = success_shares(evidence)
    ones = tuple((1.0,) * len(EMOTIONS) for _ in success)
    plain = FusionSpec(method, ones, (0.0,) * len(EMOTIONS), 1.0, success)
    return _log_linear(evidence, plain) if method == "log_linear" else plain


def cross_validated(evidence: Evidence, method: str, seed: int = 0) -> FloatArray:
    """Return fused probabilities, `(N, 6)`, each face's from a fit that did not see it (five folds)."""
    fold = np.random.default_rng(seed).integers(0, _FOLDS, len(evidence.truth))
    fused = np.empty((len(evidence.truth), len(EMOTIONS)), np.float32)
    for number in range(_FOLDS):
        held = fold == number
        spec = fit_fusion(evidence[~held], method)
        fused[held] = fuse(evidence.by_region[held], evidence.reliability[held], spec)
    return fused


def negative_log_likelihood(probabilities: FloatArray, truth: IntArray) -> float:
    """Return the mean negative log-probability of the truth."""
    return float(-np.log(probabilities[np.arange(len(truth)), truth] + _TINY).mean())


def _log_linear(evidence: Evidence, plain: FusionSpec) -> FusionSpec:
    from scipy.optimize import minimize

    regions, kinds = evidence.by_region.shape[1], len(EMOTIONS)
    trust = evidence.reliability
    features = trust[:, :, None] * np.log(evidence.by_region + _TINY)
    bias_scale = trust.max(axis=1, keepdims=True)
    wanted = np.eye(kinds)[evidence.truth]
    count = len(evidence.truth)

    def loss(values: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weights, bias = values[: regions * kinds].reshape(regions, kinds), values[regions * kinds :]
        logits = (features * weights).sum(axis=1) + bias_scale * bias
        p = softmax(logits)
        pull = weights - weights.mean()
        value = -np.log((p * wanted).sum(axis=1) + _TINY).mean() + _PULL * ((pull**2).mean() + (bias**2).mean())
        off = (p - wanted) / count
        slope_weights = (off[:, None, :] * features).sum(axis=0) + 2 * _PULL * (pull - pull.mean()) / pull.size
        slope_bias = (off * bias_scale).sum(axis=0) + 2 * _PULL * bias / kinds
        return float(value), np.concatenate([slope_weights.ravel(), slope_bias])

    start = np.concatenate([np.full(regions * kinds, 0.7), np.zeros(kinds)])
    bounds = [(0.0, _MAX_WEIGHT)] * (regions * kinds) + [(-3.0, 3.0)] * kinds
    best = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = tuple(tuple(map(float, row)) for row in best[: regions * kinds].reshape(regions, kinds))
    spec = replace(plain, weights=weights, bias=tuple(map(float, best[regions * kinds :])))
    return replace(spec, temperature=fit_temperature(fuse(evidence.by_region, trust, spec), evidence.truth))
