"""Speed of this program, the textbook program and `fer` on the same part of the same clip, in turns.

    python -m benchmarks.rivals.compare SOURCE [--rounds N] [--seconds S] [--fer-python PATH] [--json OUT]

Each run has a process of its own. Figures are medians over the rounds of each program's steady state; a ratio is the
median of our frames per second over the median of theirs.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parents[2]
OURS = "emotion-live"
_SHOWN = ("fps", "cpu_ms_per_frame", "faces_per_frame")


def commands(source: str, seconds: float | None, fer_python: Path | None) -> dict[str, list[str]]:
    """Return what runs each program, without the file for its figures."""
    more = ["--seconds", str(seconds)] if seconds is not None else []
    modules = {OURS: (sys.executable, "speed.pipeline"), "textbook": (sys.executable, "rivals.textbook")}
    if fer_python is not None:
        modules["fer"] = (str(fer_python.absolute()), "rivals.fer")
    return {name: [python, "-m", f"benchmarks.{module}", source, *more] for name, (python, module) in modules.items()}


def run_for_json(command: Sequence[str], name: str) -> dict[str, Any]:
    """Run a program that takes `--json FILE` and return what it wrote. Raises ClickException: it failed."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        done = subprocess.run([*command, "--json", str(out)], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode or not out.is_file():
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise click.ClickException(f"{name} ended with {done.returncode}: {last}")
        figures: dict[str, Any] = json.loads(out.read_text("utf-8"))
        return figures


def compared(rounds: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Return each program's medians and how many times as fast ours is.

    Args:
        rounds: program -> its figures of every round; ours under `OURS`.
    """
    medians = {
        name: {key: round(statistics.median(one[key] for one in runs), 2) for key in _SHOWN}
        for name, runs in rounds.items()
    }
    others = [name for name in medians if name != OURS]
    return {
        "programs": medians,
        "times_as_fast": {name: ratio(medians[OURS]["fps"], medians[name]["fps"]) for name in others},
        "times_less_cpu": {
            name: ratio(medians[name]["cpu_ms_per_frame"], medians[OURS]["cpu_ms_per_frame"]) for name in others
        },
    }


def ratio(above: float, below: float) -> float | None:
    """Return the quotient to two places, `None` where nothing was measured below."""
    return round(above / below, 2) if below > 0 else None


@click.command(help=__doc__)
@click.argument("source", type=click.Path(exists=True, dir_okay=False, resolve_path=True))
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Only this much of the source.")
@click.option("--fer-python", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Python with fer.")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures here.")
def main(source: str, rounds: int, seconds: float | None, fer_python: Path | None, out: Path | None) -> None:
    programs = commands(source, seconds, fer_python)
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in programs}
    for number in range(1, rounds + 1):
        for name, command in programs.items():
            figures = run_for_json(command, name)
            taken[name].append(figures)
            click.echo(
                f"round {number} of {rounds}: {name} {figures['fps']:g} fps, "
                f"{figures['cpu_ms_per_frame']:g} ms of CPU per frame",
                err=True,
            )
    text = json.dumps({"source": Path(source).name, "seconds": seconds, **compared(taken), "rounds": taken}, indent=1)
    click.echo(text)
    if out is not None:
        out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
