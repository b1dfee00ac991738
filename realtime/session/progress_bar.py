"""Progress of a headless run: a bar on a terminal, else a line now and then for a log."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from types import TracebackType

from tqdm import tqdm

from models.console import ERR, OUT, Messages
from realtime.core.protocols import SourceInfo
from realtime.core.types import Analysed

_LINE_EVERY_S = 30.0
_LINES_APART_S = 5.0
_SHARE = 0.1


class ProgressBar:
    """Shows frames done and, where the source knows its length, the time left.

    On a terminal it is a bar. Elsewhere it is a line for every tenth that is done, or every half minute; none where
    the run is over within seconds.

    Args:
        shown: `bool`, whether anything is shown at all.
        clock: monotonic seconds.
        notes: where `say` prints.
    """

    def __init__(self, shown: bool, clock: Callable[[], float] = time.monotonic, notes: Messages = OUT) -> None:
        self._shown = shown
        self._notes = notes
        self._clock = clock
        # Asked before the run begins: while MediaPipe starts, standard error leads elsewhere.
        self._on_terminal, self._columns = ERR.isatty(), _width()
        self._bar: tqdm[None] | None = None
        self._lines: _Lines | None = None

    def __enter__(self) -> ProgressBar:
        """Do nothing: the bar appears when the source is open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def opened(self, info: SourceInfo) -> None:
        """Start the bar, or the lines."""
        if not self._shown:
            return
        if self._on_terminal:
            self._bar = tqdm(total=info.frame_count, unit="frame", desc=info.name, file=ERR, ncols=self._columns)
        else:
            self._lines = _Lines(info, self._clock)

    def step(self, _analysed: Analysed) -> None:
        """Count one frame."""
        if self._bar is not None:
            self._bar.update()
        elif self._lines is not None and (line := self._lines.step()):
            ERR.write(f"{line}\n")

    def say(self, line: str) -> None:
        """Print one line above the bar."""
        if self._bar is not None:
            self._bar.clear()
        self._notes.write(f"{line}\n")
        if self._bar is not None:
            self._bar.refresh()

    def close(self) -> None:
        """Leave the bar as it is; any number of times."""
        self._lines = None
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _width() -> int | None:
    """Return the width of the terminal that standard error is, in characters; `None` where it is none."""
    try:
        return os.get_terminal_size(ERR.fileno()).columns or None
    except (OSError, ValueError):
        return None


class _Lines:
    """Rate-limited progress lines for a log."""

    def __init__(self, info: SourceInfo, clock: Callable[[], float]) -> None:
        self._name, self._total, self._clock = info.name, info.frame_count, clock
        self._began_s = self._said_s = clock()
        self._done = self._said_done = 0

    def step(self) -> str:
        """Count one frame and return the line that is due, or ""."""
        self._done += 1
        now_s = self._clock()
        quiet_s = now_s - self._said_s
        tenth = self._total is not None and self._done - self._said_done >= _SHARE * self._total
        if quiet_s < _LINES_APART_S or not (tenth or quiet_s >= _LINE_EVERY_S):
            return ""
        self._said_s, self._said_done = now_s, self._done
        passed_s = now_s - self._began_s
        if self._total is None:
            return f"{self._name}: {self._done} frames in {passed_s:.0f} s"
        left_s = passed_s / self._done * max(0, self._total - self._done)
        share = min(1.0, self._done / self._total)
        return f"{self._name}: {share:.0%}, {self._done} of {self._total} frames, about {left_s:.0f} s left"
