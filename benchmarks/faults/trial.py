"""What one fault is: the command line, what is done to it, and which files it may touch."""

from __future__ import annotations

import hashlib
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

RECORDINGS = (".mp4", ".mkv", ".webm", ".mov")
TABLES = (".csv", ".jsonl", ".parquet")

_PRECIOUS = b"this belongs to the user and is not to be touched\n"
# What somebody may have beside the outputs, under names that the program itself uses for unfinished files.
_NEIGHBOURS = ("notes.txt", "out.part.mp4", "out.part.csv", ".out.html.part", "out-2.csv")


@dataclass(slots=True)
class Watched:
    """The process while it runs, as `Trial.meanwhile` sees it.

    Attributes:
        pid: `int`, its number.
        passed_s: `float`, seconds since its start.
        times_s: media times of the frames that every sink has taken.
    """

    pid: int
    passed_s: float = 0.0
    times_s: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        code: `int`, exit code; negative: the signal that ended it.
        out: `str`, standard output.
        err: `str`, standard error.
        times_s: media times of the frames that every sink has taken.
        wall_s: `float`, from start to end.
        cpu_s: `float`, user and system.
        stack: `str`, where its threads were, if it hung or crashed.
        hung: `bool`, whether it was still there at the deadline.
    """

    code: int
    out: str
    err: str
    times_s: list[float]
    wall_s: float
    cpu_s: float
    stack: str = ""
    hung: bool = False


@dataclass(slots=True)
class Place:
    """The folders of one fault.

    Attributes:
        root: everything of it.
        inputs: what the program reads.
        out: where it writes; its working folder.
    """

    root: Path
    inputs: Path
    out: Path

    @classmethod
    def under(cls, root: Path) -> Place:
        """Make the folders."""
        place = cls(root, root / "in", root / "out")
        place.inputs.mkdir(parents=True)
        place.out.mkdir()
        return place


@dataclass(slots=True)
class Trial:
    """One fault, ready to be run.

    Attributes:
        about: `str`, what is wrong, in words.
        source: `str`, what the program is to analyze.
        place: its folders.
        more: further arguments.
        record: the recording to be, `None` without one.
        table: the table, likewise.
        report: the report, likewise.
        overwrite: `bool`, whether files of these names are there and may be replaced.
        prepare: called in the process, before the program begins.
        meanwhile: called every few milliseconds beside it.
        finish: called when it is over.
        codes: exit codes that are right.
        signalled: `bool`, whether a signal may end it between the outputs of one frame.
        ended_by: signal that ends it for good, if any.
        deadline_s: `float`, seconds after which it counts as hung if it does nothing.
        loss_s: `float`, how much of what was handed over may be missing, in seconds.
        saved: hashes of the files that are not to change.
    """

    about: str
    source: str
    place: Place
    more: list[str] = field(default_factory=list)
    record: Path | None = None
    table: Path | None = None
    report: Path | None = None
    overwrite: bool = False
    prepare: Callable[[], None] = lambda: None
    meanwhile: Callable[[Watched], None] = lambda _: None
    finish: Callable[[], None] = lambda: None
    codes: tuple[int, ...] = (0, 1, 2)
    signalled: bool = False
    ended_by: signal.Signals | None = None
    deadline_s: float = 60.0
    loss_s: float = 1.0
    saved: dict[Path, str] = field(default_factory=dict)

    @property
    def arguments(self) -> list[str]:
        """The command line after `run_live.py`."""
        words = [self.source, "--headless", *self.more]
        for option, path in (("--record", self.record), ("--table", self.table), ("--report", self.report)):
            words += [] if path is None else [option, path.name]
        return [*words, *(["--overwrite"] if self.overwrite else [])]

    @property
    def outputs(self) -> list[Path]:
        """The files that were asked for."""
        return [path for path in (self.record, self.table, self.report) if path is not None]


def with_outputs(trial: Trial, rng: random.Random) -> Trial:
    """Draw what the run writes and what is there already."""
    out = trial.place.out
    trial.record = out / f"out{rng.choice(RECORDINGS)}" if rng.random() < 0.8 else None
    trial.table = out / f"out{rng.choice(TABLES)}" if rng.random() < 0.8 or trial.record is None else None
    trial.report = out / "out.html" if rng.random() < 0.2 else None
    trial.overwrite = rng.random() < 0.3
    neighbours = [out / name for name in _NEIGHBOURS if rng.random() < 0.5 and out / name not in trial.outputs]
    for path in [*neighbours, *(trial.outputs if trial.overwrite else [])]:
        path.write_bytes(_PRECIOUS)
    return trial


def save_hashes(trial: Trial) -> None:
    """Remember every file that is there before the run."""
    files = [path for path in trial.place.root.rglob("*") if path.is_file()]
    trial.saved = {path: file_hash(path) for path in files}


def file_hash(path: Path) -> str:
    """Return a file's SHA-256, "" if it is gone."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
