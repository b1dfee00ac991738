"""Live screen of one camera: picture, emotions of each face, files that are written while it runs."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from tkinter import ttk

from realtime.app.jobs.analyse import Opened
from realtime.app.jobs.camera import CameraJob, CameraView, NotWritten, Stopped, Writing
from realtime.app.jobs.job import Failed, Job
from realtime.app.jobs.save_kinds import Kind, Saved
from realtime.app.screens.base import Screen
from realtime.app.screens.host import AppHost
from realtime.app.views import dialogs
from realtime.app.views.access_keys import underline_buttons
from realtime.app.views.flow_row import FlowRow
from realtime.app.views.widgets import Bars, PictureView, largest_face
from realtime.capture.open_source import CameraEntry
from realtime.timeline.time_format import format_clock

_CALIBRATE_S = 5.0


class CameraScreen(Screen):
    """Runs one camera until it is stopped.

    Args:
        app: the program.
        camera: which.
    """

    def __init__(self, app: AppHost, camera: CameraEntry) -> None:
        super().__init__(app)
        self.title = camera.name
        self.job = CameraJob(str(camera.number), app.config, app.post)
        self._view: CameraView | None = None
        self._writing: dict[Kind, Path] = {}
        self._text = "Opening the camera…"
        self._stopping = False
        self._saved: list[Saved] = []

    def build(self, body: ttk.Frame) -> None:
        """Make the widgets."""
        px = self.theme.px
        below = ttk.Frame(body)
        side = ttk.Frame(body)
        below.pack(side="bottom", fill="x", pady=(px(8), 0))
        side.pack(side="right", fill="y", padx=(px(12), 0))
        self._picture = PictureView(body, self.theme, self._room)
        self._picture.pack(side="left", fill="both", expand=True)
        self._build_below(below)
        self.bars = Bars(side, self.theme)
        self.bars.pack(anchor="w")
        if self._view is None:
            self._picture.say("Getting ready: the models are being read…")
        self._set_save_buttons()
        self._stop.focus_set()

    def _build_below(self, below: ttk.Frame) -> None:
        px = self.theme.px
        row = FlowRow(below, self.theme)
        row.pack(fill="x")
        self._stop = self.button(row, "Stop", self.escape, main=True)
        row.add(self._stop)
        row.add(ttk.Label(row, text="Save from now on", style="Dim.TLabel"), 16)
        self._save_buttons = {kind: self.button(row, "", partial(self.save, kind)) for kind in Kind}
        for widget in self._save_buttons.values():
            # As wide with the longer text: nothing jumps when writing begins.
            widget.configure(width=len("Stop the recording"))
            row.add(widget, 6)
        self._neutral = self.button(row, "Neutral face", self.calibrate)
        row.add(self._neutral, 16)
        row.add(self.button(row, "Exit", self.app.quit), 5, right=True)
        line = ttk.Frame(below)
        line.pack(fill="x", pady=(px(6), 0))
        self._facts = ttk.Label(line, style="Dim.TLabel", text=" ")
        self._facts.pack(side="right")
        self._say = ttk.Label(line, text=self._text, wraplength=self.theme.wrap(560))
        self._say.pack(side="left")

    def enter(self) -> None:
        """Open the camera."""
        self.app.start(self.job)

    def leave(self) -> None:
        """Close the camera; what is being written is finished."""
        self.job.cancel()

    def escape(self) -> None:
        """Stop; the first screen comes when every file is finished."""
        if not self._stopping:
            self._stopping = True
            self._stop.state(["disabled"])
            self._tell("Stopping; what was recorded is being finished…" if self._writing else "Stopping…")
            self.job.cancel()

    def save(self, kind: Kind) -> None:
        """Begin to write a file, or finish it."""
        if self._view is None or self._stopping:
            return
        if kind in self._writing:
            self.job.end(kind)
            return
        name = time.strftime(f"camera-%Y%m%d-%H%M%S{kind.suffixes[0]}")
        path = dialogs.ask_target(self.app.root, kind, Path.cwd() / name)
        if path is not None:
            self.job.begin(kind, path, self.app.face_style)

    def calibrate(self) -> None:
        """Take the faces of the next seconds as neutral: what they show then reads neutral from there on."""
        if self._view is not None and not self._stopping:
            self.job.calibrate(_CALIBRATE_S)

    def pressed(self, key: str) -> bool:
        """Take the key N."""
        if key != "n":
            return False
        self.calibrate()
        return True

    def tick(self) -> None:
        """Show the newest picture."""
        view = self.job.views.take()
        if view is None:
            return
        first, self._view = self._view is None, view
        self._picture.show(view.picture, view.size_wh)
        title = "person {}".format if len(view.faces) > 1 else None
        self._picture.mark(view.faces, view.emotions, view.scale, title=title)
        row = largest_face(view.faces)
        if row is not None:
            self.bars.show(view.emotions, row)
        else:
            self.bars.clear("no face in view")
        facts = f"{format_clock(view.media_time_s)} · {view.fps:.0f} frames per second · {view.latency_ms:.0f} ms"
        self._facts.configure(text=f"{view.note.capitalize()} · {facts}" if view.note else facts)
        if first:
            self._tell("")
            self._set_save_buttons()

    def heard(self, _job: Job, event: object) -> None:
        """Take one event of the camera."""
        if isinstance(event, Opened):
            self._tell("Waiting for the first picture…")
        elif isinstance(event, Writing):
            self._writing[event.kind] = event.path
            self._tell_writing()
        elif isinstance(event, Saved):
            self._writing.pop(event.kind, None)
            self._saved.append(event)
            self._tell_writing()
        elif isinstance(event, NotWritten):
            self._writing.pop(event.kind, None)
            self.app.tell_problem(f"The {event.kind.value} cannot be written", event.message)
        elif isinstance(event, Stopped):
            self.app.go_home("\n".join(map(_saved_text, self._saved)), self._saved)
            return
        elif isinstance(event, Failed):
            self.app.go_home("\n".join(map(_saved_text, self._saved)), self._saved)
            self.app.tell_problem("The camera cannot be used", event.message)
            return
        self._set_save_buttons()

    def _tell_writing(self) -> None:
        if self._stopping:
            return
        names = ", ".join(path.name for path in self._writing.values())
        self._tell(f"Writing {names}" if names else _saved_text(self._saved[-1]) if self._saved else "")

    def _tell(self, text: str) -> None:
        self._text = text
        self._say.configure(text=text)

    def _set_save_buttons(self) -> None:
        for kind, widget in self._save_buttons.items():
            name = f"Stop the {kind.value}" if kind in self._writing else f"{kind.value.capitalize()}…"
            widget.configure(text=name)
            widget.state(["disabled" if self._view is None else "!disabled"])
        self._neutral.state(["disabled" if self._view is None else "!disabled"])
        underline_buttons(self.body)

    def _room(self, room_wh: tuple[int, int]) -> None:
        self.job.view_wh = room_wh


def _saved_text(saved: Saved) -> str:
    return " ".join([f"The {saved.kind.value} is saved: {saved.path}", *saved.notes])
