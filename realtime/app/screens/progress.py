"""Progress screen of an analysis: share done, remaining time, current picture."""

from __future__ import annotations

import time
from pathlib import Path
from tkinter import ttk

from realtime.app.jobs.analyse import Analysis, AnalysisJob, Opened, Progress, Smoothing
from realtime.app.jobs.job import Failed, Job
from realtime.app.screens.base import Screen
from realtime.app.screens.host import AppHost
from realtime.app.views import questions
from realtime.app.views.widgets import PictureView
from realtime.app.views.wording import duration

_STEPS = 1000


class ProgressScreen(Screen):
    """Analyzes one file, then opens the player.

    Args:
        app: the program.
        path: the file.
    """

    def __init__(self, app: AppHost, path: Path) -> None:
        super().__init__(app)
        self.title = f"{path.name}: analyzing"
        self._path = path
        self._job = AnalysisJob(str(path), app.config, app.post, app.opening.keep)
        self._facts = ""
        self._progress: Progress | None = None
        self._smoothing = False
        self._began_s = time.monotonic()

    def build(self, body: ttk.Frame) -> None:
        """Make the widgets."""
        px = self.theme.px
        # From below: what is packed last is what gives way in a small window.
        foot = ttk.Frame(body)
        foot.pack(side="bottom", fill="x", pady=(px(10), 0))
        self._cancel = self.button(foot, "Cancel   Esc", self.escape)
        self._cancel.pack(side="right", padx=(px(12), 0))
        self._text = ttk.Label(foot, text="Opening the video…", wraplength=self.theme.wrap(560))
        self._text.pack(side="left", fill="x", expand=True)
        self.bar = ttk.Progressbar(body, maximum=_STEPS, mode="indeterminate")
        self.bar.pack(side="bottom", fill="x", pady=(px(10), 0))
        head = ttk.Frame(body)
        head.pack(side="top", fill="x", pady=(0, px(8)))
        ttk.Label(
            head, text=f"Analyzing {self._path.name}", style="Large.TLabel", wraplength=self.theme.wrap(600)
        ).pack(anchor="w")
        self._about = ttk.Label(head, text=self._facts or " ", style="Dim.TLabel")
        self._about.pack(anchor="w")
        self._picture = PictureView(body, self.theme, self._room)
        self._picture.pack(fill="both", expand=True)
        self._picture.say("Getting ready: the models are being read…")
        self._cancel.focus_set()
        self._show_progress()

    def enter(self) -> None:
        """Begin to analyze."""
        self.app.start(self._job)

    def leave(self) -> None:
        """Stop analyzing."""
        self._job.cancel()

    def escape(self) -> None:
        """Go back to the first screen."""
        self.app.go_home()

    def tick(self) -> None:
        """Show the newest picture; where the length is unknown, move the bar."""
        picture = self._job.preview.take()
        if picture is not None:
            self._picture.show(picture)
        if str(self.bar.cget("mode")) == "indeterminate":
            self.bar.configure(value=(time.monotonic() - self._began_s) * _STEPS / 3 % (2 * _STEPS))

    def may_leave(self) -> bool:
        """Ask before what was analyzed so far is given up for something else."""
        return not self._job.alive or questions.ask_to_stop_analysis(self.app.root, self._path.name)

    def heard(self, _job: Job, event: object) -> None:
        """Take one event of the analysis."""
        if isinstance(event, Opened):
            width, height = event.info.size_wh
            rate = f", {event.info.fps:.3g} frames per second" if event.info.fps else ""
            length = f", {duration(event.length_s)}" if event.length_s else ""
            self._facts = f"{width} x {height} pixels{rate}{length}"
            self._about.configure(text=self._facts)
        elif isinstance(event, Progress):
            self._progress = event
            self._show_progress()
        elif isinstance(event, Smoothing):
            self._smoothing = True
            self._show_progress()
        elif isinstance(event, Analysis):
            self.app.show_player(event)
        elif isinstance(event, Failed):
            self.app.go_home()
            self.app.tell_problem("This video cannot be analyzed", event.message)

    def _room(self, room_wh: tuple[int, int]) -> None:
        self._job.view_wh = room_wh

    def _show_progress(self) -> None:
        progress = self._progress
        if progress is None:
            return
        speed = progress.done / progress.elapsed_s if progress.elapsed_s > 0 else 0.0
        parts = [f"{progress.done} frames, {speed:.0f} per second"]
        if progress.share is None:
            parts.append(f"{duration(progress.elapsed_s)} so far; the file does not say how long it is")
        else:
            share = 1.0 if self._smoothing else progress.share
            self.bar.configure(mode="determinate", value=share * _STEPS)
            parts.insert(0, f"{round(100 * share)} %")
            if progress.left_s is not None and not self._smoothing:
                parts.append(f"about {duration(progress.left_s)} left")
        if self._smoothing:
            parts.append("labels are being made")
        self._text.configure(text=" · ".join(parts))
