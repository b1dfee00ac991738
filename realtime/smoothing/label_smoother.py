"""Label per track with hysteresis, minimum dwell and an "uncertain" state."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from models.manifest import EMOTIONS
from realtime.core.config import SmoothingConfig
from realtime.core.types import UNCERTAIN, Emotions, Faces, FloatArray
from realtime.inference.reliability import NO_CLEAR_EXPRESSION, REASONS
from realtime.smoothing.temporal_filter import Rates, TemporalFilter, log_evidence
from realtime.smoothing.track_memory import TrackMemory

_FORGET_S = 2.0
# Hysteresis: leaving "uncertain" takes this much more than staying out of it, so that a label does not flicker.
_HYSTERESIS = 0.06
# After a face was unreliable (turned away, for instance), it must be reliable for this long without a break to get a
# label again: a head that swings to and fro must not flicker between a label and "uncertain".
_RETURN_MS = 500.0
# A return to the expression that was just left takes this many nats of uninterrupted evidence, a threshold that decays
# with some time constants: flicker is a quick return on weak evidence, a third expression is not.
_RELUCTANCE_NATS = 60.0
_RELUCTANCE_TAUS = 10.0


@dataclass(slots=True)
class _Person:
    evidence: TemporalFilter
    label: str = UNCERTAIN
    since_s: float = -math.inf
    named_s: float = -math.inf
    doubt: str = NO_CLEAR_EXPRESSION
    untrusted_s: float = -math.inf


class LabelSmoother:
    """Temporal filter and label state machine of every track; a track's state ends two seconds after its last frame.

    All times are media times, so that dropped frames and other frame rates change nothing but noise. The posterior of
    `realtime.smoothing.temporal_filter` becomes a label: the most probable emotion, replaced by another one only by a
    margin, after a minimum dwell and against a decaying threshold for returns; or "uncertain", where reliability or
    confidence are too low. A label is always the most probable emotion of the distribution that is shown with it, and
    its probability there, the confidence, is `min_confidence` or more (docs/steadiness.md, "What the number means").

    Args:
        config: time constant, margin, dwell and the limits of "uncertain".
    """

    def __init__(self, config: SmoothingConfig) -> None:
        self._config = config
        self._rates = Rates.of(config)
        self._return_ms = _RETURN_MS if config.min_dwell_ms else 0.0
        self._people: TrackMemory[_Person] = TrackMemory(_FORGET_S)

    def update(self, faces: Faces, emotions: Emotions, media_time_s: float) -> Emotions:
        """Return `emotions` with smoothed probabilities, labels and reasons.

        Args:
            faces: the frame's faces, with track ids.
            emotions: fused, of this frame alone.
            media_time_s: `float`, the frame's time in seconds; one that jumps back resets the track.
        """
        smooth = emotions.raw.copy()
        labels, reasons = [], []
        for row, track in enumerate(faces.track_ids):
            trust = float(emotions.reliability[row].max(initial=0.0))
            person = self._observe(int(track), emotions.raw[row], trust, media_time_s)
            self._believe(person, media_time_s)
            label, reason = self._label(person, media_time_s, trust, emotions.reasons[row])
            smooth[row] = person.evidence.shown
            labels.append(label)
            reasons.append(reason)
        self._people.forget(media_time_s)
        return replace(emotions, probabilities=smooth, labels=tuple(labels), reasons=tuple(reasons))

    def reset(self) -> None:
        """Forget every track."""
        self._people.clear()

    def _observe(self, track: int, raw: FloatArray, trust: float, now_s: float) -> _Person:
        log_p = log_evidence(raw)
        person = self._people.get(track)
        if person is None or now_s < self._people.seen_at(track):
            person = _Person(TemporalFilter(self._rates, log_p, trust))
        else:
            person.evidence.observe(log_p, trust, now_s - self._people.seen_at(track))
        self._people.put(track, person, now_s)
        return person

    def _believe(self, person: _Person, now_s: float) -> None:
        """Update the track's emotion from its posterior, whether or not it is certain enough to be shown."""
        evidence = person.evidence
        best, named = int(evidence.belief.argmax()), evidence.emotion
        lead = (evidence.belief[best] - evidence.belief[named]) / (evidence.belief[best] + evidence.belief[named])
        if best == named or lead < self._config.switch_margin:
            return
        held_s = now_s - person.named_s
        # A label that was shown later than its emotion was found has its own dwell.
        shown_s = held_s if person.label == UNCERTAIN else now_s - person.since_s
        owed_nats = _RELUCTANCE_NATS * math.exp(-held_s / (_RELUCTANCE_TAUS * self._rates.tau_s))
        if best == evidence.left and evidence.regret_nats < owed_nats:
            return
        if min(held_s, shown_s) * 1000 >= self._config.min_dwell_ms:
            evidence.change_to(best)
            person.named_s = now_s

    def _label(self, person: _Person, now_s: float, trust: float, why_untrusted: str) -> tuple[str, str]:
        extra = _HYSTERESIS if person.label == UNCERTAIN and person.since_s > -math.inf else 0.0
        trusted = person.evidence.trust >= self._config.min_reliability + extra
        # The single frame counts too: a face that is turning away again must not be labeled for a moment.
        if min(person.evidence.trust, trust) < self._config.min_reliability + extra:
            person.untrusted_s = now_s
        clear = person.evidence.confidence >= self._config.min_confidence + extra
        wanted = EMOTIONS[person.evidence.emotion] if trusted and clear else UNCERTAIN
        if why_untrusted in REASONS:
            person.doubt = why_untrusted
        # "Uncertain" needs no dwell: neither a turned face nor a confidence below the limit may keep its label.
        waits = (now_s - person.untrusted_s) * 1000 < self._return_ms
        settled = not waits and (now_s - person.since_s) * 1000 >= self._config.min_dwell_ms
        if wanted != person.label and (settled or person.label != UNCERTAIN):
            person.label, person.since_s = wanted, now_s
        if person.label != UNCERTAIN:
            return person.label, ""
        # While it waits the label is missing because the face was unreliable, however clear its expression is by now.
        return UNCERTAIN, person.doubt if waits or not trusted else NO_CLEAR_EXPRESSION


def label_single_frames(emotions: Emotions, config: SmoothingConfig) -> Emotions:
    """Return `emotions` with the labels of each frame alone, for answers that changed after the classifier named them.

    Args:
        emotions: fused, of this frame alone; a face that was unreliable stays "uncertain".
        config: the limit below which a confidence is "uncertain".
    """
    labels, reasons = [], []
    for row, reason in enumerate(emotions.reasons):
        clear = float(emotions.probabilities[row].max()) >= config.min_confidence
        why = reason if reason in REASONS else "" if clear else NO_CLEAR_EXPRESSION
        labels.append(UNCERTAIN if why else EMOTIONS[int(emotions.probabilities[row].argmax())])
        reasons.append(why)
    return replace(emotions, labels=tuple(labels), reasons=tuple(reasons))
