"""Row of widgets for saving one file: progress, cancel, result."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tkinter import ttk

from realtime.app.jobs.analyse import Analysis, Progress
from realtime.app.jobs.job import Cancelled, Failed, Job
from realtime.app.jobs.save import SaveJob
from realtime.app.jobs.save_kinds import Kind, Saved
from realtime.app.library.file_manager import OpenFileJob
from realtime.app.screens.host import AppHost
from realtime.app.views.wording import duration

_STEPS = 1000


class SaveRow:
    """Saves one file at a time.

    Args:
        app: the program.
        analysis: what to save.
        on_change: called when saving begins or ends.
    """

    def __init__(self, app: AppHost, analysis: Analysis, on_change: Callable[[], None]) -> None:
        self._app, self._analysis, self._on_change = app, analysis, on_change
        self._job: SaveJob | None = None
        self._text = ""
        self._share = 0.0
        self._path: Path | None = None

    @property
    def saved(self) -> bool:
        """Whether a file was saved."""
        return self._path is not None

    @property
    def busy(self) -> bool:
        """Whether a file is being saved."""
        return self._job is not None

    def build(self, parent: ttk.Frame) -> None:
        """Make the widgets below all others in `parent`."""
        px = self._app.theme.px
        row = ttk.Frame(parent)
        row.pack(fill="x", pady=(px(4), 0))
        self._cancel = ttk.Button(row, text="Cancel   Esc", command=self.cancel)
        self._open = ttk.Button(row, text="Open", command=partial(self._open_file, in_folder=False))
        self._show = ttk.Button(row, text="Show in folder", command=partial(self._open_file, in_folder=True))
        self._label = ttk.Label(row, wraplength=self._app.theme.wrap(560))
        self.bar = ttk.Progressbar(row, maximum=_STEPS, length=px(160))
        # Keeps the room of the button: nothing jumps when saving begins.
        ttk.Frame(row, height=self._cancel.winfo_reqheight()).pack(side="left")
        self._label.pack(side="left", fill="x", expand=True)
        self._refresh()

    def use(self, analysis: Analysis) -> None:
        """Save this from now on."""
        self._analysis = analysis

    def begin(self, kind: Kind, path: Path) -> None:
        """Start to save."""
        self._job = SaveJob(self._analysis, kind, path, self._app.face_style, self._app.post)
        self._text, self._share = f"Saving the {kind.value} {path.name}…", 0.0
        self._app.start(self._job)
        self._refresh()
        self._on_change()

    def hint(self, text: str) -> None:
        """Show a temporary text in place of the progress; "" shows the progress again."""
        self._label.configure(text=text or self._text)

    def cancel(self) -> None:
        """Ask what is being saved to end; what it wrote goes away."""
        if self._job is not None:
            self._job.cancel()

    def heard(self, of: Job, event: object) -> None:
        """Take one event of the job, or of one that opens a saved file."""
        job = self._job
        if isinstance(of, OpenFileJob) and isinstance(event, Failed):
            self._app.tell_problem("The file cannot be opened", event.message)
        if job is None or of is not job:
            return
        if isinstance(event, Progress):
            left = "" if event.left_s is None else f", about {duration(event.left_s)} left"
            self._share = event.share or 0.0
            self._text = f"Saving the {job.kind.value} {job.path.name}: {round(100 * self._share)} %{left}"
            self._refresh()
            return
        self._job = None
        self._text = ""
        if isinstance(event, Saved):
            self._text = f"The {event.kind.value} is saved: {event.path}"
            self._path = event.path
        elif isinstance(event, Cancelled):
            self._text = f"The {job.kind.value} was not saved."
        self._refresh()
        self._on_change()
        if isinstance(event, Saved) and event.notes:
            self._app.tell_note("Saved", "\n".join(event.notes))
        if isinstance(event, Failed):
            self._app.tell_problem(f"The {job.kind.value} was not saved", event.message)

    def _refresh(self) -> None:
        self._label.configure(text=self._text)
        self.bar.configure(value=self._share * _STEPS)
        if self.busy:
            self._open.pack_forget()
            self._show.pack_forget()
            self._cancel.pack(side="right", before=self._label)
            self.bar.pack(side="right", padx=self._app.theme.px(10), before=self._label)
        else:
            self._cancel.pack_forget()
            self.bar.pack_forget()
            if self.saved:
                self._show.pack(side="right", before=self._label)
                self._open.pack(side="right", padx=self._app.theme.px(4), before=self._label)

    def _open_file(self, *, in_folder: bool) -> None:
        if self._path is not None:
            self._app.start(OpenFileJob(self._path, self._app.post, in_folder=in_folder))
