"""Plot of flips against lag, one curve per filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_DEFAULT_TAU_MS = 200.0
_OWN = "sticky Bayes (live)"


def draw_curves(curves: Mapping[str, Sequence[Mapping[str, float]]], path: Path) -> None:
    """Write a PNG: on the left against the median lag, on the right against the 95th percentile.

    Args:
        curves: filter -> points with `tau_ms`, `clip_flips_per_minute`, `p50` and `p95` in ms.
        path: the picture.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
    for axis, share in zip(axes, ("p50", "p95"), strict=True):
        for name, points in curves.items():
            own = name == _OWN
            finite = [point for point in points if point[share] < float("inf")]
            x, y = [point[share] for point in finite], [point["clip_flips_per_minute"] for point in finite]
            axis.plot(x, y, marker="o", markersize=4, linewidth=2.4 if own else 1.2, zorder=3 if own else 2, label=name)
            _mark_default(axis, finite, share, own)
        axis.set_xlabel(f"time to show a new expression, {'median' if share == 'p50' else '95th percentile'} (ms)")
        axis.grid(alpha=0.25)
        axis.set_ylim(bottom=0)
    axes[0].set_ylabel("label changes per minute, real clips")
    axes[1].legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _mark_default(axis: Any, points: Sequence[Mapping[str, float]], share: str, own: bool) -> None:
    for point in points:
        if own and point["tau_ms"] == _DEFAULT_TAU_MS:
            place = (point[share], point["clip_flips_per_minute"])
            axis.plot(*place, marker="o", markersize=11, markerfacecolor="none", markeredgecolor="black", zorder=4)
            axis.annotate("default", place, xytext=(8, -14), textcoords="offset points", fontsize=8)
