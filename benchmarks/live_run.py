"""One live run of the real `Session`, with what was shown told apart from what was lost once it had settled."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from realtime.metrics import percentile
from realtime.session import RunOptions, Session
from realtime.types import Analysed

SETTLE_S = 1.0
"""While models load the camera goes on: what is dropped until this long after the first frame is start-up."""


class LiveRun:
    """Runs a session and keeps the age of every frame that was shown.

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
        self._ages_s: list[float] = []
        self._drops_before: Counter[str] = Counter()

    def run(self) -> dict[str, Any]:
        """Run to the end and return the figures of the settled part. Raises EmotionLiveError."""
        self.session.run()
        drops = Counter(self.session.metrics.drops)
        drops.subtract(self._drops_before)
        shown = len(self._ages_s)
        span_s = self._stamps_s[-1] - self._stamps_s[0] if shown > 1 else 0.0
        return {
            "shown": shown,
            "fps": round((shown - 1) / span_s, 2) if span_s > 0 else 0.0,
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
        self._ages_s.append(now - analysed.frame.captured_at_s)


def missing(indices: list[int]) -> int:
    """Return how many frames between the first and the last of these were never shown, whatever the cause."""
    return indices[-1] - indices[0] + 1 - len(set(indices)) if indices else 0


def spread(seconds: list[float]) -> dict[str, float]:
    """Return median, 95th and 99th percentile and the largest, in milliseconds."""
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(1000 * percentile(seconds, share), 1) for name, share in shares.items()}
