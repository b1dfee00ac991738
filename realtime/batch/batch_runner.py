"""Runs the videos of a batch in worker processes, and goes on where an earlier run stopped."""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any

from realtime.batch.batch_options import BatchOptions, differing, fingerprint
from realtime.batch.result_store import DONE, FAILED, ResultStore, VideoResult
from realtime.batch.video_list import Video
from realtime.batch.video_worker import VideoTask, analyze_video, start_worker
from realtime.core.errors import ConfigError

_POLL_S = 0.3
_LOST = "its worker process died, presumably for want of memory; try fewer --jobs"


class BatchRunner:
    """Analyzes videos, several at once, each in one process.

    Args:
        store: keeps results; entered.
        options: what to do with each video.
        jobs: `int`, worker processes.
        on_result: is told every result as it comes.
        on_progress: is told `(number of the video, share done)` now and then.
        analyze: what a worker process does with a task; a function of a module.
    """

    def __init__(
        self,
        store: ResultStore,
        options: BatchOptions,
        jobs: int,
        on_result: Callable[[VideoResult], None] = lambda _: None,
        on_progress: Callable[[int, float], None] = lambda _number, _share: None,
        analyze: Callable[[VideoTask], VideoResult] = analyze_video,
    ) -> None:
        self._store, self._options, self._jobs = store, options, jobs
        self._on_result, self._on_progress = on_result, on_progress
        self._analyze = analyze
        self._stopped = False

    def known(self, videos: Sequence[Video], *, retry_failed: bool, overwrite: bool) -> dict[str, VideoResult]:
        """Return the results that need not be made again, by name.

        Args:
            videos: of this batch.
            retry_failed: `bool`, whether videos that failed are tried again.
            overwrite: `bool`, whether results of other options are made again.

        Raises:
            ConfigError: there are results of other options, and `overwrite` is not set.
        """
        facts, kept, other = self._options.facts(), dict[str, VideoResult](), list[VideoResult]()
        for video in videos:
            result = self._store.load(video.name)
            if result is None or not _same_file(video, result):
                continue
            if differing(result.options, facts):
                other.append(result)
            elif self._store.complete(result) and (result.status == DONE or not retry_failed):
                kept[video.name] = result
        if other and not overwrite:
            raise ConfigError(
                f"{self._store.out} has results of {len(other)} of these videos made with other options "
                f"({differing(other[0].options, facts)}); give the same options, another --out, or --overwrite"
            )
        return kept

    def stop(self) -> None:
        """Start no further video; those that run are finished."""
        self._stopped = True

    def run(self, videos: Sequence[Video]) -> Iterator[VideoResult]:
        """Analyze videos and yield each result once it is kept; in the order in which they end.

        Raises:
            RecordError: a result cannot be kept.
        """
        # The largest first: at the end no core waits for a long one.
        order = sorted(range(len(videos)), key=lambda number: -_size_bytes(videos[number]))
        tasks = [VideoTask(n, videos[n], self._options, self._store.working, self._store.out) for n in order]
        suspects: list[VideoTask] = []
        while tasks and not self._stopped:
            yield from self._in_pool(tasks, suspects, self._jobs)
            # One of those that ran when a process died was the reason: each again, by itself.
            while suspects and not self._stopped:
                alone, lost = [suspects.pop(0)], list[VideoTask]()
                yield from self._in_pool(alone, lost, 1)
                for task in lost:
                    yield self._kept(_failed(task, _LOST))

    def _in_pool(self, tasks: list[VideoTask], lost: list[VideoTask], jobs: int) -> Iterator[VideoResult]:
        """Run tasks until all are done, `stop` was called or a process died; those that ran then are in `lost`."""
        context = multiprocessing.get_context("spawn")
        progress = context.Queue()
        running: dict[Future[VideoResult], VideoTask] = {}
        with ProcessPoolExecutor(jobs, context, start_worker, (progress,)) as pool:
            while running or (tasks and not self._stopped):
                try:
                    while tasks and len(running) < jobs and not self._stopped:
                        running[pool.submit(self._analyze, tasks[0])] = tasks[0]
                        tasks.pop(0)
                except BrokenProcessPool:
                    break
                done, _ = wait(running, _POLL_S, FIRST_COMPLETED)
                self._tell(progress)
                for future in [one for one in done if not isinstance(one.exception(), BrokenProcessPool)]:
                    yield self._kept(_outcome(future, running.pop(future)))
                if any(isinstance(one.exception(), BrokenProcessPool) for one in running if one.done()):
                    break
        lost.extend(running.values())

    def _tell(self, progress: Any) -> None:
        with suppress(queue.Empty):
            while True:
                self._on_progress(*progress.get_nowait())

    def _kept(self, result: VideoResult) -> VideoResult:
        self._store.save(result)
        self._on_result(result)
        return result


def _outcome(future: Future[VideoResult], task: VideoTask) -> VideoResult:
    error = future.exception()
    return future.result() if error is None else _failed(task, f"{type(error).__name__}: {error}")


def _failed(task: VideoTask, reason: str) -> VideoResult:
    mark: dict[str, Any] = {}
    with suppress(OSError):
        mark = fingerprint(task.video.path)
    return VideoResult(task.video.name, task.video.path.name, FAILED, mark, task.options.facts(), reason)


def _same_file(video: Video, result: VideoResult) -> bool:
    try:
        return fingerprint(video.path) == dict(result.fingerprint)
    except OSError:
        return False


def _size_bytes(video: Video) -> int:
    try:
        return video.path.stat().st_size
    except OSError:
        return 0
