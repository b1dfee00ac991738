"""A live run with a crowd on its page, as JSON: frames and CPU seconds per second, and how long a newcomer waits.

    python -m benchmarks.serving.page_load CLIP [--seconds S] [--visitors N]

Half of the visitors read pictures as fast as they come; the others read slowly, are idle, or never finish a request.
All are on this machine's loopback, in a process of their own. Once a second somebody new opens the page.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from benchmarks.common.json_output import give_out
from benchmarks.common.looped_clip import looped
from benchmarks.serving.newcomer import entered_s
from benchmarks.serving.visitors import HOST, Visitors
from benchmarks.speed.live_session import LiveRun
from models.manifest import WEIGHTS_DIR
from realtime.core.config import PipelineConfig
from realtime.core.options import AnalysisOptions, RunOptions
from realtime.serving.page_sink import PageOptions

_CROWD = "crowd"
_START_S = 5.0
_STEP_S = 1.0


def free_port() -> int:
    with socket.create_server((HOST, 0)) as door:
        port: int = door.getsockname()[1]
    return port


async def _crowd(port: int, count: int, seconds: float) -> dict[str, Any]:
    """Be the crowd, and count; the newcomer runs on a thread, so that the crowd does not hold it up."""
    visitors = Visitors(port)
    kinds = ["reading", "slow", "reading", "idle", "reading", "unfinished"]
    tasks = [asyncio.create_task(visitors.stay(kinds[number % len(kinds)])) for number in range(count)]
    loop = asyncio.get_running_loop()
    await asyncio.sleep(_START_S)
    before, began_s, cpu_s = visitors.received_bytes, loop.time(), time.process_time()
    waits_s: list[float | None] = []
    while loop.time() - began_s < seconds:
        waits_s.append(await asyncio.to_thread(entered_s, port))
        await asyncio.sleep(_STEP_S)
    received = visitors.received_bytes - before
    for task in tasks:
        task.cancel()
    entered = [wait_s for wait_s in waits_s if wait_s is not None]
    return {
        "newcomers": len(waits_s),
        "turned_away": len(waits_s) - len(entered),
        "longest_wait_s": round(max(entered, default=0.0), 3),
        "mean_wait_s": round(sum(entered) / max(1, len(entered)), 3),
        "megabytes_per_s": round(received / (loop.time() - began_s) / 1e6, 1),
        "crowd_cpu_s_per_s": round((time.process_time() - cpu_s) / (loop.time() - began_s), 3),
        "ended": dict(visitors.ended),
    }


@click.command(help=__doc__)
@click.argument("clip", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--seconds", type=click.FloatRange(5, 600), default=60, show_default=True)
@click.option("--visitors", type=click.IntRange(0, 400), default=200, show_default=True)
@click.option("--weights", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS_DIR)
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path))
@click.option(f"--{_CROWD}", "port", type=int, hidden=True, help="Only be the crowd on this port.")
def main(clip: Path, seconds: float, visitors: int, weights: Path, out: Path | None, port: int | None) -> None:
    if port is not None:
        click.echo(json.dumps(asyncio.run(_crowd(port, visitors, seconds))))
        return
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / f"loop{clip.suffix}"
        whole_s = seconds + _START_S + 10
        looped(clip, whole_s, long)
        analysis = AnalysisOptions(pipeline=PipelineConfig(weights=weights), realtime=True, seconds=whole_s)
        live = LiveRun(RunOptions(str(long), analysis, outputs=(PageOptions(f"{HOST}:{port}"),)))
        command = [sys.executable, "-m", "benchmarks.serving.page_load", str(clip), f"--{_CROWD}", str(port)]
        command += ["--seconds", str(seconds), "--visitors", str(visitors)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as crowd:
            cpu_s = time.process_time()
            figures = live.run()
            figures["cpu_s_per_s"] = round((time.process_time() - cpu_s) / whole_s, 3)
            said, _ = crowd.communicate(timeout=60)
    give_out({"visitors": visitors, "run": figures, "page": json.loads(said)}, out)


if __name__ == "__main__":
    main()
