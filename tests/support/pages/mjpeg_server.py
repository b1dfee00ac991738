"""A small server on the loopback: MJPEG over HTTP, or whatever a test lets it say; `serve` starts one."""

from __future__ import annotations

import itertools
import socket
import struct
import threading

import cv2
import numpy as np
import pytest

HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"


def picture(grey, size_wh=(128, 96)):
    return cv2.imencode(".jpg", np.full((size_wh[1], size_wh[0], 3), grey, np.uint8))[1].tobytes()


def part(grey=90, size_wh=(128, 96)):
    jpeg = picture(grey, size_wh)
    return b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg) + jpeg + b"\r\n"


class Server:
    """Accepts connections on the loopback and lets `talk(connection)` answer each."""

    def __init__(self, talk):
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.over = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while not self.over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._talk(connection, self.over)
                except OSError:
                    continue

    def close(self):
        self.over.set()
        self._listener.close()


@pytest.fixture
def serve():
    servers = []

    def start(talk):
        servers.append(Server(talk))
        return servers[-1].address

    yield start
    for server in servers:
        server.close()


def silent(connection, over):
    over.wait(20)


def pictures(connection, over, *, count=8, last=b"", pause_s=0.03, reset=False, then=None, size_wh=(128, 96)):
    connection.recv(4096)
    connection.sendall(HEAD)
    for i in itertools.islice(itertools.count(), count):
        connection.sendall(part(20 * i % 256, size_wh))
        if over.wait(pause_s):
            return
    connection.sendall(last)
    if then:
        then(connection, over)
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
