"""Main window: switches screens, polls job events, shuts jobs down. Main thread only."""

from __future__ import annotations

import queue
import time
import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path
from traceback import format_exception
from types import TracebackType

from realtime.app.help.help_box import HelpBox
from realtime.app.help.limits import limits
from realtime.app.help.pages import LAW, first_steps, keys, numbers
from realtime.app.jobs.analyse import Analysis
from realtime.app.jobs.job import Failed, Job, unforeseen
from realtime.app.jobs.save_kinds import Kind, Saved
from realtime.app.library.problem_log import ProblemLog
from realtime.app.library.user_folders import data_folder
from realtime.app.menu import KEYS_HELP, Menu, key_name
from realtime.app.opener import Opener
from realtime.app.screens.base import Screen
from realtime.app.screens.camera import CameraScreen
from realtime.app.screens.camera_list import CameraListScreen
from realtime.app.screens.host import Listener
from realtime.app.screens.result.player import PlayerScreen
from realtime.app.screens.start import StartScreen
from realtime.app.views import dialogs
from realtime.app.views.theme import DARK, LIGHT, ZOOMS, Palette, Theme, usable_wh
from realtime.capture.open_source import CameraEntry
from realtime.core.config import PipelineConfig
from realtime.core.errors import EmotionLiveError
from realtime.core.options import FaceStyle

_POLL_MS = 15
# Longest time that one poll spends on events, so that the window stays responsive.
_POLL_BUDGET_S = 0.01
_FIRST_WH = (1080, 700)
# How long quitting waits for a job; a daemon thread that is still running ends with the process.
_END_S = 60.0


class App:
    """The desktop program.

    Args:
        root: an empty window.
        config: how pictures are analyzed.
        zoom: magnification in percent.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        root: tk.Tk,
        config: PipelineConfig | None = None,
        zoom: int = 100,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.root = root
        self._clock = clock
        self.config = config or PipelineConfig()
        self.theme = Theme(root, zoom)
        self.key_name = key_name
        self.jobs: list[Job] = []
        self.ended = False
        self._events: queue.SimpleQueue[tuple[Job, object]] = queue.SimpleQueue()
        self._owner: dict[Job, Listener] = {}
        self._first_zoom = zoom
        self._quit_at_s: float | None = None
        self._help: HelpBox | None = None
        self._problems, self._told = ProblemLog(data_folder()), set[str]()
        self.opening = Opener(self, self._go_if_allowed, self._show)
        self.screen: Screen = StartScreen(self)
        self._menu = Menu(self)
        root.title("emotion-live")
        root.protocol("WM_DELETE_WINDOW", self.quit)
        root.report_callback_exception = self._unforeseen  # type: ignore[method-assign]
        self._size_window()
        self._show()
        self._poll_id = root.after(_POLL_MS, self._poll)

    @property
    def face_style(self) -> FaceStyle:
        """How recordings are to show faces."""
        return self._menu.face_style

    def post(self, job: Job, event: object) -> None:
        """Take an event of a job; from any thread."""
        self._events.put((job, event))

    def start(self, job: Job, owner: Listener | None = None) -> None:
        """Start a job of the present screen, or of the one that is given."""
        self.jobs.append(job)
        self._owner[job] = owner or self.screen
        job.start()

    def open_video(self, path: Path | None = None) -> None:
        """Analyze a video; ask which, or which several, if none is given."""
        if path is None:
            self.opening.choose()
        else:
            self.opening.open([path])

    def choose_camera(self) -> None:
        """Show the cameras."""
        if self.screen.may_leave():
            self._go(CameraListScreen(self))

    def start_camera(self, camera: CameraEntry) -> None:
        """Show a camera, live."""
        self._go(CameraScreen(self, camera))

    def show_player(self, analysis: Analysis) -> None:
        """Play an analyzed video."""
        self._go(PlayerScreen(self, analysis))

    def go_home(self, note: str = "", saved: Sequence[Saved] = ()) -> None:
        """Show the first screen, with a line of what was done, and the files that were saved."""
        self._go(StartScreen(self, note, saved))

    def save(self, kind: Kind) -> None:
        """Save something of the present screen."""
        self.screen.save(kind)

    def escape(self) -> None:
        """Do what the Escape key means on the present screen."""
        self.screen.escape()

    def pressed(self, key: str) -> bool:
        """Give the present screen a key; return whether it meant something there."""
        return self.screen.pressed(key)

    def zoom_by(self, steps: int) -> None:
        """Enlarge by some steps, reduce by negative ones; 0 goes back to the first magnification."""
        place = ZOOMS.index(min(ZOOMS, key=lambda zoom: abs(zoom - self.theme.zoom)))
        wanted = ZOOMS[min(len(ZOOMS) - 1, max(0, place + steps))] if steps else self._first_zoom
        self._restyle(wanted, self.theme.palette)

    def set_look(self, palette: Palette) -> None:
        """Change the colors."""
        self._restyle(self.theme.zoom, palette)

    def toggle_look(self) -> None:
        """Change from dark to light or back."""
        self.set_look(LIGHT if self.theme.palette is DARK else DARK)

    def show_help(self, page: str) -> None:
        """Show a page of the help, in a window beside this one."""
        self._close_help()
        key_rows = [(names.format(key_name("")), what) for names, what in KEYS_HELP]
        uncertain_below = self.config.smoothing.min_confidence
        pages = [first_steps(key_name), numbers(uncertain_below), limits(self.config.weights), LAW, keys(key_rows)]
        self._help = HelpBox(self.root, self.theme, pages, page)

    def tell_problem(self, title: str, message: str) -> None:
        """Show an error in a dialog, while everything else continues."""
        # Not at once: the polling that calls this must not wait until the dialog is closed.
        self.root.after_idle(lambda: dialogs.tell_problem(self.root, title, message))

    def tell_note(self, title: str, message: str) -> None:
        """Show a note in a dialog, while everything else continues."""
        self.root.after_idle(lambda: dialogs.tell_note(self.root, title, message))

    def quit(self) -> None:
        """End every job, then the program; the window stays until they have ended."""
        if self._quitting or not self.screen.may_leave() or not self.opening.may_quit():
            return
        self._quit_at_s = self._clock()
        self.screen.leave()
        for job in self.jobs:
            job.cancel()
        self.root.title("emotion-live: ending")
        self.root.configure(cursor="watch")

    @property
    def _quitting(self) -> bool:
        return self._quit_at_s is not None

    def _go_if_allowed(self, screen: Screen) -> bool:
        """Show another screen, unless something would be lost that the user wants; return whether it is shown."""
        if screen is not self.screen and not self._quitting and self.screen.may_leave():
            self._go(screen)
        return screen is self.screen

    def _go(self, screen: Screen) -> None:
        if self._quitting:
            return
        self.screen.leave()
        self.screen.body.destroy()
        self.screen = screen
        self._show()
        screen.enter()

    def _show(self) -> None:
        self.screen.show()
        own = self.screen.title
        self.root.title(own if own == "emotion-live" else f"{own} - emotion-live")
        self._limit_window()

    def _close_help(self) -> str:
        """Close the help; return which page it showed, "" if it was not open."""
        box, self._help = self._help, None
        if box is None or not box.winfo_exists():
            return ""
        name = box.shown
        box.destroy()
        return name

    def _restyle(self, zoom: int, palette: Palette) -> None:
        page = self._close_help()
        self.theme.zoom, self.theme.palette = zoom, palette
        self.theme.apply()
        self._menu.build()
        self._show()
        if page:
            self.show_help(page)

    def _size_window(self) -> None:
        wanted_wh = self.theme.px(_FIRST_WH[0]), self.theme.px(_FIRST_WH[1])
        width, height = (min(side, room) for side, room in zip(wanted_wh, usable_wh(self.root), strict=True))
        self.root.geometry(f"{width}x{height}")

    def _limit_window(self) -> None:
        """Set the window's smallest size: all of the content, where the screen has room for it."""
        self.root.update_idletasks()
        needed_wh = self.root.winfo_reqwidth(), self.root.winfo_reqheight()
        self.root.minsize(*needed_wh)
        now_wh = self.root.winfo_width(), self.root.winfo_height()
        if now_wh[0] > 1 and (now_wh[0] < needed_wh[0] or now_wh[1] < needed_wh[1]):
            self.root.geometry(f"{max(now_wh[0], needed_wh[0])}x{max(now_wh[1], needed_wh[1])}")

    def _poll(self) -> None:
        began_s = self._clock()
        try:
            self._take_events()
            if self._quitting:
                self._end_if_possible()
            else:
                self.screen.tick()
        finally:
            if not self.ended:
                # From the beginning of this one: showing a large picture takes most of the time until the next.
                spent_ms = round(1000 * (self._clock() - began_s))
                self._poll_id = self.root.after(max(1, _POLL_MS - spent_ms), self._poll)

    def _unforeseen(self, _kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        """Say in one line that something failed where nobody foresaw it; everything else goes on."""
        if isinstance(error, EmotionLiveError):
            self.tell_problem("This did not work", str(error))
            return
        line = unforeseen(error)
        # Once: what fails while a picture is shown fails with each one.
        if line not in self._told:
            self._told.add(line)
            self.tell_problem("Something went wrong", self._with_details(line, "".join(format_exception(error))))

    def _with_details(self, line: str, trace: str) -> str:
        return f"{line}; {self._problems.add(trace)}"

    def _take_events(self) -> None:
        until_s = self._clock() + _POLL_BUDGET_S
        while not self._events.empty() and self._clock() < until_s:
            job, event = self._events.get()
            if isinstance(event, Failed) and event.trace:
                event = Failed(self._with_details(event.message, event.trace))
            owner = self._owner.get(job)
            if owner is not None and (owner is self.screen or owner.lasts) and not self._quitting:
                owner.heard(job, event)
        self.jobs = [job for job in self.jobs if job.alive or self._keep(job)]

    def _keep(self, job: Job) -> bool:
        """Forget a job that has ended once its last event was taken."""
        if not self._events.empty():
            return True
        self._owner.pop(job, None)
        return False

    def _end_if_possible(self) -> None:
        assert self._quit_at_s is not None
        late = self._clock() - self._quit_at_s > _END_S
        if late or not any(job.alive for job in self.jobs):
            self.ended = True
            self.opening.close()
            self.screen.body.destroy()
            self.root.destroy()
