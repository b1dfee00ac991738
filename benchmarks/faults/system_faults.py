"""What the system does to a run: disks that fill, signals, suspends, clocks that step, little memory."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
from pathlib import Path

from benchmarks.faults.clips import long_clip
from benchmarks.faults.clocks import CLOCK, draw_steps
from benchmarks.faults.trial import Place, Trial, Watched, with_outputs

_PAGE_BYTES = 4096
# A run of the clip writes about so much; a disk that fills at the end lets it finish.
_MOST_BYTES = 500_000
_FRAMES = 60
_MIB = 1 << 20


def full_disk(rng: random.Random, place: Place) -> Trial:
    """Return a trial whose disk, or that of its temporary files, is full at some byte."""
    trial = _plain(rng, place, "", ["--smooth", "offline"] if rng.random() < 0.3 else [])
    limit = rng.choice((rng.randrange(_MOST_BYTES), rng.randrange(30_000)))
    if "offline" in trial.more and rng.random() < 0.5:
        spool = place.root / "tmp"
        spool.mkdir()
        trial.prepare = lambda: _limit_temporary(spool, limit)
        trial.about = f"temporary files may have {limit} bytes each"
    elif _mounted(place.out, limit // _PAGE_BYTES + 2, trial):
        trial.about = f"a disk of {limit // _PAGE_BYTES + 2} pages"
    else:
        trial.prepare = lambda: _limit_files(limit)
        trial.about = f"files may have {limit} bytes each"
    return trial


def killed(rng: random.Random, place: Place) -> Trial:
    """Return a trial that `kill -9` ends."""
    return _signalled(rng, place, [signal.SIGKILL])


def ended(rng: random.Random, place: Place) -> Trial:
    """Return a trial that TERM, HUP or both end."""
    numbers = [rng.choice((signal.SIGTERM, signal.SIGHUP)) for _ in range(rng.choice((1, 1, 2, 3)))]
    return _signalled(rng, place, numbers)


def suspended(rng: random.Random, place: Place) -> Trial:
    """Return a trial that is stopped and continued, as by a terminal or a laptop's lid."""
    trial = _plain(rng, place, "", rng.choice(([], ["--realtime"], ["--smooth", "offline"])))
    at, pause_s = _moment(rng), rng.choice((0.2, 1.0, 3.0))
    stopped_s: list[float] = []

    def stop(watched: Watched) -> None:
        if not stopped_s and at(watched):
            stopped_s.append(watched.passed_s)
            os.kill(watched.pid, signal.SIGSTOP)
        elif len(stopped_s) == 1 and watched.passed_s > stopped_s[0] + pause_s:
            stopped_s.append(watched.passed_s)
            os.kill(watched.pid, signal.SIGCONT)

    trial.codes = (0,)
    trial.about, trial.meanwhile = f"stopped for {pause_s:g} s {at.__doc__}", stop
    return trial


def stepping_clock(rng: random.Random, place: Place) -> Trial:
    """Return a trial whose wall clock and monotonic clock step."""
    steps, about = draw_steps(rng)
    trial = _plain(rng, place, about, rng.choice(([], ["--realtime"], ["--smooth", "offline"])))

    def prepare() -> None:
        for step in steps:
            CLOCK.step(*step)

    trial.prepare, trial.codes = prepare, (0,)
    return trial


def little_memory(rng: random.Random, place: Place) -> Trial:
    """Return a trial that may take only so much more memory than a process that has imported everything."""
    more = rng.randrange(20, 900)
    trial = _plain(rng, place, f"{more} MiB of memory", [])
    # Native libraries abort where they get no memory; what was written until then must still read back.
    trial.codes = (0, 1, -signal.SIGABRT, -signal.SIGSEGV)
    trial.prepare = lambda: _limit_memory(more * _MIB)
    return trial


def _plain(rng: random.Random, place: Place, about: str, more: list[str]) -> Trial:
    path = place.inputs / "clip.mp4"
    path.write_bytes(long_clip())
    seconds = [] if "--realtime" in more or rng.random() < 0.3 else ["--seconds", f"{rng.uniform(0.3, 4):.2f}"]
    return with_outputs(Trial(about, str(path), place, [*more, *seconds]), rng)


def _signalled(rng: random.Random, place: Place, numbers: list[signal.Signals]) -> Trial:
    more = rng.choice(([], ["--realtime"], ["--realtime"], ["--smooth", "offline"]))
    trial = _plain(rng, place, "", more)
    at, pause_s = _moment(rng), rng.choice((0.0, 0.02, 0.3))
    sent_s: list[float] = []

    def send(watched: Watched) -> None:
        due = at(watched) if not sent_s else watched.passed_s >= sent_s[-1] + pause_s
        if due and len(sent_s) < len(numbers):
            os.kill(watched.pid, numbers[len(sent_s)])
            sent_s.append(watched.passed_s)

    trial.codes, trial.signalled = (0,), True
    if numbers == [signal.SIGKILL]:
        trial.ended_by = signal.SIGKILL
    trial.about, trial.meanwhile = f"{', '.join(one.name for one in numbers)} {at.__doc__} {' '.join(more)}", send
    return trial


def _moment(rng: random.Random):
    """Return what says whether a random moment is there: seconds after the start, or after a frame."""
    if rng.random() < 0.4:
        after_s = rng.uniform(0.02, 2.5)

        def at(watched: Watched) -> bool:
            return watched.passed_s >= after_s

        at.__doc__ = f"after {after_s:.2f} s"
        return at
    frame = rng.randrange(1, _FRAMES)

    def at_frame(watched: Watched) -> bool:
        return len(watched.times_s) >= frame

    at_frame.__doc__ = f"after frame {frame}"
    return at_frame


def _mounted(folder: Path, pages: int, trial: Trial) -> bool:
    """Make `folder` a small disk with what is in it; return whether that is permitted."""
    inside = {path.name: path.read_bytes() for path in folder.iterdir()}
    room = pages + sum(len(data) // _PAGE_BYTES + 1 for data in inside.values())
    size = f"size={room * _PAGE_BYTES}"
    if (
        os.getuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True).returncode
    ):
        return False
    for name, data in inside.items():
        (folder / name).write_bytes(data)
    trial.finish = lambda: subprocess.run(["umount", "-l", folder], capture_output=True)  # type: ignore[assignment]
    return True


def _limit_temporary(folder: Path, size: int) -> None:
    import tempfile

    tempfile.tempdir = str(folder)
    _limit_files(size)


def _limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _limit_memory(more: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
