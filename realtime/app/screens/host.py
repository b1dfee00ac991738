"""Interface of the desktop program for screens and menu, implemented by `realtime.app.window.App`."""

from __future__ import annotations

import tkinter as tk
from pathlib import Path
from typing import Protocol

from realtime.app.jobs.analyse import Analysis
from realtime.app.jobs.job import Job
from realtime.app.jobs.save_kinds import Kind
from realtime.app.views.theme import Palette, Theme
from realtime.capture.open_source import CameraEntry
from realtime.core.config import PipelineConfig
from realtime.core.options import FaceStyle


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

    def post(self, job: Job, event: object) -> None:
        """Take an event of a job; from any thread."""

    def start(self, job: Job) -> None:
        """Start a job of the present screen."""

    def open_video(self, path: Path | None = None) -> None:
        """Analyze a video; ask which if none is given."""

    def choose_camera(self) -> None:
        """Show the cameras."""

    def start_camera(self, camera: CameraEntry) -> None:
        """Show a camera, live."""

    def show_player(self, analysis: Analysis) -> None:
        """Play an analyzed video."""

    def go_home(self, note: str = "") -> None:
        """Show the first screen, with a line of what was done."""

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

    def show_keys(self) -> None:
        """Say what the keys do."""

    def tell_problem(self, title: str, message: str) -> None:
        """Show an error in a dialog, while everything else continues."""

    def tell_note(self, title: str, message: str) -> None:
        """Show a note in a dialog, while everything else continues."""

    def quit(self) -> None:
        """End every job, then the program; the window stays until they have ended."""
