"""Job that reads an analysis of the list."""

from __future__ import annotations

from collections.abc import Callable
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
