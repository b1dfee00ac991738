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


class PageFeed:
    """Bridge from the pipeline's thread to the server's event loop.

    Only `publish`, `close` and `watched` may be used on another thread than the loop's.

    Args:
        loop: the server's.

    Attributes:
        pictures: the newest picture, encoded; only while somebody watches.
        states: the newest state.
        history: earlier states, at most four per second, for those who join late.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.pictures: Newest[Part] = Newest()
        self.states: Newest[PageState] = Newest()
        self.history: deque[PageState] = deque(maxlen=_HISTORY_LENGTH)
        self._loop = loop
        self._watchers = 0
        self._lock = threading.Lock()
        self._picture: ImageArray | None = None
        self._state: PageState | None = None
        self._called = False

    @property
    def watched(self) -> bool:
        """Whether any client receives pictures."""
        return self._watchers > 0

    def publish(self, picture_bgr: ImageArray | None, state: PageState | None) -> None:
        """Offer a picture and a state; returns at once.

        Args:
            picture_bgr: `(H, W, 3) uint8`, never written again; `None` where nobody watches.
            state: `None` where there is none yet.

        Raises:
            RuntimeError: the loop has ended.
        """
        with self._lock:
            self._picture = self._picture if picture_bgr is None else picture_bgr
            self._state = self._state if state is None else state
            waiting, self._called = self._called, True
        if not waiting:
            self._loop.call_soon_threadsafe(self._take)

    def close(self) -> None:
        """End every reader's wait; any number of times."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._close)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count a client of the pictures inside a `with` block; on the loop."""
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1
            if not self._watchers:
                # Nothing is drawn from now on: the next one must not be shown what was here minutes ago.
                self.pictures.forget()

    def _take(self) -> None:
        with self._lock:
            picture, self._picture = self._picture, None
            state, self._state = self._state, None
            self._called = False
        if state is not None:
            if not self.history or not 0 <= state.media_time_s - self.history[-1].media_time_s < _HISTORY_STEP_S:
                self.history.append(state)
            self.states.put(state)
        if picture is not None and self._watchers:
            self.pictures.put(Part.of(jpeg_of(picture)))

    def _close(self) -> None:
        self.pictures.close()
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
