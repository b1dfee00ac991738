"""Queue screen: several videos one after another, what became of each, and the way to its result."""

from __future__ import annotations

import enum
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tkinter import ttk

from realtime.app.jobs.analyse import Progress
from realtime.app.jobs.job import Failed, Job
from realtime.app.library.analysis_file import RecentAnalysis
from realtime.app.library.queue_job import (
    Listed,
    ListJob,
    QueueDone,
    QueueJob,
    VideoDone,
    VideoFailed,
    VideoProgress,
)
from realtime.app.screens.base import Screen
from realtime.app.screens.host import AppHost
from realtime.app.views.table_view import TableView
from realtime.app.views.wording import duration
from realtime.provenance.source_facts import plain_text

_COLUMNS = (("Video", 260), ("State", 110), ("Result", 380))
_ROWS = 6
_STEPS = 1000


class State(enum.Enum):
    """What a video of the queue is at."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"


_TO_DO = (State.WAITING, State.RUNNING)


@dataclass(slots=True)
class Row:
    """One video of the queue.

    Attributes:
        path: the file.
        state: what it is at.
        text: one line on that.
        share: `float`, how much of it is done, 0 to 1.
        entry: its result.
    """

    path: Path
    state: State = State.WAITING
    text: str = ""
    share: float = 0.0
    entry: RecentAnalysis | None = None


class QueueScreen(Screen):
    """Analyzes videos one after another, on after another screen is shown too; each result opens.

    Args:
        app: the program.
        most: how many videos at most: the list of their results has room for so many.

    Attributes:
        rows: its videos.
    """

    title = "Queue"
    lasts = True

    def __init__(self, app: AppHost, most: int) -> None:
        super().__init__(app)
        self.rows: list[Row] = []
        self._most = most
        self._listing = 0
        # The last one takes videos; one before it may still have something to tell.
        self._jobs: list[QueueJob] = []
        self._chosen: int | None = None
        self._shown = False

    @property
    def left(self) -> int:
        """How many videos are waiting or running."""
        return sum(row.state in _TO_DO for row in self.rows)

    @property
    def running(self) -> bool:
        """Whether there is something to do."""
        return bool(self._jobs) or self._listing > 0

    @property
    def done(self) -> int:
        """How many results there are."""
        return sum(row.state is State.DONE for row in self.rows)

    def build(self, body: ttk.Frame) -> None:
        """Make the widgets."""
        px = self.theme.px
        foot = ttk.Frame(body)
        foot.pack(side="bottom", fill="x", pady=(px(10), 0))
        self._open = self.button(foot, "Open the result   Return", self._open_chosen, main=True)
        self._again = self.button(foot, "Go on", self.go_on)
        self._back = self.button(foot, "Cancel   Esc", self.escape)
        home = self.button(foot, "First screen", self.app.go_home)
        self._open.pack(side="left")
        self._again.pack(side="left", padx=px(8))
        self._back.pack(side="right")
        home.pack(side="right", padx=px(8))
        self.say = ttk.Label(body, wraplength=self.theme.wrap(720), text=" ")
        self.say.pack(side="bottom", anchor="w", pady=(px(6), 0))
        self.bar = ttk.Progressbar(body, maximum=_STEPS)
        self.bar.pack(side="bottom", fill="x", pady=(px(10), 0))
        self._detail = ttk.Label(body, style="Dim.TLabel", wraplength=self.theme.wrap(720), text=" ")
        self._detail.pack(side="bottom", anchor="w", pady=(px(6), 0))
        chosen = self._chosen
        self.table = TableView(body, self.theme, _COLUMNS, _ROWS, self._open_row, self._chose)
        self.table.pack(fill="both", expand=True)
        self.table.fill([_texts(row) for row in self.rows])
        if chosen is not None:
            self.table.choose(chosen)
        self.table.tree.focus_set()
        self._shown = True
        self._refresh()

    def leave(self) -> None:
        """Go on while another screen is shown."""
        self._shown = False

    def add(self, inputs: Sequence[Path]) -> None:
        """Add videos, or those of folders and lists."""
        self._listing += 1
        self.app.start(ListJob(inputs, self.app.post), self)
        self._refresh()

    def go_on(self) -> None:
        """Analyze what was canceled."""
        for number, row in enumerate(self.rows):
            if row.state is State.CANCELED:
                self._give(number)
        self._refresh()

    def escape(self) -> None:
        """Cancel what is left; else go back to the first screen."""
        if not self._jobs:
            self.app.go_home()
            return
        for job in self._jobs:
            job.cancel()
        self._jobs.clear()
        for number, row in enumerate(self.rows):
            if row.state in _TO_DO:
                self._set(number, State.CANCELED, "", 0.0)
        self._refresh()

    def heard(self, job: Job, event: object) -> None:
        """Take one event of the queue."""
        if isinstance(job, ListJob):
            self._listing -= 1
            self._listed(event)
        elif isinstance(event, VideoDone):
            self.rows[event.number].entry = event.entry
            self._set(event.number, State.DONE, _done_text(event), 1.0)
        elif not isinstance(job, QueueJob) or job not in self._jobs:  # Canceled meanwhile.
            return
        elif isinstance(event, VideoProgress):
            self._set(event.number, State.RUNNING, _progress_text(event.progress), _share(event.progress))
        elif isinstance(event, VideoFailed):
            folder = f"{self.rows[event.number].path.parent}{os.sep}"
            self._set(event.number, State.FAILED, event.reason.replace(folder, ""), 1.0)
        elif isinstance(event, QueueDone):
            self._jobs.remove(job)
        elif isinstance(event, Failed):
            self._jobs.remove(job)
            self.app.tell_problem("The queue has stopped", event.message)
        self._refresh()

    def _listed(self, event: object) -> None:
        if isinstance(event, Failed):
            self._refuse("No videos to analyze", event.message)
        if not isinstance(event, Listed):
            return
        busy = {row.path for row in self.rows if row.state in _TO_DO}
        paths = [path for path in event.paths if path not in busy]
        count = len(self.rows) + len(paths)
        if count > self._most:
            self._refuse(
                "Too many videos",
                f"a queue has {self._most} videos at most; received {count}: choose fewer, or use the command: python "
                "run_live.py batch --help",
            )
            return
        for path in paths:
            self.rows.append(Row(path))
            self._give(len(self.rows) - 1)

    def _refuse(self, title: str, message: str) -> None:
        if self._shown and not self.rows:
            self.app.go_home()
        self.app.tell_problem(title, message)

    def _give(self, number: int) -> None:
        """Hand a video to the job, to a new one where that has just ended."""
        self._set(number, State.WAITING, "", 0.0)
        path = self.rows[number].path
        if not self._jobs or not self._jobs[-1].add(number, path):
            job = QueueJob(self.app.config, self.app.opening.keep_result, self.app.post)
            job.add(number, path)
            self._jobs.append(job)
            self.app.start(job, self)

    def _set(self, number: int, state: State, text: str, share: float) -> None:
        row = self.rows[number]
        row.state, row.text, row.share = state, text, share
        if self._shown:
            self.table.change(number, _texts(row))

    def _chose(self) -> None:
        self._chosen = self.table.chosen
        self._refresh()

    def _open_chosen(self) -> None:
        if self.table.chosen is not None:
            self._open_row(self.table.chosen)

    def _open_row(self, number: int) -> None:
        entry = self.rows[number].entry
        if entry is not None:
            self.app.opening.reopen(entry)

    def _refresh(self) -> None:
        """Show what stands below the table."""
        if not self._shown:
            return
        rows, number = self.rows, self.table.chosen
        row = rows[number] if number is not None else None
        self._detail.configure(text=_detail(row) if row else " ")
        self._open.state(["!disabled" if row and row.entry else "disabled"])
        canceled = sum(one.state is State.CANCELED for one in rows)
        self._again.state(["!disabled" if canceled else "disabled"])
        self._back.configure(text="Cancel   Esc" if self._jobs else "Back   Esc")
        self.bar.configure(value=_STEPS * sum(one.share for one in rows) / len(rows) if rows else 0)
        failed = sum(one.state is State.FAILED for one in rows)
        parts = [f"{self.done} of {len(rows)} videos done"]
        parts += [f"{failed} failed"] if failed else []
        parts += [f"{canceled} canceled"] if canceled else []
        self.say.configure(text="Looking for videos…" if self._listing else ", ".join(parts))


def _texts(row: Row) -> tuple[str, str, str]:
    return plain_text(row.path.name), row.state.value, row.text


def _detail(row: Row) -> str:
    """Return the whole line on a video, where the table has room for its beginning."""
    name, text = plain_text(row.path.name), row.text or row.state.value
    return text if text.startswith(name) else f"{name}: {text}"


def _done_text(done: VideoDone) -> str:
    people = done.entry.people
    tracks = "no face" if not people else f"{people} track{'s' if people > 1 else ''}"
    incomplete = f"; incomplete: {done.warning}" if done.warning else ""
    return f"{duration(done.entry.seconds)}, {tracks}{incomplete}"


def _share(progress: Progress | None) -> float:
    return (progress.share if progress is not None else None) or 0.0


def _progress_text(progress: Progress | None) -> str:
    if progress is None:
        return "opening"
    if progress.share is None:
        return f"{progress.done} frames; the file does not say how long it is"
    left = "" if progress.left_s is None else f", about {duration(progress.left_s)} left"
    return f"{round(100 * progress.share)} %{left}"
