"""Carries a track's last result forward (zero-order hold)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from realtime.core.types import Analysed, Emotions, Faces
from realtime.smoothing.track_memory import TrackMemory

_FORGET_S = 2.0

Observe = Callable[[Faces, Emotions, float], Emotions]


@dataclass(slots=True, eq=False)
class _Known:
    emotions: Emotions
    row: int
    measured_s: float


class CarryForward:
    """Feeds measured frames to the smoother, and fills frames without an answer with each track's last result.

    Every answer is observed exactly once, in order of media time, late ones too: a carried-forward result is not a new
    observation. A frame without its own answer gets, for each track, the last observed row, with its age; a track
    without any result stays "uncertain", "not measured yet".

    Args:
        observe: smooths one frame: faces, emotions of that frame alone, media time in seconds.
    """

    def __init__(self, observe: Observe) -> None:
        self._observe = observe
        self._known: TrackMemory[_Known] = TrackMemory(_FORGET_S)

    def update(self, analysed: Analysed) -> Analysed:
        """Return the frame with smoothed or carried-forward emotions; its late answers are smoothed as well."""
        late = tuple(
            dataclasses.replace(one, emotions=self._note(one.faces, one.emotions, one.media_time_s))
            for one in analysed.late
        )
        now_s = analysed.frame.media_time_s
        if analysed.emotions.measured:
            emotions = self._note(analysed.faces, analysed.emotions, now_s)
        else:
            emotions = self._carried_over(analysed.faces, analysed.emotions, now_s)
        self._known.forget(now_s)
        return dataclasses.replace(analysed, emotions=emotions, late=late)

    def reset(self) -> None:
        """Forget every track."""
        self._known.clear()

    def _note(self, faces: Faces, emotions: Emotions, measured_s: float) -> Emotions:
        smooth = self._observe(faces, emotions, measured_s)
        for row, track in enumerate(faces.track_ids.tolist()):
            self._known.put(track, _Known(smooth, row, measured_s), measured_s)
        return smooth

    def _carried_over(self, faces: Faces, unknown: Emotions, now_s: float) -> Emotions:
        sources = [(unknown, row, np.inf) for row in range(len(faces))]
        for row, track in enumerate(faces.track_ids.tolist()):
            known = self._known.get(track)
            if known is not None:
                self._known.touch(track, now_s)
                sources[row] = known.emotions, known.row, now_s - known.measured_s
        return Emotions(
            probabilities=np.stack([said.probabilities[row] for said, row, _ in sources]),
            by_region=np.stack([said.by_region[row] for said, row, _ in sources]),
            reliability=np.stack([said.reliability[row] for said, row, _ in sources]),
            labels=tuple(said.labels[row] for said, row, _ in sources),
            raw=np.stack([said.raw[row] for said, row, _ in sources]),
            reasons=tuple(said.reasons[row] for said, row, _ in sources),
            age_s=np.array([age_s for _, _, age_s in sources], np.float32),
            regions=unknown.regions,
        )
