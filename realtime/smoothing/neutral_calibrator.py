"""Per-track neutral calibration: a bias that sets a person's resting face against the population's.

Some faces look sad or angry at rest, others so neutral that a slight frown does not show. What is known of a rest is
kept in memory only and ends with the track and with the run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from models.manifest import EMOTIONS, BaselineSpec
from realtime.core.types import Emotions, Faces, FloatArray
from realtime.inference.fusion import centred_log
from realtime.smoothing.rest_estimator import RestEstimator
from realtime.smoothing.resting_shift import resting_shift, shifted
from realtime.smoothing.track_memory import TrackMemory

_MIN_TRUST = 0.5
_FEWEST_FRAMES = 5
_FORGET_S = 5.0
# From this share on what is learned changes answers enough to be told.
_TOLD_SHARE = 0.25
_NO_SHIFT = np.zeros(len(EMOTIONS), np.float32)


@dataclass(slots=True)
class _Rest:
    total: FloatArray
    trust: float = 0.0
    frames: int = 0
    shift: FloatArray | None = None


class NeutralCalibrator:
    """Shifts each track's answers by what its resting face differs from other people's.

    A rest is known from seconds that somebody asked for (`start`), or, with `learn`, from what the track has shown so
    far. What was asked for overrides what was learned.

    Args:
        spec: the population's numbers; with `None` a calibration only makes a resting face read neutral.
        learn: whether to learn a rest without being asked; takes a `spec`.
    """

    def __init__(self, spec: BaselineSpec | None = None, *, learn: bool = False) -> None:
        self._spec, self._learns = spec, learn and spec is not None
        self._people: TrackMemory[_Rest] = TrackMemory(_FORGET_S)
        self._learned: TrackMemory[RestEstimator] = TrackMemory(_FORGET_S)
        self._watch_s = 0.0
        self._until_s: float | None = None
        self._watching = False

    def start(self, seconds: float) -> None:
        """Calibrate on the next `seconds` of media time; an earlier calibration is discarded."""
        self._people.clear()
        self._watch_s, self._until_s, self._watching = seconds, None, True

    def jump(self) -> None:
        """Restart a calibration in progress, and forget what was learned of tracks: media time has jumped."""
        self._learned.clear()
        if self._watching:
            self.start(self._watch_s)

    def left_s(self, media_time_s: float) -> float | None:
        """Return how long the calibration will still take, `None` when none is in progress."""
        if not self._watching:
            return None
        return self._watch_s if self._until_s is None else max(0.0, self._until_s - media_time_s)

    @property
    def calibrated(self) -> int:
        """Number of calibrated tracks."""
        return sum(person.shift is not None for person in self._people.values())

    @property
    def learned(self) -> int:
        """Number of tracks whose rest was learned well enough to matter."""
        return sum(one.known_share >= _TOLD_SHARE for one in self._learned.values())

    def note(self, media_time_s: float) -> str:
        """Return the status line for the user, "" if there is nothing to say."""
        left_s = self.left_s(media_time_s)
        if left_s is not None:
            return f"REST YOUR FACE {math.ceil(left_s)} s"
        if self.calibrated:
            return f"{self.calibrated} at rest = neutral"
        return f"{self.learned} rest learned" if self.learned else ""

    def update(self, faces: Faces, emotions: Emotions, media_time_s: float) -> Emotions:
        """Use one frame for calibration, or return it with every known track's answers shifted.

        Args:
            faces: the frame's faces, with track ids.
            emotions: fused, of this frame alone.
            media_time_s: `float`, the frame's time in seconds.
        """
        if self._watching:
            self._watch(faces, emotions, media_time_s)
        if self._learns:
            self._learn(faces, emotions, media_time_s)
        tracks = faces.track_ids.tolist()
        for track in tracks:
            self._people.touch(track, media_time_s)
        self._people.forget(media_time_s)
        shifts = [self._shift(track) for track in tracks]
        if not any(shift.any() for shift in shifts):
            return emotions
        raw = shifted(emotions.raw, np.stack(shifts))
        return replace(emotions, raw=raw, probabilities=raw)

    def _watch(self, faces: Faces, emotions: Emotions, media_time_s: float) -> None:
        if self._until_s is None:
            self._until_s = media_time_s + self._watch_s
        if media_time_s >= self._until_s:
            self._watching = False
            self._settle()
            return
        for row, track in enumerate(faces.track_ids.tolist()):
            trust = float(emotions.reliability[row].max(initial=0.0))
            if trust < _MIN_TRUST:
                continue
            person = self._people.get(track) or _Rest(np.zeros(len(EMOTIONS), np.float32))
            self._people.put(track, person, media_time_s)
            person.total += trust * centred_log(emotions.raw[row])
            person.trust += trust
            person.frames += 1

    def _learn(self, faces: Faces, emotions: Emotions, media_time_s: float) -> None:
        assert self._spec is not None
        for row, track in enumerate(faces.track_ids.tolist()):
            trust = float(emotions.reliability[row].max(initial=0.0))
            known = self._learned.get(track)
            if known is None:
                known = RestEstimator(self._spec)
            elif trust >= _MIN_TRUST:
                known.observe(emotions.raw[row], trust, media_time_s - self._learned.seen_at(track))
            self._learned.put(track, known, media_time_s)
        self._learned.forget(media_time_s)

    def _settle(self) -> None:
        for person in self._people.values():
            if person.frames >= _FEWEST_FRAMES:
                person.shift = resting_shift(person.total / np.float32(person.trust), self._spec)

    def _shift(self, track: int) -> FloatArray:
        person = self._people.get(track)
        if person is not None and person.shift is not None:
            return person.shift
        # While a rest is watched nothing changes.
        learned = None if self._watching else self._learned.get(track)
        return _NO_SHIFT if learned is None else learned.shift
