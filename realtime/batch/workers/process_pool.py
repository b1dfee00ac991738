"""Runs the tasks of a batch in processes of this machine."""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any

from realtime.batch.video_worker import start_worker
from realtime.batch.workers.worker_pool import AnyTask, Outcome, attempt

_POLL_S = 0.3
_LOST = "its worker process died, presumably for want of memory; try fewer --jobs"


class ProcessPool:
    """Runs tasks in worker processes; a `WorkerPool`.

    Args:
        jobs: `int`, how many at once.
        on_progress: is told `(number of the task, share done)` now and then.
    """

    def __init__(self, jobs: int, on_progress: Callable[[int, float], None] = lambda _number, _share: None) -> None:
        self.jobs, self._on_progress = jobs, on_progress

    def __enter__(self) -> ProcessPool:
        """Do nothing: processes are started for tasks."""
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: they ended with the last one."""

    def run(
        self, work: Callable[[AnyTask], Any], tasks: list[AnyTask], stopped: Callable[[], bool]
    ) -> Iterator[Outcome]:
        """See `WorkerPool`. A process that dies costs its own task alone."""
        suspects: list[AnyTask] = []
        while tasks and not stopped():
            yield from self._in_pool(work, tasks, suspects, self.jobs, stopped)
            # One of those that ran when a process died was the reason: each again, by itself.
            while suspects and not stopped():
                alone, lost = [suspects.pop(0)], list[AnyTask]()
                yield from self._in_pool(work, alone, lost, 1, stopped)
                for task in lost:
                    yield Outcome(task, reason=_LOST)

    def _in_pool(
        self,
        work: Callable[[AnyTask], Any],
        tasks: list[AnyTask],
        lost: list[AnyTask],
        jobs: int,
        stopped: Callable[[], bool],
    ) -> Iterator[Outcome]:
        """Run tasks until all are done, the batch is stopped or a process died; those that ran then are in `lost`."""
        context = multiprocessing.get_context("spawn")
        progress = context.Queue()
        running: dict[Future[tuple[Any, str]], AnyTask] = {}
        with ProcessPoolExecutor(jobs, context, start_worker, (progress,)) as pool:
            while running or (tasks and not stopped()):
                try:
                    while tasks and len(running) < jobs and not stopped():
                        running[pool.submit(attempt, work, tasks[0])] = tasks[0]
                        tasks.pop(0)
                except BrokenProcessPool:
                    break
                done, _ = wait(running, _POLL_S, FIRST_COMPLETED)
                self._tell(progress)
                for future in [one for one in done if not isinstance(one.exception(), BrokenProcessPool)]:
                    yield _outcome(future, running.pop(future))
                if any(isinstance(one.exception(), BrokenProcessPool) for one in running if one.done()):
                    break
        lost.extend(running.values())

    def _tell(self, progress: Any) -> None:
        with suppress(queue.Empty):
            while True:
                self._on_progress(*progress.get_nowait())


def _outcome(future: Future[tuple[Any, str]], task: Any) -> Outcome:
    error = future.exception()  # Of pickling alone: those of the work are in the result.
    result, reason = future.result() if error is None else (None, f"{type(error).__name__}: {error}")
    return Outcome(task, result, reason)
