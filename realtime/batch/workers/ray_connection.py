"""Joins a Ray cluster as the program that hands out tasks, and leaves it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from realtime.core.errors import ConfigError

AUTO = "auto"
_CONNECT_S, _ANSWER_S = 5.0, 30.0
_START = "start one with `ray start --head`, or leave --ray out to use this machine alone"


def checked_address(address: str) -> str:
    """Return an address if it can be one: "auto" or "HOST:PORT". Raises ConfigError."""
    host, _, port = address.rpartition(":")
    if address != AUTO and (not host or "/" in host or not port.isdigit() or not 0 < int(port) < 65536):
        raise ConfigError(
            f"--ray must be auto, or HOST:PORT of a cluster that this machine belongs to; received {address}"
        )
    return address


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Join the cluster; within, the module `ray` is connected.

    Args:
        address: `str`, "auto" or "HOST:PORT". As with all that uses Ray, "auto" heeds the variable RAY_ADDRESS.

    Raises:
        ConfigError: the cluster cannot be reached.
    """
    # Read when Ray is imported, and by all that is started from here: nobody is told that or how Ray is used.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    if address == AUTO:
        address = checked_address(os.environ.get("RAY_ADDRESS") or AUTO)
    # Where something else answers, Ray itself tries for ever and cannot be interrupted.
    if address != AUTO and (reason := _unreachable(address)):
        raise ConfigError(f"no Ray cluster answers at {address} ({reason}); {_START}")
    with _own_signals():
        try:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            what = "no Ray cluster was found" if address == AUTO else f"the Ray cluster at {address} cannot be joined"
            raise ConfigError(f"{what} ({str(error).partition(chr(10))[0]}); {_START}") from error
    _silence()
    try:
        yield ray
    finally:
        ray.shutdown()


def _unreachable(address: str) -> str:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S).close()
    except OSError as error:
        return error.strerror or str(error)
    command = [
        sys.executable,
        "-m",
        "ray.scripts.scripts",
        "health-check",
        "--skip-version-check",
        "--address",
        address,
    ]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=_ANSWER_S, check=False)
    except subprocess.TimeoutExpired:
        return "what answers there is no head of a Ray cluster"
    return "it is not well" if answer.returncode else ""


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep what SIGTERM does here: Ray takes it for itself when it connects."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _silence() -> None:
    """Leave to Ray's own log files the twenty lines that it else prints, into the progress bar, for each lost node."""
    from ray._private import worker

    # There is no option for these: `log_to_driver` is for what tasks print.
    if hasattr(worker, "print_to_stdstream"):
        worker.print_to_stdstream = lambda *_args, **_words: None
