"""Hands the videos of a batch to workers, and goes on where an earlier run stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from realtime.batch.batch_options import BatchOptions, differing, fingerprint
from realtime.batch.pieces.piece_book import PieceBook, Task, forget_pieces
from realtime.batch.pieces.piece_plan import planned
from realtime.batch.pieces.piece_task import PieceResult, PieceTask
from realtime.batch.result_store import DONE, FAILED, ResultStore, VideoResult
from realtime.batch.video_list import Video
from realtime.batch.video_worker import VideoTask, analyze
from realtime.batch.workers.worker_pool import Outcome, WorkerPool
from realtime.core.errors import ConfigError


class BatchRunner:
    """Analyzes videos, several at once.

    Args:
        store: keeps results; entered.
        options: what to do with each video.
        pool: runs the tasks.
        on_result: is told every result as it comes.
        on_progress: is told `(number of the video, share done)` after each piece of one.
        analyze: what a worker does with a task; a function of a module.
    """

    def __init__(
        self,
        store: ResultStore,
        options: BatchOptions,
        pool: WorkerPool,
        on_result: Callable[[VideoResult], None] = lambda _: None,
        on_progress: Callable[[int, float], None] = lambda _number, _share: None,
        analyze: Callable[[Task], Any] = analyze,
    ) -> None:
        self._store, self._options, self._pool = store, options, pool
        self._on_result, self._on_progress, self._analyze = on_result, on_progress, analyze
        self._stopped = False
        self._done: set[str] = set()

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
            ConfigError: there are no workers, or none that can do the work.
            RecordError: a result cannot be kept.
        """
        if not videos:
            return
        # The largest first: at the end no core waits for a long one.
        order = sorted(range(len(videos)), key=lambda number: -_size_bytes(videos[number]))
        # Workers may have another folder as their own.
        working, out = self._store.working.absolute(), self._store.out.absolute()
        pipeline = replace(self._options.pipeline, weights=self._options.pipeline.weights.absolute())
        options = replace(self._options, pipeline=pipeline)
        whole = [VideoTask(number, videos[number], options, working, out) for number in order]
        with self._pool as pool:
            book = PieceBook(planned(videos, pool.jobs, options))
            tasks = book.tasks(whole)
            for outcome in pool.run(self._analyze, tasks, lambda: self._stopped):
                yield from self._taken(outcome, book, tasks)

    def _taken(self, outcome: Outcome, book: PieceBook, tasks: list[Task]) -> Iterator[VideoResult]:
        """Take what became of a task: yield the result of a video, or see what is to be done after a piece."""
        task, name = outcome.task, outcome.task.video.name
        if isinstance(task, PieceTask):
            book.take(task, outcome.result or PieceResult(outcome.reason), tasks)
            self._on_progress(task.number, book.share_done(name))
            if name in self._done:  # It was taken in one, and ended before this piece of it did.
                forget_pieces(self._store.out, name)
            return
        result = outcome.result or _failed(task, outcome.reason)
        yield self._kept(replace(result, memory_mb=max(result.memory_mb, book.memory_mb(name))))
        if result.status == DONE:
            self._done.add(name)
            forget_pieces(self._store.out, name)

    def _kept(self, result: VideoResult) -> VideoResult:
        self._store.save(result)
        self._on_result(result)
        return result


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
