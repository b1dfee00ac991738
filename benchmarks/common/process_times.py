"""CPU seconds of a process and all that it starts, and how long they waited for a core that others had (Linux)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class ProcessTimes:
    """What one process used.

    Attributes:
        cpu_s: `float`, CPU seconds of its first thread.
        waited_s: `float`, seconds in which that thread was ready to run and had no core.
    """

    cpu_s: float
    waited_s: float


@dataclass(frozen=True, slots=True)
class Watched:
    """One run of a command.

    Attributes:
        wall_s: `float`, how long it took.
        processes: of each that it started, itself first.
    """

    wall_s: float
    processes: tuple[ProcessTimes, ...]


def watched(command: Sequence[str]) -> Watched:
    """Run a command to its end. Raises CalledProcessError: it failed."""
    begun_s = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seen: dict[int, ProcessTimes] = {}
    while process.poll() is None:
        for number in _tree(process.pid):
            if (times := _times(number)) is not None:
                seen[number] = times
        time.sleep(_EVERY_S)
    wall_s = time.monotonic() - begun_s
    errors = process.stderr.read() if process.stderr else ""
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=errors)
    return Watched(wall_s, tuple(seen.values()))


def _tree(root: int) -> list[int]:
    """Return a process and its descendants."""
    children: dict[int, list[int]] = {}
    for folder in _PROC.glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        children.setdefault(parent, []).append(int(folder.name))
    found = [root]
    for number in found:
        found.extend(children.get(number, ()))
    return found


def _times(number: int) -> ProcessTimes | None:
    try:
        cpu_ns, waited_ns, _ = (_PROC / str(number) / "schedstat").read_text("ascii").split()
    except (OSError, ValueError):
        return None
    return ProcessTimes(int(cpu_ns) / 1e9, int(waited_ns) / 1e9)
