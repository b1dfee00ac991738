"""What every command does with its terminal: messages that cannot fail, and signals that end it in good order."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from types import FrameType
from typing import IO, Any, NoReturn, TextIO

# Seconds that Windows gives a program whose console is closed are fewer; waiting longer does no harm.
_CONSOLE_WAIT_S = 60.0


class Messages:
    """A text stream for people whose writes never raise: a message must not cost what the program writes.

    Characters that the stream cannot encode are escaped. Where the stream is closed, full or without a reader, this
    message and all later ones are dropped.

    Args:
        stream: returns the stream now; `None` where the program has none, as under `pythonw`.
    """

    def __init__(self, stream: Callable[[], TextIO | None]) -> None:
        self._usual = stream
        self._moved: TextIO | None = None
        self._lock = threading.RLock()

    @contextlib.contextmanager
    def moved(self, old: int, new: int) -> Iterator[None]:
        """Write to another file descriptor inside a `with` block, in which the usual one is pointed elsewhere.

        Args:
            old: `int`, the descriptor that is pointed elsewhere; nothing changes where the stream has another one.
            new: `int`, another descriptor of the same file.
        """
        if _descriptor(self._usual()) != old:
            yield
            return
        with os.fdopen(os.dup(new), "w", encoding=self.encoding) as stream:
            with self._lock:
                self._moved = stream
            try:
                yield
            finally:
                with self._lock:
                    self._moved = None

    @property
    def encoding(self) -> str:
        """The stream's character encoding."""
        return getattr(self._stream(), "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        """Write and flush `text` as well as the stream can; return its length."""
        with self._lock:
            self._write(self._stream(), text)
        return len(text)

    def _stream(self) -> TextIO | None:
        return self._moved or self._usual()

    def _write(self, stream: TextIO | None, text: str) -> None:
        if stream is None:
            return
        try:
            # What a name has in bytes that are no text comes as surrogates, which no encoding has.
            stream.write(text.encode(self.encoding, "backslashreplace").decode(self.encoding))
            stream.flush()
        except (OSError, ValueError, LookupError):
            _drop_what_is_left(stream)

    def flush(self) -> None:
        """Do nothing: every message has been flushed."""

    def isatty(self) -> bool:
        """Return whether somebody sees the stream on a terminal."""
        stream = self._stream()
        try:
            return stream is not None and stream.isatty()
        except (OSError, ValueError):
            return False

    def fileno(self) -> int:
        """Return the stream's file descriptor, which tells a progress bar its width. Raises OSError."""
        stream = self._stream()
        if stream is None:
            raise OSError("there is no such stream")
        return stream.fileno()


OUT = Messages(lambda: sys.stdout)
"""Standard output, for people."""

ERR = Messages(lambda: sys.stderr)
"""Standard error, likewise."""


def say(line: object = "", *, err: bool = False) -> None:
    """Print one line on standard output or standard error; a line that cannot be printed is dropped."""
    (ERR if err else OUT).write(f"{line}\n")


class _Streams:
    """Whether the standard streams belong to a command of this program."""

    ours = False


def is_command() -> bool:
    """Return whether the process is a command of this program, and not the program of others that embeds it."""
    return _Streams.ours


def hold_standard_streams() -> None:
    """Take the standard streams, at the start of a command; missing ones lead to the null device.

    Else the next file that is opened gets the stream's number, and what a library prints lands in it.
    """
    _Streams.ours = True
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is the one that is missing.
            os.open(os.devnull, os.O_RDWR)


def leave(code: int, busy: Collection[str] = ()) -> NoReturn:
    """End the process.

    Args:
        code: `int`, exit code.
        busy: threads that did not end. Where there are some, the interpreter does not take its leave of them: a thread
            that comes back from native code then, from a driver or from loading a model, would abort the process.
    """
    if not busy:
        sys.exit(code)
    os._exit(code)


def _descriptor(stream: TextIO | None) -> int | None:
    try:
        return None if stream is None else stream.fileno()
    except (OSError, ValueError):
        return None


def _drop_what_is_left(stream: IO[Any]) -> None:
    """Point a broken stream at the null device, and empty it there: else Python would do so at exit, and fail."""
    with contextlib.suppress(OSError, ValueError):
        number = stream.fileno()
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, number)
        os.close(nothing)
        stream.flush()


class _Held:
    """Whether interrupts wait, and whether one does; of the main thread."""

    depth = 0
    waits = False


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Within, what `ending_signals` raises waits for the end of the block.

    A native library that is interrupted while it is imported stays half initialized, and aborts the process at its end.
    Outside the main thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _Held.depth += 1
    try:
        yield
    finally:
        _Held.depth -= 1
        waits = _Held.waits and not _Held.depth
        _Held.waits = _Held.waits and not waits
    if waits:
        raise KeyboardInterrupt


def _never(_line: str = "") -> bool:
    return False


@contextlib.contextmanager
def ending_signals(finish: Callable[[], bool] = _never) -> Iterator[None]:
    """Within, the first Ctrl-C, SIGTERM, SIGHUP or closing of the console raises `KeyboardInterrupt`; others wait.

    Finishing files takes a moment, which a second signal must not break: after the first one they are ignored until
    the process has ended. Where a library makes an error of its own of the interrupt, it is one again. Outside the main
    thread nothing changes.

    Args:
        finish: asked first; returns whether the work now ends by itself, so that nothing is raised.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[signal.Signals, Any] = {}

    def end(_number: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        if finish():
            return
        if not _Held.depth:
            raise KeyboardInterrupt
        _Held.waits = True

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        # What was started under `nohup` ignores SIGHUP, and is to go on.
        if number is not None and (name == "SIGINT" or signal.getsignal(number) is not signal.SIG_IGN):
            before[number] = signal.signal(number, end)
    ended = threading.Event()
    try:
        with _console_events(ended), _plain_interrupts():
            yield
    finally:
        for number, handler in before.items():
            # After a first signal the process is about to end: a further one stays ignored until it has.
            if signal.getsignal(number) is end:
                signal.signal(number, handler)
        ended.set()


@contextlib.contextmanager
def _plain_interrupts() -> Iterator[None]:
    """Raise a `KeyboardInterrupt` again that a library, interrupted while it was imported, took for its own failure."""
    try:
        yield
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, KeyboardInterrupt):
            cause = cause.__cause__
        if cause is None:
            raise
        raise KeyboardInterrupt from error


@contextlib.contextmanager
def _console_events(ended: threading.Event) -> Iterator[None]:
    """On Windows, take the closing of the console, logging off and shutting down for a Ctrl-C, and wait for the end."""
    if sys.platform != "win32":
        yield
        return
    import _thread
    import ctypes

    def closing(event: int) -> bool:
        if event < 2:  # Ctrl-C and Ctrl-Break are signals already.
            return False
        _thread.interrupt_main()
        # Windows ends the process as soon as this returns.
        ended.wait(_CONSOLE_WAIT_S)
        return True

    handler = ctypes.WINFUNCTYPE(ctypes.c_int, ctypes.c_uint)(closing)
    ctypes.windll.kernel32.SetConsoleCtrlHandler(handler, True)
    try:
        yield
    finally:
        ctypes.windll.kernel32.SetConsoleCtrlHandler(handler, False)
