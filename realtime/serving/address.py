"""Parses and checks the address of the live page, and opens its listening socket."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

from realtime.core.errors import ConfigError, OutletError

MIN_TOKEN_CHARACTERS = 8
"""A shorter token could be guessed by trying."""

# What a person can type into an address and a browser leaves as it is.
_TOKEN = re.compile(r"[A-Za-z0-9._~-]+")
# Bounds the data in flight to a slow client; further frames are skipped, not queued.
_SEND_BUFFER_BYTES = 128 * 1024
_BACKLOG = 64
_EVERY = ("0.0.0.0", "::")
_NEXT_STEPS = {
    errno.EADDRINUSE: "another program has this port; end it, or give another port",
    errno.EACCES: "the system keeps this port for itself; give one above 1023",
    errno.EADDRNOTAVAIL: "this machine has no such address; give 127.0.0.1, or one that it has",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where to serve.

    Attributes:
        host: `str`, a name or an IP address, without brackets.
        port: `int`, 0 to 65535; 0 takes a free one.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """What a browser opens; by this machine's name where every address of it is served."""
        return f"http://{Address(socket.gethostname(), self.port) if self.host in _EVERY else self}/"


def parse_address(text: str) -> Address:
    """Read "HOST:PORT", with an IPv6 address in brackets. Raises ConfigError."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or parts.netloc != text or "@" in text:
        raise ConfigError(f"--serve must be HOST:PORT, as in 127.0.0.1:8080; received {text!r}")
    return Address(host, port)


def check_access(text: str, token: str | None) -> Address:
    """Return the address that `text` names, unless it and `token` would let strangers look.

    Args:
        text: `str`, "HOST:PORT".
        token: `str` or `None`, what every visitor must know.

    Raises:
        ConfigError: no such address, one that others reach although there is no token, or a token that is too weak.
    """
    address = parse_address(text)
    if token is not None and (len(token) < MIN_TOKEN_CHARACTERS or not _TOKEN.fullmatch(token)):
        raise ConfigError(
            f"--serve-token must have {MIN_TOKEN_CHARACTERS} or more letters, digits or . _ ~ -; received "
            f"{len(token)} characters: make one by python -c 'import secrets; print(secrets.token_urlsafe(16))'"
        )
    if token is None and not all(is_loopback(place[4][0]) for place in _resolve(address)):
        raise ConfigError(
            f"without a token the page is for this machine only; received {text}: serve on 127.0.0.1, or add "
            "--serve-token TOKEN"
        )
    return address


def is_loopback(host: object) -> bool:
    """Return whether `host`, an IP address, is reached from this machine only."""
    try:
        return ipaddress.ip_address(str(host).split("%")[0]).is_loopback
    except ValueError:
        return False


def listen(address: Address) -> socket.socket:
    """Return a socket that listens at `address`. Raises ConfigError (no such host), OutletError."""
    places = sorted(_resolve(address), key=lambda place: place[0] != socket.AF_INET)
    family, kind, protocol, _, where = places[0]
    door = socket.socket(family, kind, protocol)
    try:
        # It spares the wait after an earlier run; on Windows it would let another program take the port away.
        if sys.platform != "win32":
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        door.bind(where)
        door.listen(_BACKLOG)
    except OSError as error:
        door.close()
        reason = (error.strerror or str(error)).lower()
        step = _NEXT_STEPS.get(error.errno or 0, "give another address")
        raise OutletError(f"cannot serve the page on {address}: {reason}; {step}") from error
    return door


def _resolve(address: Address) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[object, ...]]]:
    try:
        return list(socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"--serve needs an address of this machine; received {address.host!r}, which has none: give 127.0.0.1"
        ) from error
