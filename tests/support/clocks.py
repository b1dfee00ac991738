"""Time in tests: a clock that only the test moves, and threads that wait for the test or are waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

LIMIT_S = 20.0


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


class Gate:
    """Where a thread waits until the test lets it pass; any number of arguments are taken and ignored.

    Attributes:
        reached: how often somebody has come to it.
    """

    def __init__(self) -> None:
        self.reached = 0
        self._opened = False
        self._passes = threading.Semaphore(0)

    def __call__(self, *_: object) -> None:
        self.reached += 1
        assert self._opened or self._passes.acquire(timeout=LIMIT_S), "the test lets nobody pass"

    def let(self, count: int = 1) -> None:
        """Let so many pass, now or when they come."""
        self._passes.release(count)

    def open(self) -> None:
        """Let everybody pass from now on; one may be waiting."""
        self._opened = True
        self._passes.release()


def in_background(work: Callable[[], T]) -> Future[T]:
    """Start something that may block, on a thread of its own; `result(LIMIT_S)` waits for its end."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def until(is_so: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    """Wait until another thread or process has done something; the limit is for a test that fails."""
    deadline_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline_s, f"did not happen within {limit_s:g} s"
        time.sleep(0.005)
