"""Decides which connections to the live page stay: limits in number and time, in total and per visitor's address."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter
from collections.abc import Callable

MAX_CONNECTIONS = 256
"""At once, in total: 64 MB of pictures on their way, and far from a process's 1,024 files."""
MAX_PER_ORIGIN = 32
"""At once from one address of another machine: sixteen open pages."""
MAX_FROM_HERE = MAX_CONNECTIONS - MAX_PER_ORIGIN
"""At once from this machine, where a proxy or `ssh -L` speaks for many; others always find some left."""

REQUEST_LIMIT_S = 10.0
"""A connection has so long to send a whole request, however many bytes of it keep coming."""
STALL_LIMIT_S = 30.0
"""A visitor who takes nothing of what was sent for so long is gone."""

ACCEPTED_PER_S = 300.0
"""New connections a second; more wait in the system's queue. A flood of them would take the run's time."""
ACCEPTED_AT_ONCE = 1024
"""So many come without waiting after a quiet time."""
# Whoever stalls for so long may be replaced by somebody new.
_STALL_REPLACED_S = 1.0


class AcceptPace:
    """How long to wait before the next connection is accepted: a token bucket.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._credit = float(ACCEPTED_AT_ONCE)
        self._counted_s = clock()

    def wait_s(self) -> float:
        """Count a connection and return the seconds to wait before the next one, 0 where none are needed."""
        now_s = self._clock()
        self._credit = min(ACCEPTED_AT_ONCE, self._credit + (now_s - self._counted_s) * ACCEPTED_PER_S) - 1
        self._counted_s = now_s
        return max(0.0, -self._credit / ACCEPTED_PER_S)


def origin_of(host: str) -> str:
    """Return what stands for a visitor: the IPv4 address, or the /64 network of an IPv6 address, all of which is one's.

    Args:
        host: `str`, an IP address; anything else stands for itself.
    """
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        if not address.is_loopback:
            return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


class Connection:
    """One connection, on the server's loop.

    Attributes:
        origin: `str`, see `origin_of`.
        end: closes it at once; replaced when there is more to close than at its beginning.
        waiting_since_s: `float` or `None`, since when there is no whole request; `None` while one is answered.
        stalled_since_s: `float` or `None`, since when the visitor has taken too little of the answer.
    """

    __slots__ = ("end", "origin", "stalled_since_s", "waiting_since_s")

    def __init__(self, origin: str, end: Callable[[], object], now_s: float) -> None:
        self.origin = origin
        self.end = end
        self.waiting_since_s: float | None = now_s
        self.stalled_since_s: float | None = None


class ConnectionLimits:
    """All connections of one server.

    Where a limit is reached, somebody new takes the place of a connection that does nothing: the one that has gone
    longest without a request, else the one whose visitor has taken nothing for longest. So idle connections, however
    many, keep nobody out. A connection that is being answered and read is never ended for another.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._all: dict[Connection, None] = {}
        self._by_origin: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._all)

    def admit(self, host: str, end: Callable[[], object]) -> Connection | None:
        """Return a place for a connection from `host`; `None`: there is none. `end` closes the connection at once."""
        origin = origin_of(host)
        limit = MAX_FROM_HERE if _is_here(origin) else MAX_PER_ORIGIN
        if self._by_origin[origin] >= limit and not self._replace_one(origin):
            return None
        if len(self._all) >= MAX_CONNECTIONS and not any(
            self._replace_one(most) for most, _ in self._by_origin.most_common()
        ):
            return None
        connection = Connection(origin, end, self._clock())
        self._all[connection] = None
        self._by_origin[origin] += 1
        return connection

    def leave(self, connection: Connection) -> None:
        """Give a place back; any number of times."""
        if connection in self._all:
            del self._all[connection]
            self._by_origin[connection.origin] -= 1
            if not self._by_origin[connection.origin]:
                del self._by_origin[connection.origin]

    def answers(self, connection: Connection, answering: bool) -> None:
        """Note whether a request of `connection` is being answered. Time without one is not renewed by parts of one."""
        if answering:
            connection.waiting_since_s = None
        elif connection.waiting_since_s is None:
            connection.waiting_since_s = self._clock()

    def stalls(self, connection: Connection, stalled: bool) -> None:
        """Note whether more is waiting for the visitor than is good."""
        connection.stalled_since_s = self._clock() if stalled else None

    def end_overdue(self) -> None:
        """End every connection whose time is over."""
        now_s = self._clock()
        for one in list(self._all):
            waits_s = 0.0 if one.waiting_since_s is None else now_s - one.waiting_since_s
            stalls_s = 0.0 if one.stalled_since_s is None else now_s - one.stalled_since_s
            if waits_s >= REQUEST_LIMIT_S or stalls_s >= STALL_LIMIT_S:
                self._end(one)

    def _replace_one(self, origin: str) -> bool:
        """End a connection of `origin` that does nothing; return whether there was one."""
        waiting: list[tuple[float, Connection]] = []
        stalled: list[tuple[float, Connection]] = []
        latest_s = self._clock() - _STALL_REPLACED_S
        for one in self._all:
            if one.origin != origin:
                continue
            if one.waiting_since_s is not None:
                waiting.append((one.waiting_since_s, one))
            elif one.stalled_since_s is not None and one.stalled_since_s <= latest_s:
                stalled.append((one.stalled_since_s, one))
        found = min(waiting or stalled, key=lambda entry: entry[0], default=None)
        if found is not None:
            self._end(found[1])
        return found is not None

    def _end(self, connection: Connection) -> None:
        self.leave(connection)
        connection.end()


def _is_here(origin: str) -> bool:
    try:
        return ipaddress.ip_address(origin).is_loopback
    except ValueError:
        return False
