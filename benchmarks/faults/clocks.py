"""Clocks of the system that step while the program runs; installed before anything of it is imported."""

from __future__ import annotations

import random
import time

_monotonic, _time = time.monotonic, time.time


class SteppingClock:
    """Replaces `time.monotonic` and `time.time`: true until a step is asked for.

    The program takes its clocks as default arguments, so that they must be replaced before it is imported.
    """

    def __init__(self) -> None:
        self._steps: list[tuple[float, float, float]] = []

    def install(self) -> None:
        """Become the clock of this process and of those that it forks."""
        time.monotonic, time.time = self.monotonic, self.time

    def step(self, after_s: float, monotonic_s: float, wall_s: float) -> None:
        """From `after_s` seconds after now, be ahead by so many seconds."""
        self._steps.append((_monotonic() + after_s, monotonic_s, wall_s))

    def monotonic(self) -> float:
        """Return monotonic seconds, as `time.monotonic` does."""
        now_s = _monotonic()
        return now_s + sum(ahead for since, ahead, _ in self._steps if now_s >= since)

    def time(self) -> float:
        """Return Unix seconds, as `time.time` does."""
        now_s = _monotonic()
        return _time() + sum(ahead for since, _, ahead in self._steps if now_s >= since)


CLOCK = SteppingClock()
"""The clock of the campaign."""


def draw_steps(rng: random.Random) -> tuple[list[tuple[float, float, float]], str]:
    """Return steps for `SteppingClock.step`, and the same in words.

    Wall clocks step both ways, as NTP and people set them; monotonic ones only ahead, as after a suspend.
    """
    steps = []
    for _ in range(rng.choice((1, 2, 3))):
        wall_s = rng.choice((-3600.0, 3600.0, -1.8e9, 2.5e9, -0.5, 90.0))
        ahead_s = rng.choice((0.0, 0.0, 0.3, 5.0, 3600.0, 1e6))
        steps.append((rng.uniform(0.0, 2.0), ahead_s, wall_s))
    said = ", ".join(f"{wall:g} s of the wall clock and {ahead:g} s at {after:.2f} s" for after, ahead, wall in steps)
    return steps, f"clocks step by {said}"
