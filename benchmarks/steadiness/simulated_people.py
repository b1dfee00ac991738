"""Simulated people: expressions that change at known times, with the experts' outputs on validation faces."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.manifest import EMOTIONS
from realtime.core.types import FloatArray, IntArray
from realtime.inference.fusion import softmax

# Floor of the probabilities: below it the experts' outputs differ by many nats that mean nothing.
_FLOOR = 1e-4
_EPISODE_S = (2.0, 4.0)
_WINDOW_S = 1.5
FloatsArray = npt.NDArray[np.float64]


class Kind(enum.Enum):
    """How the frames of one episode of an expression are drawn."""

    EPISODES = "one face per episode, and the frame noise of the real clips"
    MOMENTS = "another face about as often as the noise of the real clips changes"
    INDEPENDENT = "another face in every frame"


@dataclass(frozen=True, slots=True, eq=False)
class ValidationFaces:
    """The experts' fused answers on validation faces.

    Attributes:
        fused: `(N, 6) float32`.
        truth: `(N,) int64`, the taggers' label.
    """

    fused: FloatArray
    truth: IntArray

    def understood(self) -> ValidationFaces:
        """Return those that the experts get right: a change between them is clean."""
        right = self.fused.argmax(axis=1) == self.truth
        return ValidationFaces(self.fused[right], self.truth[right])


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """What happens to a face's log-probabilities from frame to frame while its expression lasts.

    Attributes:
        root: `(6, 6)`, root of the covariance, in nats.
        correlation_s: `float`, time in which the correlation falls to 1/e.
    """

    root: FloatsArray
    correlation_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One simulated person.

    Attributes:
        times_s: `(T,)`, strictly rising.
        raw: `(T, 6) float32`.
        changes_s: `(C,)`, when the expression changes.
        truth: `(C + 1,)`, emotion before, between and after the changes.
    """

    times_s: FloatsArray
    raw: FloatArray
    changes_s: FloatsArray
    truth: IntArray


def measure_noise(tracks: Sequence[tuple[FloatsArray, FloatArray]]) -> Noise:
    """Measure the noise on real people: what is left of log-probabilities without their mean over 1.5 s.

    Args:
        tracks: per person the times, `(T,)`, and the fused answers, `(T, 6)`.
    """
    left, steps = [], []
    for times_s, raw in tracks:
        log_p = np.log(np.maximum(raw, _FLOOR)).astype(np.float64)
        near = np.abs(times_s[:, None] - times_s[None]) <= _WINDOW_S / 2
        rest = log_p - near @ log_p / near.sum(axis=1, keepdims=True)
        left.append(rest - rest.mean(axis=1, keepdims=True))
        steps.append(np.diff(times_s))
    together = np.concatenate(left)
    covariance = together.T @ together / len(together)
    values, vectors = np.linalg.eigh(covariance)
    lagged = sum(float((rest[:-1] * rest[1:]).sum()) for rest in left)
    correlation = lagged / sum(float((rest[:-1] ** 2).sum()) for rest in left)
    step_s = float(np.median(np.concatenate(steps)))
    return Noise(vectors * np.sqrt(np.maximum(values, 0)), -step_s / float(np.log(correlation)))


def simulate(
    faces: ValidationFaces,
    noise: Noise,
    kind: Kind,
    *,
    fps: float,
    dropped: float,
    episodes: int,
    rng: np.random.Generator,
) -> Person:
    """Make one person whose expression changes `episodes - 1` times; frames are at a random phase to the changes.

    Args:
        faces: to draw from.
        noise: of real people.
        kind: see `Kind`.
        fps: `float`, frames per second.
        dropped: `float`, share of the frames that is lost at random.
        episodes: `int`, expressions that follow each other.
        rng: source of chance.
    """
    truth = _truth(episodes, rng)
    ends_s = np.cumsum(rng.uniform(*_EPISODE_S, episodes))
    times_s = np.arange(rng.uniform(0, 1 / fps), ends_s[-1], 1 / fps)
    times_s = times_s[rng.random(len(times_s)) >= dropped]
    episode = np.searchsorted(ends_s[:-1], times_s, side="right")
    of_emotion = [np.flatnonzero(faces.truth == emotion) for emotion in range(len(EMOTIONS))]
    log_p = np.log(np.maximum(faces.fused, _FLOOR)).astype(np.float64)
    if kind is not Kind.EPISODES:
        moments_s = np.append(0, np.sort(rng.uniform(0, ends_s[-1], rng.poisson(ends_s[-1] / noise.correlation_s))))
        chosen = np.array([rng.choice(of_emotion[truth[number]]) for number in episode])
        # Each face stays until the next moment or the end of the episode.
        moment = np.searchsorted(moments_s, times_s, side="right") * episodes + episode
        _, first, held = np.unique(moment, return_index=True, return_inverse=True)
        seen = log_p[chosen[first][held] if kind is Kind.MOMENTS else chosen]
    else:
        shown = np.array([rng.choice(of_emotion[emotion]) for emotion in truth])
        seen = log_p[shown][episode] + walk(noise, times_s, rng)
    return Person(times_s, softmax(seen), ends_s[:-1], truth)


def _truth(episodes: int, rng: np.random.Generator) -> IntArray:
    steps = rng.integers(1, len(EMOTIONS), episodes)
    return np.asarray(np.cumsum(steps) % len(EMOTIONS), np.int64)


def walk(noise: Noise, times_s: FloatsArray, rng: np.random.Generator) -> FloatsArray:
    """Return an Ornstein-Uhlenbeck process at `times_s`, `(T, 6)`: its law does not depend on the frame rate."""
    fresh = rng.standard_normal((len(times_s), len(noise.root))) @ noise.root.T
    kept = np.exp(-np.diff(times_s) / noise.correlation_s)
    walk = np.empty_like(fresh)
    walk[0] = fresh[0]
    for step, share in enumerate(kept):
        walk[step + 1] = share * walk[step] + np.sqrt(1 - share**2) * fresh[step + 1]
    return walk
