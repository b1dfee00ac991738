"""Many videos through `realtime.batch`, with one worker and with one per core, against the machine's bound.

    python -m benchmarks.speed.many_videos SOURCE [--copies 8] [--seconds 20] [--json OUT]

SOURCE is looped to `--seconds` and copied. The bound is as in `benchmarks.speed.pipeline`. What starting costs is
counted, and a batch of short videos is mostly that. CPU seconds are of all processes of a run, memory is the most that
a worker held. Where other programs have the cores for a while, a worker waits; what its run would have taken without
them is told beside, as the time it took less what the command waited and the mean of what its workers waited.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from benchmarks.common.json_output import give_out
from benchmarks.common.looped_clip import looped
from benchmarks.common.process_times import watched
from benchmarks.speed.pipeline import alone_ms
from realtime.core.config import PipelineConfig


def run_batch(videos: Path, out: Path, jobs: int) -> dict[str, Any]:
    """Analyze a folder of videos, or one; return wall and CPU seconds, frames, and a worker's memory in MB."""
    before, load = resource.getrusage(resource.RUSAGE_CHILDREN), os.getloadavg()[0]
    run = watched([sys.executable, "-m", "realtime.batch", str(videos), "--out", str(out), "--jobs", str(jobs)])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    results = [json.loads(path.read_text("utf-8")) for path in out.glob(".batch/results/*.json")]
    frames = sum(result["frames"] for result in results)
    command, *others = run.processes
    # Another one is a helper, which uses little.
    waited_s = [one.waited_s for one in sorted(others, key=lambda one: -one.cpu_s)[:jobs]]
    alone_s = run.wall_s - command.waited_s - sum(waited_s) / len(waited_s)
    return {
        "jobs": jobs,
        "videos": len(results),
        "frames": frames,
        "load_before": round(load, 1),
        "wall_s": round(run.wall_s, 2),
        "waited_s": [round(one, 2) for one in (command.waited_s, *waited_s)],
        "fps": round(frames / run.wall_s, 1),
        "fps_without_waiting": round(frames / alone_s, 1),
        "cpu_ms_per_frame": round(1000 * cpu_s / max(1, frames), 2),
        "worker_mb": max((result.get("memory_mb", 0.0) for result in results), default=0.0),
    }


def against_bound(runs: list[dict[str, Any]], source: str) -> dict[str, Any]:
    """Return the machine's bound for a clip, and how much of it the best of some runs reached."""
    alone = alone_ms(source, PipelineConfig())
    bound_fps = 1000 * (os.cpu_count() or 1) / sum(alone.values())
    return {
        "alone_cpu_ms": {stage: round(value, 2) for stage, value in alone.items()},
        "bound_fps": round(bound_fps, 1),
        "bound_ratio": round(max(run["fps"] for run in runs) / bound_fps, 3),
        "bound_ratio_without_waiting": round(max(run["fps_without_waiting"] for run in runs) / bound_fps, 3),
    }


@click.command(help=__doc__)
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--copies", type=click.IntRange(1), default=8, show_default=True)
@click.option("--seconds", type=click.FloatRange(0, min_open=True), default=20.0, show_default=True)
@click.option(
    "--turns", type=click.IntRange(1), default=2, show_default=True, help="One worker and all cores in turns."
)
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures here.")
def main(source: Path, copies: int, seconds: float, turns: int, out: Path | None) -> None:
    cores = os.cpu_count() or 1
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "videos").mkdir()
        for number in range(copies):
            looped(source, seconds, folder / "videos" / f"{number}{source.suffix}")
        for turn in range(turns):
            for jobs in (1, cores):
                runs.append(run_batch(folder / "videos", folder / f"out-{turn}-{jobs}", jobs))
        bound = against_bound([run for run in runs if run["jobs"] == cores], str(source))
    best = {
        name: max(run[name] for run in runs if run["jobs"] == cores)
        / max(run[name] for run in runs if run["jobs"] == 1)
        for name in ("fps", "fps_without_waiting")
    }
    give_out(
        {
            "source": source.name,
            "copies": copies,
            "seconds": seconds,
            "cores": cores,
            **bound,
            "scaling": round(best["fps"], 2),
            "scaling_without_waiting": round(best["fps_without_waiting"], 2),
            "runs": runs,
        },
        out,
    )


if __name__ == "__main__":
    main()
