"""PyAV helpers shared by files and streams: stream selection, rotation, monotonic media times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import av
import cv2
import numpy as np

from realtime.core.types import ImageArray

DEFAULT_STEP_S = 1 / 30
_SMALLEST_STEP_S = 0.001
_DISCONTINUITY_S = 1.0
_TURNS = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}
# Text formats that FFmpeg decodes as video (ANSI art).
_NOT_VIDEO = {"ansi", "bintext", "xbin", "idf"}


def silence_libav() -> None:
    """Keep FFmpeg's own lines off the terminal: what matters becomes one error of ours."""
    av.logging.set_level(None)


def video_stream(container: Any) -> Any | None:
    """Return the first moving-picture stream of an open container, or `None`; cover art and text do not count."""
    for stream in container.streams.video:
        is_cover = bool(stream.disposition & av.stream.Disposition.attached_pic)
        if not is_cover and stream.codec_context is not None and stream.codec_context.name not in _NOT_VIDEO:
            return stream
    return None


def upright_bgr(frame: Any) -> ImageArray:
    """Return a decoded frame as `(H, W, 3) uint8` BGR, rotated by its display matrix."""
    image: ImageArray = np.ascontiguousarray(frame.to_ndarray(format="bgr24"))
    turn = _TURNS.get(round(frame.rotation / 90) % 4)
    return image if turn is None else np.asarray(cv2.rotate(image, turn), np.uint8)


def upright_size_wh(frame: Any) -> tuple[int, int]:
    """Return width and height in pixels that `upright_bgr` will give this frame."""
    turned = round(frame.rotation / 90) % 2 == 1
    return (frame.height, frame.width) if turned else (frame.width, frame.height)


def average_fps(stream: Any) -> float:
    """Return the stream's average frames per second, 0.0 if unknown."""
    return float(stream.average_rate or 0)


class MediaTimes:
    """Maps presentation timestamps to strictly increasing seconds since the first frame.

    Args:
        step_s: `float`, seconds added where a frame carries no time.

    Attributes:
        plain: `bool`, whether every frame so far carried a timestamp and the timestamps never restarted: only then
            can a media time be mapped back to a timestamp of the file.
    """

    def __init__(self, step_s: float = DEFAULT_STEP_S) -> None:
        self.plain = True
        self._step_s = step_s
        self._origin_s: float | None = None
        self._last_s = -step_s

    @property
    def origin_s(self) -> float:
        """The file's own time of media time 0, in seconds."""
        return self._origin_s or 0.0

    def jump(self) -> None:
        """Accept any next timestamp: the file was seeked."""
        self._last_s = -self._step_s

    def place(self, time_s: float | None) -> float:
        """Return the media time in seconds of the next frame, whose own time is `time_s`, if it has one."""
        if time_s is None:
            self.plain = False
            at_s = self._last_s + self._step_s
            self._origin_s = self._origin_s if self._origin_s is not None else 0.0
        else:
            if self._origin_s is None:
                self._origin_s = time_s
            at_s = time_s - self._origin_s
            if at_s < self._last_s - _DISCONTINUITY_S:
                # Concatenated recordings restart their timestamps; media time continues.
                self.plain = False
                at_s = self._last_s + self._step_s
                self._origin_s = time_s - at_s
        self._last_s = at_s if at_s > self._last_s else self._last_s + _SMALLEST_STEP_S
        return self._last_s


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


def network_reason(error: Any, limit_s: float) -> str:
    """Return what went wrong in words; never FFmpeg's own, which repeat the address with its password."""
    reasons: tuple[tuple[Any, str], ...] = (
        (av.error.ExitError, f"nothing came for {limit_s:g} s"),
        (av.error.TimeoutError, "no answer in time"),
        (av.error.ConnectionRefusedError, "connection refused"),
        (ConnectionError, "the connection was reset"),
        (av.error.HTTPUnauthorizedError, "user name or password missing or wrong (401)"),
        (av.error.HTTPForbiddenError, "access forbidden (403)"),
        (av.error.HTTPNotFoundError, "nothing there under this path (404)"),
        (av.error.HTTPError, "the server answered with an error"),
        (av.error.ProtocolNotFoundError, "this kind of address is not supported"),
        (av.error.InvalidDataError, "what it sends is not a video that can be read"),
    )
    for kind, text in reasons:
        if isinstance(error, kind):
            return text
    return "the host is unknown, cannot be reached, hung up, or sends no video"
