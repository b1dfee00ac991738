"""List of recent analyses on the first screen."""

from __future__ import annotations

import time
import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk

from realtime.app.library.analysis_file import RecentAnalysis
from realtime.app.screens.host import AppHost
from realtime.app.views import questions
from realtime.app.views.table_view import TableView
from realtime.provenance.source_facts import plain_text
from realtime.timeline.time_format import format_clock

_COLUMNS = (("Video", 190), ("Length", 75), ("Tracks", 65), ("Analyzed", 150))
_ROWS = 4


class RecentList(ttk.Frame):
    """Recent analyses; Return or a double click opens one, Delete removes it.

    Args:
        parent: where.
        app: the program.
        entries: the analyses.
    """

    def __init__(self, parent: tk.Misc, app: AppHost, entries: Sequence[RecentAnalysis]) -> None:
        super().__init__(parent)
        self._app, px = app, app.theme.px
        self.entries = list(entries)
        self._missing: list[RecentAnalysis] = []
        ttk.Label(self, text="Recent analyses", style="Large.TLabel").pack(anchor="w", pady=(0, px(8)))
        foot = ttk.Frame(self)
        foot.pack(side="bottom", fill="x", pady=(px(8), 0))
        self.where = ttk.Label(self, style="Dim.TLabel", wraplength=app.theme.wrap(460), text=" ")
        self.where.pack(side="bottom", anchor="w", pady=(px(6), 0))
        self.table = TableView(self, app.theme, _COLUMNS, _ROWS, self._open, self._tell_where)
        self.table.pack(fill="both", expand=True)
        ttk.Button(foot, text="Open   Return", command=self._open_chosen).pack(side="left")
        ttk.Button(foot, text="Remove   Delete", command=self._remove).pack(side="left", padx=px(8))
        self.table.tree.bind("<Delete>", lambda _: self._remove())
        self._fill()

    def mark_missing(self, entry: RecentAnalysis) -> None:
        """Say that the video of an entry is not where it was."""
        if entry in self.entries:
            self._missing.append(entry)
            self.table.change(self.entries.index(entry), self._texts(entry))

    def _fill(self) -> None:
        self.table.fill([self._texts(entry) for entry in self.entries])
        self._tell_where()

    def _texts(self, entry: RecentAnalysis) -> Sequence[str]:
        return (
            plain_text(entry.source.name) + (" (missing)" if entry in self._missing else ""),
            format_clock(entry.seconds),
            str(entry.people),
            time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.kept_s)),
        )

    def _tell_where(self) -> None:
        number = self.table.chosen
        self.where.configure(text=" " if number is None else plain_text(str(self.entries[number].source)))

    def _open(self, number: int) -> None:
        self._app.opening.reopen(self.entries[number])

    def _open_chosen(self) -> None:
        if self.table.chosen is not None:
            self._open(self.table.chosen)

    def _remove(self) -> None:
        number = self.table.chosen
        if number is None or not questions.ask_to_remove(self._app.root, self.entries[number].source.name):
            return
        self._app.opening.recent.remove(self.entries.pop(number))
        self._fill()
        if self.entries:
            self.table.choose(min(number, len(self.entries) - 1))
