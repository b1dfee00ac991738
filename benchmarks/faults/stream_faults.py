"""Streams on the loopback that stall, break off, come back, or send something else."""

from __future__ import annotations

import contextlib
import functools
import os
import random
import signal
import socket
import struct
import time

from benchmarks.faults.clips import clip_bytes, jpegs
from benchmarks.faults.trial import Place, Trial, Watched, with_outputs

_PERIOD_S = 1 / 20
# The program's own limit is five seconds; a campaign has no time for it.
_READ_TIMEOUT_S = 1.5
# A busy machine takes so long to start.
_START_S = 40.0
_PASSED_S = 6.0
_TS_PIECE = 188 * 30
_HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
_EVENTS = (
    "stalls for half a second",
    "stalls for a second",
    "stalls for three seconds",
    "stalls for good",
    "is closed",
    "is reset",
    "sends noise",
    "sends half a picture",
    "drips",
)
_NO_STREAM = ("a web page", "404", "silence", "closed at once", "noise", "an endless header", "zeros")


def faulty_stream(rng: random.Random, place: Place) -> Trial:
    """Return a trial of a stream that fails at some picture, and of what is behind the address afterwards."""
    listener = socket.create_server(("127.0.0.1", 0))
    port, over_http = listener.getsockname()[1], rng.random() < 0.6
    comes_back = rng.random() < 0.5
    event = rng.choice(_NO_STREAM) if rng.random() < 0.2 else rng.choice(_EVENTS)
    at = rng.choice((0, 1, rng.randrange(30)))
    jpegs()
    clip_bytes("ts, H.264")
    server = os.fork()
    if server == 0:
        with contextlib.suppress(BaseException):
            _serve(listener, over_http, event, at, comes_back, random.Random(rng.random()))
        os._exit(0)
    listener.close()
    name = "MJPEG over HTTP" if over_http else "MPEG-TS over TCP"
    about = f"{name} {event} at picture {at}, then {'comes back' if comes_back else 'is gone'}"
    scheme = "http" if over_http else "tcp"
    more = ["--seconds", "1.5", "--timeout", "1.5", "--reconnect", rng.choice(("0", "2"))]
    trial = with_outputs(Trial(about, f"{scheme}://127.0.0.1:{port}", place, more), rng)
    trial.prepare = _shorten
    trial.meanwhile, trial.signalled = functools.partial(_end_after, []), True
    trial.finish = functools.partial(_stop, server)
    return trial


def _end_after(told: list[bool], watched: Watched) -> None:
    if watched.passed_s > (_PASSED_S if watched.times_s else _PASSED_S + _START_S) and not told:
        told.append(True)
        os.kill(watched.pid, signal.SIGTERM)


def _stop(server: int) -> None:
    os.kill(server, signal.SIGKILL)
    os.waitpid(server, 0)


def _shorten() -> None:
    from realtime.capture.network_stream import StreamSource

    StreamSource.__init__.__kwdefaults__["read_timeout_s"] = _READ_TIMEOUT_S  # type: ignore[index]


def _serve(listener: socket.socket, over_http: bool, event: str, at: int, comes_back: bool, rng: random.Random) -> None:
    first = True
    while True:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            if event in _NO_STREAM and (first or not comes_back):
                _no_stream(connection, event, rng)
            else:
                _send(connection, over_http, event if first else "", at, rng)
        first = False
        if not comes_back:
            listener.close()
            time.sleep(60)


def _send(connection: socket.socket, over_http: bool, event: str, at: int, rng: random.Random) -> None:
    if over_http:
        connection.recv(4096)
        connection.sendall(_HEAD)
        pieces = [_part(picture) for picture in jpegs()] * 50
    else:
        data = clip_bytes("ts, H.264")
        pieces = [data[start : start + _TS_PIECE] for start in range(0, len(data), _TS_PIECE)] * 3
    for number, piece in enumerate(pieces):
        if number == at and event:
            _happen(connection, event, piece, rng)
        connection.sendall(piece)
        time.sleep(_PERIOD_S)


def _happen(connection: socket.socket, event: str, piece: bytes, rng: random.Random) -> None:
    pauses_s = {"stalls for half a second": 0.5, "stalls for a second": 1.0, "stalls for three seconds": 3.0}
    if event == "is reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if event in ("is closed", "is reset"):
        raise ConnectionError
    if event == "sends half a picture":
        connection.sendall(piece[: len(piece) // 2])
        raise ConnectionError
    if event == "sends noise":
        connection.sendall(rng.randbytes(20_000))
    elif event == "drips":
        for byte in piece[:200]:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)
    else:
        time.sleep(pauses_s.get(event, 60))


def _no_stream(connection: socket.socket, what: str, rng: random.Random) -> None:
    if what == "closed at once":
        return
    if what == "silence":
        time.sleep(60)
    answers = {
        "a web page": b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body>Hello</body></html>\n" * 50,
        "404": b"HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "noise": rng.randbytes(200_000),
        "an endless header": b"HTTP/1.0 200 OK\r\n" + b"X-Filler: 0123456789\r\n" * 20_000,
        "zeros": bytes(200_000),
    }
    connection.sendall(answers[what])


def _part(jpeg: bytes) -> bytes:
    return b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg) + jpeg + b"\r\n"
