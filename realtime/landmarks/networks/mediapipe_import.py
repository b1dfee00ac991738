"""Imports and starts MediaPipe without TensorFlow, matplotlib and its log output."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import types
from collections.abc import Iterator

from models.console import ERR

_stderr_lock = threading.Lock()
# Two threads that import mediapipe for the first time at once break its import.
_import_lock = threading.RLock()


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Redirect the process's stderr to the null device inside a `with` block.

    MediaPipe's C++ logs there at any log level, when a graph starts and when it first sees a face; users took these
    lines for errors. Python's own errors are exceptions and not lost, and messages (`models.console`) still get there.
    """
    with _stderr_lock:
        if sys.stderr is not None:  # as under pythonw
            with contextlib.suppress(OSError, ValueError):  # closed, or its disk is full
                sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # a program without stderr, such as a windowed one
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


@contextlib.contextmanager
def light_imports() -> Iterator[None]:
    """Hide TensorFlow and matplotlib while mediapipe is imported.

    mediapipe imports both if it finds them, for a documentation decorator and for plots that are not used here, which
    takes seconds. Modules that were imported before are left as they are.
    """
    with _import_lock:
        os.environ.setdefault("GLOG_minloglevel", "2")
        plot = types.ModuleType("matplotlib.pyplot")
        parent = types.ModuleType("matplotlib")
        parent.pyplot = plot  # type: ignore[attr-defined]
        stand_ins: dict[str, types.ModuleType | None] = {
            "tensorflow": None,
            "matplotlib": parent,
            "matplotlib.pyplot": plot,
        }
        hidden = {name: module for name, module in stand_ins.items() if name not in sys.modules}
        sys.modules.update(hidden)  # type: ignore[arg-type]
        try:
            yield
        finally:
            for name in hidden:
                sys.modules.pop(name, None)
