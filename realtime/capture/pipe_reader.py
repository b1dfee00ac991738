"""Bytes of a pipe: standard input, a FIFO, another program's output; read once, from front to back."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import threading
from pathlib import Path

from realtime.core.channel import Channel, ChannelClosedError, OverflowPolicy
from realtime.core.errors import SourceOpenError

STDIN_NAMES = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
"""What means standard input."""

SILENCE_LIMIT_S = 30.0
"""Longest wait for the next byte: programs that download or encode pause for some seconds."""

_CHUNK_BYTES = 1 << 16
_CHUNKS_AHEAD = 16


class PipeReader:
    """Readable file object for FFmpeg whose `read` ends: at the pipe's end, after a silence, or when interrupted.

    A blocking read of a pipe cannot be interrupted, and opening a FIFO waits for its writer. Both are done on a thread
    of its own.

    Args:
        path: the pipe; see `STDIN_NAMES` for standard input.
        silence_limit_s: `float`, longest wait for the next byte, in seconds.

    Attributes:
        name: `str`, for people.
        received: `int`, bytes handed over so far.
        fault: `str`, why it ended early, "" if it has not.
    """

    def __init__(self, path: str, silence_limit_s: float = SILENCE_LIMIT_S) -> None:
        self._path = path
        self._silence_limit_s = silence_limit_s
        self.name = "standard input" if path in STDIN_NAMES else path if path.startswith("/dev/") else Path(path).name
        self.received = 0
        self.fault = ""
        self._rest = b""
        self._opened = False
        self._chunks: Channel[bytes] = Channel(_CHUNKS_AHEAD, OverflowPolicy.WAIT)
        self._thread = threading.Thread(target=self._fill, name="capture-pipe", daemon=True)
        self._thread.start()

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, `b""` at the end; `fault` then says whether it is an early one."""
        if not self._rest:
            try:
                self._rest = self._chunks.get(self._silence_limit_s)
            except TimeoutError:
                self.fault = f"nothing came for {self._silence_limit_s:g} s"
                self.close()
            except ChannelClosedError:
                return b""
        given = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(given) :]
        self.received += len(given)
        return given

    def interrupt(self) -> None:
        """Let a blocked or later `read` return `b""`; from any thread."""
        self._chunks.close()
        self._chunks.clear()

    def close(self) -> None:
        """Take no further byte; any number of times."""
        self.interrupt()
        if not self._opened and self._path not in STDIN_NAMES:
            # A thread that still waits for the FIFO's writer is released by one that writes nothing.
            with contextlib.suppress(OSError):
                os.close(os.open(self._path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0)))

    def _fill(self) -> None:
        try:
            pipe = os.dup(0) if self._path in STDIN_NAMES else os.open(self._path, os.O_RDONLY)
            self._opened = True
            try:
                while chunk := os.read(pipe, _CHUNK_BYTES):
                    self._chunks.put(chunk)
            finally:
                os.close(pipe)
        except ChannelClosedError:
            pass
        except OSError as error:
            self.fault = error.strerror or "it cannot be read"
        finally:
            self._chunks.close()


def is_pipe(path: str) -> bool:
    """Return whether `path` can be read only once: a FIFO, another program's output, a device.

    Raises:
        SourceOpenError: a terminal, at which nobody can type a video, or a socket's file.
    """
    # Without standard input its number may belong to any other file.
    if path in STDIN_NAMES and sys.stdin is None:
        raise SourceOpenError("standard input must be open to be read; received a closed one: pipe a video")
    try:
        mode = os.fstat(0).st_mode if path in STDIN_NAMES else Path(path).stat().st_mode
    except OSError:
        return False
    if path in STDIN_NAMES:
        if os.isatty(0):
            raise SourceOpenError(
                "standard input must be a pipe or a file; received a terminal: cat clip.mp4 | python run_live.py -"
            )
        return not (stat.S_ISREG(mode) and Path(regular_path(path)).exists())
    if stat.S_ISSOCK(mode):
        raise SourceOpenError(f"a source must be a video file, a pipe or an address; {path} is a socket")
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def regular_path(path: str) -> str:
    """Return the path under which a file that was redirected to standard input can be opened and seeked."""
    return "/dev/stdin" if path == "-" else path
