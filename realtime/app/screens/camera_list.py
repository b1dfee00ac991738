"""Screen to choose one of the machine's cameras."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from tkinter import ttk

from realtime.app.jobs.job import Failed, Job
from realtime.app.screens.base import Screen
from realtime.app.screens.host import AppHost
from realtime.app.views.theme import NORMAL
from realtime.capture.open_source import CameraEntry, list_cameras
from realtime.core.errors import SourceOpenError

_ROWS = 6


@dataclass(frozen=True, slots=True)
class Found:
    """The cameras there are."""

    cameras: tuple[CameraEntry, ...]


class CameraSearch(Job):
    """Looks for cameras, which takes seconds on some systems; posts `Found`."""

    def __init__(self, post: Callable[[Job, object], None]) -> None:
        super().__init__("cameras", post)

    def work(self) -> None:
        """Look. Raises SourceOpenError."""
        try:
            self.post(Found(tuple(list_cameras())))
        except OSError as error:
            raise SourceOpenError(f"cameras cannot be listed: {error}; check the rights on /dev/video*") from error


class CameraListScreen(Screen):
    """Lists cameras; Return or a double click starts one."""

    title = "Cameras"

    def __init__(self, app: AppHost) -> None:
        super().__init__(app)
        self._cameras: tuple[CameraEntry, ...] | None = None

    def build(self, body: ttk.Frame) -> None:
        """Make the widgets."""
        px, look = self.theme.px, self.theme.palette
        ttk.Label(body, text="Choose a camera", style="Large.TLabel").pack(anchor="w", pady=(0, px(8)))
        foot = ttk.Frame(body)
        foot.pack(side="bottom", fill="x", pady=(px(12), 0))
        self._say = ttk.Label(body, style="Dim.TLabel", wraplength=self.theme.wrap(520), text="Looking for cameras…")
        self._say.pack(side="bottom", anchor="w", pady=(px(8), 0))
        self.list = tk.Listbox(
            body,
            height=_ROWS,
            font=NORMAL,
            background=look.raised,
            foreground=look.ink,
            selectbackground=look.accent,
            selectforeground=look.ground,
            highlightthickness=px(2),
            highlightcolor=look.accent,
            highlightbackground=look.line,
            borderwidth=0,
            activestyle="none",
            exportselection=False,
        )
        self.list.pack(fill="both", expand=True)
        self._start = self.button(foot, "Start   Return", self._begin, main=True)
        self._again = self.button(foot, "Look again   F5", self._search)
        back = self.button(foot, "Back   Esc", self.escape)
        self._start.pack(side="left")
        self._again.pack(side="left", padx=px(8))
        back.pack(side="right")
        self.list.bind("<Double-Button-1>", lambda _: self._begin())
        self.list.bind("<Return>", lambda _: self._begin())
        self.list.focus_set()
        self._fill()

    def enter(self) -> None:
        """Look for cameras."""
        self._search()

    def escape(self) -> None:
        """Go back to the first screen."""
        self.app.go_home()

    def pressed(self, key: str) -> bool:
        """Take F5."""
        if key == "F5":
            self._search()
        return key == "F5"

    def heard(self, _job: Job, event: object) -> None:
        """Take what was found."""
        if isinstance(event, Found):
            self._cameras = event.cameras
            self._fill()
        elif isinstance(event, Failed):
            self._cameras = ()
            self._fill()
            self.app.tell_problem("Cameras", event.message)

    def _search(self) -> None:
        self._cameras = None
        self._fill()
        self.app.start(CameraSearch(self.app.post))

    def _fill(self) -> None:
        self.list.delete(0, "end")
        cameras = self._cameras
        for camera in cameras or ():
            self.list.insert("end", f"  {camera.number}   {camera.name}")
        self._start.state(["!disabled" if cameras else "disabled"])
        if cameras is None:
            self._say.configure(text="Looking for cameras…")
        elif not cameras:
            self._say.configure(text="No camera was found. Plug one in and look again, or open a video instead.")
        else:
            self._say.configure(text="Its light goes on when you start. Pictures stay on this machine.")
            self.list.selection_set(0)
            self.list.activate(0)

    def _begin(self) -> None:
        chosen = self.list.curselection()  # type: ignore[no-untyped-call]
        if self._cameras and chosen:
            self.app.start_camera(self._cameras[int(chosen[0])])
