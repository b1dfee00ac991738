"""A batch of a thousand short videos, 5 % of them broken, that is killed ten times at random moments.

    python -m benchmarks.batch.killed [--count 1000] [--kills 10] [--seed 1] [--weights FOLDER] [--ray]

Every other kill takes the command alone, whose workers have to end by themselves; the others take all its processes, as
a power cut does. With `--ray` these others take a node instead: the batch is on a Ray cluster of two nodes on this
machine, and the second one is killed while the command runs on, and another one joins. Afterwards the same command runs
to its end. Then
every good video must have its table, with the rows of a batch that nobody killed, and one row in the summary; every
broken one its reason; what was kept before a kill must not have been made again; and nothing unfinished may be left.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from benchmarks.batch.cost import NODE, ray_cluster
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


def reached(process: subprocess.Popen[bytes], out: Path, results: int, delay_s: float) -> bool:
    """Wait until a moment after a batch has so many results; return whether it still runs then."""
    limit_s = time.monotonic() + _LIMIT_S
    while len(kept(out)) < results and process.poll() is None and time.monotonic() < limit_s:
        time.sleep(0.05)
    time.sleep(delay_s)
    return process.poll() is None


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


class Killed:
    """A batch that is killed again and again.

    Args:
        command: the batch.
        out: where its results are.
        lose_node: kills a node of the cluster that it is on, if it is on one.
    """

    def __init__(self, command: list[str], out: Path, lose_node: Callable[[], None] | None = None) -> None:
        self._command, self._out, self._lose_node = command, out, lose_node
        self._process: subprocess.Popen[bytes] | None = None
        self._before: dict[str, int] = {}
        self.made_again = 0
        self.told: list[dict[str, Any]] = []

    def kill(self, results: int, delay_s: float) -> None:
        """Run it until a moment after it has so many results, and kill it or what it is on."""
        begun_s = time.monotonic()
        if self._process is None or self._process.poll() is not None:
            self._process = start(self._command, self._out.parent / "log")
        odd, what = bool(len(self.told) % 2), "nothing: it had ended"
        if reached(self._process, self._out, results, delay_s):
            if odd and self._lose_node:
                self._lose_node()
                what = "a node"
            else:
                (os.killpg if odd else os.kill)(self._process.pid, signal.SIGKILL)
                what = "all its processes" if odd else "the command"
        if what != "a node":
            self._process.wait()
            self._process = None
        self._look()
        self.told.append(
            {"killed": what, "after_s": round(time.monotonic() - begun_s, 2), "results": len(kept(self._out))}
        )
        print(self.told[-1], file=sys.stderr, flush=True)

    def finish(self) -> str:
        """Run it to its end, and once more; return what it then says."""
        if self._process is not None:
            self._process.wait()
        said = ""
        for _ in range(2):
            said = subprocess.run(self._command, capture_output=True, text=True, check=False).stdout
            self._look()
        return said

    def _look(self) -> None:
        now = kept(self._out)
        self.made_again += sum(now.get(name) != when_ns for name, when_ns in self._before.items())
        self._before = now


@contextlib.contextmanager
def two_nodes() -> Iterator[tuple[str, Callable[[], None]]]:
    """Start a cluster of two nodes with one CPU each; return its address, and what loses one of them."""
    with ray_cluster(1) as cluster:
        others = [cluster.add_node(**NODE)]

        def lose() -> None:
            cluster.remove_node(others.pop(), allow_graceful=False)
            others.append(cluster.add_node(**NODE))

        yield cluster.address, lose


@click.command(help=__doc__)
@click.option("--count", type=click.IntRange(20), default=1000, show_default=True)
@click.option("--kills", type=click.IntRange(1), default=10, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--weights", type=click.Path(exists=True, path_type=Path), help="Other models: small ones start sooner.")
@click.option("--ray", is_flag=True, help="On a Ray cluster of two nodes on this machine.")
@click.option("--json", "written", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures here.")
def main(count: int, kills: int, seed: int, weights: Path | None, ray: bool, written: Path | None) -> None:
    draw = random.Random(seed)
    moments = [(results, draw.uniform(0, 1)) for results in sorted(draw.sample(range(1, count), kills))]
    with tempfile.TemporaryDirectory(prefix="killed-batch-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        good, bad = make_videos(folder / "videos", count, count // 20, seed)
        batch = [sys.executable, "-m", "realtime.batch", str(folder / "videos"), "--table", "csv"]
        batch += ["--weights", str(weights)] if weights else []
        address, lose_node = stack.enter_context(two_nodes()) if ray else ("", None)
        begun_s = time.monotonic()
        command = [*batch, "--out", str(folder / "out"), *(["--ray", address] if ray else [])]
        killed = Killed(command, folder / "out", lose_node)
        for moment in moments:
            killed.kill(*moment)
        said = killed.finish()
        wall_s = time.monotonic() - begun_s
        subprocess.run([*batch, "--out", str(folder / "whole")], capture_output=True, check=False)
        faults = faults_of(folder / "out", folder / "whole", good, bad)
    faults["not named by the command"] = sorted(one for one in bad if f"failed: {one}: " not in said)
    figures = {"videos": count, "broken": len(bad), "seed": seed, "workers": "Ray" if ray else "processes"}
    figures |= {"wall_s": round(wall_s, 1), "kills": killed.told, "made_again_though_kept": killed.made_again}
    figures |= {"last_line": said.partition("; summary")[0], "faults": {kind: len(of) for kind, of in faults.items()}}
    give_out({**figures, "examples": {kind: names[:5] for kind, names in faults.items() if names}}, written)
    sys.exit(any(faults.values()) or killed.made_again > 0)


if __name__ == "__main__":
    main()
