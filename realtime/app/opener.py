"""Decides how chosen files become screens, and keeps what outlasts them: recent analyses, the queue, preferences."""

from __future__ import annotations

import tempfile
import tkinter as tk
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from realtime.app.jobs.analyse import Analysis
from realtime.app.library.analysis_file import RecentAnalysis
from realtime.app.library.pasted_paths import paths_in
from realtime.app.library.preferences import Preferences
from realtime.app.library.recent_analyses import MOST_ANALYSES, RecentAnalyses
from realtime.app.library.user_folders import data_folder
from realtime.app.screens.base import Screen
from realtime.app.screens.host import AppHost
from realtime.app.screens.progress import ProgressScreen
from realtime.app.screens.queue import QueueScreen
from realtime.app.screens.reopen import ReopenScreen
from realtime.app.views import questions
from realtime.app.views.drop_target import take_drops

_LISTS = (".txt", ".csv", ".tsv")


class _Passing:
    """Results of a queue that end with the program, where the list is off."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="emotion-live-", ignore_cleanup_errors=True)
        self.recent = RecentAnalyses(Path(self.folder.name) / "queue")


class Opener:
    """The ways to what is analyzed, and to what was.

    Args:
        app: the program.
        go: shows a screen, if the present one may be left; returns whether it did.
        refresh: builds the present screen anew.
    """

    def __init__(self, app: AppHost, go: Callable[[Screen], bool], refresh: Callable[[], None]) -> None:
        self._app, self._go, self._refresh = app, go, refresh
        folder = data_folder()
        self._preferences = Preferences(folder)
        self.recent = RecentAnalyses(folder / "recent")
        self._queue: QueueScreen | None = None
        self._passing: _Passing | None = None
        self.takes_drops = take_drops(app.root, self.open)

    @property
    def keeps_recent(self) -> bool:
        """Whether analyses are put into the list of recent ones."""
        return self._preferences.keeps_recent

    @property
    def has_queue(self) -> bool:
        """Whether there is a queue to go back to."""
        return self._queue is not None and bool(self._queue.rows)

    def keep(self, analysis: Analysis) -> Analysis:
        """Put an analysis into the list, and return it marked so; from any thread. Raises RecordError."""
        if not self.keeps_recent:
            return analysis
        self.recent.keep(analysis)
        return replace(analysis, kept=True)

    def keep_result(self, analysis: Analysis) -> RecentAnalysis:
        """Put a result of the queue into the list, else where it ends with the program. Raises RecordError."""
        if self.keeps_recent:
            return self.recent.keep(analysis)
        # The queue's thread alone makes it, and a result is only asked for once it is there.
        self._passing = self._passing or _Passing()
        return self._passing.recent.keep(analysis)

    def choose(self) -> None:
        """Ask for videos, and analyze them."""
        self._open_below(questions.ask_videos(self._app.root, self._preferences.open_folder))

    def choose_folder(self) -> None:
        """Ask for a folder, and analyze its videos."""
        folder = questions.ask_folder(self._app.root, self._preferences.open_folder)
        if folder is not None:
            self._open_below([folder])

    def paste(self) -> None:
        """Analyze the videos that were copied in a file manager."""
        text = ""
        for kind in ("text/uri-list", "UTF8_STRING", "STRING"):
            with suppress(tk.TclError):
                text = str(self._app.root.tk.call("selection", "get", "-selection", "CLIPBOARD", "-type", kind))
            if paths := paths_in(text):
                self.open(paths)
                return
        self._app.tell_note(
            "Nothing to paste", "no file was copied; copy videos in the file manager, or their full paths"
        )

    def open(self, paths: Sequence[Path]) -> None:
        """Analyze one video, or a queue of several or of those of a folder."""
        if not paths:
            return
        if len(paths) == 1 and not paths[0].is_dir() and paths[0].suffix.lower() not in _LISTS:
            self._go(ProgressScreen(self._app, paths[0]))
            return
        queue = self._queue
        # A new one for new videos, unless results are in the queue alone.
        if queue is None or not (queue.running or self._passing):
            queue = QueueScreen(self._app, MOST_ANALYSES)
        if self._go(queue):
            self._queue = queue
            queue.add(paths)

    def reopen(self, entry: RecentAnalysis) -> None:
        """Show an analysis of the list or of the queue."""
        self._go(ReopenScreen(self._app, entry))

    def show_queue(self) -> None:
        """Go back to the queue, if there is one."""
        if self._queue is not None and self._queue.rows:
            self._go(self._queue)
        else:
            self._app.root.bell()

    def set_keeps_recent(self, keeps: bool) -> None:
        """Put analyses into the list from now on, or no more."""
        self._preferences.keeps_recent = keeps
        self._refresh()

    def clear_recent(self) -> None:
        """Ask, and empty the list."""
        count = len(self.recent.entries())
        if count and questions.ask_to_clear(self._app.root, count):
            self.recent.clear()
            self._refresh()

    def may_quit(self) -> bool:
        """Return whether nothing of the queue is lost by ending now, or the user accepts that."""
        queue, root = self._queue, self._app.root
        if queue is not None and queue.running and not questions.ask_to_stop_queue(root, queue.left):
            return False
        lost = len(self._passing.recent.entries()) if self._passing is not None else 0
        return not lost or questions.ask_to_lose_results(root, lost)

    def close(self) -> None:
        """Remove what was to end with the program."""
        if self._passing is not None:
            self._passing.folder.cleanup()

    def _open_below(self, paths: Sequence[Path]) -> None:
        """Open what was chosen in a dialog, and remember where that was."""
        if paths:
            self._preferences.open_folder = paths[0].absolute().parent
            self.open(paths)
