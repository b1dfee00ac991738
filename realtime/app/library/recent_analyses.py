"""List of recent analyses, which outlast the window: bounded, for their owner alone, without pictures."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from models.manifest import manifest_sha256
from realtime.app.jobs.analyse import Analysis
from realtime.app.library.analysis_file import (
    RecentAnalysis,
    analysis_facts,
    read_entry,
    write_analysis,
)
from realtime.app.library.preferences import own_folder
from realtime.core.errors import RecordError

MOST_ANALYSES = 200
"""How many analyses the list has at most; the oldest go first."""

MOST_BYTES = 1_000_000_000
"""How much they may take on the disk together."""

_UNFINISHED_S = 3600.0


class RecentAnalyses:
    """Keeps analyses in a folder. Thread-safe.

    Args:
        folder: theirs alone; it is made for the first one.
        most: how many at most.
        most_bytes: how much they may take at most.
    """

    def __init__(self, folder: Path, most: int = MOST_ANALYSES, most_bytes: int = MOST_BYTES) -> None:
        self._folder, self._most, self._most_bytes = folder, most, most_bytes
        self._lock = threading.Lock()

    def entries(self) -> list[RecentAnalysis]:
        """Return what there is, the newest first."""
        with suppress(OSError):
            found = [entry for path in self._folder.glob("*.json") if (entry := read_entry(path)) is not None]
            return sorted(found, key=lambda entry: -entry.kept_s)
        return []

    def keep(self, analysis: Analysis) -> RecentAnalysis:
        """Keep an analysis, in place of one of the same file and options; remove the oldest beyond the bounds.

        Returns:
            How it is in the list.

        Raises:
            RecordError: the disk is full, or it alone is too large.
        """
        digest = manifest_sha256(analysis.config.weights)
        facts = analysis_facts(analysis, digest)
        run = facts["run"]
        told = [facts["source"], run["source_facts"], run["options"], run["delivery"], digest]
        name = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:20]
        path = self._folder / f"{name}.json"
        with self._lock:
            try:
                own_folder(self._folder.parent)
                own_folder(self._folder)
                write_analysis(path, analysis, facts)
            except OSError as error:
                _remove(path)
                raise RecordError(
                    f"the analysis cannot be kept in {self._folder}: {error.strerror or error}; free some space, or "
                    "save what you need now"
                ) from error
            entry = read_entry(path)
            if entry is None or entry.nbytes > self._most_bytes:
                _remove(path)
                raise RecordError(
                    f"kept analyses may take {self._most_bytes / 1e6:g} MB together, and this one alone takes more; "
                    "save what you need now"
                )
            self._prune()
        return entry

    def remove(self, entry: RecentAnalysis) -> None:
        """Remove one."""
        with self._lock:
            _remove(entry.path)

    def clear(self) -> None:
        """Remove all, and whatever else was left in the folder."""
        with self._lock, suppress(OSError):
            for path in list(self._ours()):
                _remove(path)

    def _ours(self) -> Iterator[Path]:
        return (path for path in self._folder.iterdir() if path.suffix in (".json", ".npz", ".part"))

    def _prune(self) -> None:
        """Remove the oldest beyond the bounds, and what a killed program left unfinished."""
        taken, known = 0, set[Path]()
        for number, entry in enumerate(self.entries()):
            taken += entry.nbytes
            if number >= self._most or taken > self._most_bytes:
                _remove(entry.path)
            known.add(entry.path)
        with suppress(OSError):
            for path in list(self._ours()):
                # Another window may be writing a younger one.
                if path.with_suffix(".json") not in known and time.time() - path.stat().st_mtime > _UNFINISHED_S:
                    _remove(path)


def _remove(path: Path) -> None:
    for suffix in (".json", ".npz", ".part"):
        with suppress(OSError):
            path.with_suffix(suffix).unlink(missing_ok=True)
