"""Throughput of the whole pipeline against the machine's bound, with stage times, latency and drops.

    python -m benchmarks.speed.pipeline SOURCE [--live] [--faces N] [--seconds S] [--json OUT]

The bound is what perfect threads would reach: the number of cores over the CPU seconds per frame of decoding, landmarks
and experts, each measured alone in the same run. --live paces the file at its own rate as a camera does.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import av
import click
import cv2
import numpy as np

from benchmarks.common.json_output import give_out
from models.manifest import WEIGHTS_DIR, load_manifest
from realtime.capture.open_source import source_for
from realtime.core.config import PipelineConfig
from realtime.core.metrics import Metrics
from realtime.core.options import AnalysisOptions, RunOptions
from realtime.core.protocols import FrameSource
from realtime.core.types import Faces, Frame
from realtime.inference.classifier import RegionClassifier
from realtime.landmarks.landmark_finder import LandmarkFinder
from realtime.landmarks.person_tracker import TrackingFinder
from realtime.session.session import Session

_ALONE_FRAMES = 150


def tiled(source: str, faces: int, folder: Path) -> str:
    """Return a clip that shows `source` `faces` times side by side, at its size and rate."""
    columns = int(np.ceil(np.sqrt(faces)))
    with av.open(source) as clip, av.open(str(folder / "tiled.mp4"), "w") as out:
        video = clip.streams.video[0]
        stream = out.add_stream("libx264", rate=video.average_rate, options={"preset": "veryfast", "crf": "18"})
        for frame in clip.decode(video):
            picture = frame.to_ndarray(format="bgr24")
            height, width = (side // 2 * 2 for side in picture.shape[:2])
            stream.width, stream.height = width, height
            canvas = np.zeros((height, width, 3), np.uint8)
            small = cv2.resize(picture, (width // columns, height // columns), interpolation=cv2.INTER_AREA)
            for number in range(faces):
                y, x = (number // columns) * small.shape[0], (number % columns) * small.shape[1]
                canvas[y : y + small.shape[0], x : x + small.shape[1]] = small
            out.mux(stream.encode(av.VideoFrame.from_ndarray(canvas, format="bgr24")))
        out.mux(stream.encode())
    return str(folder / "tiled.mp4")


def alone_ms(source: str, config: PipelineConfig) -> dict[str, float]:
    """Return the CPU milliseconds per frame of each stage when it has the machine to itself.

    One after the other in one thread, on frames that are freed as in the pipeline: keeping 150 frames means fresh
    memory, which makes decoding 1.5 times as expensive.
    """
    reader, classifier = source_for(source), RegionClassifier(config)
    finder = TrackingFinder(LandmarkFinder(config.max_faces))
    try:
        reader.open()
        # The first batch warms everything up; it counts only where the clip has no other.
        first = _one_batch(reader, finder, classifier, config.max_batch)
        batches: list[tuple[int, tuple[float, float, float]]] = []
        while sum(count for count, _ in batches) < _ALONE_FRAMES:
            batch = _one_batch(reader, finder, classifier, config.max_batch)
            if not batch[0]:
                break
            batches.append(batch)
    finally:
        for device in (reader, finder, classifier):
            device.close()
    counts, spent_s = zip(*(batches or [first]), strict=True)
    per_frame_s = np.sum(spent_s, axis=0) / sum(counts)
    return dict(zip(("capture", "landmarks", "classify"), (1000 * per_frame_s).tolist(), strict=True))


def _one_batch(
    reader: FrameSource, finder: TrackingFinder, classifier: RegionClassifier, size: int
) -> tuple[int, tuple[float, float, float]]:
    """Return how many frames were left for a batch, and the CPU seconds that each stage took for them."""
    looked: list[tuple[Frame, Faces]] = []
    read_s = find_s = 0.0
    while len(looked) < size:
        begun = time.process_time()
        frame = reader.read()
        read_s += time.process_time() - begun
        if frame is None:
            break
        begun = time.process_time()
        looked.append((frame, finder.find(frame)))
        find_s += time.process_time() - begun
    begun = time.process_time()
    classifier.classify(looked)
    return len(looked), (read_s, find_s, time.process_time() - begun)


def measure(source: str, *, live: bool, seconds: float | None, config: PipelineConfig) -> dict[str, Any]:
    """Run the pipeline headless and return its figures."""
    faces = frames = 0
    started = begun = time.process_time()

    def count(analysed: Any) -> None:
        nonlocal faces, frames, begun
        # Imports and models cost the same whatever the length of the clip: measured separately.
        begun = begun if frames else time.process_time()
        frames += 1
        faces += len(analysed.faces)

    options = RunOptions(source, AnalysisOptions(pipeline=config, realtime=live, seconds=seconds))
    session = Session(options, on_frame=count)
    session.run()
    cpu_s = time.process_time() - begun
    # Before the stages alone, which have models of their own.
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    alone = alone_ms(source, config)
    metrics = session.metrics
    fps = metrics.mean_fps()
    weights = load_manifest(config.weights)
    return {
        "source": Path(source).name,
        "live": live,
        "frames": frames,
        "fps": round(fps, 2),
        "cpu_ms_per_frame": round(1000 * cpu_s / max(1, frames - 1), 2),
        "start_up_cpu_s": round(begun - started, 2),
        "alone_cpu_ms": {name: round(value, 2) for name, value in alone.items()},
        **_bound(fps, alone),
        "cores": os.cpu_count() or 1,
        **_told(metrics, live),
        "peak_rss_mb": round(peak_mb, 1),
        "faces_per_frame": round(faces / max(1, frames), 2),
        "provider": session.provider,
        "weights_mb": round(sum((weights.folder / e.file).stat().st_size for e in weights.experts) / 1e6, 1),
    }


def _told(metrics: Metrics, live: bool) -> dict[str, Any]:
    """Return the metrics of stages, queues and drops; live also latency and carried-forward emotions."""
    told: dict[str, Any] = {
        "stages": {
            name: {"p50_ms": round(t.p50_ms, 2), "p95_ms": round(t.p95_ms, 2), "cpu_ms": round(t.cpu_ms, 2)}
            for name, t in metrics.stages().items()
        },
        "queues": {name: {"mean": round(mean, 2), "max": most} for name, (mean, most) in metrics.waiting.items()},
        "drops": dict(metrics.drops),
    }
    if live:
        shares = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        told["latency_ms"] = {name: round(metrics.latency_ms(share), 1) for name, share in shares}
        told["carried_over"] = metrics.carried_over
    return told


def median_run(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the run with the median CPU time per frame, and the figures of each run: shared machines are noisy.

    Peak memory and start-up are those of the first run; later ones begin where it ended. Frames per second, the stages
    alone, and so the bound and its ratio, are medians of all runs.
    """
    told = sorted(runs, key=lambda run: float(run["cpu_ms_per_frame"]))[(len(runs) - 1) // 2]
    first = {name: runs[0][name] for name in ("peak_rss_mb", "start_up_cpu_s")}
    each = [{name: run[name] for name in ("fps", "cpu_ms_per_frame", "alone_cpu_ms")} for run in runs]
    fps = median(run["fps"] for run in runs)
    alone = {name: round(median(run["alone_cpu_ms"][name] for run in runs), 2) for name in told["alone_cpu_ms"]}
    return {**told, **first, "fps": round(fps, 2), "alone_cpu_ms": alone, **_bound(fps, alone), "runs": each}


def _bound(fps: float, alone: dict[str, float]) -> dict[str, float]:
    """Return what all cores could reach with the stages' times alone, and how much of that was reached."""
    bound_fps = 1000 * (os.cpu_count() or 1) / sum(alone.values())
    return {"bound_fps": round(bound_fps, 1), "bound_ratio": round(fps / bound_fps, 3)}


@click.command(help=__doc__)
@click.argument("source", type=click.Path(exists=True, dir_okay=False))
@click.option("--live", is_flag=True, help="Pace the file at its own rate and drop late frames.")
@click.option("--faces", type=click.IntRange(1, 16), default=1, show_default=True, help="Show the clip this often.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Stop after this much of the source.")
@click.option("--repeat", type=click.IntRange(1), default=1, show_default=True, help="Runs; the median one is told.")
@click.option("--weights", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS_DIR)
@click.option("--provider", default="auto", show_default=True)
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures here.")
def main(
    source: str,
    live: bool,
    faces: int,
    seconds: float | None,
    repeat: int,
    weights: Path,
    provider: str,
    out: Path | None,
) -> None:
    config = PipelineConfig(weights=weights, provider=provider, max_faces=max(4, faces))
    with tempfile.TemporaryDirectory() as folder:
        path = tiled(source, faces, Path(folder)) if faces > 1 else source
        runs = [measure(path, live=live, seconds=seconds, config=config) for _ in range(repeat)]
    figures = median_run(runs)
    give_out({**figures, "source": Path(source).name, "tiled_faces": faces}, out)


if __name__ == "__main__":
    main()
