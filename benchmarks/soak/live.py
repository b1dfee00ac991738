"""Soak test: hours of a live run on a stream that breaks off every minute, with a table and a page, as JSON.

    python -m benchmarks.soak.live LEFT RIGHT FOLDER [--minutes M] [--break-every S]

LEFT and RIGHT are clips of one face each. They come and go in a small picture (320x240, 8 per second) that a sender on
this machine's loopback sends; once a minute it closes, resets and refuses for 3 s, or falls silent. Visitors of
the page come and go too. FOLDER receives resources.csv while it runs (`benchmarks.soak.trends` reads it), the table
that the run writes, what it said, and figures.json. Linux only.
"""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import click

from benchmarks.common.json_output import give_out
from benchmarks.serving.newcomer import entered_s
from benchmarks.serving.page_load import free_port
from benchmarks.serving.visitors import HOST, Visitors
from benchmarks.soak.breaking_stream import BreakingStream
from benchmarks.soak.scene import write_scene

_KINDS = ("reading", "slow", "idle", "unfinished", "reading")
_STAYS_S = (5.0, 40.0)
_AWAY_S = (5.0, 40.0)
_NEWCOMER_EVERY_S = 15.0
_ENDS_WITHIN_S = 30.0


async def _come_and_go(visitors: Visitors, kind: str, chance: random.Random, visits: Counter[str]) -> None:
    while True:
        await asyncio.sleep(chance.uniform(*_AWAY_S))
        visits[kind] += 1
        try:
            await asyncio.wait_for(visitors.stay(kind), chance.uniform(*_STAYS_S))
        except asyncio.TimeoutError:
            continue


async def _visit(port: int, run: subprocess.Popen[bytes], seconds: float) -> dict[str, Any]:
    """Visit the page until the time is over or the run has ended; return counts and waits."""
    visitors, chance, visits = Visitors(port), random.Random(0), Counter[str]()
    tasks = [asyncio.create_task(_come_and_go(visitors, kind, chance, visits)) for kind in _KINDS]
    loop = asyncio.get_running_loop()
    end_s = loop.time() + seconds
    waits_s: list[float | None] = []
    while loop.time() < end_s and run.poll() is None:
        await asyncio.sleep(min(_NEWCOMER_EVERY_S, max(0.0, end_s - loop.time())))
        waits_s.append(await asyncio.to_thread(entered_s, port))
    for task in tasks:
        task.cancel()
    entered = sorted(wait_s for wait_s in waits_s if wait_s is not None)
    return {
        "visits": dict(visits),
        "newcomers": len(waits_s),
        "newcomers_in_vain": len(waits_s) - len(entered),
        "median_wait_s": round(entered[len(entered) // 2], 3) if entered else None,
        "megabytes_read": round(visitors.received_bytes / 1e6, 1),
    }


def soak(scene: Path, folder: Path, minutes: float, break_every_s: float) -> dict[str, Any]:
    """Run it and return the figures that are known at the end."""
    stream, port = BreakingStream(scene, break_every_s), free_port()
    stream.start()
    command = [sys.executable, "-m", "benchmarks.soak.watched_run", str(folder / "resources.csv")]
    command += [f"tcp://{HOST}:{stream.port}", "--headless", "--max-faces", "2", "--serve", f"{HOST}:{port}"]
    command += ["--table", str(folder / "table.csv"), "--overwrite"]
    with (folder / "said.txt").open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as run:
        page = asyncio.run(_visit(port, run, 60 * minutes))
        alive = run.poll() is None
        if alive:
            run.send_signal(signal.SIGTERM)
        try:
            code = run.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            run.kill()
            code = run.wait()
    stream.leave()
    return {"ran_to_the_end": alive, "exit_code": code, "breaks": dict(stream.breaks), "page": page}


@click.command(help=__doc__)
@click.argument("left", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("right", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--minutes", type=click.FloatRange(0.5), default=120, show_default=True)
@click.option("--break-every", "break_every_s", type=click.FloatRange(5), default=60, show_default=True)
def main(left: Path, right: Path, folder: Path, minutes: float, break_every_s: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        scene = Path(scratch) / "scene.mp4"
        write_scene(left, right, scene)
        figures = soak(scene, folder, minutes, break_every_s)
    give_out({"minutes": minutes, **figures}, folder / "figures.json")


if __name__ == "__main__":
    main()
