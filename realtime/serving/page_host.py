"""Accepts the live page's connections within `ConnectionLimits`; on Uvicorn, which has no such limits of its own."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from realtime.serving.connection_limits import AcceptPace, Connection, ConnectionLimits

WRITE_CHUNK = "emotion_live.write_chunk"
"""Extension of a request's scope: writes `bytes` that are one whole chunk of its answer, and waits while too many are
on their way. Past h11, which would frame the same picture anew for every visitor."""

_HANDSHAKE_S = 5.0
_SWEEP_S = 0.5
# The system has no file handle left: some time for others to give theirs back.
_PAUSE_S = 0.2
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 38\r\nRetry-After: 2\r\n"
    b"Connection: close\r\n\r\ntoo many connections; try again later\n"
)


class PageHost(uvicorn.Server):
    """Uvicorn server that knows each connection from the moment it is accepted, before TLS and before any request.

    Args:
        config: Uvicorn's; its own TLS options and limits are not used.
        door: listens already.
        limits: which connections stay.
        tls: `ssl.SSLContext`, or `None` for a page that is not encrypted.
    """

    def __init__(
        self, config: uvicorn.Config, door: socket.socket, limits: ConnectionLimits, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(config)
        self._door, self._limits, self._tls = door, limits, tls
        self._work: list[asyncio.Task[None]] = []
        self._opening: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - Uvicorn's signature
        """Accept connections from now on; Uvicorn calls it."""
        await self.lifespan.startup()
        self.servers = []
        self._door.setblocking(False)
        self._work = [asyncio.create_task(self._accept()), asyncio.create_task(self._sweep())]
        for task in self._work:
            task.add_done_callback(self._stop)
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, and end what is open; Uvicorn calls it."""
        for task in (*self._work, *self._opening):
            task.cancel()
        await asyncio.gather(*self._work, *self._opening, return_exceptions=True)
        await super().shutdown(sockets)

    def _stop(self, _: asyncio.Task[None]) -> None:
        # Whether it was asked to or has failed: without accepting there is no page, and the run is to know.
        self.should_exit = True

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        pace = AcceptPace()
        while True:
            try:
                client, where = await loop.sock_accept(self._door)
            except OSError:
                await asyncio.sleep(_PAUSE_S)
                continue
            connection = self._limits.admit(str(where[0]), client.close)
            if connection is None:
                _turn_away(client, said=self._tls is None)
            else:
                task = asyncio.create_task(self._open(client, connection))
                connection.end = task.cancel
                self._opening.add(task)
                task.add_done_callback(self._opening.discard)
            # Also where there is no wait: `sock_accept` does not give way while clients are queuing.
            await asyncio.sleep(pace.wait_s())

    async def _open(self, client: socket.socket, connection: Connection) -> None:
        def protocol() -> _PageProtocol:
            return _PageProtocol(connection, self._limits, self.config, self.server_state, self.lifespan.state)

        try:
            # Finds out that a visitor's machine is gone, also while there is nothing to send.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            await asyncio.get_running_loop().connect_accepted_socket(
                protocol, client, ssl=self._tls, ssl_handshake_timeout=None if self._tls is None else _HANDSHAKE_S
            )
        except (OSError, asyncio.TimeoutError):
            self._give_up(client, connection)
        except asyncio.CancelledError:
            self._give_up(client, connection)
            raise

    def _give_up(self, client: socket.socket, connection: Connection) -> None:
        self._limits.leave(connection)
        client.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            self._limits.end_overdue()


class _PageProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1 connection; tells `ConnectionLimits` what it is doing."""

    def __init__(self, connection: Connection, limits: ConnectionLimits, *state: Any) -> None:
        super().__init__(*state)
        self._connection, self._limits = connection, limits

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._connection.end = transport.abort
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._limits.leave(self._connection)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._note()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._note()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._limits.stalls(self._connection, True)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._limits.stalls(self._connection, False)

    async def write_chunk(self, chunk: bytes) -> None:
        """See `WRITE_CHUNK`."""
        self.transport.write(chunk)
        if self.flow.write_paused:
            await self.flow.drain()

    def _note(self) -> None:
        # Its task begins later. HTTP/1.0 knows no chunks.
        if self.cycle is not None and self.cycle.scope["http_version"] == "1.1":
            extensions: dict[str, Any] = self.cycle.scope.setdefault("extensions", {})
            extensions[WRITE_CHUNK] = self.write_chunk
        self._limits.answers(self._connection, self.cycle is not None and not self.cycle.response_complete)


def _turn_away(client: socket.socket, said: bool) -> None:
    """Close a connection for which there is no place, with a word where that needs no handshake."""
    with client:
        if said:
            try:
                client.setblocking(False)
                client.send(_FULL)
                client.shutdown(socket.SHUT_WR)
            except OSError:
                return
