"""Log of what nobody foresaw: the box says one line and names this file, which has the trace."""

from __future__ import annotations

import time
from pathlib import Path

from realtime.core.version import VERSION

_NAME = "problems.log"
# Then the file is begun anew, and the one before is kept.
_MOST_BYTES = 500_000


class ProblemLog:
    """Keeps traces for whoever mends the program, on this machine only.

    Args:
        folder: `Path`, where; it need not be there.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / _NAME

    def add(self, trace: str) -> str:
        """Write a trace; return where it is, as the end of a sentence, or that it could not be written."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.path.exists() and self.path.stat().st_size > _MOST_BYTES:
                self.path.replace(self.path.with_suffix(".old.log"))
            with self.path.open("a", encoding="utf-8", errors="replace") as file:
                file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} emotion-live {VERSION}\n{trace.rstrip()}\n\n")
        except OSError as error:
            return f"the details cannot be written to {self.path} ({error.strerror or error})"
        return f"the details are in {self.path}"
