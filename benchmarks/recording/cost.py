"""Frames that recording costs a live run: runs with and without a recording, in turns.

    python -m benchmarks.recording.cost SOURCE [--rounds N] [--seconds S] [--json OUT]

The file is paced as a camera; a 720p one at 30 frames per second is meant. Frames dropped while models load are
reported separately. The recordings are decoded again and their pictures counted.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import av
import click

from benchmarks.common.json_output import give_out
from benchmarks.speed.live_session import LiveRun
from models.manifest import WEIGHTS_DIR
from realtime.core.config import PipelineConfig
from realtime.core.options import AnalysisOptions, RunOptions
from realtime.recording.recording_sink import RecordingOptions


def one_run(source: str, seconds: float | None, weights: Path, record: Path | None) -> dict[str, Any]:
    """Run live and return the figures; with a recording also how many pictures it and the run have."""
    config = PipelineConfig(weights=weights)
    options = RunOptions(
        source,
        AnalysisOptions(pipeline=config, realtime=True, seconds=seconds),
        outputs=() if record is None else (RecordingOptions(record, overwrite=True),),
    )
    live = LiveRun(options)
    figures = live.run()
    if record is not None:
        stages = live.session.metrics.stages()
        figures["draw_and_hand_over_p95_ms"] = round(stages["record"].p95_ms, 2)
        figures["pictures_recorded"] = pictures_in(record)
        figures["pictures_shown"] = live.session.spans.frames
    return figures


def pictures_in(path: Path) -> int:
    """Return how many pictures of a video can be decoded."""
    with av.open(str(path)) as video:
        return sum(1 for _ in video.decode(video.streams.video[0]))


@click.command(help=__doc__)
@click.argument("source", type=click.Path(exists=True, dir_okay=False))
@click.option("--rounds", type=click.IntRange(1), default=2, show_default=True)
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Stop after this much of the source.")
@click.option("--weights", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS_DIR)
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures here.")
def main(source: str, rounds: int, seconds: float | None, weights: Path, out: Path | None) -> None:
    without, recording = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            without.append(one_run(source, seconds, weights, None))
            recording.append(one_run(source, seconds, weights, Path(folder) / "live.mp4"))
    lost = [sum(run["not_shown"] for run in runs) for runs in (without, recording)]
    facts = {
        "source": Path(source).name,
        "not_shown_without": lost[0],
        "not_shown_recording": lost[1],
        "lost_to_recording": lost[1] - lost[0],
        "recordings_complete": all(run["pictures_recorded"] == run["pictures_shown"] for run in recording),
        "without": without,
        "recording": recording,
    }
    give_out(facts, out)


if __name__ == "__main__":
    main()
