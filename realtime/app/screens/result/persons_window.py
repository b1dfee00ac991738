"""Window beside the player: who the tracks of a video are, and what is left out."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import filedialog, ttk
from typing import TypeVar

from realtime.app.jobs.analyse import Analysis
from realtime.app.library.person_form import PersonForm
from realtime.app.views.theme import Theme
from realtime.core.errors import EmotionLiveError
from realtime.core.output_paths import write_whole
from realtime.core.persons.person_edits import PersonEdits
from realtime.core.persons.person_file import persons_csv, read_persons
from realtime.timeline.time_format import format_clock

_T = TypeVar("_T")
_MOST_ROWS = 10
_LISTS = [("Lists of persons", "*.csv"), ("All files", "*")]
_HELP = (
    "Tracks with the same name are one person. Timeline, table and report follow; recordings keep the numbers, and "
    "the table has both."
)


class PersonsWindow(tk.Toplevel):
    """Asks for a list of persons.

    Args:
        parent: the program's window.
        theme: the look.
        analysis: whose tracks.
        on_done: called with the list, once it is accepted; it may be empty.
    """

    def __init__(
        self, parent: tk.Misc, theme: Theme, analysis: Analysis, on_done: Callable[[PersonEdits], object]
    ) -> None:
        super().__init__(parent, background=theme.palette.ground)
        self.title(f"Who is who: {analysis.info.name}")
        self.transient(parent.winfo_toplevel())
        self._theme, self._analysis, self._on_done = theme, analysis, on_done
        self._form = PersonForm.of(analysis.persons)
        self._tracks = sorted(analysis.results.people()[:_MOST_ROWS])
        self.names: dict[int, tk.StringVar] = {}
        self._left_out: dict[int, tk.BooleanVar] = {}
        self._body = ttk.Frame(self, padding=theme.px(12))
        self._body.pack(fill="both", expand=True)
        self._build()
        self.bind("<Return>", lambda _: self.accept())
        self.bind("<Escape>", lambda _: self.destroy())
        self.grab_set()

    def _build(self) -> None:
        """Make the widgets from the form, in place of those that were there."""
        px, body = self._theme.px, self._body
        for child in body.winfo_children():
            child.destroy()
        ttk.Label(body, text=_HELP, wraplength=px(460)).grid(columnspan=3, sticky="w", pady=(0, px(8)))
        for track in self._tracks:
            self._build_row(track)
        hidden = len(self._analysis.results.people()) - len(self._tracks)
        if hidden:
            text = f"{hidden} more tracks, seen for a shorter time, can be named in a list (Open a list…)."
            ttk.Label(body, text=text, style="Dim.TLabel").grid(columnspan=3, sticky="w")
        self._build_times()
        self.error = ttk.Label(body, wraplength=px(460))
        self.error.grid(columnspan=3, sticky="w", pady=px(6))
        self._build_buttons()
        first = next((child for child in body.winfo_children() if isinstance(child, ttk.Entry)), body)
        first.focus_set()

    def _build_row(self, track: int) -> None:
        px, body, results = self._theme.px, self._body, self._analysis.results
        frames, _, _ = results.course(track)
        first, last = (format_clock(float(results.times_s[frames[end]]), 0.1) for end in (0, -1))
        self.names[track] = tk.StringVar(self, self._form.names.get(track, ""))
        self._left_out[track] = tk.BooleanVar(self, track in self._form.left_out)
        row = body.grid_size()[1]
        ttk.Label(body, text=f"person {track}, {first} to {last}").grid(row=row, column=0, sticky="w", pady=px(2))
        ttk.Entry(body, textvariable=self.names[track], width=24).grid(row=row, column=1, padx=px(8))
        ttk.Checkbutton(body, text="leave out", variable=self._left_out[track]).grid(row=row, column=2, sticky="w")

    def _build_times(self) -> None:
        px = self._theme.px
        row = ttk.Frame(self._body)
        row.grid(columnspan=3, sticky="w", pady=(px(8), 0))
        self.from_text, self.to_text = tk.StringVar(self), tk.StringVar(self)
        ttk.Label(row, text="Leave everybody out from").pack(side="left")
        ttk.Entry(row, textvariable=self.from_text, width=8).pack(side="left", padx=px(4))
        ttk.Label(row, text="to").pack(side="left")
        ttk.Entry(row, textvariable=self.to_text, width=8).pack(side="left", padx=px(4))
        ttk.Button(row, text="Add", command=self.add_time).pack(side="left", padx=px(4))
        if self._form.others:
            told = PersonEdits(self._form.others).told
            ttk.Label(self._body, text=f"Also: {told}", wraplength=px(460)).grid(columnspan=3, sticky="w")
            ttk.Button(self._body, text="Remove these", command=self.remove_others).grid(columnspan=3, sticky="w")

    def _build_buttons(self) -> None:
        px = self._theme.px
        row = ttk.Frame(self._body)
        row.grid(columnspan=3, sticky="ew", pady=(px(6), 0))
        ttk.Button(row, text="Open a list…", command=self.open_list).pack(side="left")
        ttk.Button(row, text="Save the list…", command=self.save_list).pack(side="left", padx=px(4))
        ttk.Button(row, text="OK", command=self.accept, style="Main.TButton").pack(side="right")
        ttk.Button(row, text="Cancel", command=self.destroy).pack(side="right", padx=px(4))

    def destroy(self) -> None:
        """Close; variables are freed here: left to the garbage collector, they may be freed on another thread."""
        self.names.clear()
        self._left_out.clear()
        del self.from_text, self.to_text
        super().destroy()

    def accept(self) -> None:
        """Take the form, and close; what contradicts itself is told."""
        edits = self._tried(lambda: self._typed().edits())
        if edits is not None:
            self.destroy()
            self._on_done(edits)

    def add_time(self) -> None:
        """Leave out a time for everybody."""
        form = self._tried(lambda: self._typed().with_time(self.from_text.get(), self.to_text.get()))
        if form is not None:
            self._show(form)

    def remove_others(self) -> None:
        """Forget what is said of parts of tracks, and of times."""
        typed = self._typed()
        self._show(PersonForm(typed.names, typed.left_out))

    def open_list(self) -> None:
        """Read a list of persons in place of this one."""
        name = filedialog.askopenfilename(parent=self, title="Open a list of persons", filetypes=_LISTS)
        edits = self._tried(lambda: read_persons(Path(name))) if name else None
        if edits is not None:
            self._show(PersonForm.of(edits))

    def save_list(self) -> None:
        """Write the list as a file that the command line reads, too."""
        edits = self._tried(lambda: self._typed().edits())
        if edits is None:
            return
        name = filedialog.asksaveasfilename(
            parent=self, title="Save the list of persons", defaultextension=".csv", filetypes=_LISTS
        )
        try:
            if name:
                write_whole(Path(name), persons_csv(edits).encode())
        except OSError as error:
            self.error.configure(text=f"cannot write {name}: {error.strerror or error}; give another folder")

    def _typed(self) -> PersonForm:
        """Return the form as it is typed now; what is said of tracks that have no row stays."""
        names = {**self._form.names, **{track: name.get() for track, name in self.names.items()}}
        left_out = self._form.left_out - self._left_out.keys()
        chosen = {track for track, left in self._left_out.items() if left.get()}
        return PersonForm(names, frozenset(left_out | chosen), self._form.others)

    def _show(self, form: PersonForm) -> None:
        self._form = form
        self._build()

    def _tried(self, what: Callable[[], _T]) -> _T | None:
        """Return what a function returns, or tell why it cannot."""
        try:
            return what()
        except EmotionLiveError as error:
            self.error.configure(text=str(error))
            return None
