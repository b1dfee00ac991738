"""Live run with an artificially slow classifier: display rate, age of shown frames, staleness of emotions.

    python -m benchmarks.speed.overload SOURCE [--slow N] [--seconds S] [--json OUT]

The file is paced as a camera. After each call the classifier stays busy for N - 1 times what the call took, as a larger
network would: the core is busy, other threads of Python may run. What counts is whether every frame that is shown is
younger than 150 ms plus one inference, and whether frames are shown at the camera's rate: `rate_share` is the one over
the other. `carried_over` counts frames with emotions of an earlier one, `not_yet` those with a face that had no emotion
yet, and `emotion_age_ms` is how much earlier than the shown frame its faces' emotions were measured.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from benchmarks.common.json_output import give_out
from benchmarks.speed.live_session import LiveRun, spread
from models.manifest import WEIGHTS_DIR
from realtime.core.config import PipelineConfig
from realtime.core.options import AnalysisOptions, RunOptions
from realtime.core.types import Emotions, Faces, Frame
from realtime.inference.classifier import RegionClassifier

LIMIT_MS = 150.0
# Hashing this much takes about a millisecond and leaves other threads alone meanwhile.
_WORK = bytes(1 << 19)


@contextmanager
def slowed(times: float, *, clock: Any = time.perf_counter) -> Iterator[list[float]]:
    """Make every classifier `times` times as slow; yields the list of how long its calls then took, in seconds."""
    taken: list[float] = []
    own = RegionClassifier.classify

    def classify(self: RegionClassifier, batch: Sequence[tuple[Frame, Faces]]) -> list[Emotions]:
        begun = clock()
        said = own(self, batch)
        until = begun + times * (clock() - begun)
        while clock() < until:
            hashlib.sha256(_WORK)
        taken.append(clock() - begun)
        return said

    RegionClassifier.classify = classify  # type: ignore[method-assign]
    try:
        yield taken
    finally:
        RegionClassifier.classify = own  # type: ignore[method-assign]


def over_limit_ms(age_ms: float, inference_ms: float) -> float:
    """Return how much older a frame is than the limit plus one inference; 0 or less is within the limit."""
    return round(age_ms - inference_ms - LIMIT_MS, 1)


@click.command(help=__doc__)
@click.argument("source", type=click.Path(exists=True, dir_okay=False))
@click.option("--slow", type=click.FloatRange(1), default=5.0, show_default=True, help="Times as slow.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Stop after this much of the source.")
@click.option("--weights", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS_DIR)
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures here.")
def main(source: str, slow: float, seconds: float | None, weights: Path, out: Path | None) -> None:
    config = PipelineConfig(weights=weights)
    options = RunOptions(source, AnalysisOptions(pipeline=config, realtime=True, seconds=seconds))
    with slowed(slow) as taken:
        figures = LiveRun(options).run()
    inference_ms = spread(taken)
    camera_fps = figures["camera_fps"]
    over_ms = over_limit_ms(figures["age_ms"]["max"], inference_ms["p50"])
    facts = {
        "source": Path(source).name,
        "slow": slow,
        **figures,
        "rate_share": round(figures["fps"] / camera_fps, 3) if camera_fps else None,
        "inferences": len(taken),
        "inference_ms": inference_ms,
        "oldest_over_limit_ms": over_ms,
        "within_limit": over_ms <= 0,
    }
    give_out(facts, out)


if __name__ == "__main__":
    main()
