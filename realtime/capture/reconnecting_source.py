"""Live source that is opened again where it breaks off: a stream whose sender restarts, a camera plugged in again."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from realtime.core.errors import SourceError, SourceReadError
from realtime.core.protocols import FrameSource, SourceInfo
from realtime.core.types import Frame

RECONNECT_S = 30.0
"""How long a live source is tried again after it broke off, unless told otherwise."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 15.0
# A connection that lasted so long was a good one: after it the pauses start anew.
_STEADY_S = 10.0
_SMALLEST_STEP_S = 0.001


class LiveSource(FrameSource, Protocol):
    """A source that may be opened again.

    Attributes:
        over: `bool`, whether it has shown all there is, so that opening it again would only repeat it.
    """

    @property
    def over(self) -> bool:
        """See above."""


class ReconnectingSource:
    """Goes on with a new source of the same kind where one breaks off; media time goes on with the clock meanwhile.

    The gap shows in the media times; `index` has none, since nothing was delivered in it. What did not open at first is
    not tried again.

    Args:
        make: returns a new source, not yet open.
        limit_s: `float`, seconds after a break in which it is tried again, with growing pauses; then it has failed.
        clock: monotonic seconds, the one that the sources stamp their frames with.
        wait: waits for some seconds; by default until then or until `interrupt`.
        notify: receives one line when it broke off and one when it is back; on the reading thread.

    Attributes:
        reconnecting: `bool`, whether it has broken off and is being opened again.
    """

    live = True

    def __init__(
        self,
        make: Callable[[], LiveSource],
        limit_s: float = RECONNECT_S,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._make, self._limit_s, self._clock, self._notify = make, limit_s, clock, notify
        self.reconnecting = False
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait
        self._lock = threading.Lock()
        self._source = make()
        self._counted = (0, 0)
        self._size_wh = (0, 0)
        self._name = ""
        self._farewell = ""
        self._last: Frame | None = None
        self._joined = False
        self._joined_s = 0.0
        self._pause_s = _FIRST_PAUSE_S
        self._offsets: tuple[int, float] | None = None

    @property
    def dropped(self) -> int:
        """Frames that were not read in time, over all connections."""
        with self._lock:
            return self._counted[0] + self._source.dropped

    @property
    def damaged_packets(self) -> int:
        """Packets that could not be decoded, over all connections."""
        with self._lock:
            return self._counted[1] + self._source.damaged_packets

    @property
    def farewell(self) -> str:
        """One line once the sender has ended it and did not come back; "" until then."""
        return self._farewell or self._source.farewell

    def open(self) -> SourceInfo:
        """Open it for the first time. Raises SourceOpenError."""
        info = self._source.open()
        self._name, self._size_wh, self._joined_s = info.name, info.size_wh, self._clock()
        return info

    def read(self) -> Frame | None:
        """Return the next frame, after a break as soon as there is one again; `None` at the end or once interrupted.

        Raises:
            SourceReadError: it broke off and did not come back in time.
        """
        while True:
            frame, error = self._taken()
            if frame is not None:
                return self._placed(frame)
            if not self._stopped.is_set() and not self._source.over:
                why = str(error).partition("; ")[0] if error is not None else self._source.farewell
                # Its trace holds the old connection.
                failed, error = error is not None, None
                self.reconnecting = True
                back, self.reconnecting = self._is_back(why), False
                if back:
                    continue
                if failed and not self._stopped.is_set():
                    raise SourceReadError(
                        f"{why}; it did not come back within {self._limit_s:g} s: wait longer (--reconnect)"
                    ) from None
                self._farewell = f"{why}; it did not come back within {self._limit_s:g} s"
            if error is not None and not self._stopped.is_set():
                raise error
            if self._stopped.is_set():
                self._farewell = ""
            return None

    def interrupt(self) -> None:
        """Make a blocked or later `read` return `None` soon, also while it waits for the source; from any thread."""
        self._stopped.set()
        with self._lock:
            source = self._source
        source.interrupt()

    def close(self) -> None:
        """Release the device; any number of times."""
        self._source.close()

    def _taken(self) -> tuple[Frame | None, SourceError | None]:
        try:
            return self._source.read(), None
        except SourceError as error:
            return None, error

    def _placed(self, frame: Frame) -> Frame:
        """Return a frame with its place in the whole run."""
        if self._last is not None and self._joined:
            passed_s = max(frame.captured_at_s - self._last.captured_at_s, _SMALLEST_STEP_S)
            self._offsets = (
                self._last.index + 1 - frame.index,
                self._last.media_time_s + passed_s - frame.media_time_s,
            )
        self._joined = False
        if self._offsets is not None:
            index, time_s = self._offsets
            frame = replace(frame, index=frame.index + index, media_time_s=frame.media_time_s + time_s)
        self._last = frame
        return frame

    def _is_back(self, why: str) -> bool:
        """Try until there is a picture again; return False when the time is over or the run was interrupted."""
        broke_s = self._clock() if self._last is None else self._last.captured_at_s
        give_up_s = self._clock() + self._limit_s
        if self._clock() - self._joined_s >= _STEADY_S:
            self._pause_s = _FIRST_PAUSE_S
        self._notify(f"{why}; opening it again for up to {self._limit_s:g} s (--reconnect)")
        while (left_s := give_up_s - self._clock()) > 0:
            self._wait(min(self._pause_s, left_s))
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            info = self._opened_again()
            if self._stopped.is_set():
                return False
            if info is not None:
                self._joined, self._joined_s = True, self._clock()
                self._notify(f"{self._name} is back after {self._joined_s - broke_s:.1f} s{self._change(info)}")
                return True
        return False

    def _opened_again(self) -> SourceInfo | None:
        old = self._source
        old.close()
        fresh = self._make()
        with self._lock:
            # Whoever interrupts sets the event first: either it is seen here, or `fresh` is interrupted.
            if self._stopped.is_set():
                return None
            self._counted = (self._counted[0] + old.dropped, self._counted[1] + old.damaged_packets)
            self._source = fresh
        del old
        # PyAV's frames and formats refer to themselves: each connection would leave a picture until Python's collector
        # comes, hours later. Nobody waits now for the tenth of a second that it takes.
        gc.collect()
        try:
            return fresh.open()
        except SourceError:
            fresh.close()
            return None

    def _change(self, info: SourceInfo) -> str:
        before, self._size_wh = self._size_wh, info.size_wh
        if info.size_wh == before:
            return ""
        return "; its pictures are {}x{} pixels now, {}x{} before: a recording scales them".format(
            *info.size_wh, *before
        )
