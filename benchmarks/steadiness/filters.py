"""Temporal filters under test: the program's own and five baselines, each from a track's stream to labels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from benchmarks.steadiness.simulated_people import FloatsArray
from models.manifest import EMOTIONS
from realtime.core.config import SmoothingConfig
from realtime.core.types import UNCERTAIN, Emotions, Faces, FloatArray, IntArray
from realtime.inference.fusion import softmax
from realtime.smoothing.label_smoother import LabelSmoother
from realtime.smoothing.offline import smooth_offline
from realtime.smoothing.temporal_filter import Rates, TemporalFilter, gain, log_evidence

NO_LABEL = -1
Labeller = Callable[[FloatsArray, FloatArray, FloatArray], IntArray]
"""Times `(T,)`, fused answers `(T, 6)`, reliability `(T,)` -> emotion shown in each frame, `NO_LABEL` if uncertain."""
_Step = Callable[[FloatsArray, float, float], FloatsArray]

_MARGIN, _DWELL_S, _MIN_CONFIDENCE = 0.12, 0.3, 0.40
_TAU_OF_SPEED_S = 0.16
_EURO_SLOPE = 0.08


def raw(_: FloatsArray, fused: FloatArray, __: FloatArray) -> IntArray:
    """Every frame for itself."""
    return np.asarray(fused.argmax(axis=1), np.int64)


def live(tau_ms: float) -> Labeller:
    """Return the program's own smoothing as it runs live."""

    def label(times_s: FloatsArray, fused: FloatArray, trust: FloatArray) -> IntArray:
        smooth, faces = LabelSmoother(SmoothingConfig(time_constant_ms=tau_ms)), _one_face()
        said = [
            smooth.update(faces, _of_row(row, sure), time_s).labels[0]
            for time_s, row, sure in zip(times_s.tolist(), fused, trust, strict=True)
        ]
        return _numbers(said)

    return label


def offline(tau_ms: float) -> Labeller:
    """Return the program's `--smooth offline`."""

    def label(times_s: FloatsArray, fused: FloatArray, trust: FloatArray) -> IntArray:
        emotions = [_of_row(row, sure) for row, sure in zip(fused, trust, strict=True)]
        ids = [np.ones(1, np.int64)] * len(emotions)
        smooth = smooth_offline(times_s.tolist(), ids, emotions, SmoothingConfig(time_constant_ms=tau_ms))
        return _numbers([said.labels[0] for said in smooth])

    return label


def exponential(tau_ms: float) -> Labeller:
    """Exponential mean of log-probabilities."""
    return _plain_rule(lambda first: _Exponential(first, tau_ms / 1000))


def one_euro(tau_ms: float) -> Labeller:
    """One Euro filter (Casiez et al. 2012) on log-probabilities: its cutoff rises with their speed."""
    return _plain_rule(lambda first: _OneEuro(first, tau_ms / 1000))


def tracking_signal(tau_ms: float) -> Labeller:
    """Exponential mean whose gain rises while its errors keep one sign (Trigg and Leach 1967)."""
    return _plain_rule(lambda first: _TrackingSignal(first, tau_ms / 1000))


def median(tau_ms: float) -> Labeller:
    """Median of log-probabilities over a window of twice the time constant."""
    return _plain_rule(lambda first: _Median(first, tau_ms / 1000))


def sticky_bayes(tau_ms: float) -> Labeller:
    """The program's filter, but under the plain rule that the rivals have."""
    return _plain_rule(lambda first: _StickyBayes(first, tau_ms))


RIVALS: dict[str, Callable[[float], Labeller]] = {
    "exponential": exponential,
    "One Euro": one_euro,
    "tracking signal": tracking_signal,
    "median": median,
    "sticky Bayes, plain rule": sticky_bayes,
    "sticky Bayes (live)": live,
}


class _Exponential:
    def __init__(self, first: FloatsArray, tau_s: float) -> None:
        self._state, self._tau_s = first.copy(), tau_s

    def __call__(self, log_p: FloatsArray, trust: float, elapsed_s: float) -> FloatsArray:
        self._state += gain(elapsed_s * trust, self._tau_s) * (log_p - self._state)
        return _shares(self._state)


class _OneEuro:
    def __init__(self, first: FloatsArray, tau_s: float) -> None:
        self._state, self._last, self._tau_s = first.copy(), first.copy(), tau_s
        self._speed = np.zeros_like(first)

    def __call__(self, log_p: FloatsArray, trust: float, elapsed_s: float) -> FloatsArray:
        if elapsed_s > 0:
            speed = (log_p - self._last) / elapsed_s
            self._speed += gain(elapsed_s, _TAU_OF_SPEED_S) * (speed - self._speed)
        self._last = log_p
        rate = 1 / self._tau_s + 2 * np.pi * _EURO_SLOPE * float(np.abs(self._speed).max())
        self._state += gain(elapsed_s * trust, 1 / rate) * (log_p - self._state)
        return _shares(self._state)


class _TrackingSignal:
    def __init__(self, first: FloatsArray, tau_s: float) -> None:
        self._state, self._tau_s = first.copy(), tau_s
        self._error, self._size = np.zeros_like(first), 1.0

    def __call__(self, log_p: FloatsArray, trust: float, elapsed_s: float) -> FloatsArray:
        error = log_p - self._state
        share = gain(elapsed_s * trust, self._tau_s / 2)
        self._error += share * (error - self._error)
        self._size += share * (float(np.linalg.norm(error)) - self._size)
        signal = min(1.0, float(np.linalg.norm(self._error)) / max(self._size, 0.5)) ** 2
        self._state += gain(elapsed_s * trust, self._tau_s * 4.0**-signal) * error
        return _shares(self._state)


class _Median:
    def __init__(self, first: FloatsArray, tau_s: float) -> None:
        self._seen, self._now_s, self._window_s = [(0.0, first)], 0.0, 2 * tau_s

    def __call__(self, log_p: FloatsArray, trust: float, elapsed_s: float) -> FloatsArray:
        self._now_s += elapsed_s
        if trust > 0:
            self._seen.append((self._now_s, log_p))
        kept = [seen for seen in self._seen if self._now_s - seen[0] <= self._window_s]
        self._seen = kept or self._seen[-1:]
        return _shares(np.median([seen for _, seen in self._seen], axis=0))


class _StickyBayes:
    def __init__(self, first: FloatsArray, tau_ms: float) -> None:
        self._evidence = TemporalFilter(Rates.of(SmoothingConfig(time_constant_ms=tau_ms)), first, 1.0)

    def __call__(self, log_p: FloatsArray, trust: float, elapsed_s: float) -> FloatsArray:
        self._evidence.observe(log_p, trust, elapsed_s)
        return self._evidence.belief


def _plain_rule(start: Callable[[FloatsArray], _Step]) -> Labeller:
    """Return a labeler with a margin and a dwell, the same for each filter."""

    def label(times_s: FloatsArray, fused: FloatArray, trust: FloatArray) -> IntArray:
        log_p = log_evidence(fused)
        step, shown, since_s = start(log_p[0]), NO_LABEL, -np.inf
        labels = np.empty(len(times_s), np.int64)
        elapsed_s = np.diff(times_s, prepend=times_s[0])
        for number, now_s in enumerate(times_s):
            shares = step(log_p[number], float(trust[number]), float(elapsed_s[number]))
            wanted = _wanted(shares, shown)
            if wanted != shown and now_s - since_s >= _DWELL_S:
                shown, since_s = wanted, now_s
            labels[number] = shown
        return labels

    return label


def _wanted(shares: npt.NDArray[np.float64], shown: int) -> int:
    best = int(shares.argmax())
    clear = float(shares[best]) >= _MIN_CONFIDENCE
    if shown == NO_LABEL:
        return best if clear else NO_LABEL
    if clear and shares[best] - shares[shown] >= _MARGIN:
        return best
    return shown if shares[shown] >= _MIN_CONFIDENCE - _MARGIN else NO_LABEL


def _shares(log_p: FloatsArray) -> FloatsArray:
    return np.asarray(softmax(np.asarray(log_p, np.float32)), np.float64)


def _one_face() -> Faces:
    nobody = Faces.empty()
    return Faces(
        np.zeros((1, 4), np.float32),
        np.zeros((1, *nobody.landmarks_xy.shape[1:]), np.float32),
        np.zeros((1, 3), np.float32),
        np.ones(1, np.int64),
    )


def _of_row(fused: FloatArray, trust: float) -> Emotions:
    raw_row = np.asarray(fused, np.float32)[None]
    reliability = np.full((1, 2), trust, np.float32)
    return Emotions(raw_row, np.repeat(raw_row[:, None], 2, axis=1), reliability, (UNCERTAIN,), raw_row, ("",))


def _numbers(labels: list[str]) -> IntArray:
    return np.array([EMOTIONS.index(name) if name in EMOTIONS else NO_LABEL for name in labels], np.int64)
