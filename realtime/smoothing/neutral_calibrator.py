"""Per-track neutral calibration: a bias that makes a person's resting face read neutral.

Some faces look sad or angry at rest. The bias is kept in memory only and ends with the track and with the run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from models.manifest import EMOTIONS
from realtime.core.types import Emotions, Faces, FloatArray
from realtime.inference.fusion import centred_log, softmax
from realtime.smoothing.track_memory import TrackMemory

_NEUTRAL = EMOTIONS.index("neutral")
# At rest neutral is to lead every other emotion by this much in log-probability: three to one.
_LEAD = float(np.log(3.0))
# A face that needs more than this is not at rest; the correction must not suppress a clear emotion.
_MAX_SHIFT = 2.5
_MIN_TRUST = 0.5
_FEWEST_FRAMES = 5
_FORGET_S = 5.0


@dataclass(slots=True)
class _Rest:
    total: FloatArray
    trust: float = 0.0
    frames: int = 0
    shift: FloatArray | None = None


class NeutralCalibrator:
    """Averages each track's log-probabilities at rest, then shifts its answers so that its resting face reads neutral.

    The shift lowers the log-probability of the emotions for which the resting face is mistaken, until neutral leads by
    three to one; a face that reads neutral already is not changed. It is bounded, so that clear expressions still show.
    """

    def __init__(self) -> None:
        self._people: TrackMemory[_Rest] = TrackMemory(_FORGET_S)
        self._watch_s = 0.0
        self._until_s: float | None = None
        self._watching = False

    def start(self, seconds: float) -> None:
        """Calibrate on the next `seconds` of media time; an earlier calibration is discarded."""
        self._people.clear()
        self._watch_s, self._until_s, self._watching = seconds, None, True

    def jump(self) -> None:
        """Restart a calibration in progress: media time has jumped."""
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

    def note(self, media_time_s: float) -> str:
        """Return the status line for the user, "" if there is nothing to say."""
        left_s = self.left_s(media_time_s)
        if left_s is not None:
            return f"REST YOUR FACE {math.ceil(left_s)} s"
        return f"{self.calibrated} at rest = neutral" if self.calibrated else ""

    def update(self, faces: Faces, emotions: Emotions, media_time_s: float) -> Emotions:
        """Use one frame for calibration, or return it with every calibrated track's answers shifted.

        Args:
            faces: the frame's faces, with track ids.
            emotions: fused, of this frame alone.
            media_time_s: `float`, the frame's time in seconds.
        """
        if self._watching:
            self._watch(faces, emotions, media_time_s)
        tracks = faces.track_ids.tolist()
        for track in tracks:
            self._people.touch(track, media_time_s)
        self._people.forget(media_time_s)
        shifts = [self._shift(track) for track in tracks]
        if not any(shift.any() for shift in shifts):
            return emotions
        raw = softmax(np.log(np.maximum(emotions.raw, 1e-7)) + np.stack(shifts))
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

    def _settle(self) -> None:
        for person in self._people.values():
            if person.frames >= _FEWEST_FRAMES:
                mean = person.total / np.float32(person.trust)
                shift = np.clip(mean[_NEUTRAL] - _LEAD - mean, -_MAX_SHIFT, 0.0)
                shift[_NEUTRAL] = 0.0
                person.shift = shift.astype(np.float32)

    def _shift(self, track: int) -> FloatArray:
        person = self._people.get(track)
        return np.zeros(len(EMOTIONS), np.float32) if person is None or person.shift is None else person.shift
