"""Parses and checks the address of the live page, and opens its listening socket."""

from __future__ import annotations

import errno
import ipaddress
import re
import secrets
import socket
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from realtime.core.errors import ConfigError, OutletError

MIN_TOKEN_CHARACTERS = 16
"""A shorter token could be guessed by trying."""

# What a person can type into an address and a browser leaves as it is.
_TOKEN = re.compile(r"[A-Za-z0-9._~-]+")
# Bounds the data in flight to a slow client; further frames are skipped, not queued.
_SEND_BUFFER_BYTES = 128 * 1024
# What the system holds until it is accepted: at the pace of `AcceptPace`, nobody in it waits for two seconds.
_BACKLOG = 512
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
        encrypted: `bool`, whether it is served with TLS.
    """

    host: str
    port: int
    encrypted: bool = False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """What a browser opens; by this machine's name where every address of it is served."""
        scheme = "https" if self.encrypted else "http"
        return f"{scheme}://{Address(socket.gethostname(), self.port) if self.host in _EVERY else self}/"


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
            f"a token must have {MIN_TOKEN_CHARACTERS} or more letters, digits or . _ ~ -; received {len(token)} "
            "characters: let the program make one with --serve-token auto"
        )
    if token is None and not all(is_loopback(place[4][0]) for place in _resolve(address)):
        raise ConfigError(
            f"without a token the page is for this machine only; received {text}: serve on 127.0.0.1, or add "
            "--serve-token auto"
        )
    return address


def made_token() -> str:
    """Return a token of 128 random bits, 22 characters that an address can hold."""
    return secrets.token_urlsafe(16)


def tls_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Return what TLS needs.

    Args:
        certificate: PEM file with the server's certificate, then those that lead to a known authority.
        key: PEM file with its private key, not encrypted; `None`: it is in the same file.

    Raises:
        ConfigError: a file cannot be read, or the two do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without a password OpenSSL would ask for one, in the middle of a run that nobody attends.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        why = "they are not that"
        if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
            why = str(error.strerror).lower()
        raise ConfigError(
            f"--serve-cert and --serve-key must be a certificate and its own key as PEM, not encrypted; received "
            f"{certificate} and {key or 'no key file'}: {why}"
        ) from None
    return context


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
