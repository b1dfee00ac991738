"""HTTP server of the live page: MJPEG picture, server-sent events for emotions and timeline; on Starlette."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from realtime.core.errors import OutletError
from realtime.core.protocols import SourceInfo
from realtime.core.types import ImageArray
from realtime.serving.access_guard import AccessGuard, GuessLimiter
from realtime.serving.address import Address, listen
from realtime.serving.connection_limits import ConnectionLimits
from realtime.serving.page_feed import BOUNDARY, PART_HEAD, PageFeed, Pictures
from realtime.serving.page_host import WRITE_CHUNK, PageHost
from realtime.serving.page_state import PageState, hello_json

_FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
_FOLDER = Path(__file__).parent / "static"
# Also finds out that a client is gone while nothing happens.
_HEARTBEAT_S = 10.0
# A proxy on this machine, where one is told to be.
_PROXIES = "127.0.0.1,::1"
_START_S = 10.0
# Uvicorn checks for shutdown every 0.1 s; a client that reads nothing is cut off after one second.
_GRACE_S = 1
_END_S = 5.0
_PICTURES = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
_EVENTS = "text/event-stream"


class PageServer:
    """Uvicorn server with its own thread and event loop.

    Args:
        address: where to serve; the port is taken at once.
        token: `str` or `None`, what every visitor must know.
        tls: `ssl.SSLContext`, or `None` for a page that is not encrypted.
        behind_proxy: `bool`, whether a proxy on this machine says in X-Forwarded-For who a visitor is.
        limits: which connections stay.
        guesses: how fast tokens may be tried.

    Raises:
        ConfigError: there is no such address.
        OutletError: the port is not available.
    """

    def __init__(
        self,
        address: Address,
        token: str | None,
        *,
        tls: ssl.SSLContext | None = None,
        behind_proxy: bool = False,
        limits: ConnectionLimits | None = None,
        guesses: GuessLimiter | None = None,
    ) -> None:
        self._door = listen(address)
        self.address = Address(address.host, self._door.getsockname()[1], encrypted=tls is not None)
        self._token, self._tls, self._behind_proxy = token, tls, behind_proxy
        self._limits = ConnectionLimits() if limits is None else limits
        self._guesses = GuessLimiter() if guesses is None else guesses
        self._feed: PageFeed | None = None
        self._server: PageHost | None = None
        self._thread: threading.Thread | None = None
        self._started = threading.Event()
        self._failure: BaseException | None = None

    @property
    def watched(self) -> bool:
        """Whether any client receives pictures."""
        return self._feed is not None and self._feed.pictures.watchers > 0

    @property
    def watched_small(self) -> bool:
        """Whether any client receives pictures for small screens."""
        return self._feed is not None and self._feed.small_pictures.watchers > 0

    def open(self, info: SourceInfo) -> None:
        """Serve from now on. Raises OutletError."""
        self._thread = threading.Thread(target=self._run, args=(info,), name="live page", daemon=True)
        self._thread.start()
        self._started.wait(_START_S)
        if self._feed is None:
            raise OutletError(f"the page on {self.address} did not start: {self._failure!r}; run without --serve")

    def publish(
        self, picture_bgr: ImageArray | None, state: PageState | None, small_bgr: ImageArray | None = None
    ) -> None:
        """Offer a picture, `(H, W, 3) uint8`, a state, and the picture for small screens; returns at once.

        Raises:
            OutletError: the server has died.
        """
        assert self._feed is not None
        try:
            self._feed.publish(picture_bgr, state, small_bgr)
        except RuntimeError as error:
            why = self._failure or error
            raise OutletError(f"the page on {self.address} has failed: {why!r}; run without --serve") from error

    def close(self) -> None:
        """Tell every page that the run has ended, and stop; any number of times."""
        thread, self._thread = self._thread, None
        if thread is not None and self._feed is not None and self._server is not None:
            self._feed.close()
            self._server.should_exit = True
            thread.join(_END_S)
        self._door.close()

    def _run(self, info: SourceInfo) -> None:
        try:
            asyncio.run(self._serve(info))
        except BaseException as error:
            self._failure = error
        finally:
            self._started.set()

    async def _serve(self, info: SourceInfo) -> None:
        feed = PageFeed(asyncio.get_running_loop())
        config = uvicorn.Config(
            AccessGuard(_pages(info, feed), self._token, self.address, self._guesses),
            interface="asgi3",
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            # Else anybody on this machine could pretend to be many visitors.
            proxy_headers=self._behind_proxy,
            forwarded_allow_ips=_PROXIES,
            timeout_graceful_shutdown=_GRACE_S,
        )
        self._server = PageHost(config, self._door, self._limits, self._tls)
        self._feed = feed
        self._started.set()
        await self._server.serve(sockets=[self._door])


def _pages(info: SourceInfo, feed: PageFeed) -> Starlette:
    async def file(request: Request) -> Response:
        name, kind = _FILES[request.url.path]
        return FileResponse(_FOLDER / name, media_type=kind)

    async def picture(request: Request) -> Response:
        pictures = feed.small_pictures if "small" in request.query_params else feed.pictures
        return _Watched(pictures) if request.method == "GET" else _Head(_PICTURES)

    async def events(request: Request) -> Response:
        return StreamingResponse(_events(info, feed), media_type=_EVENTS) if request.method == "GET" else _Head(_EVENTS)

    routes = [*(Route(path, file) for path in _FILES), Route("/picture.mjpeg", picture), Route("/events", events)]
    return Starlette(routes=routes)


class _Head(Response):
    """The answer to HEAD for what has no end, and so no length."""

    def __init__(self, kind: str) -> None:
        super().__init__(media_type=kind)
        del self.headers["content-length"]


class _Watched(StreamingResponse):
    """The pictures; counts its client for as long as it is there."""

    def __init__(self, pictures: Pictures) -> None:
        super().__init__((), media_type=_PICTURES)
        self._pictures = pictures
        self._write_chunk: Callable[[bytes], Awaitable[None]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._write_chunk = scope.get("extensions", {}).get(WRITE_CHUNK)
        with self._pictures.watching():
            await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        """Send the newest picture whenever the last one is on its way; a slow client's is the newest one by then."""

        async def body(data: bytes, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": more})

        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await body(PART_HEAD)
        number, jpeg = 0, b""
        while (newer := await self._pictures.newest.after(number)) is not None:
            number, part = newer
            jpeg = part.jpeg
            if self._write_chunk is not None:
                await self._write_chunk(part.chunk)
            else:
                await body(part.body)
                await body(b"")  # waits until there is room for more
        await body(jpeg + f"\r\n--{BOUNDARY}--\r\n".encode(), more=False)


async def _events(info: SourceInfo, feed: PageFeed) -> AsyncIterator[str]:
    yield f"event: hello\ndata: {hello_json(info, feed.history)}\n\n"
    number = 0
    while True:
        try:
            newer = await asyncio.wait_for(feed.states.after(number), _HEARTBEAT_S)
        except asyncio.TimeoutError:
            yield ": still here\n\n"
            continue
        if newer is None:
            yield "event: end\ndata: {}\n\n"
            return
        number, state = newer
        yield f"data: {state.as_json()}\n\n"
