"""What an hour of video costs in a batch, in processes and on a Ray cluster of one node per core of this machine.

    python -m benchmarks.batch.cost SOURCE [--turns 3] [--seconds 30] [--json OUT]

Three batches in turns: few short videos, many short ones, few long ones. Their differences are what a second of video
and what a video takes beside its frames, in CPU seconds of all processes, Ray's own included; what is left of the
first is the start. The least of all turns counts. Linux only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from benchmarks.common.json_output import give_out
from benchmarks.common.looped_clip import looped

_SHORT_S = 1.0
_MANY = 6
_SETTLE_S, _LOOK_S = 1.5, 0.2
NODE = {"num_cpus": 1, "object_store_memory": 80_000_000}
"""What a node of a cluster on this machine has."""


class CpuWatch:
    """Adds up the CPU seconds of all that this process has started, looking five times a second.

    What the system counts of children is not enough: a cluster's nodes let it forget their workers.
    """

    def __init__(self) -> None:
        self._times_s: dict[int, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> CpuWatch:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def total_s(self) -> float:
        """Return the CPU seconds so far."""
        return sum(self._times_s.copy().values())

    def _look(self) -> None:
        ticks = os.sysconf("SC_CLK_TCK")
        while not self._ended.wait(_LOOK_S):
            parents, times_s = dict[int, int](), dict[int, float]()
            for path in Path("/proc").glob("[0-9]*/stat"):
                with contextlib.suppress(OSError):
                    fields = path.read_text("utf-8", "replace").rpartition(")")[2].split()
                    pid = int(path.parent.name)
                    parents[pid], times_s[pid] = int(fields[1]), (int(fields[11]) + int(fields[12])) / ticks
            ours = {os.getpid()}
            while more := {pid for pid, parent in parents.items() if parent in ours and pid not in ours}:
                ours |= more
            self._times_s.update({pid: times_s[pid] for pid in ours if pid != os.getpid()})


def run_batch(videos: Path, seconds: float, how: list[str], watch: CpuWatch) -> tuple[float, float]:
    """Analyze so much of each video of a folder and return wall and CPU seconds."""
    with tempfile.TemporaryDirectory() as out:
        begun_s, before_s = time.monotonic(), watch.total_s()
        command = [sys.executable, "-m", "realtime.batch", str(videos), "--out", out, "--seconds", str(seconds), *how]
        subprocess.run(command, check=True, capture_output=True)
        wall_s = time.monotonic() - begun_s
        time.sleep(_SETTLE_S)
        return wall_s, watch.total_s() - before_s


@contextlib.contextmanager
def ray_cluster(nodes: int) -> Iterator[Any]:
    """Start a cluster of nodes with one CPU each on this machine, and return it."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    try:
        for _ in range(nodes - 1):
            cluster.add_node(**NODE)
        yield cluster
    finally:
        cluster.shutdown()


def costs(
    few: tuple[float, ...], many: tuple[float, ...], long: tuple[float, ...], workers: int, seconds: float
) -> dict[str, float]:
    """Return what start, video and second cost, from wall and CPU seconds of three batches."""
    rate = (long[1] - few[1]) / (workers * (seconds - _SHORT_S))
    extra = (_MANY - 1) * workers
    per_video_s = max(0.0, (many[1] - few[1]) / extra - rate * _SHORT_S)
    return {
        "cpu_s_per_video_hour": round(3600 * rate, 1),
        "per_video_s": round(per_video_s, 3),
        "start_s": round(few[0] - per_video_s - rate * _SHORT_S, 2),
        "start_cpu_s": round(few[1] - workers * (per_video_s + rate * _SHORT_S), 2),
    }


def measure(
    source: Path, turns: int, seconds: float, cores: int, address: str | None, watch: CpuWatch
) -> dict[str, Any]:
    """Measure both ways in turns and return the costs of each, from the least times: others only add to them."""
    ways = {"processes": ["--jobs", str(cores)], **({"ray": ["--ray", address]} if address else {})}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        looped(source, seconds, folder / f"long{source.suffix}")
        for kind, count in (("few", cores), ("many", cores * _MANY)):
            (folder / kind).mkdir()
            for number in range(count):
                shutil.copyfile(folder / f"long{source.suffix}", folder / kind / f"{number}{source.suffix}")
        batches = {"few": ("few", _SHORT_S), "many": ("many", _SHORT_S), "long": ("few", seconds)}
        runs: dict[str, dict[str, list[tuple[float, float]]]] = {way: {batch: [] for batch in batches} for way in ways}
        for _ in range(turns):
            for batch, (videos, length_s) in batches.items():
                for way, how in ways.items():
                    runs[way][batch].append(run_batch(folder / videos, length_s, how, watch))
    found: dict[str, Any] = {}
    for way, of in runs.items():
        few, many, long = (tuple(map(min, zip(*of[batch], strict=True))) for batch in batches)
        found[way] = {**costs(few, many, long, cores, seconds), "runs_wall_cpu_s": of}
    return found


@click.command(help=__doc__)
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--turns", type=click.IntRange(1), default=3, show_default=True)
@click.option("--seconds", type=click.FloatRange(5), default=30.0, show_default=True, help="Of the long videos.")
@click.option("--ray/--no-ray", "with_ray", default=True, show_default=True)
@click.option("--json", "written", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures here.")
def main(source: Path, turns: int, seconds: float, with_ray: bool, written: Path | None) -> None:
    cores = os.cpu_count() or 1
    load = os.getloadavg()
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(ray_cluster(cores)).address if with_ray else None
        found = measure(source, turns, seconds, cores, address, stack.enter_context(CpuWatch()))
    give_out({"source": source.name, "cores": cores, "load_before": [round(one, 2) for one in load], **found}, written)


if __name__ == "__main__":
    main()
