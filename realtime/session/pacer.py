"""Playback clock: the due time of each frame of a file at a given speed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from realtime.core.errors import ConfigError

SLOWEST, FASTEST = 0.25, 16.0
"""Bounds of the speed at which a file is played."""

# After a longer stall (the window is dragged, the process stopped) playback continues instead of catching up.
_MAX_LAG_S = 0.5
_DRAW_EVERY_S = 1 / 30
# So long without a picture is worth a line, unless the source's pictures are that rare.
_SILENT_S, _SILENT_STEPS = 2.0, 3.0


def check_speed(speed: float, *, live: bool) -> None:
    """Validate a playback speed. Raises ConfigError."""
    if not SLOWEST <= speed <= FASTEST:
        raise ConfigError(f"the speed must lie in {SLOWEST:g} to {FASTEST:g}; received {speed:g}")
    if live and speed != 1:
        raise ConfigError(f"a source that goes on by itself has its own speed; received {speed:g}: leave --speed out")


class Pacer:
    """Schedules the frames of a file by media time.

    Args:
        speed: `float`, playback speed; 1 is real time.
        clock: monotonic seconds.
    """

    def __init__(self, speed: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.speed = speed
        self._clock = clock
        self._offset_s: float | None = None
        self._drawn_s = -math.inf

    def restart(self) -> None:
        """Let the next frame be due at once and the others after it."""
        self._offset_s = None

    def left_s(self, media_time_s: float) -> float:
        """Return how long it is until a frame is due; negative when it is late."""
        now_s, due_s = self._clock(), media_time_s / self.speed
        if self._offset_s is None or now_s - self._offset_s - due_s > _MAX_LAG_S:
            self._offset_s = now_s - due_s
        return self._offset_s + due_s - now_s

    def leaves_out(self, media_time_s: float) -> bool:
        """Return whether a frame need not be drawn: at higher speeds not every frame is visible."""
        now_s = self._clock()
        if self.speed > 1 and self.left_s(media_time_s) <= 0 and now_s - self._drawn_s < _DRAW_EVERY_S:
            return True
        self._drawn_s = now_s
        return False


class PictureGap:
    """Finds out that a live source has given no picture for longer than usual.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._came_s: float | None = None
        self._step_s = 0.0

    def came(self) -> None:
        """Note that a picture has come."""
        now_s = self._clock()
        self._step_s = 0.0 if self._came_s is None else now_s - self._came_s
        self._came_s = now_s

    def note(self, reconnecting: bool) -> str:
        """Return a line for people, "" while pictures come as usual or before the first one."""
        silent_s = 0.0 if self._came_s is None else self._clock() - self._came_s
        if silent_s < max(_SILENT_S, _SILENT_STEPS * self._step_s):
            return ""
        return f"no picture from the source for {silent_s:.0f} s" + (", trying again" if reconnecting else "")
