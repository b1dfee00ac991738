"""Runs a live `Session` and measures frame rate, latency and lost frames after a settling time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from realtime.core.metrics import percentile
from realtime.core.options import RunOptions
from realtime.core.types import Analysed
from realtime.session.session import Session

SETTLE_S = 1.0
"""Settling time: drops until this long after the first frame count as start-up, since a camera does not wait."""


class LiveRun:
    """Runs a session and keeps the age of every frame that was shown, and of the emotions in it.

    Args:
        options: what to run; `realtime` or a live source.
        clock: monotonic seconds, the one that stamps frames.
    """

    def __init__(self, options: RunOptions, clock: Callable[[], float] = time.monotonic) -> None:
        self.session = Session(options, on_frame=self._shown)
        self._clock = clock
        self._first_s: float | None = None
        self._stamps_s: list[float] = []
        self._indices: list[int] = []
        self._media_s: list[float] = []
        self._emotion_ages_s: list[float] = []
        self._carried_over = self._not_yet = 0
        self._ages_s: list[float] = []
        self._drops_before: Counter[str] = Counter()

    def run(self) -> dict[str, Any]:
        """Run to the end and return the figures of the settled part. Raises EmotionLiveError."""
        self.session.run()
        drops = Counter(self.session.metrics.drops)
        drops.subtract(self._drops_before)
        shown = len(self._ages_s)
        return {
            "shown": shown,
            "fps": rate(range(shown), self._stamps_s),
            "camera_fps": rate(self._indices, self._media_s),
            "carried_over": self._carried_over,
            "not_yet": self._not_yet,
            "emotion_age_ms": spread(self._emotion_ages_s),
            "not_shown": missing(self._indices),
            "drops": {cause: count for cause, count in drops.items() if count},
            "start_up_drops": dict(self._drops_before),
            "age_ms": spread(self._ages_s),
        }

    def _shown(self, analysed: Analysed) -> None:
        now = self._clock()
        self._first_s = now if self._first_s is None else self._first_s
        if now - self._first_s < SETTLE_S:
            self._drops_before = Counter(self.session.metrics.drops)
            return
        self._stamps_s.append(now)
        self._indices.append(analysed.frame.index)
        self._media_s.append(analysed.frame.media_time_s)
        self._ages_s.append(now - analysed.frame.captured_at_s)
        ages_s = analysed.emotions.age_s
        self._carried_over += not analysed.emotions.measured
        self._not_yet += bool(np.isinf(ages_s).any())
        self._emotion_ages_s += ages_s[np.isfinite(ages_s)].tolist()


def rate(numbers: Sequence[int], seconds: Sequence[float]) -> float:
    """Return how many frame numbers passed per second from the first to the last; 0.0 where that is undefined."""
    if len(seconds) < 2 or seconds[-1] <= seconds[0]:
        return 0.0
    return round((numbers[-1] - numbers[0]) / (seconds[-1] - seconds[0]), 2)


def missing(indices: list[int]) -> int:
    """Return how many frames between the first and the last of these were never shown, whatever the cause."""
    return indices[-1] - indices[0] + 1 - len(set(indices)) if indices else 0


def spread(seconds: list[float]) -> dict[str, float]:
    """Return median, 95th and 99th percentile and the largest, in milliseconds."""
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(1000 * percentile(seconds, share), 1) for name, share in shares.items()}
