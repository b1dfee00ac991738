"""Plot of a benchmark run: speed against rivals, latency, CPU per stage, memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_OWN, _OTHER = "#1f77b4", "#9a9a9a"
_SHARES = ("p50", "p95", "p99")
_LIVE = {"live": "one face", "live_window": "in a window", "live_four": "four faces"}


def draw_results(raw: Mapping[str, Any], path: Path) -> None:
    """Write a PNG with four panels; what was not measured stays empty.

    Args:
        raw: measurement -> its figures, as `run.sh` leaves them.
        path: the picture.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9, 5.6), layout="constrained")
    _speed(axes[0, 0], raw.get("compare", {}).get("programs", {}))
    _latency(axes[0, 1], raw)
    _stages(axes[1, 0], raw)
    _memory(axes[1, 1], raw.get("soak", {}).get("samples", []))
    for axis in axes.flat:
        axis.grid(alpha=0.25)
        axis.set_axisbelow(True)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _speed(axis: Any, programs: Mapping[str, Any]) -> None:
    names = list(programs)[::-1]
    values = [programs[name]["fps"] for name in names]
    bars = axis.barh(names, values, color=[_OTHER] * max(0, len(names) - 1) + [_OWN])
    axis.bar_label(bars, fmt="%.3g", padding=3)
    axis.margins(x=0.15)
    axis.set(title="replay, 720p, one face", xlabel="frames per second")


def _latency(axis: Any, raw: Mapping[str, Any]) -> None:
    runs = [(label, raw[name]["latency_ms"]) for name, label in _LIVE.items() if name in raw]
    width = 0.8 / max(1, len(runs))
    for number, (label, values) in enumerate(runs):
        at = [place + (number - (len(runs) - 1) / 2) * width for place in range(len(_SHARES))]
        bars = axis.bar(at, [values[share] for share in _SHARES], width * 0.92, label=label)
        axis.bar_label(bars, fmt="%.0f", fontsize=8)
    axis.margins(y=0.12)
    axis.set_xticks(range(len(_SHARES)), ["median", "95th percentile", "99th"])
    axis.set(title="live, 720p at 30 fps: capture to display", ylabel="ms")
    if runs:
        axis.legend(frameon=False, fontsize=8)


def _stages(axis: Any, raw: Mapping[str, Any]) -> None:
    alone = raw.get("replay", {}).get("alone_cpu_ms", {})
    within = {name: times["cpu_ms"] for name, times in raw.get("replay", {}).get("stages", {}).items()}
    for row, stages in enumerate((within, alone)):
        left = 0.0
        for number, (name, value) in enumerate(stages.items()):
            axis.barh(row, value, left=left, color=f"C{number}", label=name if row == 0 else None)
            axis.text(left + value / 2, row, f"{value:.1f}", ha="center", va="center", fontsize=8, color="white")
            left += value
    axis.set_yticks((0, 1), ("together", "each alone"))
    axis.set(title="replay: CPU per frame and stage", xlabel="ms", ylim=(-0.5, 1.9))
    if within:
        axis.legend(frameon=False, fontsize=8, ncols=3, loc="upper left")


def _memory(axis: Any, samples: list[tuple[float, float]]) -> None:
    axis.plot([at / 60 for at, _ in samples], [mb for _, mb in samples], color=_OWN)
    axis.set(title="live: resident memory", xlabel="minutes", ylabel="MB")
    axis.set_ylim(0, 1.15 * max((mb for _, mb in samples), default=1.0))
