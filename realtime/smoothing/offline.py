"""Zero-lag smoothing of a whole file: Viterbi labels and a two-sided exponential kernel."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.manifest import EMOTIONS
from realtime.core.config import SmoothingConfig
from realtime.core.types import UNCERTAIN, Emotions, FloatArray, IntArray
from realtime.inference.fusion import softmax
from realtime.inference.reliability import NO_CLEAR_EXPRESSION, REASONS
from realtime.smoothing.temporal_filter import Floats, Rates, fit, led_by, log_evidence

# A track of a single frame has no duration, but still gets a label.
_LEAST_WEIGHT = 1e-6
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """One track's observations over the run: `where` gives frame and face of each."""

    where: list[tuple[int, int]]
    times_s: Floats
    log_p: Floats
    trust: Floats


def smooth_offline(
    times_s: list[float], track_ids: list[IntArray], emotions: list[Emotions], config: SmoothingConfig
) -> list[Emotions]:
    """Smooth a whole run with zero phase.

    Per track the most probable sequence of expressions (Viterbi 1967) under the rates of the live filter gives the
    moments of change; within each segment the shown distribution is the mean of the log-probabilities under a
    two-sided exponential kernel, in which a frame counts as far as it fits the segment's expression. As live, a label
    is the most probable emotion of the shown distribution, and its probability there is `min_confidence` or more.

    Args:
        times_s: media time of each frame.
        track_ids: per frame `(N,)`.
        emotions: per frame, fused, not smoothed.
        config: as for the live filter.

    Returns:
        Per frame `emotions` with smoothed probabilities, labels and reasons.
    """
    probabilities = [said.raw.copy() for said in emotions]
    labels = [list(said.labels) for said in emotions]
    reasons = [list(said.reasons) for said in emotions]
    for course in _courses(times_s, track_ids, emotions):
        shown, names, doubts = _smooth_course(course, config, [emotions[f].reasons[row] for f, row in course.where])
        for (frame, row), distribution, name, doubt in zip(course.where, shown, names, doubts, strict=True):
            probabilities[frame][row], labels[frame][row], reasons[frame][row] = distribution, name, doubt
    return [
        replace(said, probabilities=p, labels=tuple(names), reasons=tuple(doubts))
        for p, said, names, doubts in zip(probabilities, emotions, labels, reasons, strict=True)
    ]


def _courses(times_s: list[float], track_ids: list[IntArray], emotions: list[Emotions]) -> list[_Course]:
    where: dict[int, list[tuple[int, int]]] = {}
    for frame, ids in enumerate(track_ids):
        for row, track in enumerate(ids.tolist()):
            where.setdefault(track, []).append((frame, row))
    return [
        _Course(
            places,
            np.array([times_s[frame] for frame, _ in places]),
            log_evidence(np.stack([emotions[frame].raw[row] for frame, row in places])),
            np.array([emotions[frame].reliability[row].max(initial=0.0) for frame, row in places], np.float64),
        )
        for places in where.values()
    ]


def _smooth_course(
    course: _Course, config: SmoothingConfig, reasons: list[str]
) -> tuple[FloatArray, list[str], list[str]]:
    rates = Rates.of(config)
    path = _most_probable(course, rates)
    kernel_trust = np.maximum(course.trust, 1e-3)
    shown = np.empty((len(path), len(EMOTIONS)), np.float32)
    for stretch in np.split(np.arange(len(path)), np.flatnonzero(np.diff(path)) + 1):
        emotion, log_p = int(path[stretch[0]]), course.log_p[stretch]
        weight = kernel_trust[stretch] * fit(log_p, emotion)
        mean = _both_ways(log_p, weight, course.times_s[stretch], rates.tau_s)
        shown[stretch] = softmax(np.asarray(led_by(mean, emotion), np.float32))
    ones = np.ones(len(path))
    trust = _both_ways(course.trust[:, None], ones, course.times_s, rates.tau_s / 2)[:, 0]
    trusted = np.minimum(trust, course.trust) >= config.min_reliability
    unclear = shown[np.arange(len(path)), path] < config.min_confidence
    # A label between two doubts that is shorter than a dwell is none; a doubt is never bridged.
    unsure = _without_short(unclear | ~trusted, False, course.times_s, config.min_dwell_ms / 1000)
    names = [UNCERTAIN if doubt else EMOTIONS[emotion] for doubt, emotion in zip(unsure, path.tolist(), strict=True)]
    doubts = [
        "" if not doubt else reason if reason in REASONS else NO_CLEAR_EXPRESSION
        for doubt, reason in zip(unsure, reasons, strict=True)
    ]
    return shown, names, doubts


def _most_probable(course: _Course, rates: Rates) -> IntArray:
    """Return the emotion of each row, `(T,)`, on the most probable path (Viterbi)."""
    steps = np.diff(course.times_s, append=course.times_s[-1])
    before = np.diff(course.times_s, prepend=course.times_s[0])
    kinds = course.log_p.shape[1]
    best = np.zeros(kinds)
    came_from = np.zeros(course.log_p.shape, np.int64)
    for row, log_p in enumerate(course.log_p):
        change = np.clip(rates.change_share(float(before[row])), 1e-9, 1 - 1e-9)
        stayed, moved = best + np.log1p(-change), best.max() + np.log(change / kinds)
        came_from[row] = np.where(stayed >= moved, np.arange(kinds), best.argmax())
        # A frame stands for half the time to either neighbor, so that the result is the same in both directions.
        held_s = (float(before[row]), float(steps[row]))
        weight = sum(rates.weight(part, float(course.trust[row])) for part in held_s) / 2
        weight = max(weight, _LEAST_WEIGHT)
        best = np.maximum(stayed, moved) + weight * log_p
    path = np.zeros(len(came_from), np.int64)
    path[-1] = best.argmax()
    for row in range(len(path) - 1, 0, -1):
        path[row - 1] = came_from[row, path[row]]
    return path


def _both_ways(values: Floats, weights: Floats, times_s: Floats, tau_s: float) -> Floats:
    """Return the mean of `values (T, K)` under the kernel exp(-|dt| / tau) times `weights (T,)`."""
    above, below = np.zeros_like(values), np.zeros(len(values))
    for order in (range(len(values)), range(len(values) - 1, -1, -1)):
        total, weight, last = np.zeros(values.shape[1]), 0.0, order[0]
        for row in order:
            kept = np.exp(-abs(times_s[row] - times_s[last]) / tau_s)
            total, weight, last = total * kept, weight * kept, row
            above[row] += total
            below[row] += weight
            total, weight = total + weights[row] * values[row], weight + weights[row]
    above += weights[:, None] * values
    below += weights
    return np.asarray(above / below[:, None], np.float64)


def _without_short(mask: Mask, value: bool, times_s: Floats, dwell_s: float) -> Mask:
    """Return `mask` without the inner runs of `value` that are shorter than a dwell."""
    bridged = mask.copy()
    for run in np.split(np.arange(len(mask)), np.flatnonzero(np.diff(mask)) + 1):
        inner = run[0] > 0 and run[-1] < len(mask) - 1
        if inner and mask[run[0]] == value and times_s[run[-1]] - times_s[run[0]] < dwell_s:
            bridged[run] = not value
    return bridged
