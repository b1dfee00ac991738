"""Run-time metrics: frame rate, latency percentiles, time per stage, drops by cause."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

# Enough for percentiles over the last minutes, and no more memory after hours.
_WINDOW = 8192
_RATE_WINDOW_S = 2.0
TAKERS = ("landmarks", "classify", "display")
"""The consumers of the pipeline's three queues, in order."""
_CAUSES = ("landmarks busy", "classifier busy", "display busy")


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Time of one stage per frame in milliseconds: wall-clock p50 and p95, mean CPU time."""

    p50_ms: float
    p95_ms: float
    cpu_ms: float


class Metrics:
    """Thread-safe collector of the metrics of one run.

    Args:
        clock: monotonic seconds, the clock of `Frame.captured_at_s`.
        wall_timer: seconds, for how long a stage takes.
        cpu_timer: CPU seconds of the calling thread, likewise.

    Attributes:
        drops: cause -> frames dropped.
        carried_over: frames that were shown with the emotions of an earlier frame, because the classifier was busy.
        waiting: consumer -> mean and largest number of frames that waited for it; filled at the end of the run.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wall_timer: Callable[[], float] = time.perf_counter,
        cpu_timer: Callable[[], float] = time.thread_time,
    ) -> None:
        self._clock, self._wall_timer, self._cpu_timer = clock, wall_timer, cpu_timer
        self._lock = threading.Lock()
        self._stages: dict[str, deque[float]] = {}
        self._cpu_s: dict[str, float] = {}
        self._frames: Counter[str] = Counter()
        self._latencies_s: deque[float] = deque(maxlen=_WINDOW)
        self._shown_at_s: deque[float] = deque(maxlen=512)
        self._first_shown_s: float | None = None
        self.frames_shown = 0
        self.drops: Counter[str] = Counter()
        self.carried_over = 0
        self.waiting: dict[str, tuple[float, int]] = {}

    @contextmanager
    def timed(self, stage: str, frames: int = 1) -> Iterator[None]:
        """Time a block that works on `frames` frames, on the thread that runs it."""
        wall, cpu = self._wall_timer(), self._cpu_timer()
        yield
        wall, cpu = self._wall_timer() - wall, self._cpu_timer() - cpu
        with self._lock:
            self._stages.setdefault(stage, deque(maxlen=_WINDOW)).append(wall / frames)
            self._cpu_s[stage] = self._cpu_s.get(stage, 0.0) + cpu
            self._frames[stage] += frames

    def shown(self, captured_at_s: float) -> None:
        """Note that a frame that was captured at `captured_at_s` has reached the screen or the sinks."""
        now = self._clock()
        with self._lock:
            self._latencies_s.append(now - captured_at_s)
            self._shown_at_s.append(now)
            self._first_shown_s = now if self._first_shown_s is None else self._first_shown_s
            self.frames_shown += 1

    def count_drops(self, dropped: Sequence[int], missed: int) -> None:
        """Set the drop counts since the run began: `dropped` of each queue, `missed` by the source's reader."""
        counts = dict(zip(("capture busy", *_CAUSES), (missed, *dropped), strict=True))
        self.drops.update({cause: count - self.drops[cause] for cause, count in counts.items() if count})

    def mean_fps(self) -> float:
        """Return frames per second from the first to the last frame of the run; 0.0 before the second."""
        with self._lock:
            if self._first_shown_s is None or self._shown_at_s[-1] <= self._first_shown_s:
                return 0.0
            return (self.frames_shown - 1) / (self._shown_at_s[-1] - self._first_shown_s)

    def fps(self) -> float:
        """Return frames per second over the last two seconds; 0.0 before the second frame."""
        with self._lock:
            recent = [at for at in self._shown_at_s if at >= self._clock() - _RATE_WINDOW_S]
        # n stamps bound n - 1 intervals.
        return (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 and recent[-1] > recent[0] else 0.0

    def latency_ms(self, share: float = 0.5) -> float:
        """Return the capture-to-display percentile `share` (0 to 1) in milliseconds; 0.0 before the first frame."""
        with self._lock:
            return percentile(self._latencies_s, share) * 1000

    def stages(self) -> dict[str, StageTimes]:
        """Return the times of every stage so far."""
        with self._lock:
            return {
                name: StageTimes(
                    percentile(times, 0.5) * 1000,
                    percentile(times, 0.95) * 1000,
                    1000 * self._cpu_s[name] / max(1, self._frames[name]),
                )
                for name, times in self._stages.items()
            }


def percentile(values: deque[float] | list[float], share: float) -> float:
    """Return the nearest-rank percentile, 0.0 for no values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    # A little less than the product: 0.95 * 20 may come out above 19.
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]
