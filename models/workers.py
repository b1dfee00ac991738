"""How many worker processes a command starts, and how much memory one took."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

MOST_WORKERS = 64


def usable_cores() -> int:
    """Return how many cores this process may use, at most 64: under taskset fewer than the machine has."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(cores, MOST_WORKERS))


def peak_memory_mb() -> float:
    """Return the most memory that this process has held so far, in MB; 0 where the system does not tell."""
    with suppress(OSError, ValueError, IndexError):
        # Linux: what getrusage says includes the parent's memory at the time of the fork.
        told = Path("/proc/self/status").read_text("ascii", "replace")
        return round(int(told.split("VmHWM:")[1].split()[0]) * 1024 / 1e6, 1)
    with suppress(ImportError):
        import resource

        unit_bytes = 1 if sys.platform == "darwin" else 1024
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit_bytes / 1e6, 1)
    return 0.0
