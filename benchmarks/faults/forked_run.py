"""Runs the program in a forked process that has imported it already: a fraction of a second instead of two."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NoReturn

from benchmarks.faults.clocks import CLOCK
from benchmarks.faults.trial import Outcome, Trial, Watched

_POLL_S = 0.004
# A process that hangs gets so long to write down where.
_STACK_S = 1.0
# A process hangs that has had no use of its CPU for so long, or far more than a run takes: seconds. On a machine that
# is busy with other work a run may well take minutes.
_IDLE_S, _IDLE_CPU_S, _MOST_CPU_S = 30.0, 0.1, 30.0
_STACK_CHARACTERS = 4000
_now_s = time.monotonic


def preload() -> None:
    """Import what the program needs, except ONNX Runtime, whose threads no fork survives."""
    CLOCK.install()
    import ai_edge_litert.interpreter  # noqa: F401

    import run_live  # noqa: F401

    # What is collected in a fork copies its pages.
    gc.freeze()


def run(trial: Trial) -> Outcome:
    """Run the trial's command line to its end, or to its deadline.

    The forked process leaves through every frame below by SystemExit, so that the interpreter ends as it does for a
    user: nothing below may hold a `with` or `finally`.
    """
    pipes = [os.pipe() for _ in range(4)]
    sys.stdout.flush()
    sys.stderr.flush()
    began_s = _now_s()
    pid = os.fork()
    if pid == 0:
        for read, _ in pipes:
            os.close(read)
        _be_the_program(trial, [write for _, write in pipes])
    for read, write in pipes:
        os.close(write)
        os.set_blocking(read, False)
    texts = [bytearray() for _ in pipes]
    reads = [read for read, _ in pipes]
    status, cpu_s, hung = _watch(trial, pid, reads, texts)
    for read in reads:
        os.close(read)
    out, err, log, stack = (text.decode("utf-8", "replace") for text in texts)
    wall_s = _now_s() - began_s
    return Outcome(
        os.waitstatus_to_exitcode(status), out, err, _times(log), wall_s, cpu_s, stack[:_STACK_CHARACTERS], hung
    )


def _watch(trial: Trial, pid: int, reads: list[int], texts: list[bytearray]) -> tuple[int, float, bool]:
    """Wait for a process's end and collect what it says; return its status, its CPU seconds and whether it hung."""
    began_s = _now_s()
    watched, hung, patience = Watched(pid), False, _Patience(pid, trial.deadline_s)
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        _read_all(reads, texts)
        if done:
            return status, usage.ru_utime + usage.ru_stime, hung
        watched.passed_s, watched.times_s = _now_s() - began_s, _times(texts[2].decode())
        trial.meanwhile(watched)
        if not hung and patience.over(watched.passed_s):
            hung = True
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGUSR1)
            time.sleep(_STACK_S)
            os.kill(pid, signal.SIGKILL)
        time.sleep(_POLL_S)


class _Patience:
    """Says whether a process hangs: its time is over, and it does nothing, or works without an end."""

    def __init__(self, pid: int, deadline_s: float) -> None:
        self._process, self._deadline_s = Path(f"/proc/{pid}"), deadline_s
        self._looked_s, self._cpu_s = 0.0, 0.0

    def over(self, passed_s: float) -> bool:
        """Return whether it hangs, `passed_s` seconds after its start."""
        if passed_s < self._looked_s + _IDLE_S:
            return False
        before_s, self._looked_s = self._cpu_s, passed_s
        fields = _stat(self._process)
        self._cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        idle = self._cpu_s - before_s < _IDLE_CPU_S
        with contextlib.suppress(OSError):  # A thread that has just ended.
            # One that waits for a CPU is slow, and not idle.
            idle = idle and all(_stat(task)[0] != "R" for task in (self._process / "task").iterdir())
        return passed_s > self._deadline_s and (idle or self._cpu_s > _MOST_CPU_S)


def _stat(process: Path) -> list[str]:
    """Return what Linux tells of a process or thread, from its state on."""
    return (process / "stat").read_text().rpartition(")")[2].split()


def in_fork(work: Callable[[], Any]) -> Any:
    """Return what `work` returns in a forked process, so that what crashes or starts threads does so there.

    Raises:
        RuntimeError: it raised, or the process crashed.
    """
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            told = pickle.dumps((True, work()))
        except BaseException:
            told = pickle.dumps((False, traceback.format_exc()))
        with os.fdopen(write, "wb") as stream:
            stream.write(told)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        told = stream.read()
    _, status = os.waitpid(pid, 0)
    if not told:
        raise RuntimeError(f"it crashed: {os.waitstatus_to_exitcode(status)}")
    fine, value = pickle.loads(told)
    if not fine:
        raise RuntimeError(value)
    return value


def _be_the_program(trial: Trial, ends: list[int]) -> NoReturn:
    out, err, log, stack = ends
    os.chdir(trial.place.out)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    os.close(err)
    where: IO[bytes] = os.fdopen(stack, "wb", 0)
    faulthandler.enable(where)
    faulthandler.register(signal.SIGUSR1, where)
    import run_live
    from realtime.session.session import Session

    plain = Session._give_out

    def give_out(self: Session, analysed: Any) -> None:
        plain(self, analysed)
        os.write(log, b"%.6f\n" % analysed.frame.media_time_s)

    Session._give_out = give_out  # type: ignore[method-assign]
    trial.prepare()
    run_live.main(trial.arguments)
    raise SystemExit(0)


def _read_all(ends: list[int], texts: list[bytearray]) -> None:
    for end, text in zip(ends, texts, strict=True):
        while True:
            try:
                part = os.read(end, 65536)
            except BlockingIOError:
                break
            if not part:
                break
            text += part


def _times(log: str) -> list[float]:
    return [float(line) for line in log.split("\n")[:-1]]
