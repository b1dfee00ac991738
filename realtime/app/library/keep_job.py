"""Job that puts a changed analysis into the list of recent ones."""

from __future__ import annotations

from collections.abc import Callable

from realtime.app.jobs.analyse import Analysis
from realtime.app.jobs.job import Job


class KeepJob(Job):
    """Keeps an analysis; posts `Failed` where that goes wrong, else nothing.

    Args:
        analysis: what is kept.
        keep: takes it; called on the job's thread.
        post: receives the events.
    """

    def __init__(
        self, analysis: Analysis, keep: Callable[[Analysis], object], post: Callable[[Job, object], None]
    ) -> None:
        super().__init__("keeping", post)
        self._analysis, self._keep = analysis, keep

    def work(self) -> None:
        """Keep it. Raises RecordError."""
        self._keep(self._analysis)
