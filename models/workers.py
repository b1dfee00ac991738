"""How many worker processes a command starts."""

from __future__ import annotations

import os

MOST_WORKERS = 64


def usable_cores() -> int:
    """Return how many cores this process may use, at most 64: under taskset fewer than the machine has."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(cores, MOST_WORKERS))
