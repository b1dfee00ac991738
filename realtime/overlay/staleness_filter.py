"""Flicker-free staleness per track."""

from __future__ import annotations

import dataclasses
import math

from realtime.core.types import Analysed
from realtime.overlay.face_facts import FaceFacts

# The age is a sawtooth that falls back with every answer. Its maximum over this time is shown, so that neither the
# number nor the gray of an old emotion flickers.
_OVER_S = 0.4


class StalenessFilter:
    """Sliding maximum of each track's staleness; one per video."""

    def __init__(self) -> None:
        self._recent: dict[int, list[tuple[float, float]]] = {}

    def facts(self, analysed: Analysed) -> list[FaceFacts]:
        """Return every face's facts, with the largest recent age of its emotion."""
        now_s = analysed.frame.media_time_s
        self._recent = {
            track: kept
            for track, ages in self._recent.items()
            if (kept := [(at, age) for at, age in ages if 0 <= now_s - at <= _OVER_S])
        }
        facts = []
        for row, track in enumerate(analysed.faces.track_ids.tolist()):
            face = FaceFacts.of(analysed.emotions, row, track)
            if 0 < face.age_s < math.inf:
                self._recent.setdefault(track, []).append((now_s, face.age_s))
            if face.age_s < math.inf and track in self._recent:
                face = dataclasses.replace(face, age_s=max(age for _, age in self._recent[track]))
            facts.append(face)
        return facts
