"""Imports MediaPipe without TensorFlow and matplotlib."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import types
from collections.abc import Iterator

# Two threads that import mediapipe for the first time at once break its import.
_import_lock = threading.RLock()


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
