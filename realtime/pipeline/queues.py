"""Queues between threads: keep-latest (live) or lossless (files)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from realtime.core.channel import BoundedQueue, Channel, OverflowPolicy
from realtime.core.metrics import TAKERS, Metrics
from realtime.core.types import Analysed, Frame
from realtime.pipeline.live_queue import LiveQueue, Looked
from realtime.pipeline.seek_epochs import EndOfEpoch


@dataclass(frozen=True, slots=True)
class PipelineQueues:
    """The three queues between the pipeline's threads.

    Attributes:
        frames: capture thread -> landmarks thread.
        looked: landmarks thread -> classify thread, frames with their faces.
        analysed: classify thread, or its bypass, -> the consumer.
    """

    frames: BoundedQueue[Frame | EndOfEpoch]
    looked: BoundedQueue[Looked | EndOfEpoch]
    analysed: BoundedQueue[Analysed | EndOfEpoch]

    @staticmethod
    def between(*, live: bool, max_batch: int, clock: Callable[[], float] = time.monotonic) -> PipelineQueues:
        """Return new queues: one frame each if live, else `max_batch`, and some more before the classifier."""
        if live:
            lane = LiveQueue(clock=clock)
            return PipelineQueues(Channel(1, OverflowPolicy.DROP_OLDEST), lane.looked, lane.analysed)
        wait = OverflowPolicy.WAIT
        # Landmarks are the slowest stage: extra room keeps them running while a batch is being classified.
        room = max_batch + max(1, max_batch // 4)
        return PipelineQueues(Channel(max_batch, wait), Channel(room, wait), Channel(max_batch, wait))

    def __iter__(self) -> Iterator[BoundedQueue[Any]]:
        return iter((self.frames, self.looked, self.analysed))

    def clear(self) -> None:
        """Discard all waiting items without counting them as dropped."""
        for hand_over in self:
            hand_over.clear()

    def close(self) -> None:
        """Close all queues, which wakes blocked threads, and discard waiting items."""
        for hand_over in self:
            hand_over.close()
            hand_over.clear()

    def tell(self, metrics: Metrics, missed: int) -> None:
        """Report queue lengths and drops to `metrics`; the source's reader lost `missed` frames before them."""
        metrics.waiting = dict(zip(TAKERS, (hand_over.waiting for hand_over in self), strict=True))
        metrics.count_drops([hand_over.dropped for hand_over in self], missed)
