"""Soak test: resident memory of a long live run on a repeated clip.

    python -m benchmarks.speed.soak SOURCE [--minutes M] [--window] [--record] [--json OUT] [--plot PNG]

Memory is read every five seconds; the growth is that of the last samples over those after the first minute, in
percent. With --window everything is drawn and shown as well: on a machine without a display put `xvfb-run -a` in front.
Linux only. The plot needs the train extra.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.common.json_output import give_out
from benchmarks.common.looped_clip import looped
from models.manifest import WEIGHTS_DIR
from realtime.core.config import PipelineConfig
from realtime.core.options import AnalysisOptions, RunOptions
from realtime.recording.recording_sink import RecordingOptions
from realtime.session.session import Session
from realtime.session.window_sink import WindowOptions

SETTLED_S = 60.0
_EVERY_S = 5.0
_WINDOW_S = 30.0
_STATM = Path("/proc/self/statm")


def resident_mb() -> float:
    """Return this process's resident memory in MB (10^6 bytes)."""
    return int(_STATM.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class MemoryLog:
    """Reads the memory every five seconds, when a frame happens to be done; keeps `(seconds, MB)` since the first."""

    def __init__(
        self, memory_mb: Callable[[], float] = resident_mb, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._memory_mb, self._clock = memory_mb, clock
        self._began_s: float | None = None
        self.samples: list[tuple[float, float]] = []

    def frame_done(self, _: object) -> None:
        """Note the memory if it is time."""
        now = self._clock()
        self._began_s = now if self._began_s is None else self._began_s
        at_s = now - self._began_s
        if not self.samples or at_s >= self.samples[-1][0] + _EVERY_S:
            self.samples.append((round(at_s, 1), round(self._memory_mb(), 2)))


def growth(samples: Sequence[tuple[float, float]], settled_s: float = SETTLED_S) -> dict[str, float] | None:
    """Return how much more memory is held at the end than after the first minute.

    Both are medians, over half a minute or a third of the time in between if that is shorter.

    Args:
        samples: `(seconds, MB)` in order.
        settled_s: `float`, seconds that do not count.

    Returns:
        `first_mb`, `last_mb` and `percent`; `None` if less than three samples are left.
    """
    counted = [(at, mb) for at, mb in samples if at >= settled_s]
    if len(counted) < 3:
        return None
    begin, end = counted[0][0], counted[-1][0]
    window_s = min(_WINDOW_S, (end - begin) / 3)
    first = statistics.median(mb for at, mb in counted if at <= begin + window_s)
    last = statistics.median(mb for at, mb in counted if at >= end - window_s)
    return {
        "first_mb": round(first, 2),
        "last_mb": round(last, 2),
        "percent": round(100 * (last - first) / first, 2),
    }


def soak(clip: Path, minutes: float, weights: Path, window: bool, record: Path | None) -> dict[str, Any]:
    """Run live for some minutes and return samples and figures. Raises EmotionLiveError."""
    log = MemoryLog()
    config = PipelineConfig(weights=weights)
    recording = () if record is None else (RecordingOptions(record),)
    options = RunOptions(
        str(clip),
        AnalysisOptions(pipeline=config, realtime=True, seconds=60 * minutes),
        outputs=(*recording, *((WindowOptions(),) if window else ())),
    )
    session = Session(options, on_frame=log.frame_done)
    session.run()
    metrics = session.metrics
    return {
        "minutes": minutes,
        "window": window,
        "recording": record is not None,
        "frames": session.spans.frames,
        "fps": round(metrics.mean_fps(), 2),
        "drops": dict(metrics.drops),
        "latency_ms": {"p50": round(metrics.latency_ms(), 1), "p95": round(metrics.latency_ms(0.95), 1)},
        "growth": growth(log.samples),
        "samples": log.samples,
    }


def draw_memory(samples: Sequence[tuple[float, float]], path: Path) -> None:
    """Write a PNG of the memory over time."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6, 2.6), layout="constrained")
    axis.plot([at / 60 for at, _ in samples], [mb for _, mb in samples], linewidth=1.6)
    axis.axvline(SETTLED_S / 60, color="grey", linewidth=0.8, linestyle=":")
    axis.set(xlabel="minutes of live", ylabel="resident memory (MB)")
    axis.set_ylim(0, 1.15 * max(mb for _, mb in samples))
    axis.grid(alpha=0.25)
    figure.savefig(path, dpi=90)
    plt.close(figure)


@click.command(help=__doc__)
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=30.0, show_default=True)
@click.option("--window", is_flag=True, help="Draw and show every frame too; needs a display.")
@click.option("--record", is_flag=True, help="Record it too, into a temporary file.")
@click.option("--weights", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS_DIR)
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures here.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw the memory over time here.")
def main(
    source: Path, minutes: float, window: bool, record: bool, weights: Path, out: Path | None, plot: Path | None
) -> None:
    if not _STATM.is_file():
        raise click.ClickException(f"resident memory is read from {_STATM}, which this system lacks; use Linux")
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "looped.mp4"
        looped(source, 60 * minutes + 1, clip)
        figures = soak(clip, minutes, weights, window, Path(folder) / "live.mp4" if record else None)
    give_out({"source": source.name, **figures}, out, indent=None)
    if plot is not None:
        draw_memory(figures["samples"], plot)


if __name__ == "__main__":
    main()
