"""Playing, pausing and scrubbing what a window shows. Knows neither the window nor the pipeline."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np

from realtime.core.errors import ConfigError
from realtime.core.options import RunOptions
from realtime.core.protocols import SourceInfo
from realtime.core.types import Analysed, ImageArray
from realtime.overlay.timeline_strip import Position, StripLayout, TimelinePainter
from realtime.session.keys import Click, Key
from realtime.timeline.live_timeline import LIVE_S, LiveTimeline

SLOWEST, FASTEST = 0.25, 16.0
"""Bounds of the speed at which a file is played."""

_STEPS_S = {Key.BACK: -1.0, Key.FORWARD: 1.0, Key.FAR_BACK: -10.0, Key.FAR_FORWARD: 10.0}
_HINT = "space pause   , . 1 s   < > 10 s"
# Someone who drags the window or stops the process must not see the clip rush to catch up.
_MAX_LAG_S = 0.5
_DRAW_EVERY_S = 1 / 30
_NOTICE_S = 3.0
# The last frame begins before the end.
_BEFORE_END_S = 0.001
_LIVE_STEP_S = 0.1

Wish = Key | Click | None


def check_speed(speed: float, *, live: bool) -> None:
    """Refuse a speed that cannot be. Raises ConfigError."""
    if not SLOWEST <= speed <= FASTEST:
        raise ConfigError(f"the speed must lie in {SLOWEST:g} to {FASTEST:g}; received {speed:g}")
    if live and speed != 1:
        raise ConfigError(f"a source that goes on by itself has its own speed; received {speed:g}: leave --speed out")


class Pacer:
    """Says when a frame of a file is due.

    Args:
        speed: `float`, how much faster than life.
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
        """Return whether a frame need not be drawn: faster than life, nobody can see them all."""
        now_s = self._clock()
        if self.speed > 1 and self.left_s(media_time_s) <= 0 and now_s - self._drawn_s < _DRAW_EVERY_S:
            return True
        self._drawn_s = now_s
        return False


class Playback:
    """Where a replay stands, where the person wants to be, and the timeline to see both on.

    Of several wishes one is followed at a time, so that pictures keep coming while the mouse is dragged.

    Args:
        options: of the run: speed, end, and which files it writes.
        info: the source, open.
        seek: sends the source elsewhere, media time in seconds.
        recording: whether a recording is being written now.
        notify: receives one line for people, once, when a wish is refused.
        clock: monotonic seconds.

    Attributes:
        paused: `bool`, whether the person stopped the picture.
        ended: `bool`, whether a clip that was scrubbed waits at its end.
        seeks: `int`, how often the source was sent elsewhere.
    """

    def __init__(
        self,
        options: RunOptions,
        info: SourceInfo,
        seek: Callable[[float], None],
        recording: Callable[[], bool] = lambda: False,
        notify: Callable[[str], None] = lambda _: None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        ends = [end_s for end_s in (info.duration_s, options.seconds) if end_s]
        self._end_s = min(ends) if ends else None
        self._options, self._info, self._live = options, info, info.live
        self._seek, self._recording, self._notify = seek, recording, notify
        self._told = False
        self.pace = Pacer(options.speed, clock)
        self.paused = self.ended = False
        self.seeks = 0
        self._clock = clock
        self._bands = LiveTimeline(self._end_s, live=info.live)
        self._painter = TimelinePainter()
        self._now_s = 0.0
        self._wanted_s: float | None = None
        self._asked_s: float | None = None
        self._refused = ("", -math.inf)
        self._picture_wh = (0, 0)
        self._on_timeline = False

    @property
    def stands(self) -> bool:
        """Whether the picture stands still and no other one is on its way."""
        return (self.paused or self.ended) and self._asked_s is None

    @property
    def under_way(self) -> bool:
        """Whether a frame that was asked for has yet to arrive."""
        return self._asked_s is not None

    @property
    def notice(self) -> str:
        """What the person is to know: the end, or why a wish was refused a moment ago; "" if nothing."""
        reason, since_s = self._refused
        if reason and self._clock() - since_s < _NOTICE_S:
            return reason
        return "END" if self.ended else ""

    @property
    def position(self) -> Position:
        """Where the replay stands."""
        if self._live:
            end_s = math.ceil(max(self._bands.last_s, _LIVE_STEP_S) / _LIVE_STEP_S) * _LIVE_STEP_S
            return Position(end_s - LIVE_S, end_s, end_s, live=True)
        now_s = self._now_s if self._wanted_s is None else self._wanted_s
        end_s = max(self._end_s or 0.0, self._bands.last_s, _LIVE_STEP_S)
        return Position(0.0, end_s, now_s, speed=self.pace.speed, hint="" if self.why_not() else _HINT)

    def act(self, wish: Wish) -> bool:
        """Do what a key or the mouse asks for, if it is about playing; return whether the picture must be redrawn."""
        if isinstance(wish, Click):
            return self._click(wish)
        if wish is Key.PAUSE:
            return self._pause()
        if wish is Key.RESTART:
            return self.to(0.0)
        if wish in _STEPS_S:
            base_s = self._now_s if self._wanted_s is None else self._wanted_s
            return self.to(base_s + _STEPS_S[wish])
        return False

    def to(self, time_s: float) -> bool:
        """Go to a media time in seconds, the nearest there is; True, as the picture must say so or why not."""
        if reason := self.why_not():
            self._refuse(reason)
            return True
        last_s = math.inf if self._end_s is None else max(self._end_s, self._bands.last_s) - _BEFORE_END_S
        self._wanted_s = max(0.0, min(time_s, last_s))
        self.ended = False
        if self._asked_s is None:
            self._ask()
        return True

    def arrived(self, analysed: Analysed) -> None:
        """Take the next analysed frame; it may be the one that was asked for."""
        self._bands.write(analysed)
        self._now_s = analysed.frame.media_time_s
        if self._asked_s is None:
            return
        if self._wanted_s != self._asked_s:
            self._ask()
        else:
            self._asked_s = self._wanted_s = None
            self.pace.restart()

    def stays(self) -> bool:
        """Return whether the window stays at the end of the clip: it does for those who scrub."""
        self.ended = self.seeks > 0 and not self.why_not()
        return self.ended

    def composed(self, picture_bgr: ImageArray, *, timeline: bool = True) -> ImageArray:
        """Return `picture_bgr`, `(H, W, 3) uint8`, with the timeline below it if it is wanted."""
        # Where the timeline begins; without one there is nothing to click on.
        self._picture_wh = (picture_bgr.shape[1], picture_bgr.shape[0]) if timeline else (0, 0)
        if not timeline:
            return picture_bgr
        strip = self._painter.paint(self._bands, self.position, StripLayout.under(self._picture_wh))
        return np.concatenate([picture_bgr, strip])

    def why_not(self) -> str:
        """Return why one cannot scrub now, "" where one can."""
        if not self._info.seekable:
            return "no seeking: this source goes on by itself"
        if self._options.smooth_offline:
            return "no seeking with offline smoothing"
        if self._recording():
            return "no seeking while recording"
        if self._options.table is not None or self._options.report is not None:
            return "no seeking while a table or report is written"
        return ""

    def _refuse(self, reason: str) -> None:
        self._refused = reason, self._clock()
        if not self._told and self._info.seekable:
            self._told = True
            self._notify(f"{reason}: that is of the whole clip, in order; run again without it to scrub")

    def _pause(self) -> bool:
        self.pace.restart()
        if self.ended:
            return self.to(0.0)
        self.paused = not self.paused
        return True

    def _click(self, click: Click) -> bool:
        if not click.dragged:
            self._on_timeline = 0 < self._picture_wh[1] <= click.y
        if not self._on_timeline:
            return False
        return self.to(StripLayout.under(self._picture_wh).time_at(click.x, self.position))

    def _ask(self) -> None:
        assert self._wanted_s is not None
        self._asked_s = self._wanted_s
        self.seeks += 1
        self._seek(self._wanted_s)
