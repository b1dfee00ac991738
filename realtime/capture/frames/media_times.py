"""Media times that only increase, from the times of a file or of a live sender."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable
from typing import Any

from realtime.capture.pyav_decoding import average_fps
from realtime.core.protocols import SourceFindings

DEFAULT_STEP_S = 1 / 30
_SMALLEST_STEP_S = 0.001
# FFmpeg's flags of formats: no times in them, and clocks that may leap.
_WITHOUT_TIMES, _LEAPS = 0x0080, 0x0200
# A leap forward, in seconds: FFmpeg's own limit for formats whose clocks leap. In others a gap may be long: cameras
# that record only when something moves pause for minutes.
_LEAP_S, _RARE_LEAP_S = 10.0, 600.0
# Where a time is this far ahead, the next one tells whether it is a wild one; and in usual steps.
_SUSPICIOUS_S, _SUSPICIOUS_STEPS = 1.0, 5.0
# Stamps that are a little early are jitter, not a restart; in usual steps.
_JITTER_STEPS = 0.75
_SAME_RATE = 0.1
# FFmpeg's demuxers of these formats make up timestamps at 25 per second, whatever the sender's rate is.
_MADE_UP = {"mpjpeg", "mjpeg"}


def clock_may_leap(container: Any) -> bool:
    """Return whether an open container is of a format whose clock may leap, as those for broadcasting."""
    return bool(container.format.flags & _LEAPS)


def media_times(container: Any, stream: Any, findings: SourceFindings) -> MediaTimes:
    """Return what gives the frames of `stream` their media times, as its format needs it."""
    flags = container.format.flags
    if flags & _WITHOUT_TIMES:
        rate = float(stream.guessed_rate or stream.average_rate or 25)
        findings.time_note = f"the file carries no times: {rate:g} pictures per second are assumed"
        findings.note(findings.time_note)
        return MediaTimes(1 / rate, findings, without_times=True)
    step_s = 1 / (average_fps(stream) or 1 / DEFAULT_STEP_S)
    return MediaTimes(step_s, findings, leap_s=_LEAP_S if clock_may_leap(container) else _RARE_LEAP_S)


class MediaTimes:
    """Maps presentation timestamps to strictly increasing seconds since the first frame.

    Where the file's clock steps back or leaps forward, media time goes on by the usual step. One wild timestamp between
    two good ones changes nothing else.

    Args:
        step_s: `float`, seconds added where a frame carries no time, until the usual step is known.
        findings: receives the clock and a line when times were mended.
        leap_s: `float`, a step forward of more than this is a leap of the clock, in seconds.
        without_times: `bool`, what timestamps there are were made up by the reader.

    Attributes:
        plain: `bool`, whether every frame so far carried a timestamp and the timestamps never leapt: only then can a
            media time be mapped back to a timestamp of the file.
    """

    def __init__(
        self,
        step_s: float = DEFAULT_STEP_S,
        findings: SourceFindings | None = None,
        *,
        leap_s: float = _RARE_LEAP_S,
        without_times: bool = False,
    ) -> None:
        self.plain = True
        self._findings = findings or SourceFindings()
        self._findings.clock.clear()
        self._without_times, self._leap_s = without_times, leap_s
        self._guessed_step_s = step_s
        self._tiny_s = min(_SMALLEST_STEP_S, step_s / 4)
        self._steps_s: deque[float] = deque(maxlen=9)
        self._last_s: float | None = None

    @property
    def origin_s(self) -> float:
        """The file's own time of media time 0, in seconds."""
        return self._findings.clock[-1][1] if self._findings.clock else 0.0

    @property
    def step_s(self) -> float:
        """The usual time between two frames, in seconds."""
        usual_s = statistics.median(self._steps_s) if self._steps_s else self._guessed_step_s
        # The declared rate is exact, but a leap makes it worthless.
        declared = abs(usual_s - self._guessed_step_s) < _SAME_RATE * usual_s
        return self._guessed_step_s if declared else usual_s

    @property
    def end_s(self) -> float:
        """Where the frame that was placed last ends, in media time."""
        return 0.0 if self._last_s is None else self._last_s + self.step_s

    def jump(self) -> None:
        """Accept any next timestamp: the file was seeked."""
        self._last_s = None

    def place(self, time_s: float | None, next_s: Callable[[], float | None] = lambda: None) -> float:
        """Return the media time in seconds of the next frame.

        Args:
            time_s: its own time, if it has one.
            next_s: asked for the own time of the frame after it, where that decides what a strange time means.
        """
        if time_s is None or self._without_times:
            self.plain = False
            at_s = 0.0 if self._last_s is None else self._last_s + self.step_s
            if not self._findings.clock:
                self._findings.clock.append((0.0, 0.0))
        else:
            if not self._findings.clock:
                self._findings.clock.append((0.0, time_s))
            at_s = time_s - self.origin_s
            if self._last_s is not None:
                at_s = self._checked(at_s, time_s, self._last_s, next_s)
        self._last_s = at_s
        return at_s

    def _checked(self, at_s: float, time_s: float, last_s: float, next_s: Callable[[], float | None]) -> float:
        delta_s = at_s - last_s
        if 0 < delta_s <= _SUSPICIOUS_S:
            self._steps_s.append(delta_s)
            return at_s
        step_s = self.step_s
        if -_JITTER_STEPS * step_s < delta_s <= 0:
            return last_s + self._tiny_s
        if 0 < delta_s <= _SUSPICIOUS_STEPS * step_s:
            self._steps_s.append(delta_s)
            return at_s
        following_s = next_s()
        if delta_s < 0 or (following_s is not None and following_s < time_s):
            after_s = -1.0 if following_s is None else following_s - self.origin_s - last_s
            if 0 < after_s <= max(_SUSPICIOUS_S, _SUSPICIOUS_STEPS * step_s):
                self._mended(f"the file has a wild time at {last_s:.2f} s: it was left out")
                return last_s + min(step_s, after_s / 2)
        elif delta_s <= max(self._leap_s, _SUSPICIOUS_STEPS * step_s):
            return at_s
        return self._resumed(time_s, last_s, step_s)

    def _resumed(self, time_s: float, last_s: float, step_s: float) -> float:
        """Go on after a leap of the clock; with an earlier stretch of it where that fits, so that no error adds up."""
        self._mended(f"the file's clock leaps at {last_s:.2f} s: times go on from there by the usual step")
        for _, origin_s in self._findings.clock:
            if 0 < time_s - origin_s - last_s <= 3 * step_s:
                break
        else:
            origin_s = time_s - last_s - step_s
        at_s = time_s - origin_s
        self._findings.clock.append((at_s, origin_s))
        return at_s

    def _mended(self, line: str) -> None:
        self.plain = False
        if not self._findings.time_note:
            self._findings.time_note = line
            self._findings.note(line)


class ArrivalTimes:
    """Media times of a live source: the sender's timestamps while they are plausible, else the arrival times.

    Args:
        trusted: `bool`, False for formats whose times are made up by the reader (MJPEG over HTTP).
        tolerance_s: `float`, largest drift between the sender's clock and ours before its timestamps are rejected.
    """

    def __init__(self, *, trusted: bool = True, tolerance_s: float = 2.0) -> None:
        self._trusted = trusted
        self._tolerance_s = tolerance_s
        self._origins_s: tuple[float | None, float] | None = None
        self._last_s = -1.0

    def place(self, time_s: float | None, arrived_s: float) -> float:
        """Return the media time in seconds of a frame with timestamp `time_s` that arrived at `arrived_s`."""
        if self._origins_s is None:
            self._origins_s = (time_s, arrived_s)
        first_s, first_arrived_s = self._origins_s
        elapsed_s = arrived_s - first_arrived_s
        if self._trusted and time_s is not None and first_s is not None:
            at_s = time_s - first_s
            if at_s > self._last_s and abs(at_s - elapsed_s) <= self._tolerance_s:
                self._last_s = at_s
                return at_s
        self._trusted = False
        self._last_s = elapsed_s if elapsed_s > self._last_s else self._last_s + _SMALLEST_STEP_S
        return self._last_s


def due_times(
    times: MediaTimes, clock: Callable[[], float], wait: Callable[[float], object], stopped: Callable[[], bool]
) -> Callable[[Any], tuple[float, float]]:
    """Return what waits until a decoded frame is due, and gives its media time and that moment, in seconds.

    Args:
        times: places the frames.
        clock: monotonic seconds.
        wait: waits for some seconds.
        stopped: asked before each wait; once true, nothing is waited for.
    """
    started_s: float | None = None

    def due(decoded: Any) -> tuple[float, float]:
        nonlocal started_s
        media_time_s = times.place(decoded.time)
        started_s = clock() - media_time_s if started_s is None else started_s
        due_s = started_s + media_time_s
        while (left_s := due_s - clock()) > 0 and not stopped():
            wait(left_s)
        return media_time_s, due_s

    return due


def sent_times(
    container: Any,
    stream: Any,
    clock: Callable[[], float],
    wait: Callable[[float], object],
    stopped: Callable[[], bool],
) -> Callable[[Any], tuple[float, float]]:
    """Return what gives a sender's decoded frame its media time and its moment of capture, in seconds.

    Waits where what is sent has a known length and may come faster than it plays. Arguments: see `due_times`.
    """
    if container.duration:
        return due_times(MediaTimes(1 / (average_fps(stream) or 30)), clock, wait, stopped)
    arrivals = ArrivalTimes(trusted=container.format.name not in _MADE_UP)

    def arrived(decoded: Any) -> tuple[float, float]:
        now_s = clock()
        return arrivals.place(decoded.time, now_s), now_s

    return arrived
