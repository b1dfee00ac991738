"""Where on its frontier a fusion stands: one shift per emotion and one temperature, chosen for several sets of faces.

The fusion's many weights are fitted to one collection's faces, and with them how readily each emotion is named there.
These few numbers say it again for several collections, each of which counts by its share and not by its size, and
within each of them every emotion alike.

Happiness and neutral keep their distance: posed faces ask for less neutral, and without this the faint smile of many a
resting face would become happiness, although no collection has many happy faces that are missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from models.evaluate.fusion_solver import Evidence, balanced, negative_log_likelihood
from models.manifest import EMOTIONS, FusionSpec
from realtime.core.types import FloatArray
from realtime.inference.fusion import centred_log, enough, fuse, pool, softmax

_TINY = 1e-7
_PULL = 1e-3  # towards no shift: an emotion with few faces must not wander
_LOG_TEMPERATURE = (-1.5, 1.5)
_TIED = ("happiness", "neutral")

Part = tuple[Evidence, float]
"""Faces, and how much they count beside the others."""


def at_operating_point(spec: FusionSpec, parts: Sequence[Part]) -> FusionSpec:
    """Return the fusion with shifts and temperature that come nearest to the labels of all parts.

    Args:
        spec: "stacked" or "log_linear".
        parts: sets of faces and their shares.
    """
    kept = [(evidence, share) for evidence, share in parts if share > 0]
    moved = replace(spec, shift=tuple(map(float, _shift(spec, kept))), temperature=1.0)
    return replace(moved, temperature=_temperature(moved, kept))


def _shift(spec: FusionSpec, parts: Sequence[Part]) -> FloatArray:
    from scipy.optimize import minimize

    free = _free()
    kinds = len(free)
    looked = []
    for evidence, share in parts:
        weight = balanced(evidence)
        looked.append((*_pooled(spec, evidence), evidence.soft, (share * weight / weight.sum())[:, None]))

    def loss(values: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        shift, scale = values[:kinds] @ free, np.exp(-values[kinds])
        value, slope = _PULL * float((shift**2).sum()), np.concatenate([2 * _PULL * free @ shift, [0.0]])
        for pooled, trust, soft, weight in looked:
            raised = (pooled + trust * shift) * scale
            p = softmax(raised)
            value -= float((weight * soft * np.log(p + _TINY)).sum())
            off = weight * (p - soft)
            slope[:kinds] += free @ (off * trust).sum(axis=0) * scale
            slope[kinds] -= (off * raised).sum()
        return value, slope

    best = minimize(loss, np.zeros(kinds + 1), jac=True, method="L-BFGS-B").x
    return np.asarray(best[:kinds] @ free, np.float32)


def _free() -> npt.NDArray[np.float64]:
    """Return one row per number that may be chosen, `(5, 6)`: which emotions it moves."""
    rows = [np.isin(EMOTIONS, _TIED), *(np.asarray(EMOTIONS) == name for name in EMOTIONS if name not in _TIED)]
    return np.asarray(rows, np.float64)


def _temperature(spec: FusionSpec, parts: Sequence[Part]) -> float:
    """Return the temperature that is honest on the faces whose labels agree."""
    from scipy.optimize import minimize_scalar

    clear = [(evidence[evidence.agreed], share) for evidence, share in parts]

    def loss(log_temperature: float) -> float:
        tried = replace(spec, temperature=float(np.exp(log_temperature)))
        return sum(
            share * negative_log_likelihood(fuse(one.by_region, one.reliability, tried), one.truth)
            for one, share in clear
        )

    return float(np.exp(minimize_scalar(loss, bounds=_LOG_TEMPERATURE, method="bounded").x))


def _pooled(spec: FusionSpec, evidence: Evidence) -> tuple[FloatArray, FloatArray]:
    """Return the pooled logits before any shift, `(N, 6)`, of temperature 1, and how far a shift counts, `(N, 1)`."""
    said = pool(evidence.reliability[:, :, None] * centred_log(evidence.by_region), spec)
    trust = evidence.reliability.max(axis=1, keepdims=True)
    return np.asarray(said + trust * np.asarray(spec.bias, np.float32), np.float32), trust * enough(said)
