"""Publishes pictures and states from the pipeline's thread to any number of asyncio readers, without blocking."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import cv2

from realtime.core.types import ImageArray
from realtime.serving.page_state import PageState

T = TypeVar("T")

BOUNDARY = "picture"
PART_HEAD = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\n\r\n".encode()

_HISTORY_STEP_S = 0.25
_HISTORY_LENGTH = 1200
_JPEG_QUALITY = 80
# A page shows no more, and a phone's network carries no more.
_MAX_SIDE_PX = 1280


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A picture as every client gets it: put together once for all of them.

    Attributes:
        jpeg: `bytes`, the picture.
        body: `bytes`, the picture and the head of the next one, since browsers show a picture when that has come.
        chunk: `bytes`, `body` as a chunk of HTTP/1.1.
    """

    jpeg: bytes
    body: bytes
    chunk: bytes

    @classmethod
    def of(cls, jpeg: bytes) -> Part:
        """Return what is sent for a picture."""
        body = b"%b\r\n%b" % (jpeg, PART_HEAD)
        return cls(jpeg, body, b"%x\r\n%b\r\n" % (len(body), body))


class Newest(Generic[T]):
    """Latest-value broadcast on one event loop: each reader gets the newest value at its own pace."""

    def __init__(self) -> None:
        self._value: T | None = None
        self._number = 0
        self._closed = False
        self._changed = asyncio.Event()

    def put(self, value: T) -> None:
        """Replace the value; readers that have not read the one before skip it."""
        self._value = value
        self._number += 1
        self._wake()

    def forget(self) -> None:
        """Drop the value: later readers wait for a new one."""
        self._value = None

    def close(self) -> None:
        """Wake and end all readers; any number of times."""
        self._closed = True
        self._wake()

    async def after(self, number: int) -> tuple[int, T] | None:
        """Wait for a value newer than the one of `number` (0: any) and return its number and it; `None` at the end."""
        while not self._closed:
            if self._value is not None and self._number > number:
                return self._number, self._value
            await self._changed.wait()
        return None

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Pictures:
    """The newest picture of one size, encoded, and how many clients want it; on the loop, but for `watchers`."""

    def __init__(self) -> None:
        self.newest: Newest[Part] = Newest()
        self.watchers = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count a client inside a `with` block."""
        self.watchers += 1
        try:
            yield
        finally:
            self.watchers -= 1
            if not self.watchers:
                # Nothing is drawn from now on: the next one must not be shown what was here minutes ago.
                self.newest.forget()

    def take(self, picture_bgr: ImageArray | None) -> None:
        """Encode a picture for those who watch."""
        if picture_bgr is not None and self.watchers:
            self.newest.put(Part.of(jpeg_of(picture_bgr)))


class PageFeed:
    """Bridge from the pipeline's thread to the server's event loop.

    Only `publish`, `close` and the numbers of watchers may be used on another thread than the loop's.

    Args:
        loop: the server's.

    Attributes:
        pictures: the newest picture; only while somebody watches.
        small_pictures: the newest one for small screens, likewise.
        states: the newest state.
        history: earlier states, at most four per second, for those who join late.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.pictures, self.small_pictures = Pictures(), Pictures()
        self.states: Newest[PageState] = Newest()
        self.history: deque[PageState] = deque(maxlen=_HISTORY_LENGTH)
        self._loop = loop
        self._lock = threading.Lock()
        self._picture: ImageArray | None = None
        self._small: ImageArray | None = None
        self._state: PageState | None = None
        self._called = False

    def publish(
        self, picture_bgr: ImageArray | None, state: PageState | None, small_bgr: ImageArray | None = None
    ) -> None:
        """Offer a picture and a state; returns at once.

        Args:
            picture_bgr: `(H, W, 3) uint8`, never written again; `None` where nobody watches.
            state: `None` where there is none yet.
            small_bgr: the picture for small screens, likewise.

        Raises:
            RuntimeError: the loop has ended.
        """
        with self._lock:
            self._picture = self._picture if picture_bgr is None else picture_bgr
            self._small = self._small if small_bgr is None else small_bgr
            self._state = self._state if state is None else state
            waiting, self._called = self._called, True
        if not waiting:
            self._loop.call_soon_threadsafe(self._take)

    def close(self) -> None:
        """End every reader's wait; any number of times."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._close)

    def _take(self) -> None:
        with self._lock:
            picture, self._picture = self._picture, None
            small, self._small = self._small, None
            state, self._state = self._state, None
            self._called = False
        if state is not None:
            if not self.history or not 0 <= state.media_time_s - self.history[-1].media_time_s < _HISTORY_STEP_S:
                self.history.append(state)
            self.states.put(state)
        self.pictures.take(picture)
        self.small_pictures.take(small)

    def _close(self) -> None:
        self.pictures.newest.close()
        self.small_pictures.newest.close()
        self.states.close()


def jpeg_of(picture_bgr: ImageArray) -> bytes:
    """Return `(H, W, 3) uint8` as a JPEG of at most 1280 pixels a side."""
    height, width = picture_bgr.shape[:2]
    scale = _MAX_SIDE_PX / max(height, width)
    if scale < 1:
        size_wh = max(1, round(width * scale)), max(1, round(height * scale))
        picture_bgr = cv2.resize(picture_bgr, size_wh, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", picture_bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise ValueError(f"a picture must be one that JPEG can hold; received {picture_bgr.shape}")
    return data.tobytes()
