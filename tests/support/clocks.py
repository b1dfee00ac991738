"""Time in tests: a clock that only the test moves, and waiting for what other threads do."""

from __future__ import annotations

import time
from collections.abc import Callable


class FakeClock:
    """Seconds that pass only while somebody sleeps, or where a test adds to `now_s`.

    Call it for the time; `sleep` stands in for whatever waits.
    """

    def __init__(self, now_s: float = 50.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def until(is_so: Callable[[], object], limit_s: float = 20.0) -> None:
    """Wait until another thread or process has done something; the limit is for a test that fails."""
    deadline_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline_s, f"did not happen within {limit_s:g} s"
        time.sleep(0.005)
