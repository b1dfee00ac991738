"""Forward filter of a hidden Markov model on irregularly sampled log-probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.manifest import EMOTIONS
from realtime.core.config import SmoothingConfig
from realtime.core.types import FloatArray
from realtime.inference.fusion import softmax

Floats = npt.NDArray[np.float64]

# Floor of the probabilities: a single frame with 0.999999 must not outweigh all others.
_MIN_PROBABILITY = 5e-3
# A frame stands for the time since the one before it, but not for a whole absence.
_MAX_HELD_S = 0.25
_KINDS = len(EMOTIONS)
_SMALLEST = float(np.finfo(np.float64).tiny)
# Fractions of the one time constant that the user sets, so that it scales the filter as a whole. Chosen on the curve of
# flips against lag in docs/steadiness.md, which is flat around these values.
_EVIDENCE_PER_TAU = 0.6
_CHANGES_PER_TAU = 0.08
_TRUST_FALL_PER_TAU = 0.2


def log_evidence(raw: FloatArray) -> Floats:
    """Return log-probabilities, `(..., 6)`, with a floor, so that no single frame decides alone."""
    return np.asarray(np.log(np.maximum(raw, _MIN_PROBABILITY)), np.float64)


@dataclass(frozen=True, slots=True)
class Rates:
    """The filter's rates in real time.

    Attributes:
        tau_s: `float`, time constant of the shown probabilities.
        evidence_s: `float`, frames of this duration count as one independent observation.
        changes_per_s: `float`, how often an expression is expected to change.
    """

    tau_s: float
    evidence_s: float
    changes_per_s: float

    @staticmethod
    def of(config: SmoothingConfig) -> Rates:
        """Return the rates that follow from `config.time_constant_ms`."""
        tau_s = max(config.time_constant_ms, 1e-3) / 1000
        return Rates(tau_s, _EVIDENCE_PER_TAU * tau_s, _CHANGES_PER_TAU / tau_s)

    def weight(self, elapsed_s: float, trust: float) -> float:
        """Return how many independent observations a frame is worth."""
        return min(elapsed_s, _MAX_HELD_S) * trust / self.evidence_s

    def change_share(self, elapsed_s: float) -> float:
        """Return the probability that the expression changed in a time."""
        return float(-np.expm1(-elapsed_s * self.changes_per_s))


class TemporalFilter:
    """State of one track: a sticky HMM posterior that decides the emotion, and the distribution that is shown with it.

    The posterior is the forward recursion of a hidden Markov model (Rabiner 1989) whose states are the emotions. It
    spreads evenly over all states at the rate at which expressions change, and accumulates log-probabilities in
    proportion to the time that a frame stands for and to its reliability. So it switches fast on strong, sustained
    evidence and slowly on weak. It decides which emotion, but its own probability becomes overconfident, since frames
    are not independent. So the shown distribution begins with the posterior at each change, and is from then on the
    exponential mean of log-probabilities, which keeps the experts' calibration; a frame counts there as far as it fits
    the emotion. The emotion is always the most probable one of that mean.

    Args:
        rates: of the filter.
        log_p: `(6,)`, the first observation.
        trust: `float` in [0, 1], its reliability.

    Attributes:
        belief: `(6,)`, the posterior, sums to 1.
        trust: `float` in [0, 1], reliability over time.
        emotion: `int`, the one that is named.
        left: `int`, the one that was named before; `emotion` as long as there was none.
        regret_nats: `float`, CUSUM of the evidence for the emotion that was left against the present one
            (Page 1954, "Continuous inspection schemes").
    """

    def __init__(self, rates: Rates, log_p: Floats, trust: float) -> None:
        self._rates = rates
        self.belief = np.asarray(softmax(np.asarray(log_p * max(trust, 1e-3), np.float32)), np.float64)
        self.trust = trust
        self.emotion = self.left = int(self.belief.argmax())
        self.regret_nats = 0.0
        self._mean = led_by(log_p, self.emotion)
        self._newest = log_p, 0.0

    @property
    def shown(self) -> FloatArray:
        """The distribution to show, `(6,) float32`; `emotion` is its most probable one."""
        return softmax(np.asarray(self._mean, np.float32))

    @property
    def confidence(self) -> float:
        """The probability of `emotion` in the shown distribution."""
        return float(self.shown[self.emotion])

    def observe(self, log_p: Floats, trust: float, elapsed_s: float) -> None:
        """Take one more frame, `elapsed_s` after the one before."""
        rates = self._rates
        # Prediction: with the probability of a change the posterior spreads evenly over all emotions.
        change = rates.change_share(elapsed_s)
        prior = (1 - change) * self.belief + change / _KINDS
        # Update, with the likelihood tempered by the number of independent observations that the frame is worth.
        gathered = rates.weight(elapsed_s, trust) * log_p
        # The floor is for the shortest time constants: evidence may have left nothing of an emotion in no time.
        posterior = np.log(np.maximum(prior, _SMALLEST)) + gathered
        raised = np.exp(posterior - posterior.max())
        self.belief = raised / raised.sum()
        self.regret_nats = max(0.0, self.regret_nats + float(gathered[self.left] - gathered[self.emotion]))
        self._newest = log_p, elapsed_s * trust
        self._average()
        # Asymmetric: reliability falls at once and returns slowly.
        tau_s = rates.tau_s * (_TRUST_FALL_PER_TAU if trust < self.trust else 1.0)
        self.trust += gain(elapsed_s, tau_s) * (trust - self.trust)

    def change_to(self, emotion: int) -> None:
        """Switch to another emotion, the most probable one; the shown distribution restarts from the posterior."""
        self.left, self.emotion, self.regret_nats = self.emotion, emotion, 0.0
        self._mean = np.log(np.maximum(self.belief, _MIN_PROBABILITY))
        self._average()

    def _average(self) -> None:
        """Take the newest frame into the shown distribution."""
        log_p, worth_s = self._newest
        share = gain(worth_s * float(fit(log_p, self.emotion)), self._rates.tau_s)
        self._mean = led_by(self._mean + share * (log_p - self._mean), self.emotion)


def fit(log_p: Floats, emotion: int) -> Floats:
    """Return how well observations, `(..., 6)`, fit an emotion: 1 where it is their most probable one, `(...)`.

    It is the square of the emotion's probability as a share of the largest. Frames that contradict the emotion may
    belong to the next one already: they must not change the probabilities that are shown under this one's name.
    """
    return np.asarray(np.exp(2 * (log_p[..., emotion] - log_p.max(axis=-1))), np.float64)


def led_by(log_p: Floats, emotion: int) -> Floats:
    """Return log-probabilities, `(..., 6)`, of which none is above that of `emotion`."""
    return np.minimum(log_p, log_p[..., emotion, None])


def gain(elapsed_s: float, tau_s: float) -> float:
    """Return the gain of an exponential moving average over a time step."""
    return float(-np.expm1(-elapsed_s / tau_s))
