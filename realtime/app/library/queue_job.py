"""Jobs of the queue: one finds the videos of what was chosen, one analyzes them one after another."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from realtime.app.jobs.analyse import Analysis, AnalysisJob, Progress
from realtime.app.jobs.job import CancelledError, Job
from realtime.app.library.analysis_file import RecentAnalysis
from realtime.batch.video_list import find_videos
from realtime.core.config import PipelineConfig
from realtime.core.errors import ConfigError, EmotionLiveError


@dataclass(frozen=True, slots=True)
class Listed:
    """The videos of what was chosen, in order."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class VideoProgress:
    """How far a video of the queue is.

    Attributes:
        number: `int`, of the video.
        progress: how far; `None` where it has just begun.
    """

    number: int
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class VideoDone:
    """A video of the queue is analyzed, and kept.

    Attributes:
        number: `int`, of the video.
        entry: the result, as its list has it.
        warning: `str`, why it is not whole, "" if it is.
    """

    number: int
    entry: RecentAnalysis
    warning: str


@dataclass(frozen=True, slots=True)
class VideoFailed:
    """A video of the queue cannot be analyzed.

    Attributes:
        number: `int`, of the video.
        reason: `str`, one line.
    """

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class QueueDone:
    """There is nothing left to do."""


class ListJob(Job):
    """Finds videos; posts `Listed`. On its own thread: a folder may be a large one, or on another machine.

    Args:
        inputs: videos, folders and lists.
        post: receives the events.
    """

    def __init__(self, inputs: Sequence[Path], post: Callable[[Job, object], None]) -> None:
        super().__init__("listing", post)
        self._inputs = inputs

    def work(self) -> None:
        """Look. Raises ConfigError: nothing was found."""
        try:
            videos = find_videos(self._inputs)
        except ConfigError as error:
            # The option is the command's; here other files are chosen.
            raise ConfigError(str(error).replace("see --pattern", "choose others")) from error
        self.post(Listed(tuple(video.path for video in videos)))


class QueueJob(Job):
    """Analyzes videos one after another, and keeps each result; posts what happens to each, and `QueueDone`.

    Args:
        config: how.
        keep: takes a finished analysis to where it outlasts this job; called on the job's thread.
        post: receives the events.
    """

    def __init__(
        self, config: PipelineConfig, keep: Callable[[Analysis], RecentAnalysis], post: Callable[[Job, object], None]
    ) -> None:
        super().__init__("queue", post)
        self._config, self._keep = config, keep
        self._lock = threading.Lock()
        self._waiting: deque[tuple[int, Path]] = deque()
        self._ended = False
        self._running: AnalysisJob | None = None

    def add(self, number: int, path: Path) -> bool:
        """Take one more video; return whether it will be analyzed: the job may have ended just now."""
        with self._lock:
            if not self._ended:
                self._waiting.append((number, path))
            return not self._ended

    def cancel(self) -> None:
        """End soon, in the middle of a video too."""
        super().cancel()
        with self._lock:
            running = self._running
        if running is not None:
            running.cancel()

    def work(self) -> None:
        """Analyze all. Raises CancelledError."""
        while (following := self._next()) is not None:
            number, path = following
            try:
                self._analyze(number, path)
            except EmotionLiveError as error:
                self.check_cancelled()
                self.post(VideoFailed(number, str(error)))
            except CancelledError:
                raise
            except Exception as error:  # One video must not take the others with it.
                self.check_cancelled()
                reason = f"{type(error).__name__}: {error}".splitlines()[0]
                self.post(VideoFailed(number, f"something unforeseen went wrong ({reason})"))
        self.post(QueueDone())

    def _next(self) -> tuple[int, Path] | None:
        self.check_cancelled()
        with self._lock:
            self._ended = not self._waiting
            return self._waiting.popleft() if self._waiting else None

    def _analyze(self, number: int, path: Path) -> None:
        found: list[Analysis] = []

        def take(_job: Job, event: object) -> None:
            if isinstance(event, Progress):
                self.post(VideoProgress(number, event))
            elif isinstance(event, Analysis):
                found.append(event)

        job = AnalysisJob(str(path), self._config, take)
        with self._lock:
            self._running = job
        self.check_cancelled()
        self.post(VideoProgress(number))
        # Its work alone, on this thread: one video at a time.
        job.work()
        (analysis,) = found
        self.post(VideoDone(number, self._keep(analysis), analysis.warning))
