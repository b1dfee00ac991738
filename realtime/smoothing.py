"""Evidence over time: per person, in real time units, weighted by how reliable each frame was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.spec import EMOTIONS
from realtime.config import SmoothingConfig
from realtime.fusion import softmax
from realtime.quality import NO_CLEAR_EXPRESSION
from realtime.types import UNCERTAIN, Emotions, Faces, FloatArray

_FORGET_S = 2.0
_TINY = 1e-6
# A single frame must not outweigh all others by saying 0.999999.
_MIN_PROBABILITY = 5e-3


@dataclass(slots=True)
class _Person:
    log_p: FloatArray
    trust: float
    seen_s: float
    label: str
    since_s: float


class SmoothEmotions:
    """Smooths the emotions of every track; what it keeps is forgotten two seconds after the track was last seen.

    The filter is exponential on log-probabilities with a time constant in milliseconds, so that dropped frames and
    other frame rates change nothing but noise; a frame moves it by `1 - exp(-dt * reliability / tau)`. The label
    changes when another emotion leads by a margin and the present one has been shown for a while.

    Args:
        config: time constant, margin, dwell and the limits of "uncertain".
    """

    def __init__(self, config: SmoothingConfig) -> None:
        self._config = config
        self._people: dict[int, _Person] = {}

    def update(self, faces: Faces, emotions: Emotions, media_time_s: float) -> Emotions:
        """Return `emotions` with smoothed probabilities, labels and reasons.

        Args:
            faces: the frame's faces, with track ids.
            emotions: fused, of this frame alone.
            media_time_s: `float`, the frame's time in seconds; it may jump in either direction.
        """
        smooth = emotions.raw.copy()
        labels, reasons = [], []
        for row, track in enumerate(faces.track_ids):
            trust = float(emotions.reliability[row].max(initial=0.0))
            person = self._observe(int(track), emotions.raw[row], trust, media_time_s)
            smooth[row] = softmax(person.log_p)
            label, reason = self._label(person, smooth[row], media_time_s, emotions.reasons[row])
            labels.append(label)
            reasons.append(reason)
        self._forget(media_time_s)
        return Emotions(smooth, emotions.by_region, emotions.reliability, tuple(labels), emotions.raw, tuple(reasons))

    def reset(self) -> None:
        """Forget everybody."""
        self._people.clear()

    def _observe(self, track: int, raw: FloatArray, trust: float, now_s: float) -> _Person:
        log_p = np.log(np.maximum(raw, _MIN_PROBABILITY))
        person = self._people.get(track)
        if person is None or now_s < person.seen_s:
            person = _Person(np.asarray(log_p, np.float32), trust, now_s, UNCERTAIN, -np.inf)
            self._people[track] = person
            return person
        elapsed_ms = (now_s - person.seen_s) * 1000
        tau_ms = max(self._config.time_constant_ms, _TINY)
        gain = 1 - np.exp(-elapsed_ms * trust / tau_ms)
        person.log_p = np.asarray(person.log_p + np.float32(gain) * (log_p - person.log_p), np.float32)
        person.trust += (1 - np.exp(-elapsed_ms / tau_ms)) * (trust - person.trust)
        person.seen_s = now_s
        return person

    def _label(self, person: _Person, smooth: FloatArray, now_s: float, why_untrusted: str) -> tuple[str, str]:
        best = int(smooth.argmax())
        if person.trust < self._config.min_reliability:
            return self._switch(person, UNCERTAIN, now_s), why_untrusted or NO_CLEAR_EXPRESSION
        shown = EMOTIONS.index(person.label) if person.label in EMOTIONS else None
        lead = float(smooth[best]) if shown is None else float(smooth[best] - smooth[shown])
        clear = float(smooth[best]) >= self._config.min_confidence
        settled = (now_s - person.since_s) * 1000 >= self._config.min_dwell_ms
        if shown is None:
            wanted = EMOTIONS[best] if clear else UNCERTAIN
        elif best != shown and lead >= self._config.switch_margin and clear:
            wanted = EMOTIONS[best]
        else:
            # Keeping what is shown takes a little less than showing it: no flicker at the limit.
            kept = float(smooth[shown]) >= self._config.min_confidence - self._config.switch_margin
            wanted = person.label if kept else UNCERTAIN
        if wanted != person.label and not settled:
            wanted = person.label
        label = self._switch(person, wanted, now_s)
        return label, NO_CLEAR_EXPRESSION if label == UNCERTAIN else ""

    @staticmethod
    def _switch(person: _Person, label: str, now_s: float) -> str:
        if label != person.label:
            person.label, person.since_s = label, now_s
        return label

    def _forget(self, now_s: float) -> None:
        gone = [track for track, person in self._people.items() if abs(now_s - person.seen_s) > _FORGET_S]
        for track in gone:
            del self._people[track]
