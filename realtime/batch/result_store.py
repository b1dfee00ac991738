"""What a batch knows of each video: one small file per video, whole or not there, and a lock on their folder."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from models.new_files import write_whole
from realtime.core.errors import ConfigError, RecordError

DONE, FAILED = "done", "failed"
_FOLDER = ".batch"
_WORKING = "working"
_LOCK = "lock"
_PLACES = "places.json"


@dataclass(frozen=True, slots=True)
class VideoResult:
    """What became of one video.

    Attributes:
        name: `str`, of its outputs, as in `Video`.
        source: `str`, its file's name.
        status: `str`, "done" or "failed".
        reason: `str`, why it failed.
        fingerprint: of the file, see `batch_options.fingerprint`.
        options: `BatchOptions.facts`.
        outputs: what -> file, relative to the output folder.
        seconds: `float`, how much of it was analyzed.
        frames: `int`, how many.
        people: one entry per track, see `PersonTally.facts`.
        notes: lines for people that came up.
        memory_mb: `float`, the most memory that its worker process had held by its end; 0 where that is not known.
    """

    name: str
    source: str
    status: str
    fingerprint: Mapping[str, Any]
    options: Mapping[str, Any]
    reason: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    frames: int = 0
    people: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    memory_mb: float = 0.0


class ResultStore:
    """Keeps results in a folder `.batch` of the output folder; one process at a time.

    A result is written when all of a video's outputs are in their places: what is not known here is done again.

    Args:
        out: the output folder; it is made.

    Raises:
        ConfigError: another batch writes there now.
        RecordError: the folder cannot be made.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self._folder = out / _FOLDER
        self.working = self._folder / _WORKING
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> ResultStore:
        """Take the lock, and remove what a killed batch left unfinished."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self._folder / _LOCK).open("ab")
        except OSError as error:
            raise RecordError(f"cannot write into {self.out}: {error.strerror}; give another --out") from error
        if not _locked(self._lock):
            self._lock.close()
            raise ConfigError(f"another batch is writing into {self.out}; wait for it, or give another --out")
        shutil.rmtree(self.working, ignore_errors=True)
        self.working.mkdir(exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.working, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()

    def load(self, name: str) -> VideoResult | None:
        """Return what is known of a video, `None` if nothing is, or nothing that can be read."""
        try:
            body = json.loads(self._path(name).read_text("utf-8"))
            return VideoResult(**{**body, "people": tuple(body["people"]), "notes": tuple(body["notes"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def save(self, result: VideoResult) -> None:
        """Keep a result, whole or not at all; outputs of the one that it replaces are removed. Raises RecordError."""
        path, before = self._path(result.name), self.load(result.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, json.dumps(asdict(result), ensure_ascii=False).encode())
        except OSError as error:
            raise RecordError(
                f"cannot write into {self.out}: {error.strerror}; free some space and run the same command again"
            ) from error
        if before is not None and result.status == DONE:
            self._remove(set(before.outputs.values()) - set(result.outputs.values()))

    def _remove(self, places: set[str]) -> None:
        """Remove outputs that are results no more, and what lies beside them; files that no batch wrote stay."""
        for place in places & self.places():
            for path in (self.out / place, self.out / f"{place}-metadata.json"):
                with suppress(OSError):
                    path.unlink()

    def complete(self, result: VideoResult) -> bool:
        """Return whether every output of a result is still there."""
        return all((self.out / place).is_file() for place in result.outputs.values())

    def places(self) -> set[str]:
        """Return the places, relative to the output folder, of all that batches have written here or were about to."""
        try:
            return {str(one) for one in json.loads((self._folder / _PLACES).read_text("utf-8"))}
        except (OSError, ValueError, TypeError):
            return set()

    def claim(self, places: Sequence[str], inputs: Iterable[Path], *, overwrite: bool) -> None:
        """Note where this batch will write, so that a later one knows these files as its own.

        Args:
            places: relative to the output folder.
            inputs: what the batch reads, which is never replaced.
            overwrite: `bool`, whether files may be replaced that no batch wrote.

        Raises:
            ConfigError: a file that is read, or one that no batch wrote, is in one of the places.
            RecordError: they cannot be noted.
        """
        known, read = self.places(), {mark for path in inputs if (mark := _file_mark(path))}
        for place in places:
            path = self.out / place
            mark = _file_mark(path)
            if mark is not None and mark in read:
                raise ConfigError(f"a batch never replaces what it reads; it would write {path}: give another --out")
            if os.path.lexists(path) and place not in known and not overwrite:
                raise ConfigError(
                    f"{path} exists already, and no batch wrote it; give another --out, or --overwrite to replace it"
                )
        try:
            write_whole(self._folder / _PLACES, json.dumps(sorted(known.union(places))).encode())
        except OSError as error:
            raise RecordError(f"cannot write into {self.out}: {error.strerror}; free some space") from error

    def _path(self, name: str) -> Path:
        return self._folder / "results" / f"{name}.json"


def _file_mark(path: Path) -> tuple[int, int] | None:
    """Return what is the same for all names of one file."""
    with suppress(OSError):
        state = path.stat()
        return state.st_dev, state.st_ino
    return None


def _locked(stream: IO[bytes]) -> bool:
    """Lock an open file for this process; the system frees it when the process ends, however it ends."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
