"""Base class of the screens: life cycle, events, keys."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from realtime.app.jobs.job import Job
from realtime.app.jobs.save_kinds import Kind
from realtime.app.screens.host import AppHost
from realtime.app.views.access_keys import underline_buttons
from realtime.app.views.scrolled import Scrolled
from realtime.app.views.theme import Theme, usable_wh


class Screen:
    """Base class of a screen. State lives here; widgets live in `body` and are rebuilt when theme or size change.

    What does not fit into the window is scrolled.

    Args:
        app: the program.
    """

    title = ""
    # Whether it hears of its jobs also while another screen is shown.
    lasts = False

    def __init__(self, app: AppHost) -> None:
        self.app = app
        self.body: ttk.Frame = ttk.Frame(app.root)

    @property
    def theme(self) -> Theme:
        """Look and magnification."""
        return self.app.theme

    def show(self) -> None:
        """Build the widgets, in place of those that were there."""
        self.body.destroy()
        view = Scrolled(self.app.root, self.theme, usable_wh(self.app.root))
        self.body = view
        view.pack(fill="both", expand=True)
        self.build(view.inner)
        underline_buttons(view)
        view.ask()

    def build(self, body: ttk.Frame) -> None:
        """Build the widgets in `body` from the screen's state."""
        raise NotImplementedError

    def enter(self) -> None:
        """Begin the screen's work; called when it is gone to."""

    def leave(self) -> None:
        """Ask the screen's work to end, unless it lasts; returns at once."""

    def may_leave(self) -> bool:
        """Return whether nothing is lost by leaving now, or the user accepts that."""
        return True

    def tick(self) -> None:
        """Show what is new; called some sixty times a second."""

    def heard(self, job: Job, event: object) -> None:
        """Take one event of a job that this screen started."""

    def save(self, kind: Kind) -> None:
        """Save something, where there is something to save."""

    def escape(self) -> None:
        """Do what the Escape key means here."""

    def pressed(self, _key: str) -> bool:
        """Take a key ("space", "Left", "Shift-Left") if it means something here; return whether it did."""
        return False

    def button(self, parent: tk.Misc, text: str, command: Callable[[], object], *, main: bool = False) -> ttk.Button:
        """Return a button; the main one of a screen stands out."""
        style = "Main.TButton" if main else "TButton"
        return ttk.Button(parent, text=text, command=command, style=style)
