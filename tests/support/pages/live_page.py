"""A live page with given content, and clients of it, for tests."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from realtime.core.protocols import SourceInfo
from realtime.core.sink import RunStatus
from realtime.serving.address import Address
from realtime.serving.page_server import PageServer
from realtime.serving.page_state import PageState, state_of
from tests.support.clocks import LIMIT_S
from tests.support.fakes import blank
from tests.support.values.analysed import SIZE_WH, moment

INFO = SourceInfo("clip <1> & co.mp4", live=True, size_wh=SIZE_WH, fps=30.0)


def opened(token: str | None = None, host: str = "127.0.0.1", **more: Any) -> PageServer:
    page = PageServer(Address(host, 0), token, **more)
    page.open(INFO)
    return page


def state(time_s: float, people: Mapping[int, str], *, paused: bool = False) -> PageState:
    hud = RunStatus(29.97, 21.4, 3, INFO.name, "cpu", recording=False, paused=paused)
    return state_of(moment(time_s, people), hud)


def publish(page: PageServer, picture_bgr: np.ndarray | None, state: PageState | None) -> None:
    """Offer a picture and a state, and wait until the server's thread has taken them."""
    page.publish(picture_bgr, state)
    taken = threading.Event()
    page._feed._loop.call_soon_threadsafe(taken.set)
    assert taken.wait(LIMIT_S)


def noise(seed: int = 0, height: int = 240, width: int = 320) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def grey(level: int) -> np.ndarray:
    return blank(*SIZE_WH, level)


def ask(page: PageServer, path: str = "/", method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    """One request on a connection of its own, which ends with the answer's object."""
    connection = http.client.HTTPConnection("127.0.0.1", page.address.port, timeout=10)
    connection.request(method, path, headers=headers)
    return connection.getresponse()


def knock(page: PageServer, path: str, receive_bytes: int | None = None) -> socket.socket:
    """A client that has asked and reads nothing by itself."""
    client = socket.socket()
    if receive_bytes is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    client.settimeout(10)
    client.connect(("127.0.0.1", page.address.port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    return client


class Pictures:
    """Reads MJPEG part by part."""

    _HEAD = b"--picture\r\nContent-Type: image/jpeg\r\n\r\n"

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self._answer = answer
        assert self._answer.read(len(self._HEAD)) == self._HEAD

    def next(self) -> bytes:
        """The next picture, once the head of the one after it has come."""
        part = b""
        while not part.endswith(b"\r\n" + self._HEAD):
            part += self._answer.readline()
        return part[: -len(self._HEAD) - 2]
