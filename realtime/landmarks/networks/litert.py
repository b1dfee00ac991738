"""Opens a network in LiteRT's interpreter."""

from __future__ import annotations

import threading
from typing import Any

from realtime.landmarks.networks.native_log import native_log_hidden
from realtime.landmarks.networks.network_files import NetworkFile, network_bytes

_starting = threading.Lock()


class _Started:
    """Whether a network has been prepared in this process: with the first one LiteRT logs a line, and never again."""

    once = False


def open_interpreter(file: NetworkFile) -> Any:
    """Return LiteRT's interpreter for a network, ready to run in one thread, the calling one.

    Raises:
        ImportError, OSError: LiteRT is not installed, or does not load here.
        ModelError: the network's file is missing or altered.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=network_bytes(file), num_threads=1)
    with _starting:
        if _Started.once:
            interpreter.allocate_tensors()
        else:
            with native_log_hidden():
                interpreter.allocate_tensors()
            _Started.once = True
    return interpreter
