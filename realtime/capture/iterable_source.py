"""Frame source on any iterable of images, for programs that embed the analysis."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

import numpy as np

from realtime.core.channel import Channel, ChannelClosedError, OverflowPolicy
from realtime.core.errors import SourceError, SourceOpenError, SourceReadError
from realtime.core.protocols import SourceInfo
from realtime.core.types import Frame, ImageArray

_DEFAULT_FPS = 30.0
_IMAGE_RULE = "(H, W, 3) uint8 in BGR order, as OpenCV has it"


class IterableSource:
    """Frames from an iterable of images, or of pairs of an image and its media time.

    The iterable is consumed on a thread of its own, so that a run can be stopped while it blocks. Each image is copied:
    the caller may use its buffer again.

    A generator is closed on that thread too, once the run has ended.

    Args:
        frames: yields `(H, W, 3) uint8` BGR images, or `(image_bgr, time_s)`; times must grow, and count from the
            first.
        fps: `float`, frames per second: gives images without a time of their own one.
        live: `bool`, whether frames pass by: the newest counts, older ones are dropped and counted. Else every frame is
            analyzed.
        name: `str`, for people.
        clock: monotonic clock in seconds, for `captured_at_s`.

    Attributes:
        dropped: `int`, frames that a newer one replaced before anybody read them.
    """

    damaged_packets = 0
    farewell = ""

    def __init__(
        self,
        frames: Iterable[Any],
        *,
        fps: float = _DEFAULT_FPS,
        live: bool = False,
        name: str = "frames",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not fps > 0:
            raise SourceOpenError(f"the rate of {name} must be above 0 frames per second; received {fps}")
        self.live = live
        self._frames, self._fps, self._name, self._clock = frames, fps, name, clock
        self._count = 0
        self._last_s = -np.inf
        self._began_s: float | None = None
        self._first: Frame | None = None
        self._error: SourceError | None = None
        self._queue: Channel[Frame] = Channel(1, OverflowPolicy.DROP_OLDEST if live else OverflowPolicy.WAIT)
        self._thread = threading.Thread(target=self._consume, name="capture-frames", daemon=True)

    @property
    def dropped(self) -> int:
        """Frames that a newer one replaced before anybody read them."""
        return self._queue.dropped

    def open(self) -> SourceInfo:
        """Wait for the first image.

        Raises:
            SourceOpenError: there is none, or it was interrupted.
            SourceReadError: it is no image.
        """
        self._thread.start()
        self._first = self._take()
        if self._first is None:
            raise SourceOpenError(f"{self._name} must have at least one image; received none: check what yields them")
        return SourceInfo(self._name, live=self.live, size_wh=self._first.size_wh, fps=self._fps)

    def read(self) -> Frame | None:
        """Return the next frame, or `None` at the end or once interrupted. Raises SourceReadError."""
        if self._first is not None:
            frame, self._first = self._first, None
            return frame
        return self._take()

    def interrupt(self) -> None:
        """Make a blocked or later `read` return `None`; from any thread."""
        self._queue.close()
        self._queue.clear()

    def close(self) -> None:
        """Take no further image; any number of times. An iterable that blocks is left to its thread."""
        self.interrupt()

    def _take(self) -> Frame | None:
        try:
            return self._queue.get()
        except ChannelClosedError:
            if self._error is not None:
                raise self._error from self._error.__cause__
            return None

    def _consume(self) -> None:
        frames: Iterator[Any] = iter(())
        try:
            frames = iter(self._frames)
            for item in frames:
                self._queue.put(self._frame(item))
        except ChannelClosedError:
            return
        except SourceError as error:
            self._error = error
        except Exception as error:  # What the caller's iterable raises must reach whoever reads.
            self._error = SourceReadError(
                f"{self._name} failed after {self._count} frames: {type(error).__name__}: {error}"
            )
            self._error.__cause__ = error
        finally:
            self._queue.close()
            # Here, where it was run, and not when the garbage collector comes: it may hold a camera.
            if isinstance(frames, Generator):
                frames.close()

    def _frame(self, item: Any) -> Frame:
        image, given_s = item if isinstance(item, tuple) else (item, self._count / self._fps)
        if not is_image_bgr(image):
            received = f"{image.shape} {image.dtype}" if isinstance(image, np.ndarray) else type(image).__name__
            raise SourceReadError(f"frame {self._count} of {self._name} must be {_IMAGE_RULE}; received {received}")
        self._began_s = float(given_s) if self._began_s is None else self._began_s
        media_time_s = float(given_s) - self._began_s
        if not self._last_s < media_time_s < np.inf:
            raise SourceReadError(
                f"the times of {self._name} must be finite and grow; frame {self._count} has {media_time_s:g} s after "
                f"{self._last_s:g} s"
            )
        self._last_s = media_time_s
        image_bgr: ImageArray = np.array(image, np.uint8, order="C")
        frame = Frame(image_bgr, self._count, media_time_s, self._clock())
        self._count += 1
        return frame


def is_image_bgr(image: object) -> bool:
    """Return whether `image` is a picture as OpenCV has it: `(H, W, 3) uint8`, not empty."""
    return (
        isinstance(image, np.ndarray)
        and image.ndim == 3
        and image.shape[2] == 3
        and image.dtype == np.uint8
        and image.size > 0
    )
