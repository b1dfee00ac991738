"""What must hold after any fault: an orderly end, one line, files that read back, and nothing of the user's changed."""

from __future__ import annotations

import csv
import itertools
import json
import math
import re
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import av

from benchmarks.faults.forked_run import in_fork
from benchmarks.faults.trial import RECORDINGS, Outcome, Trial, file_hash

_NOISE = ("Traceback (most", "Exception ignored", "Fatal Python", "terminate called", "Segmentation", "core dumped")
# A recording's times are on a clock of 90 kHz or 1 kHz.
_SAME_S = 0.002
# A gap of more than an hour is recorded as several pictures.
_LONG_GAP_S = 3600.0
_MOST_SHOWN = 300
# What a run of more than a few seconds says of its progress where nobody sees a bar.
_PROGRESS = re.compile(r": \d+%, \d+ of \d+ frames|: \d+ frames in ")


def faults_of(trial: Trial, outcome: Outcome) -> list[str]:
    """Return what went wrong in this run, in words; nothing if it ended as it must."""
    found = [*_ending(trial, outcome), *_changed(trial, outcome)]
    try:
        found += in_fork(lambda: list(_files(trial, outcome)))
    except RuntimeError as error:
        found.append(f"reading back: {error}")
    return found


def _ending(trial: Trial, outcome: Outcome) -> Iterator[str]:
    if outcome.hung:
        yield f"hung: not over after {trial.deadline_s:g} s"
        return
    if trial.ended_by is not None and outcome.code == -trial.ended_by:
        return
    if outcome.code < 0 and outcome.code in trial.codes:
        return
    if outcome.code not in trial.codes and not _before_it_began(outcome):
        yield f"exit code {outcome.code}"
    for word in _NOISE:
        if word in outcome.err or word in outcome.out:
            yield f"noise: {word} … {outcome.err.strip()[-_MOST_SHOWN:]}"
    lines = [line for line in outcome.err.split("\n") if line.strip() and not _PROGRESS.search(line)]
    if outcome.code == 0 and lines:
        yield f"exit code 0, and yet: {lines[0][:_MOST_SHOWN]}"
    if outcome.code in (1, 2) and not (len(lines) == 1 and lines[0].startswith("error: ")):
        yield f"no one line: {outcome.err.strip()[:_MOST_SHOWN]!r}"


def _before_it_began(outcome: Outcome) -> bool:
    """Return whether a signal came before the program could take it, or when everything was finished and said."""
    asked = outcome.code in (-signal.SIGTERM, -signal.SIGHUP)
    return asked and (not outcome.times_s or " frames, " in outcome.out or "error: " in outcome.err)


def _changed(trial: Trial, outcome: Outcome) -> Iterator[str]:
    """Yield the user's files that are no longer what they were."""
    replaced = [*trial.outputs, *(path.with_name(f"{path.name}-metadata.json") for path in trial.outputs)]
    for path, before in trial.saved.items():
        after = file_hash(path)
        allowed = trial.overwrite and path in replaced and outcome.code == 0
        if after != before and not allowed:
            yield f"{path.name} was {'changed' if after else 'deleted'}"


def _files(trial: Trial, outcome: Outcome) -> Iterator[str]:
    new = [path for path in sorted(trial.place.out.iterdir()) if path.is_file() and _is_new(path, trial)]
    asked = outcome.code in (-signal.SIGTERM, -signal.SIGHUP)
    if outcome.code >= 0 or asked:
        said = outcome.out + outcome.err
        for path in new:
            unfinished = ".part" in path.name or "-final" in path.name
            if unfinished and path.name not in said:
                yield f"{path.name} is left behind and no line names it"
    if trial.record is not None:
        yield from _recording(trial, outcome, [path for path in new if path.suffix in RECORDINGS])
    if trial.table is not None:
        tables = [path for path in new if path.suffix in (".csv", ".jsonl", ".parquet")]
        yield from _table(trial, outcome, tables)
    for path in new:
        if path.suffix == ".html" and ".part" not in path.name:
            text = path.read_text("utf-8").rstrip()
            if not text.endswith("</html>"):
                yield f"{path.name} ends with {text[-40:]!r}"


def _is_new(path: Path, trial: Trial) -> bool:
    return path not in trial.saved or file_hash(path) != trial.saved[path]


def _recording(trial: Trial, outcome: Outcome, found: list[Path]) -> Iterator[str]:
    times_s = outcome.times_s
    if not times_s:
        return
    if not found:
        yield f"no recording of {len(times_s)} frames"
        return
    path = next((one for one in found if ".part" not in one.name), found[0])
    try:
        shown_s = _picture_times(path)
    except (av.FFmpegError, IndexError) as error:
        if _too_short(trial, outcome):
            return
        yield f"{path.name} does not play: {error}"
        return
    yield from _compared(f"{path.name}: pictures", shown_s, times_s, trial, outcome, gaps=True)


def _table(trial: Trial, outcome: Outcome, found: list[Path]) -> Iterator[str]:
    times_s = outcome.times_s
    if not times_s:
        return
    rows: list[dict[str, Any]] = []
    if not found:
        yield f"no table of {len(times_s)} frames"
        return
    path = next((one for one in found if ".part" not in one.name), found[0])
    try:
        rows = list(_rows(path, cut=outcome.code < 0))
    except Exception as error:
        yield f"{path.name} does not read back: {type(error).__name__} {error}"
        return
    wild = {name for row in rows for name, value in row.items() if _is_wild(value)}
    if wild:
        yield f"{path.name} has values that are no numbers: {', '.join(sorted(wild))}"
    by_frame = {int(row["frame"]): float(row["media_time_s"]) for row in rows}
    yield from _compared(f"{path.name}: rows", list(by_frame.values()), times_s, trial, outcome)


def _compared(
    what: str, written_s: list[float], given_s: list[float], trial: Trial, outcome: Outcome, *, gaps: bool = False
) -> Iterator[str]:
    """Compare times that were written with those that were handed over."""
    length_s = given_s[-1] - given_s[0]
    lost_s = length_s - (written_s[-1] - written_s[0]) if written_s else length_s
    if not _complete(outcome):
        if lost_s > trial.loss_s + _SAME_S and not _too_short(trial, outcome):
            yield f"{what}: {lost_s:.2f} s of {length_s:.2f} s lost"
        return
    count, long_gaps = len(written_s), any(b - a >= _LONG_GAP_S for a, b in itertools.pairwise(given_s))
    fits = (
        count >= len(given_s)
        if gaps and long_gaps
        else count - len(given_s) in (0, int(outcome.code == 1 or trial.signalled))
    )
    if not fits:
        yield f"{what}: {count}, and {len(given_s)} frames were handed over"
    elif abs(lost_s) > _SAME_S and count == len(given_s):
        yield f"{what}: {lost_s:+.3f} s of {length_s:.3f} s missing"


def _complete(outcome: Outcome) -> bool:
    """Return whether everything that was handed over must be there: no kill, and no output that failed."""
    return outcome.code >= 0 and not re.search("cannot (record|write)", outcome.err + outcome.out)


def _too_short(trial: Trial, outcome: Outcome) -> bool:
    """Return whether so little was handed over that all of it may be lost."""
    return not _complete(outcome) and outcome.times_s[-1] - outcome.times_s[0] <= trial.loss_s


def _picture_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        times = []
        try:
            for frame in container.decode(video=0):
                times.append(frame.time)
        except av.FFmpegError:
            # A file that was cut plays to there; a complete one has no fault.
            if ".part" not in path.name:
                raise
        return times


def _rows(path: Path, *, cut: bool) -> Iterable[dict[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_table(path, use_threads=False).to_pylist()
    lines = path.read_text("utf-8").split("\n")
    if lines.pop() and not cut:
        raise ValueError("its last line is not complete")
    if path.suffix == ".csv":
        return list(csv.DictReader(lines))
    return [json.loads(line) for line in lines]


def _is_wild(value: Any) -> bool:
    if isinstance(value, str):
        return value.lower() in ("nan", "inf", "-inf")
    return isinstance(value, float) and not math.isfinite(value)
