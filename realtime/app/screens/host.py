"""Interface of the desktop program for screens and menu, implemented by `realtime.app.window.App`."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from realtime.app.jobs.analyse import Analysis
from realtime.app.jobs.job import Job
from realtime.app.jobs.save_kinds import Kind, Saved
from realtime.app.library.analysis_file import RecentAnalysis
from realtime.app.library.recent_analyses import RecentAnalyses
from realtime.app.views.theme import Palette, Theme
from realtime.capture.open_source import CameraEntry
from realtime.core.config import PipelineConfig
from realtime.core.options import FaceStyle


class Listener(Protocol):
    """What hears of a job: a screen."""

    @property
    def lasts(self) -> bool:
        """Whether it hears of it also while another screen is shown."""

    def heard(self, job: Job, event: object) -> None:
        """Take one event of a job."""


class Shown(Protocol):
    """What is shown: a screen."""

    @property
    def body(self) -> tk.Misc:
        """All of its widgets."""


class Opening(Protocol):
    """The ways to what is analyzed, and to what was. Main thread only, but for `keep`."""

    @property
    def recent(self) -> RecentAnalyses:
        """The list of recent analyses."""

    @property
    def keeps_recent(self) -> bool:
        """Whether analyses are put into that list."""

    @property
    def has_queue(self) -> bool:
        """Whether there is a queue to go back to."""

    @property
    def takes_drops(self) -> bool:
        """Whether files can be dropped onto the window."""

    def keep(self, analysis: Analysis) -> Analysis:
        """Put an analysis into the list, and return it marked so; from any thread.

        Where the list is off, it comes back as it is. Raises RecordError: it cannot be kept.
        """

    def keep_result(self, analysis: Analysis) -> RecentAnalysis:
        """Put a result of the queue into the list, else where it ends with the program; from any thread.

        Raises RecordError: it cannot be kept.
        """

    def choose(self) -> None:
        """Ask for videos, and analyze them."""

    def choose_folder(self) -> None:
        """Ask for a folder, and analyze its videos."""

    def paste(self) -> None:
        """Analyze the videos that were copied in a file manager."""

    def open(self, paths: Sequence[Path]) -> None:
        """Analyze one video, or a queue of several or of those of a folder."""

    def reopen(self, entry: RecentAnalysis) -> None:
        """Show an analysis of the list or of the queue."""

    def show_queue(self) -> None:
        """Go back to the queue."""

    def set_keeps_recent(self, keeps: bool) -> None:
        """Put analyses into the list from now on, or no more."""

    def clear_recent(self) -> None:
        """Ask, and empty the list."""


class AppHost(Protocol):
    """The desktop program as its screens and its menu see it. Main thread only, but for `post`."""

    @property
    def root(self) -> tk.Tk:
        """The program's window."""

    @property
    def config(self) -> PipelineConfig:
        """How pictures are analyzed."""

    @property
    def theme(self) -> Theme:
        """Look and magnification."""

    @property
    def face_style(self) -> FaceStyle:
        """How recordings are to show faces."""

    @property
    def opening(self) -> Opening:
        """The ways to what is analyzed, and to what was."""

    @property
    def screen(self) -> Shown:
        """The present screen."""

    def post(self, job: Job, event: object) -> None:
        """Take an event of a job; from any thread."""

    def start(self, job: Job, owner: Listener | None = None) -> None:
        """Start a job of the present screen, or of the one that is given."""

    def open_video(self, path: Path | None = None) -> None:
        """Analyze a video; ask which, or which several, if none is given."""

    def choose_camera(self) -> None:
        """Show the cameras."""

    def start_camera(self, camera: CameraEntry) -> None:
        """Show a camera, live."""

    def show_player(self, analysis: Analysis) -> None:
        """Play an analyzed video."""

    def go_home(self, note: str = "", saved: Sequence[Saved] = ()) -> None:
        """Show the first screen, with a line of what was done, and the files that were saved."""

    def save(self, kind: Kind) -> None:
        """Save something of the present screen."""

    def escape(self) -> None:
        """Do what the Escape key means on the present screen."""

    def pressed(self, key: str) -> bool:
        """Give the present screen a key ("space", "Left", "Shift-Left"); return whether it meant something there."""

    def key_name(self, letter: str) -> str:
        """Return how a key of the program is written: "Ctrl+O", on a Mac "⌘O"."""

    def zoom_by(self, steps: int) -> None:
        """Enlarge by some steps, reduce by negative ones; 0 goes back to the first magnification."""

    def set_look(self, palette: Palette) -> None:
        """Change the colors."""

    def toggle_look(self) -> None:
        """Change from dark to light or back."""

    def show_help(self, page: str) -> None:
        """Show a page of the help."""

    def tell_problem(self, title: str, message: str) -> None:
        """Show an error in a dialog, while everything else continues."""

    def tell_note(self, title: str, message: str) -> None:
        """Show a note in a dialog, while everything else continues."""

    def quit(self) -> None:
        """End every job, then the program; the window stays until they have ended."""
