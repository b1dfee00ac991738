"""State machine of playback in the window: play, pause, seek; independent of window and pipeline."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np

from realtime.core.protocols import SourceInfo
from realtime.core.types import Analysed, ImageArray
from realtime.overlay.timeline_strip import Position, StripLayout, TimelinePainter
from realtime.session.keys import Click, Key
from realtime.session.pacer import Pacer
from realtime.timeline.live_timeline import LIVE_S, LiveTimeline

_STEPS_S = {Key.BACK: -1.0, Key.FORWARD: 1.0, Key.FAR_BACK: -10.0, Key.FAR_FORWARD: 10.0}
_HINT = "space pause   , . 1 s   < > 10 s"
_NOTICE_S = 3.0
# The last frame begins before the end.
_BEFORE_END_S = 0.001
_LIVE_STEP_S = 0.1

Wish = Key | Click | None


class Playback:
    """Playback position, pending seek, and the timeline that shows both.

    One seek is pending at a time, and the newest target follows, so that pictures keep coming while the mouse is
    dragged.

    Args:
        info: the source, open.
        seek: seeks the source to a media time in seconds.
        why_no_seek: returns why it cannot seek now, "" where it can; called for seekable sources.
        notify: receives one line for the user, once, when a seek is refused.
        speed: `float`, playback speed of a file; 1 is real time.
        end_s: `float` or `None`, media time at which the run ends, if that is earlier than the source's end.
        clock: monotonic seconds.

    Attributes:
        paused: `bool`, whether the user paused.
        ended: `bool`, whether a clip in which the user has seeked waits at its end.
        seeks: `int`, number of seeks.
    """

    def __init__(
        self,
        info: SourceInfo,
        seek: Callable[[float], None],
        why_no_seek: Callable[[], str] = lambda: "",
        notify: Callable[[str], None] = lambda _: None,
        *,
        speed: float = 1.0,
        end_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        ends = [known_s for known_s in (info.duration_s, end_s) if known_s]
        self._end_s = min(ends) if ends else None
        self._info, self._live = info, info.live
        self._seek, self._why_no_seek, self._notify = seek, why_no_seek, notify
        self._told = False
        self.pace = Pacer(speed, clock)
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
        """Whether a seek is pending."""
        return self._asked_s is not None

    @property
    def notice(self) -> str:
        """Line for the user: the end, or why a seek was refused a moment ago; "" if there is none."""
        reason, since_s = self._refused
        if reason and self._clock() - since_s < _NOTICE_S:
            return reason
        return "END" if self.ended else ""

    @property
    def position(self) -> Position:
        """Present playback position."""
        if self._live:
            end_s = math.ceil(max(self._bands.last_s, _LIVE_STEP_S) / _LIVE_STEP_S) * _LIVE_STEP_S
            return Position(end_s - LIVE_S, end_s, end_s, live=True)
        now_s = self._now_s if self._wanted_s is None else self._wanted_s
        end_s = max(self._end_s or 0.0, self._bands.last_s, _LIVE_STEP_S)
        return Position(0.0, end_s, now_s, speed=self.pace.speed, hint="" if self.why_not() else _HINT)

    def act(self, wish: Wish) -> bool:
        """Handle a key or click of playback; return whether the picture must be redrawn."""
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
        """Take the next analyzed frame, which may complete a pending seek."""
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
        """Return why seeking is not possible now, "" where it is."""
        if not self._info.seekable:
            return "no seeking: this source goes on by itself"
        return self._why_no_seek()

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
