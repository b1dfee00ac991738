"""A sender of MPEG-TS over TCP that breaks off: it closes, resets and refuses for a while, or falls silent, in turn."""

from __future__ import annotations

import itertools
import socket
import struct
import threading
import time
from collections import Counter
from pathlib import Path

import av

from benchmarks.serving.visitors import HOST

BREAKS = ("closed", "reset", "silent")
_REFUSES_S = 3.0
_SILENT_S = 20.0
_RESET = struct.pack("ii", 1, 0)


class BreakingStream(threading.Thread):
    """Sends a clip again and again to one receiver at a time, and breaks off after a while.

    Args:
        clip: what is sent, at its own rate; each connection starts where the last one ended.
        every_s: how long a connection lasts.

    Attributes:
        port: where it listens, on 127.0.0.1.
        breaks: how many connections ended in which way.
    """

    def __init__(self, clip: Path, every_s: float) -> None:
        super().__init__(name="breaking-stream", daemon=True)
        self._every_s = every_s
        self._door = socket.create_server((HOST, 0))
        self.port: int = self._door.getsockname()[1]
        self.breaks: Counter[str] = Counter()
        self._left = threading.Event()
        # Kept open: a stream that others are made like is gone with its container.
        self._container = av.open(str(clip))
        self._stream = self._container.streams.video[0]
        self._packets = [packet for packet in self._container.demux(self._stream) if packet.dts is not None]
        self._keys = [number for number, packet in enumerate(self._packets) if packet.is_keyframe]

    def run(self) -> None:
        """Serve until `leave`."""
        began = 0
        for kind in itertools.cycle(BREAKS):
            try:
                receiver, _ = self._door.accept()
            except OSError:
                return
            with receiver:
                sent, whole = self._send(receiver, began)
                began = max(key for key in self._keys if key <= (began + sent) % len(self._packets))
                if self._left.is_set():
                    return
                self.breaks[kind if whole else "receiver left"] += 1
                self._break(receiver, kind if whole else "closed")

    def leave(self) -> None:
        """End it; the receiver sees the connection close."""
        self._left.set()
        self._door.close()

    def _send(self, receiver: socket.socket, began: int) -> tuple[int, bool]:
        """Return how many pictures were sent, and whether it ended by itself."""
        started_s, ticks_s = time.monotonic(), float(self._stream.time_base or 1)
        sent = 0
        try:
            with av.open(_Sending(receiver), "w", format="mpegts", options={"fflags": "+flush_packets"}) as target:
                copy = target.add_stream_from_template(self._stream)
                at_ticks = 0
                for number in itertools.count(began):
                    packet = self._packets[number % len(self._packets)]
                    self._left.wait(max(0.0, started_s + at_ticks * ticks_s - time.monotonic()))
                    if self._left.is_set() or time.monotonic() - started_s > self._every_s:
                        return sent, True
                    again = av.Packet(bytes(packet))
                    again.pts = again.dts = at_ticks
                    again.duration, again.time_base = packet.duration, packet.time_base
                    again.is_keyframe, again.stream = packet.is_keyframe, copy
                    target.mux(again)
                    at_ticks += packet.duration or 0
                    sent += 1
        except (OSError, av.error.FFmpegError, av.error.PyAVCallbackError):
            return sent, False  # the receiver has left

    def _break(self, receiver: socket.socket, kind: str) -> None:
        if kind == "silent":
            receiver.settimeout(_SILENT_S)
            try:
                receiver.recv(1)  # until the receiver gives up
            except OSError:
                return
        elif kind == "reset":
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            receiver.close()
            self._door.close()
            self._left.wait(_REFUSES_S)
            if not self._left.is_set():
                self._door = socket.create_server((HOST, self.port))


class _Sending:
    """What PyAV writes to: no file, so it cannot seek."""

    def __init__(self, receiver: socket.socket) -> None:
        self._receiver = receiver

    def write(self, data: bytes) -> int:
        self._receiver.sendall(data)
        return len(data)
