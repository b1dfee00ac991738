"""A batch of a thousand short videos, 5 % of them broken, that is killed ten times at random moments.

    python -m benchmarks.batch.killed [--count 1000] [--kills 10] [--seed 1] [--weights FOLDER] [--ray ADDRESS]

Every other kill takes the command alone, whose workers have to end by themselves; the others take all its processes,
as a power cut does (on a cluster those of this machine's command). Afterwards the same command runs to its end. Then
every good video must have its table, with the rows of a batch that nobody killed, and one row in the summary; every
broken one its reason; what was kept before a kill must not have been made again; and nothing unfinished may be left.
"""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from benchmarks.batch.made_videos import make_videos
from benchmarks.common.json_output import give_out

_LIMIT_S = 1800.0


def kept(out: Path) -> dict[str, int]:
    """Return name of each video that a batch has done with -> when its result was written, in ns."""
    folder = out / ".batch" / "results"
    found = {path: path.stat().st_mtime_ns for path in folder.rglob("*.json")}
    return {path.relative_to(folder).with_suffix("").as_posix(): when_ns for path, when_ns in found.items()}


def start(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a command in a process group of its own."""
    with log.open("ab") as stream:
        return subprocess.Popen(command, stdout=stream, stderr=stream, start_new_session=True)


def kill_at(process: subprocess.Popen[bytes], out: Path, results: int, delay_s: float, *, all_of_it: bool) -> bool:
    """Kill a batch a moment after it has so many results; return whether it had not ended by itself."""
    limit_s = time.monotonic() + _LIMIT_S
    while len(kept(out)) < results and process.poll() is None and time.monotonic() < limit_s:
        time.sleep(0.05)
    time.sleep(delay_s)
    ran = process.poll() is None
    if ran:
        (os.killpg if all_of_it else os.kill)(process.pid, signal.SIGKILL)
    process.wait()
    return ran


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def faults_of(out: Path, whole: Path, good: dict[str, int], bad: set[str]) -> dict[str, list[str]]:
    """Return what is wrong with a batch's results, by kind; all lists are empty where nothing is.

    Args:
        out: results of the batch that was killed.
        whole: those of one that was not.
        good: name of each good video -> its frames.
        bad: names of the broken ones.
    """
    results = {name: json.loads((out / ".batch" / "results" / f"{name}.json").read_text("utf-8")) for name in kept(out)}
    tables = {path.relative_to(out).with_suffix("").as_posix() for path in out.glob("day*/*.csv")}
    summary = rows(out / "summary.csv")
    named: dict[str, list[dict[str, str]]] = {}
    for row in summary:
        named.setdefault(row["video"], []).append(row)
    done = {name for name, result in results.items() if result["status"] == "done"}
    broken = {row["video"] for row in summary if row["status"] == "failed"}
    return {
        "lost": sorted(good.keys() - done) + sorted(good.keys() - tables),
        "twice": sorted(
            name for name, found in named.items() if len({(row["video"], row["track"]) for row in found}) != len(found)
        ),
        "other frames": sorted(name for name in good.keys() & done if results[name]["frames"] != good[name]),
        "other rows": sorted(
            name for name in good.keys() & tables if rows(out / f"{name}.csv") != rows(whole / f"{name}.csv")
        ),
        "not named": sorted(bad - broken)
        + sorted(name for name in bad & results.keys() if not results[name]["reason"]),
        "named without reason": sorted(broken - bad),
        "left over": sorted(path.name for path in (*out.rglob("*.part*"), *(out / ".batch").glob("working/*"))),
    }


def killed_again_and_again(command: list[str], out: Path, moments: list[tuple[int, float]]) -> dict[str, Any]:
    """Run a batch, kill it at each moment and run it to its end; return what happened.

    Args:
        command: the batch.
        out: where its results are.
        moments: how many results there are then, and seconds after that.
    """
    told, again = list[dict[str, Any]](), 0
    for number, (results, delay_s) in enumerate(moments):
        before, begun_s, all_of_it = kept(out), time.monotonic(), bool(number % 2)
        ran = kill_at(start(command, out.parent / "log"), out, results, delay_s, all_of_it=all_of_it)
        after = kept(out)
        again += sum(after.get(one) != when for one, when in before.items())
        what = ("all its processes" if all_of_it else "the command") if ran else "nothing: it had ended"
        told.append({"killed": what, "after_s": round(time.monotonic() - begun_s, 2), "results": len(after)})
        print(told[-1], file=sys.stderr, flush=True)
    before = kept(out)
    last = subprocess.run(command, capture_output=True, text=True, check=False)
    again += sum(kept(out)[one] != when for one, when in before.items())
    return {"kills": told, "made_again_though_kept": again, "exit_code": last.returncode, "said": last.stdout}


@click.command(help=__doc__)
@click.option("--count", type=click.IntRange(20), default=1000, show_default=True)
@click.option("--kills", type=click.IntRange(1), default=10, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--weights", type=click.Path(exists=True, path_type=Path), help="Other models: small ones start sooner.")
@click.option("--ray", metavar="ADDRESS", help="On a Ray cluster.")
@click.option("--json", "written", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures here.")
def main(count: int, kills: int, seed: int, weights: Path | None, ray: str | None, written: Path | None) -> None:
    draw = random.Random(seed)
    moments = [(results, draw.uniform(0, 1)) for results in sorted(draw.sample(range(1, count), kills))]
    with tempfile.TemporaryDirectory(prefix="killed-batch-") as name:
        folder = Path(name)
        good, bad = make_videos(folder / "videos", count, count // 20, seed)
        batch = [sys.executable, "-m", "realtime.batch", str(folder / "videos"), "--table", "csv"]
        batch += ["--weights", str(weights)] if weights else []
        begun_s = time.monotonic()
        command = [*batch, "--out", str(folder / "out"), *(["--ray", ray] if ray else [])]
        found = killed_again_and_again(command, folder / "out", moments)
        wall_s = time.monotonic() - begun_s
        subprocess.run([*batch, "--out", str(folder / "whole")], capture_output=True, check=False)
        faults = faults_of(folder / "out", folder / "whole", good, bad)
        said = found.pop("said")
    faults["not named by the command"] = sorted(one for one in bad if f"failed: {one}: " not in said)
    figures = {"videos": count, "broken": len(bad), "seed": seed, "workers": "Ray" if ray else "processes"}
    figures |= {"wall_s": round(wall_s, 1), **found, "last_line": said.partition("; summary")[0]}
    figures |= {"faults": {kind: len(names) for kind, names in faults.items()}}
    give_out({**figures, "examples": {kind: names[:5] for kind, names in faults.items() if names}}, written)
    sys.exit(any(faults.values()) or found["made_again_though_kept"] > 0)


if __name__ == "__main__":
    main()
