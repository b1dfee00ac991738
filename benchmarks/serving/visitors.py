"""Visitors of a live page on this machine, those who read and those who are slow, idle or never finish."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

HOST = "127.0.0.1"
_SLOW_BYTES = 2048
_PAUSE_S = 0.5
_GET = "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Visitors:
    """Keeps a number of visitors of each kind on a page; whoever is turned away comes again.

    Args:
        port: the page's, on 127.0.0.1.

    Attributes:
        received_bytes: `int`, what those who read have received.
        ended: how many connections of each kind the page has ended.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.received_bytes = 0
        self.ended: Counter[str] = Counter()
        self._kinds: dict[str, Callable[[Streams], Awaitable[None]]] = {
            "slow": self._read_slowly,
            "idle": self._do_nothing,
            "unfinished": self._never_finish,
        }

    async def stay(self, kind: str) -> None:
        """Be a visitor of this kind ("reading", "slow", "idle", "unfinished") until cancelled."""
        while True:
            try:
                await (self._read() if kind == "reading" else self._connected(self._kinds[kind]))
            except ConnectionRefusedError:
                await asyncio.sleep(_PAUSE_S)
                continue
            except OSError:
                pass
            self.ended[kind] += 1
            await asyncio.sleep(_PAUSE_S)

    async def _connected(self, do: Callable[[Streams], Awaitable[None]]) -> None:
        streams = await asyncio.open_connection(HOST, self._port, limit=1 << 16)
        try:
            await do(streams)
        finally:
            streams[1].close()

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        reader = _Reader(self)
        transport, _ = await loop.create_connection(lambda: reader, HOST, self._port)
        try:
            transport.write(_GET.format(path="/picture.mjpeg").encode())
            await reader.ended.wait()
        finally:
            transport.close()

    async def _read_slowly(self, streams: Streams) -> None:
        reader, writer = streams
        writer.write(_GET.format(path="/picture.mjpeg").encode())
        while await reader.read(_SLOW_BYTES):
            await asyncio.sleep(_PAUSE_S)

    async def _do_nothing(self, streams: Streams) -> None:
        await streams[0].read(1)

    async def _never_finish(self, streams: Streams) -> None:
        reader, writer = streams
        writer.write(b"GET / HTTP/1.1\r\nX-Long: ")
        while not reader.at_eof():
            writer.write(b"x")
            await writer.drain()
            try:
                await asyncio.wait_for(reader.read(1), _PAUSE_S)
            except asyncio.TimeoutError:
                continue
            return


class _Reader(asyncio.BufferedProtocol):
    """Takes whatever comes and throws it away: what readers cost is not the page's cost."""

    _taken = bytearray(1 << 18)

    def __init__(self, visitors: Visitors) -> None:
        self._visitors = visitors
        self.ended = asyncio.Event()

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - asyncio's signature
        return self._taken

    def buffer_updated(self, nbytes: int) -> None:
        self._visitors.received_bytes += nbytes

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.ended.set()
