"""Jobs of the list: one reads an analysis, one looks which videos are still there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from realtime.app.jobs.job import Job
from realtime.app.library.analysis_file import RecentAnalysis, read_analysis


class ReopenJob(Job):
    """Reads one analysis; posts it.

    Args:
        entry: which one.
        weights: folder of the models.
        post: receives the `Analysis`, or `Failed`.
    """

    def __init__(self, entry: RecentAnalysis, weights: Path, post: Callable[[Job, object], None]) -> None:
        super().__init__("reopen", post)
        self._entry, self._weights = entry, weights

    def work(self) -> None:
        """Read it. Raises CancelledError, SourceReadError."""
        analysis = read_analysis(self._entry, self._weights)
        self.check_cancelled()
        self.post(analysis)


@dataclass(frozen=True, slots=True)
class Missing:
    """A video of the list is not where it was.

    Attributes:
        number: `int`, its place in the list.
    """

    number: int


class MissingJob(Job):
    """Looks which videos of the list are still there; posts `Missing`. A drive of another machine may let it wait.

    Args:
        entries: the list.
        post: receives the events.
    """

    def __init__(self, entries: Sequence[RecentAnalysis], post: Callable[[Job, object], None]) -> None:
        super().__init__("looking", post)
        self._entries = tuple(entries)

    def work(self) -> None:
        """Look. Raises CancelledError."""
        for number, entry in enumerate(self._entries):
            self.check_cancelled()
            if entry.missing:
                self.post(Missing(number))
