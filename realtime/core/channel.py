"""Bounded thread-safe queue with a choice of overflow policy: block the producer, or drop the oldest item."""

from __future__ import annotations

import enum
import threading
from collections import deque
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class OverflowPolicy(enum.Enum):
    """What `put` does when the queue is full."""

    WAIT = "wait"
    DROP_OLDEST = "drop_oldest"


class ChannelClosedError(Exception):
    """The channel was closed: nothing more can be put, or everything was taken."""


class BoundedQueue(Protocol[T]):
    """Interface of a queue between two pipeline threads; `Channel` documents each method."""

    def put(self, item: T) -> None:
        """Hand over `item`. Raises ChannelClosedError."""

    def get(self, timeout_s: float | None = None) -> T:
        """Take the oldest item. Raises ChannelClosedError, TimeoutError."""

    def take_waiting(self, limit: int, wait_s: float = 0.0, /) -> list[T]:
        """Take at most `limit` items, possibly none: once so many wait, or those that wait when `wait_s` is over."""

    def close(self) -> None:
        """Refuse further items and wake whoever waits; what waits can still be taken. Never blocks."""

    def clear(self) -> None:
        """Forget what waits, uncounted."""

    @property
    def dropped(self) -> int:
        """Items dropped because there was no room."""

    @property
    def waiting(self) -> tuple[float, int]:
        """How many items a `put` found waiting, on average, and how many ever waited at once."""


@dataclass(slots=True)
class QueueStats:
    """Counters of one queue: items put, sum of queue lengths seen by `put`, largest length, items dropped."""

    came: int = 0
    found: int = 0
    most: int = 0
    dropped: int = 0


class CountingQueue:
    """Base of the queues: closing, and statistics of what passed through.

    Args:
        changed: condition variable; held for every access to the queue, notified on every change.
        tally: the counters behind `dropped` and `waiting`.
    """

    def __init__(self, changed: threading.Condition, tally: QueueStats) -> None:
        self._changed, self._tally = changed, tally
        self._closed = False

    def close(self) -> None:
        """Refuse further items and wake whoever waits; what waits can still be taken. Never blocks."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def dropped(self) -> int:
        """Items dropped because there was no room."""
        with self._changed:
            return self._tally.dropped

    @property
    def waiting(self) -> tuple[float, int]:
        """How many items a `put` found waiting, on average, and how many ever waited at once."""
        with self._changed:
            return self._tally.found / max(1, self._tally.came), self._tally.most


class Channel(CountingQueue, Generic[T]):
    """A queue of at most `capacity` items between one producer and one consumer.

    Args:
        capacity: `int`, items that may wait.
        when_full: wait for room (files), or drop the oldest waiting item and count it (live).
    """

    def __init__(self, capacity: int, when_full: OverflowPolicy) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be 1 or more; received {capacity}")
        super().__init__(threading.Condition(), QueueStats())
        self._capacity = capacity
        self._when_full = when_full
        self._items: deque[T] = deque()

    def put(self, item: T) -> None:
        """Hand over `item`. Raises ChannelClosedError once the channel is closed, also while waiting for room."""
        with self._changed:
            self._tally.came += 1
            self._tally.found += len(self._items)
            while not self._closed and len(self._items) >= self._capacity:
                if self._when_full is OverflowPolicy.DROP_OLDEST:
                    self._items.popleft()
                    self._tally.dropped += 1
                else:
                    self._changed.wait()
            if self._closed:
                raise ChannelClosedError
            self._items.append(item)
            self._tally.most = max(self._tally.most, len(self._items))
            self._changed.notify_all()

    def get(self, timeout_s: float | None = None) -> T:
        """Take the oldest item.

        Raises:
            ChannelClosedError: the channel is closed and empty.
            TimeoutError: nothing came within `timeout_s` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._items or self._closed, timeout_s):
                raise TimeoutError
            if not self._items:
                raise ChannelClosedError
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def take_waiting(self, limit: int, wait_s: float = 0.0, /) -> list[T]:
        """Take at most `limit` items, possibly none: once so many wait, or those that wait when `wait_s` is over.

        A full or closed channel is not waited for: nothing more can arrive.
        """
        with self._changed:
            enough = min(limit, self._capacity)
            self._changed.wait_for(lambda: len(self._items) >= enough or self._closed, wait_s)
            taken = [self._items.popleft() for _ in range(min(limit, len(self._items)))]
            if taken:
                self._changed.notify_all()
            return taken

    def clear(self) -> None:
        """Discard all waiting items without counting them as dropped; used when a run is stopped."""
        with self._changed:
            self._items.clear()
            self._changed.notify_all()

    def __len__(self) -> int:
        with self._changed:
            return len(self._items)
