"""Base class of background jobs: one thread each, which posts events to the window. Independent of Tk."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from realtime.core.errors import EmotionLiveError

T = TypeVar("T")


class CancelledError(Exception):
    """The job was canceled; unfinished output is to be removed."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The job ended with an error.

    Attributes:
        message: `str`, one line for people.
        trace: `str`, where in the program it happened, if nobody foresaw it; for the log, never for a box.
    """

    message: str
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The job was canceled and left nothing behind."""


class Latest(Generic[T]):
    """Latest-value mailbox between two threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._value: T | None = None

    def put(self, value: T) -> None:
        """Replace what waits."""
        with self._lock:
            self._value = value

    @property
    def waits(self) -> bool:
        """Whether there is something that was not taken yet."""
        return self._value is not None

    def take(self) -> T | None:
        """Return what came since the last call, or `None`."""
        with self._lock:
            value, self._value = self._value, None
            return value


class Job:
    """A background job on its own thread.

    Args:
        name: `str`, the thread's name.
        post: receives the job and its events; called on the job's thread.
    """

    def __init__(self, name: str, post: Callable[[Job, object], None]) -> None:
        self._post = post
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask the job to end soon; returns at once, any number of times."""
        self._cancelled.set()

    @property
    def alive(self) -> bool:
        """Whether its thread still runs."""
        return self._thread.is_alive()

    def post(self, event: object) -> None:
        """Post an event to the window; on the job's thread."""
        self._post(self, event)

    def work(self) -> None:
        """Do it; on the job's thread. Raises CancelledError, EmotionLiveError."""
        raise NotImplementedError

    def check_cancelled(self) -> None:
        """Raise CancelledError if the job is to end."""
        if self._cancelled.is_set():
            raise CancelledError

    def _run(self) -> None:
        try:
            self.work()
        except CancelledError:
            self.post(Cancelled())
        except EmotionLiveError as error:
            self.post(Failed(str(error)))
        except Exception as error:  # A thread that ends in silence would leave the window waiting.
            self.post(Failed(unforeseen(error), "".join(traceback.format_exception(error))))


def unforeseen(error: BaseException) -> str:
    """Return the one line on an error that nobody foresaw."""
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    return f"something unforeseen went wrong ({reason}); run python -m realtime.doctor"
