"""Separates start-up from steady state in a single-threaded program. Standard library only: rivals use it too."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

WARM_UP_FRAMES = 3
"""The first calls of a network compile or allocate: they belong to the start-up."""


class Stopwatch:
    """Counts frames; everything before the end of the last warm-up frame is start-up.

    Args:
        clock: wall clock in seconds.
        cpu_clock: CPU time of the process in seconds, all threads.
    """

    def __init__(
        self, clock: Callable[[], float] = time.perf_counter, cpu_clock: Callable[[], float] = time.process_time
    ) -> None:
        self._clock, self._cpu_clock = clock, cpu_clock
        self._began = self._steady = self._last = (clock(), cpu_clock())
        self._frames = self._faces = 0

    def frame_done(self, faces: int) -> None:
        """Note that a frame with `faces` faces is finished."""
        self._frames += 1
        self._faces += faces
        self._last = (self._clock(), self._cpu_clock())
        if self._frames <= WARM_UP_FRAMES:
            self._steady = self._last

    def figures(self) -> dict[str, Any]:
        """Return frames, `fps` and `cpu_ms_per_frame` of the steady state, and what the start-up took in seconds."""
        steady_frames = max(0, self._frames - WARM_UP_FRAMES)
        wall_s, cpu_s = (last - steady for last, steady in zip(self._last, self._steady, strict=True))
        return {
            "frames": self._frames,
            "fps": round(steady_frames / wall_s, 2) if wall_s > 0 else 0.0,
            "cpu_ms_per_frame": round(1000 * cpu_s / steady_frames, 2) if steady_frames else 0.0,
            "start_up_s": round(self._steady[0] - self._began[0], 2),
            "start_up_cpu_s": round(self._steady[1] - self._began[1], 2),
            "faces_per_frame": round(self._faces / max(1, self._frames), 2),
        }
