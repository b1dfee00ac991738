"""Start screen: choose videos or a camera, or go back to a recent analysis."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tkinter import ttk
from typing import Literal

from realtime.app.jobs.job import Failed, Job
from realtime.app.jobs.save_kinds import Saved
from realtime.app.library.analysis_file import RecentAnalysis
from realtime.app.library.file_manager import OpenFileJob
from realtime.app.library.reopen_job import Missing, MissingJob
from realtime.app.screens.base import Screen
from realtime.app.screens.host import AppHost
from realtime.app.screens.recent_list import RecentList
from realtime.app.views.theme import SMALL, usable_wh

_PRIVACY = "Pictures stay on this machine: nothing is sent, and nothing is kept unless you save it."
_PRIVACY_WITH_LIST = (
    "Pictures stay on this machine: nothing is sent, and no picture is kept unless you save it. The numbers of recent "
    "analyses stay in a list, for you alone, until you clear it (menu File)."
)

_BESIDE_PX = 860


class StartScreen(Screen):
    """Offers the ways in.

    Args:
        app: the program.
        note: what was done before, "" for nothing.
        saved: files that were saved then.
    """

    title = "emotion-live"

    def __init__(self, app: AppHost, note: str = "", saved: Sequence[Saved] = ()) -> None:
        super().__init__(app)
        self._note, self._saved = note, saved
        self._looking: MissingJob | None = None
        self._entries: list[RecentAnalysis] = []

    def build(self, body: ttk.Frame) -> None:
        """Make the widgets."""
        px, opening = self.theme.px, self.app.opening
        ttk.Label(
            body,
            text=_PRIVACY_WITH_LIST if opening.keeps_recent else _PRIVACY,
            style="Small.TLabel",
            font=SMALL,
            wraplength=self.theme.wrap(720),
            justify="center",
        ).pack(side="bottom", pady=px(8))
        self._build_note(body)
        ways = ttk.Frame(body)
        self.recent: RecentList | None = None
        entries = opening.recent.entries()
        if entries:
            self.recent = RecentList(body, self.app, entries)
            # Below each other where the screen is too narrow.
            side: Literal["left", "top"] = "left" if px(_BESIDE_PX) <= usable_wh(self.app.root)[0] else "top"
            ways.pack(side=side, padx=(px(8), px(28)))
            self.recent.pack(side=side, fill="both", expand=True, pady=px(8))
        else:
            ways.pack(expand=True)
        self._build_ways(ways)
        self._look(entries)

    def _build_ways(self, ways: ttk.Frame) -> None:
        px, app, opening = self.theme.px, self.app, self.app.opening
        ttk.Label(ways, text="emotion-live", style="Title.TLabel").pack()
        ttk.Label(
            ways,
            text="Shows what a face shows: happiness, sadness, fear, anger, neutral or surprise, and how sure it is.",
            style="Dim.TLabel",
            wraplength=self.theme.wrap(300 if self.recent else 440),
            justify="center",
        ).pack(pady=(px(6), px(18)))
        buttons = ttk.Frame(ways)
        buttons.pack()
        video = self.button(buttons, f"Open videos…   {app.key_name('O')}", opening.choose, main=True)
        widgets = [
            video,
            self.button(buttons, f"Open a folder…   {app.key_name('F')}", opening.choose_folder),
            self.button(buttons, f"Use a camera…   {app.key_name('K')}", app.choose_camera),
            *([self.button(buttons, "Show the queue", opening.show_queue)] if opening.has_queue else []),
            self.button(buttons, f"Exit   {app.key_name('Q')}", app.quit),
        ]
        for widget in widgets:
            widget.pack(fill="x", pady=px(4), ipady=px(4))
        video.focus_set()
        also = f"Or {'drop files here, or ' if opening.takes_drops else ''}paste copied files: {app.key_name('V')}"
        ttk.Label(ways, text=also, style="Dim.TLabel").pack(pady=(px(8), 0))

    def _build_note(self, body: ttk.Frame) -> None:
        """Make the lines on what was done before, and the ways to what was saved then."""
        px = self.theme.px
        if self._saved:
            row = ttk.Frame(body)
            row.pack(side="bottom", pady=(px(4), 0))
            for file in self._saved:
                text = f"Open the {file.kind.value}"
                self.button(row, text, partial(self._open, file.path, in_folder=False)).pack(side="left", padx=px(2))
            show = partial(self._open, self._saved[0].path, in_folder=True)
            self.button(row, "Show in folder", show).pack(side="left", padx=px(2))
        if self._note:
            note = ttk.Label(body, text=self._note, wraplength=self.theme.wrap(720), justify="center")
            note.pack(side="bottom", pady=(px(10), 0))

    def leave(self) -> None:
        """Look no more for videos."""
        if self._looking is not None:
            self._looking.cancel()

    def heard(self, job: Job, event: object) -> None:
        """Take which videos are missing, and what became of a file that was to be opened."""
        if isinstance(event, Missing) and job is self._looking and self.recent is not None:
            self.recent.mark_missing(self._entries[event.number])
        elif isinstance(event, Failed):
            self.app.tell_problem("The file cannot be opened", event.message)

    def _look(self, entries: list[RecentAnalysis]) -> None:
        """Look which of the list's videos are there; again whenever the list is built anew."""
        self.leave()
        self._entries, self._looking = entries, None
        if entries:
            self._looking = MissingJob(entries, self.app.post)
            self.app.start(self._looking, self)

    def _open(self, path: Path, *, in_folder: bool) -> None:
        self.app.start(OpenFileJob(path, self.app.post, in_folder=in_folder))
