"""Screen that is shown while an analysis of the list is read, mostly for less than a second."""

from __future__ import annotations

from tkinter import ttk

from realtime.app.jobs.analyse import Analysis
from realtime.app.jobs.job import Failed, Job
from realtime.app.library.analysis_file import RecentAnalysis
from realtime.app.library.reopen_job import ReopenJob
from realtime.app.screens.base import Screen
from realtime.app.screens.host import AppHost


class ReopenScreen(Screen):
    """Reads one analysis, then opens the player.

    Args:
        app: the program.
        entry: which one.
    """

    def __init__(self, app: AppHost, entry: RecentAnalysis) -> None:
        super().__init__(app)
        self.title = entry.source.name
        self._job = ReopenJob(entry, app.config.weights, app.post)

    def build(self, body: ttk.Frame) -> None:
        """Make the widgets."""
        middle = ttk.Frame(body)
        middle.pack(expand=True)
        ttk.Label(middle, text=f"Opening {self.title}…", wraplength=self.theme.wrap(560)).pack(pady=self.theme.px(10))
        self._cancel = self.button(middle, "Cancel   Esc", self.escape)
        self._cancel.pack()
        self._cancel.focus_set()

    def enter(self) -> None:
        """Begin to read."""
        self.app.start(self._job)

    def leave(self) -> None:
        """Give it up."""
        self._job.cancel()

    def escape(self) -> None:
        """Go back to the first screen."""
        self.app.go_home()

    def heard(self, _job: Job, event: object) -> None:
        """Take the analysis."""
        if isinstance(event, Analysis):
            self.app.show_player(event)
        elif isinstance(event, Failed):
            self.app.go_home()
            self.app.tell_problem("This analysis cannot be opened", event.message)
