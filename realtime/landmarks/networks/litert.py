"""Opens a network in LiteRT's interpreter."""

from __future__ import annotations

from typing import Any

from realtime.landmarks.networks.mediapipe_import import quiet_stderr
from realtime.landmarks.networks.network_files import NetworkFile, network_bytes


def open_interpreter(file: NetworkFile) -> Any:
    """Return LiteRT's interpreter for a network, ready to run in one thread, the calling one.

    Raises:
        ImportError, OSError: LiteRT is not installed, or does not load here.
        ModelError: the network's file is missing or altered.
    """
    # LiteRT logs to stderr which kernels it uses.
    with quiet_stderr():
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=network_bytes(file), num_threads=1)
        interpreter.allocate_tensors()
    return interpreter
