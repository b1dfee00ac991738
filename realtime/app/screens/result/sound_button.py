"""Button that turns the sound of a video off and on, or says why there is none."""

from __future__ import annotations

from tkinter import ttk

from realtime.app.jobs.job import Failed, Job
from realtime.app.jobs.player import Player
from realtime.app.jobs.sound import Silent, Sound
from realtime.app.screens.host import AppHost
from realtime.app.views.flow_row import FlowRow

_WIDTH = 10


class SoundButton:
    """Plays the sound of one video with its pictures.

    Args:
        app: the program.
        source: the video.
        player: whose pictures the sound follows.

    Attributes:
        job: what plays it.
    """

    def __init__(self, app: AppHost, source: str, player: Player) -> None:
        self._app = app
        self.job = Sound(source, player.now_s, app.post)
        self._why_not = ""
        self._button: ttk.Button | None = None

    def build(self, row: FlowRow) -> None:
        """Make the button."""
        self._button = ttk.Button(row, command=self.press, width=_WIDTH)
        row.add(self._button, 5)
        self._refresh()

    def start(self) -> None:
        """Play whenever the player does."""
        self._app.start(self.job)

    def press(self) -> None:
        """Turn the sound off or on; where there is none, say why."""
        if self._why_not:
            self._app.tell_note("No sound", self._why_not)
        else:
            self.job.muted = not self.job.muted
            self._refresh()

    def heard(self, job: Job, event: object) -> bool:
        """Take one event; return whether it was one of the sound."""
        if job is not self.job:
            return False
        if isinstance(event, Silent | Failed):
            self._why_not = event.why if isinstance(event, Silent) else event.message
            self._refresh()
        return True

    def _refresh(self) -> None:
        if self._button is not None:
            text = "No sound…" if self._why_not else "Sound on" if self.job.muted else "Sound off"
            self._button.configure(text=text)
