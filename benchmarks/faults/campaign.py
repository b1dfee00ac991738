"""A thousand faults, seeded: damaged files, cameras, streams, full disks, signals, models, clocks and memory.

    python -m benchmarks.faults.campaign --count 1000 --seed 1 --out FILE.json [--jobs 2] [--kind KIND]
    python -m benchmarks.faults.campaign --only SEED

After each fault these must hold: no hang, no trace, an exit code of 0, 1 or 2 with one line for an error; what was
finished plays and reads back; at most a second is lost; no other file of the user's has changed. Each fault is drawn
from one seed, which `--only` repeats. Results go to FILE.jsonl line by line; a campaign that was stopped goes on there.
Linux only: it forks. As root small disks are made as tmpfs; else a limit of the size of files stands for them.
"""

from __future__ import annotations

import json
import os
import platform
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from benchmarks.faults.clips import CLIP_FORMATS
from benchmarks.faults.forked_run import preload, run
from benchmarks.faults.judge import faults_of
from benchmarks.faults.trial import Place, save_hashes

ROOT = Path(__file__).resolve().parents[2]


def kinds() -> dict[str, tuple[int, Any]]:
    """Return each kind of fault: how many of a thousand, and what makes one."""
    from benchmarks.faults import camera_faults, file_faults, model_faults, stream_faults, system_faults

    files = {f"file: {name}": (25, file_faults.damaged_file(name)) for name in CLIP_FORMATS}
    return {
        **files,
        "file: another kind": (20, file_faults.wrong_file),
        "file: clock leaps": (60, file_faults.leaping_clock),
        "clock of the system steps": (30, system_faults.stepping_clock),
        "stopped and continued": (20, system_faults.suspended),
        "camera": (100, camera_faults.faulty_camera),
        "stream": (80, stream_faults.faulty_stream),
        "disk full": (100, system_faults.full_disk),
        "kill -9": (70, system_faults.killed),
        "TERM, HUP": (60, system_faults.ended),
        "models": (50, model_faults.broken_model),
        "stage fails": (40, model_faults.failing_stage),
        "memory": (20, system_faults.little_memory),
    }


def kind_of(seed: int) -> str:
    """Return the kind of fault of a seed: each thousand seeds have each kind as often as `kinds` says."""
    names = [name for name, (count, _) in kinds().items() for _ in range(count)]
    random.Random(0).shuffle(names)
    return names[seed % len(names)]


def one(seed: int, base: Path, weights: Path | None = None) -> dict[str, Any]:
    """Run one fault, with these models unless the fault is in the models, and return what became of it."""
    kind = kind_of(seed)
    place = Place.under(base / str(seed))
    trial = kinds()[kind][1](random.Random(seed), place)
    if weights is not None and "--weights" not in trial.more:
        trial.more += ["--weights", str(weights)]
    save_hashes(trial)
    outcome = run(trial)
    why = faults_of(trial, outcome)
    trial.finish()
    shutil.rmtree(place.root, ignore_errors=True)
    told = {"seed": seed, "kind": kind, "about": trial.about, "failed": why, "code": outcome.code}
    told |= {"wall_s": round(outcome.wall_s, 2), "cpu_s": round(outcome.cpu_s, 2), "frames": len(outcome.times_s)}
    if why:
        words = " ".join(trial.arguments)
        told |= {"arguments": words, "out": outcome.out[-1500:], "err": outcome.err[-1500:], "stack": outcome.stack}
    return told


@click.command(help=__doc__)
@click.option("--count", default=1000, show_default=True)
@click.option("--seed", default=1, show_default=True, help="Of the first fault; the others have the next ones.")
@click.option("--only", type=int, help="Run the fault of this seed alone and tell all of it.")
@click.option("--kind", "wanted", multiple=True, help="Only these kinds, by the beginning of their names.")
@click.option("--jobs", default=1, show_default=True, help="Faults at the same time.")
@click.option("--again", is_flag=True, help="Also run those again that failed.")
@click.option("--weights", type=click.Path(file_okay=False, path_type=Path), help="Other models, such as small ones.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the results here.")
def main(
    count: int,
    seed: int,
    only: int | None,
    wanted: tuple[str, ...],
    jobs: int,
    again: bool,
    weights: Path | None,
    out: Path | None,
) -> None:
    preload()
    base = Path(tempfile.mkdtemp(prefix="emotion-live-faults-"))
    if only is not None:
        print(json.dumps(one(only, base, weights), indent=1))
        shutil.rmtree(base, ignore_errors=True)
        return
    log = base / "log.jsonl" if out is None else out.with_suffix(".jsonl")
    failed = {told["seed"] for told in summary(_told(log))["failures"]}
    done = {told["seed"] for told in _told(log)} - (failed if again else set())
    seeds = [each for each in range(seed, seed + count) if each not in done]
    seeds = [each for each in seeds if not wanted or kind_of(each).startswith(wanted)]
    began_s = time.time()
    workers = [_worker(seeds[number::jobs], base, weights, log) for number in range(jobs)]
    broken = sum(os.waitpid(worker, 0)[1] != 0 for worker in workers)
    results = [told for told in _told(log) if seed <= told["seed"] < seed + count]
    figures = {**_facts(), "count": count, "seed": seed, "wall_s": round(time.time() - began_s, 1), **summary(results)}
    if out is not None:
        out.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    print(table(figures))
    shutil.rmtree(base, ignore_errors=True)
    if broken:
        print(f"{broken} of {jobs} workers failed: their faults were not all tried")
    raise SystemExit(1 if broken or figures["failures"] or figures["done"] == 0 else 0)


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return counts by kind, and each failure with its seed; of a seed that was repeated the last result counts."""
    latest = {told["seed"]: told for told in results}.values()
    by_kind: dict[str, dict[str, int]] = {
        name: {"passed": 0, "failed": 0} for name, (count, _) in kinds().items() if count
    }
    for told in latest:
        by_kind[told["kind"]]["failed" if told["failed"] else "passed"] += 1
    cpu_s = [told["cpu_s"] for told in latest]
    return {
        "done": len(cpu_s),
        "cpu_s_per_fault": round(sum(cpu_s) / max(1, len(cpu_s)), 2),
        "kinds": by_kind,
        "failures": sorted((told for told in latest if told["failed"]), key=lambda told: int(told["seed"])),
    }


def table(figures: dict[str, Any]) -> str:
    """Return the counts as a Markdown table, and a line for each failure."""
    lines = ["| kind | passed | failed |", "|---|---|---|"]
    lines += [f"| {kind} | {count['passed']} | {count['failed']} |" for kind, count in figures["kinds"].items()]
    failed = len(figures["failures"])
    lines.append(f"| **all** | {figures['done'] - failed} | {failed} |")
    lines += [f"seed {told['seed']}, {told['kind']}: {'; '.join(told['failed'])}" for told in figures["failures"]]
    return "\n".join(lines)


def _worker(seeds: list[int], base: Path, weights: Path | None, log: Path) -> int:
    """Run these faults in a process of their own; return its number."""
    pid = os.fork()
    if pid:
        return pid
    for seed in seeds:
        line = json.dumps(one(seed, base, weights)) + "\n"
        # One write, so that lines of several workers do not mix.
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.write(handle, line.encode())
        os.close(handle)
    os._exit(0)


def _told(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []


def _facts() -> dict[str, Any]:
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return {
        "date": time.strftime("%Y-%m-%d"),
        "commit": asked.stdout.strip() or "unknown",
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}, load {os.getloadavg()[0]:.1f}",
    }


if __name__ == "__main__":
    main()
