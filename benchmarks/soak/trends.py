"""Whether what a soak test's run held has grown: slopes with their standard errors, as JSON.

    python -m benchmarks.soak.trends RESOURCES.csv [--warm-up MINUTES] [--json OUT] [--plot PNG]

RESOURCES.csv is what `benchmarks.soak.live` writes. Samples ten seconds apart are not independent, and what breaks a
connection comes in turns of three minutes: the line is fitted to the means of three minutes each. A slope is within
noise where it is less than two standard errors from 0; memory that an allocator gives back makes it fall. The metrics'
windows of 8192 frames must be full before the Python blocks level off. The plot needs the train extra.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.common.json_output import give_out

HELD = {
    "private_mb": "private memory (MB)",
    "rss_mb": "resident memory (MB)",
    "threads": "threads",
    "handles": "file handles",
    "objects": "Python objects",
    "blocks": "memory blocks of Python",
}
_BLOCK_S = 180.0
_MIN_BLOCKS = 5
_HOURS_OF_30_DAYS = 720
_NOISE = 2.0


def read_resources(path: Path) -> dict[str, np.ndarray]:
    """Return the table's columns, `(N,) float64` each. Raises ClickException: it has too few rows."""
    with path.open(encoding="utf-8", newline="") as table:
        rows = [row for row in csv.DictReader(table) if None not in row.values()]
    if not rows:
        raise click.ClickException(f"a table of resources has a row for every ten seconds; received {path}: run longer")
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def trend(seconds: np.ndarray, values: np.ndarray, warm_up_s: float) -> dict[str, Any]:
    """Return mean, slope per hour with its standard error, and what 30 days would add.

    Args:
        seconds: `(N,)`, when each value was read.
        values: `(N,)`.
        warm_up_s: `float`, seconds that do not count.

    Raises:
        ClickException: too little is left after the warm-up.
    """
    counted = seconds >= warm_up_s
    blocks = ((seconds[counted] - warm_up_s) // _BLOCK_S).astype(int)
    # The last one is not complete.
    numbers = [number for number in np.unique(blocks) if number < blocks[-1]]
    if len(numbers) < _MIN_BLOCKS:
        raise click.ClickException(
            f"a trend needs {_MIN_BLOCKS} times three minutes after the warm-up; received {len(numbers)}: run longer"
        )
    means = np.array([values[counted][blocks == number].mean() for number in numbers])
    hours = np.array(numbers) * _BLOCK_S / 3600
    spread = float(((hours - hours.mean()) ** 2).sum())
    slope = float(((hours - hours.mean()) * (means - means.mean())).sum()) / spread
    residuals = means - means.mean() - slope * (hours - hours.mean())
    error = math.sqrt(float((residuals**2).sum()) / (len(means) - 2) / spread)
    month = [round(_HOURS_OF_30_DAYS * (slope + sign * _NOISE * error)) for sign in (-1, 1)]
    return {
        "mean": round(float(means.mean()), 2),
        "first": round(float(means[0]), 2),
        "last": round(float(means[-1]), 2),
        "largest": round(float(values[counted].max()), 2),
        "slope_per_hour": round(slope, 4),
        "standard_error": round(error, 4),
        "within_noise": abs(slope) <= _NOISE * error,
        "grows": slope > _NOISE * error,
        "thirty_days_would_add": month,
    }


def draw_resources(columns: Mapping[str, np.ndarray], warm_up_s: float, path: Path) -> None:
    """Write a PNG of everything over time."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(3, 2, figsize=(10, 7), layout="constrained", sharex=True)
    for axis, (name, title) in zip(axes.flat, HELD.items(), strict=True):
        axis.plot(columns["seconds"] / 60, columns[name], linewidth=1.0)
        axis.axvline(warm_up_s / 60, color="grey", linewidth=0.8, linestyle=":")
        axis.set(ylabel=title, ylim=(0, 1.15 * columns[name].max()))
        axis.grid(alpha=0.25)
    for axis in axes[-1]:
        axis.set_xlabel("minutes of live")
    figure.savefig(path, dpi=90)
    plt.close(figure)


@click.command(help=__doc__)
@click.argument("resources", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--warm-up", "warm_up", type=click.FloatRange(0), default=10, show_default=True, metavar="MINUTES")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures here.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw it over time here.")
def main(resources: Path, warm_up: float, out: Path | None, plot: Path | None) -> None:
    columns = read_resources(resources)
    seconds = columns["seconds"]
    figures = {name: trend(seconds, columns[name], 60 * warm_up) for name in HELD}
    cpu = float(columns["cpu_s"][-1] / seconds[-1])
    give_out({"minutes": round(float(seconds[-1]) / 60, 1), "cpu_s_per_s": round(cpu, 3), **figures}, out)
    if plot is not None:
        draw_resources(columns, 60 * warm_up, plot)


if __name__ == "__main__":
    main()
