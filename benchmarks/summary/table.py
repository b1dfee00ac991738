"""Summarizes the raw figures of one `run.sh` as JSON, a Markdown table and a plot.

    python -m benchmarks.summary.table RAW_FOLDER OUT_FOLDER [--load L] [--readme README.md]

Every NAME.json of RAW_FOLDER is one measurement; what is missing is shown as not measured. With --readme the link there
called "the newest table" is pointed at the new one. The plot needs the train extra and is left out without it.
"""

from __future__ import annotations

import datetime
import importlib.util
import json
import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click

from benchmarks.summary.page import markdown, number
from benchmarks.summary.plot import draw_results
from benchmarks.summary.targets import judged

ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r"\[the newest table\]\([^)]*\)")
_PACKAGES = ("ai-edge-litert", "mediapipe", "onnxruntime", "opencv-contrib-python", "av", "numpy")


def read_raw(folder: Path) -> dict[str, Any]:
    """Return every measurement of a folder by its file's stem; empty and broken files are left out."""
    raw = {}
    for path in sorted(folder.glob("*.json")):
        try:
            figures = json.loads(path.read_text("utf-8"))
        except ValueError:
            continue
        if isinstance(figures, dict):
            raw[path.stem] = figures
    return raw


def pointed(readme: str, target: str) -> str:
    """Return the text with its link to the newest table pointed at `target`."""
    return _LINK.sub(f"[the newest table]({target})", readme)


def machine_facts(load_before: str) -> dict[str, Any]:
    """Return when, on what and with which versions it was measured."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*:\s*(.+)", info.read_text("utf-8")) if info.is_file() else []
    return {
        "date": datetime.date.today().isoformat(),
        "commit": _git("rev-parse", "--short", "HEAD") + ("-changed" if _git("status", "--porcelain", "-uno") else ""),
        "cpu": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "load_before": load_before,
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


@click.command(help=__doc__)
@click.argument("raw_folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out_folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--load", "load_before", default="unknown", help="Load average before the run.")
@click.option("--readme", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(raw_folder: Path, out_folder: Path, load_before: str, readme: Path | None) -> None:
    raw, facts = read_raw(raw_folder), machine_facts(load_before)
    lines = judged(raw)
    out_folder.mkdir(parents=True, exist_ok=True)
    out = out_folder / f"{facts['date']}-{facts['commit']}"
    plot = None
    if importlib.util.find_spec("matplotlib") is not None:
        plot = f"{out.name}.png"
        draw_results(raw, out_folder / plot)
    table = [{"what": line.bar.what, "value": line.value, "verdict": line.verdict, "note": line.note} for line in lines]
    text = json.dumps({**facts, "table": table, "raw": raw}, indent=1)
    # Samples of memory, one a line, would fill pages.
    text = re.sub(r"\[\s+([0-9.]+),\s+([0-9.]+)\s+\]", r"[\1, \2]", text)
    out.with_name(f"{out.name}.json").write_text(text + "\n", "utf-8")
    page = out.with_name(f"{out.name}.md")
    page.write_text(markdown(lines, raw, facts, plot), "utf-8")
    if readme is not None:
        target = os.path.relpath(page, readme.parent).replace(os.sep, "/")
        readme.write_text(pointed(readme.read_text("utf-8"), target), "utf-8")
    for line in lines:
        click.echo(f"{line.verdict:13} {number(line.value):>8}  {line.bar.what}  {line.note}")
    click.echo(f"written: {page}")


if __name__ == "__main__":
    main()
