"""What the native libraries log to standard error by themselves, kept from the terminals of this program's commands."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

from models.console import ERR, is_command

_lock = threading.Lock()


@contextlib.contextmanager
def native_log_hidden() -> Iterator[None]:
    """Send to the null device what is written to standard error inside a `with` block, in a command of this program.

    LiteRT and MediaPipe log there, past every log level, when they start; users took these lines for errors. In the
    program of others nothing is redirected: its threads write to the same descriptor, and their lines would be lost.
    Messages (`models.console`) get through, and Python's own errors are exceptions.
    """
    if not is_command():
        yield
        return
    with _lock:
        if sys.stderr is not None:  # as under pythonw
            with contextlib.suppress(OSError, ValueError):  # closed, or its disk is full
                sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # closed since the command began
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            with ERR.moved(2, kept):
                os.dup2(nowhere, 2)
                yield
        finally:
            os.dup2(kept, 2)
            os.close(nowhere)
            os.close(kept)
