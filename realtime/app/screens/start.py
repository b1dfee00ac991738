"""Start screen: choose a video or a camera."""

from __future__ import annotations

from tkinter import ttk

from realtime.app.screens.base import Screen
from realtime.app.screens.host import AppHost
from realtime.app.views.theme import SMALL


class StartScreen(Screen):
    """Offers the two ways in.

    Args:
        app: the program.
        note: what was done before, "" for nothing.
    """

    title = "emotion-live"

    def __init__(self, app: AppHost, note: str = "") -> None:
        super().__init__(app)
        self._note = note

    def build(self, body: ttk.Frame) -> None:
        """Make the widgets."""
        px, app = self.theme.px, self.app
        middle = ttk.Frame(body)
        ttk.Label(middle, text="emotion-live", style="Title.TLabel").pack()
        ttk.Label(
            middle,
            text="Shows what a face shows: happiness, sadness, fear, anger, neutral or surprise, and how sure it is.",
            style="Dim.TLabel",
            wraplength=px(440),
            justify="center",
        ).pack(pady=(px(6), px(22)))
        buttons = ttk.Frame(middle)
        buttons.pack()
        video = self.button(buttons, f"Open a video…   {app.key_name('O')}", app.open_video, main=True)
        camera = self.button(buttons, f"Use a camera…   {app.key_name('K')}", app.choose_camera)
        leave = self.button(buttons, f"Exit   {app.key_name('Q')}", app.quit)
        for widget in (video, camera, leave):
            widget.pack(fill="x", pady=px(4), ipady=px(4))
        video.focus_set()
        ttk.Label(middle, text=self._note or " ", wraplength=px(640), justify="center").pack(pady=(px(18), 0))
        ttk.Label(
            body,
            text="Pictures stay on this machine: nothing is sent, and nothing is kept unless you save it.",
            style="Small.TLabel",
            font=SMALL,
            wraplength=px(640),
            justify="center",
        ).pack(side="bottom", pady=px(8))
        middle.pack(expand=True)
