"""Player screen of an analyzed video: picture, emotions of each face, timeline, saving."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from tkinter import ttk

import numpy as np

from realtime.app.jobs.analyse import Analysis
from realtime.app.jobs.job import Failed, Job
from realtime.app.jobs.player import Player, Shown
from realtime.app.jobs.save_kinds import Kind
from realtime.app.library.keep_job import KeepJob
from realtime.app.screens.base import Screen
from realtime.app.screens.host import AppHost
from realtime.app.screens.result.persons_window import PersonsWindow
from realtime.app.screens.result.save_row import SaveRow
from realtime.app.screens.result.sound_button import SoundButton
from realtime.app.views import dialogs, questions
from realtime.app.views.flow_row import FlowRow
from realtime.app.views.timeline import TimelineStrip
from realtime.app.views.widgets import Bars, PictureView, largest_face
from realtime.core.persons.person_edits import PersonEdits
from realtime.core.types import Faces
from realtime.timeline.time_format import format_clock

_SECONDS = {"Left": -1.0, "Right": 1.0, "Shift-Left": -10.0, "Shift-Right": 10.0}
_FRAMES = {"comma": -1, "period": 1}
_LARGEST = "largest face"


class PlayerScreen(Screen):
    """Plays one analyzed video.

    Args:
        app: the program.
        analysis: the video and what was found in it.
    """

    def __init__(self, app: AppHost, analysis: Analysis) -> None:
        super().__init__(app)
        self.title = analysis.info.name
        self.analysis = analysis
        self.player = Player(analysis, app.post)
        self.sound = SoundButton(app, analysis.source, self.player)
        self.saving = SaveRow(app, analysis, self._set_save_buttons)
        self.shown: Shown | None = None
        # By person where somebody has said who is who; the saved files say it themselves.
        self._results = analysis.by_person
        self._people = self._results.people()
        self._chosen: int | None = None
        self._was_playing: bool | None = None
        # Without the video's file there are still the numbers.
        self._no_pictures = analysis.pictures
        self._told_index: int | None = None

    def build(self, body: ttk.Frame) -> None:
        """Make the widgets, in the order in which Tab visits them."""
        px = self.theme.px
        below = ttk.Frame(body)
        side = ttk.Frame(body)
        below.pack(side="bottom", fill="x", pady=(px(8), 0))
        side.pack(side="right", fill="y", padx=(px(12), 0))
        self._picture = PictureView(body, self.theme, self._room)
        self._picture.pack(side="left", fill="both", expand=True)
        self._picture.say(self._no_pictures or "…")
        self._build_below(below)
        self._build_side(side)
        self._was_playing = self._told_index = None
        if self.shown is not None:
            self.player.show(self.shown.index)
        self._play.focus_set()

    def _build_below(self, below: ttk.Frame) -> None:
        px = self.theme.px
        row = FlowRow(below, self.theme)
        row.pack(fill="x")
        self._play = self.button(row, "Play", self.toggle, main=True)
        self._play.configure(width=7)
        row.add(self._play)
        # The widest text that it will hold: what stands beside it must not be pushed out of the window.
        self.time = ttk.Label(row, text=self._time_text(self.analysis.results.end_s))
        self.time.configure(width=len(str(self.time.cget("text"))))
        row.add(self.time, 12)
        self.sound.build(row)
        self._build_buttons(row)
        title = self.analysis.persons.title
        self.strip = TimelineStrip(
            below, self.theme, self._results, self.player.seek, self._choose, self.saving.hint, title
        )
        self.strip.pack(fill="x", pady=(px(4), 0))
        self.strip.choose(self._chosen)
        self.saving.build(below)

    def _build_side(self, side: ttk.Frame) -> None:
        px = self.theme.px
        names = [_LARGEST, *(self.analysis.persons.title(person) for person in self._people)]
        self._chooser = ttk.Combobox(side, values=names, state="readonly", width=16, font="TkDefaultFont")
        if len(self._people) > 1:
            self._chooser.pack(anchor="w", fill="x", pady=(0, px(10)))
            self._chooser.bind("<<ComboboxSelected>>", lambda _: self._picked())
        self.bars = Bars(side, self.theme)
        self.bars.pack(anchor="w")
        self.button(side, "Who is who…", self.ask_persons).pack(anchor="w", pady=(px(10), 0))
        self._choose(self._chosen)

    def _build_buttons(self, row: FlowRow) -> None:
        row.add(ttk.Label(row, text="Save", style="Dim.TLabel"), 28)
        self._save_buttons = [
            self.button(row, f"{kind.value.capitalize()}…", partial(self.save, kind))
            for kind in (Kind.RECORDING, Kind.TABLE, Kind.REPORT)
        ]
        for widget in self._save_buttons:
            row.add(widget, 5)
        if self.app.opening.has_queue:
            other = self.button(row, "Back to the queue", self.app.opening.show_queue)
        else:
            other = self.button(row, "Another video…", self.app.open_video)
        row.add(other, 5, right=True)
        row.add(self.button(row, "Exit", self.app.quit), 5)
        self._set_save_buttons()

    def enter(self) -> None:
        """Show the first picture and play."""
        if self._no_pictures:
            self._play.state(["disabled"])
        else:
            self.app.start(self.player)
            self.sound.start()
            self.player.play()
        if self.analysis.not_kept:
            self.app.tell_note("Not in the list of recent analyses", self.analysis.not_kept)
        if self.analysis.warning:
            self.player.pause()
            self.app.tell_note("This video is incomplete", self.analysis.warning)

    def leave(self) -> None:
        """Stop playing and saving."""
        self.player.cancel()
        self.sound.job.cancel()
        self.saving.cancel()

    def may_leave(self) -> bool:
        """Ask before a file that is being saved is given up, and before results are lost that nobody has."""
        if self.saving.busy and not dialogs.ask_to_give_up(self.app.root):
            return False
        safe = self.analysis.kept or self.saving.saved
        return safe or questions.ask_to_leave_unsaved(self.app.root, self.analysis.info.name)

    def toggle(self) -> None:
        """Play or pause."""
        if self.player.playing:
            self.player.pause()
        else:
            self.player.play()

    def ask_persons(self) -> None:
        """Ask who the tracks are, and show the video so."""
        if not self.saving.busy:
            self.player.pause()
            self.persons_window = PersonsWindow(self.app.root, self.theme, self.analysis, self.set_persons)

    def set_persons(self, persons: PersonEdits) -> None:
        """Show the video by person, and keep that in the list of recent analyses."""
        self.analysis = replace(self.analysis, persons=persons)
        self.saving.use(self.analysis)
        self._results, self._chosen = self.analysis.by_person, None
        self._people = self._results.people()
        self.show()
        if self.analysis.kept:
            self.app.start(KeepJob(self.analysis, self.app.opening.keep, self.app.post))

    def save(self, kind: Kind) -> None:
        """Ask where, and save."""
        if self.saving.busy:
            return
        source = Path(self.analysis.source)
        stem = f"{source.stem}-emotions" if kind is not Kind.RECORDING else f"{source.stem}-annotated"
        path = dialogs.ask_target(self.app.root, kind, source.with_name(stem + kind.suffixes[0]))
        if path is not None:
            self.saving.begin(kind, path)

    def escape(self) -> None:
        """Stop saving, else pause."""
        if self.saving.busy:
            self.saving.cancel()
        else:
            self.player.pause()

    def pressed(self, key: str) -> bool:
        """Take the keys of a player."""
        if key == "space":
            self.toggle()
        elif key in _SECONDS:
            self.player.seek(max(0.0, self.player.position_s + _SECONDS[key]))
        elif key in _FRAMES:
            self.player.step(_FRAMES[key])
        elif key == "m":
            self.sound.press()
        elif key in ("Home", "End"):
            self.player.show(0 if key == "Home" else len(self.analysis.results) - 1)
        else:
            return False
        return True

    def tick(self) -> None:
        """Show the newest picture and what was found in it."""
        shown = self.player.pictures.take()
        if shown is not None:
            self._show(shown)
        if self._no_pictures:
            self._show_numbers(self.analysis.results.index_at(self.player.position_s))
        if self.player.playing is not self._was_playing:
            self._was_playing = self.player.playing
            self._play.configure(text="Pause" if self._was_playing else "Play")

    def heard(self, job: Job, event: object) -> None:
        """Take one event of the player or of what is being saved."""
        if job is self.player:
            if isinstance(event, Failed):
                self.player.pause()
                self._no_pictures = event.message
                self._picture.say(event.message)
                self._play.state(["disabled"])
                self.app.tell_problem("This video cannot be shown any more", event.message)
        elif isinstance(job, KeepJob) and isinstance(event, Failed):
            self.app.tell_note("Not in the list of recent analyses", event.message)
        elif not self.sound.heard(job, event):
            self.saving.heard(job, event)

    def _show(self, shown: Shown) -> None:
        self.shown = shown
        results = self._results
        self._picture.show(shown.picture, shown.size_wh)
        faces, emotions = results.faces(shown.index), results.emotions(shown.index)
        # The number that is in table, timeline and report, or the name.
        title = self.analysis.persons.title if len(self._people) > 1 or self.analysis.persons.lines else None
        self._picture.mark(faces, emotions, shown.scale, self._chosen, title)
        self._told_index = None
        self._show_numbers(shown.index)

    def _show_numbers(self, index: int) -> None:
        """Show what was found in a frame, beside its picture."""
        if index == self._told_index:
            return
        self._told_index, results = index, self._results
        faces, emotions = results.faces(index), results.emotions(index)
        at_s = float(results.times_s[index])
        self.strip.mark(at_s)
        self.time.configure(text=self._time_text(at_s))
        row = self._row(faces)
        if row is not None:
            self.bars.show(emotions, row)
        else:
            self.bars.clear("not in view" if self._chosen is not None and self._people else "no face in view")

    def _row(self, faces: Faces) -> int | None:
        """Return whose bars are shown, as a row of `faces`."""
        if self._chosen is None:
            return largest_face(faces)
        rows = np.flatnonzero(faces.track_ids == self._chosen)
        return int(rows[0]) if len(rows) else None

    def _time_text(self, at_s: float) -> str:
        return f"{format_clock(at_s, 0.1)} / {format_clock(self.analysis.results.end_s, 0.1)}"

    def _picked(self) -> None:
        number = self._chooser.current()
        self._choose(self._people[number - 1] if number else None)

    def _choose(self, person: int | None) -> None:
        self._chosen = person
        self.strip.choose(person)
        self._chooser.current(0 if person is None else 1 + self._people.index(person))
        self._told_index = None
        if self.shown is not None:
            self.player.show(self.shown.index)

    def _room(self, room_wh: tuple[int, int]) -> None:
        self.player.resize(room_wh)

    def _set_save_buttons(self) -> None:
        for widget in self._save_buttons:
            widget.state(["disabled" if self.saving.busy else "!disabled"])
