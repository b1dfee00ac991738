"""Many videos through `realtime.batch`, with one worker and with one per core, against the machine's bound.

    python -m benchmarks.speed.many_videos SOURCE [--copies 8] [--seconds 20] [--json OUT]

SOURCE is looped to `--seconds` and copied. The bound is as in `benchmarks.speed.pipeline`. What starting costs is
counted, and a batch of short videos is mostly that. CPU seconds and memory are of all processes of a run.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from benchmarks.common.json_output import give_out
from benchmarks.common.looped_clip import looped
from benchmarks.speed.pipeline import alone_ms
from realtime.core.config import PipelineConfig


def run_batch(videos: Path, out: Path, jobs: int) -> dict[str, Any]:
    """Analyze a folder of videos and return wall and CPU seconds, frames and the largest process in MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun_s = time.monotonic()
    command = [sys.executable, "-m", "realtime.batch", str(videos), "--out", str(out), "--jobs", str(jobs)]
    subprocess.run(command, check=True, capture_output=True)
    wall_s = time.monotonic() - begun_s
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    results = [json.loads(path.read_text("utf-8")) for path in out.glob(".batch/results/*.json")]
    frames = sum(result["frames"] for result in results)
    return {
        "jobs": jobs,
        "videos": len(results),
        "frames": frames,
        "wall_s": round(wall_s, 2),
        "fps": round(frames / wall_s, 1),
        "cpu_ms_per_frame": round(1000 * cpu_s / max(1, frames), 2),
        "peak_rss_mb": round(after.ru_maxrss / 1024, 1),
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
        alone = alone_ms(str(source), PipelineConfig())
    bound_fps = 1000 * cores / sum(alone.values())
    best = {jobs: max(run["fps"] for run in runs if run["jobs"] == jobs) for jobs in (1, cores)}
    give_out(
        {
            "source": source.name,
            "copies": copies,
            "seconds": seconds,
            "cores": cores,
            "alone_cpu_ms": {stage: round(value, 2) for stage, value in alone.items()},
            "bound_fps": round(bound_fps, 1),
            "bound_ratio": round(best[cores] / bound_fps, 3),
            "scaling": round(best[cores] / best[1], 2),
            "runs": runs,
        },
        out,
    )


if __name__ == "__main__":
    main()
