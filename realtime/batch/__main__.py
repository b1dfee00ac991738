"""Command line of a batch: `python -m realtime.batch IN... --out DIR`, also `run_live.py batch`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from models.console import ERR, ending_signals, hold_standard_streams, say
from models.workers import MOST_WORKERS, usable_cores
from realtime.arguments.analysis_arguments import analysis_options, file_analysis_arguments
from realtime.batch.batch_options import TABLE_FORMATS, BatchOptions, suffixes_of, table_format
from realtime.batch.batch_runner import BatchRunner
from realtime.batch.result_store import ResultStore, VideoResult
from realtime.batch.summary_rows import is_good
from realtime.batch.video_list import SUMMARY_NAMES, Video, find_videos
from realtime.batch.workers.process_pool import ProcessPool
from realtime.batch.workers.ray_cluster import RayCluster
from realtime.batch.workers.worker_pool import WorkerPool
from realtime.core.errors import ConfigError, EmotionLiveError
from realtime.core.options import FaceStyle

_MB = 1e6


@click.command(context_settings={"max_content_width": 110})
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="IN...")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for all results.")
@click.option("--pattern", default="", metavar="GLOB", help='Of the files to take from folders: "*.avi".')
@click.option("--jobs", type=click.IntRange(1, MOST_WORKERS), show_default=str(usable_cores()), help="At once.")
@click.option("--ray", metavar="auto|ADDRESS", help="On a Ray cluster: docs/cluster.md.")
@click.option("--table", type=click.Choice(TABLE_FORMATS), help="Of each video: parquet, or csv where pyarrow is not.")
@click.option("--report", is_flag=True, help="Also a page per video.")
@click.option("--record", is_flag=True, help="Also an annotated video each.")
@click.option("--window", type=click.IntRange(1, 86_400), metavar="SECONDS", help="Also means per so many seconds.")
@file_analysis_arguments
@click.option("--blur-faces", is_flag=True, help="Blur faces in recordings.")
@click.option("--privacy", is_flag=True, help="Recordings on black, no faces in reports.")
@click.option("--retry-failed", is_flag=True, help="Try videos again that failed before.")
@click.option("--overwrite", is_flag=True, help="Make results again that were made with other options.")
def main(inputs: tuple[Path, ...], **options: Any) -> None:
    """Analyze many videos: files, folders, and lists (.txt with a path per line, .csv with a column file and others).

    OUT gets a table per video, summary.csv, summary.parquet and summary.html of all of them, and codebook.csv. Run the
    same command again to go on where it was stopped: what is done is not done again. The exit code is 0 only where all
    videos are done.
    """
    hold_standard_streams()
    try:
        missing = _run(inputs, **options)
    except EmotionLiveError as error:
        say(f"error: {error}", err=True)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    sys.exit(1 if missing else 0)


def _run(
    inputs: Sequence[Path],
    out: Path,
    pattern: str,
    jobs: int | None,
    ray: str | None,
    window: int | None,
    retry_failed: bool,
    overwrite: bool,
    **how: Any,
) -> int:
    """Run the batch and return how many of its videos are not done: they failed, or it was stopped before them."""
    store = ResultStore(out)
    videos = find_videos(inputs, pattern, {(out / place).resolve() for place in store.places()})
    options = _options(how)
    bar = _Bar(videos)
    pool = _pool(jobs, ray, bar)
    with store, bar:
        runner = BatchRunner(store, options, pool, bar.finished, bar.progress)
        results = runner.known(videos, retry_failed=retry_failed, overwrite=overwrite)
        _claim(store, inputs, videos, options, overwrite=overwrite)
        left = [video for video in videos if video.name not in results]
        bar.start(left, already=len(results))
        stopped = _stopping(runner, bar)
        with ending_signals(stopped):
            for result in runner.run(left):
                results[result.name] = result
        ordered = [results[video.name] for video in videos if video.name in results]
        written = _summarize(out, ordered, {video.name: video.columns for video in videos}, options, window)
    return _tell(ordered, len(videos), f"{_memory(results, left)}; summary: {written}")


def _tell(results: Sequence[VideoResult], videos: int, more: str) -> int:
    """Say what became of so many videos, `more` after the counts, and return how many are not done."""
    failed = [result for result in results if not is_good(result)]
    left_over = videos - len(results)
    say(f"{len(results) - len(failed)} of {videos} videos done, {len(failed)} failed{more}")
    for result in failed:
        say(f"failed: {result.name}: {result.reason}")
    if left_over:
        say(f"{left_over} are left; run the same command again to go on", err=True)
    return len(failed) + left_over


def _claim(
    store: ResultStore, inputs: Sequence[Path], videos: Sequence[Video], options: BatchOptions, *, overwrite: bool
) -> None:
    """Refuse, before any work, to write over what is read or what no batch wrote. Raises ConfigError, RecordError."""
    places = [f"{video.name}{suffix}" for video in videos for suffix in suffixes_of(options)]
    places += [f"{name}{suffix}" for name in SUMMARY_NAMES for suffix in (".csv", ".parquet", ".html")]
    store.claim(places, [*inputs, *(video.path for video in videos)], overwrite=overwrite)


def _options(values: dict[str, Any]) -> BatchOptions:
    """Return what the values of a command's options ask for."""
    analysis = analysis_options(values)
    blurred, on_black = values["blur_faces"], values["privacy"]
    return BatchOptions(
        pipeline=analysis.pipeline,
        smoothing=analysis.smoothing,
        table=table_format(values["table"]),
        report=values["report"],
        record=values["record"],
        faces=FaceStyle.ON_BLACK if on_black else FaceStyle.BLURRED if blurred else FaceStyle.AS_THEY_ARE,
        seconds=analysis.seconds,
    )


def _pool(jobs: int | None, ray: str | None, bar: _Bar) -> WorkerPool:
    """Return what runs the tasks. Raises ConfigError."""
    if ray is None:
        return ProcessPool(jobs or usable_cores(), bar.progress)
    if jobs is not None:
        raise ConfigError("--jobs is for this machine; a cluster works on as many videos as it has CPUs: leave one out")
    return RayCluster(ray, bar.progress, bar.say)


def _memory(results: Mapping[str, VideoResult], videos: Sequence[Video]) -> str:
    """Return how much memory a worker process took at most in this run, "" where that is not known."""
    most_mb = max((results[one.name].memory_mb for one in videos if one.name in results), default=0.0)
    return f", at most {most_mb:.0f} MB per worker" if most_mb else ""


def _stopping(runner: BatchRunner, bar: _Bar) -> Callable[[], bool]:
    def stop() -> bool:
        runner.stop()
        bar.say("finishing the videos that are being analyzed; then run the same command again to go on")
        return True

    return stop


def _summarize(
    out: Path,
    results: Sequence[VideoResult],
    columns: dict[str, Any],
    options: BatchOptions,
    window_s: int | None,
) -> Path:
    from realtime.batch.summary_files import write_summary

    return write_summary(out, results, columns, options, window_s)


class _Bar:
    """One progress bar for all videos, in megabytes, and one line per video that is done."""

    def __init__(self, videos: Sequence[Video]) -> None:
        self._sizes_mb = {video.name: _size_mb(video) for video in videos}
        self._left: Sequence[Video] = ()
        self._shares: dict[str, float] = {}
        self._bar: tqdm[None] | None = None

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def start(self, left: Sequence[Video], already: int) -> None:
        """Say what there is to do."""
        self._left = left
        if already:
            say(f"{already} videos were analyzed before; {len(left)} are left", err=True)
        if left and ERR.isatty():
            total = sum(self._sizes_mb[video.name] for video in left)
            self._bar = tqdm(total=round(total, 1), unit="MB", desc="batch", file=ERR)

    def progress(self, number: int, share: float) -> None:
        """Note how far a video is."""
        self._move(self._left[number].name, share)

    def finished(self, result: VideoResult) -> None:
        """Note the end of a video, and say it."""
        self._move(result.name, 1.0)
        people = len(result.people)
        tracks = "no face" if not people else f"{people} track{'s' if people > 1 else ''}"
        text = f"{result.seconds:.1f} s, {tracks}" if is_good(result) else f"failed: {result.reason}"
        self.say(f"{result.name}: {text}")

    def say(self, line: str) -> None:
        """Print one line above the bar."""
        if self._bar is not None:
            self._bar.clear()
        say(line, err=True)
        if self._bar is not None:
            self._bar.refresh()

    def _move(self, name: str, share: float) -> None:
        gained = share - self._shares.get(name, 0.0)
        if gained <= 0:  # Pieces that are being joined were counted before.
            return
        self._shares[name] = share
        if self._bar is not None:
            self._bar.update(round(gained * self._sizes_mb[name], 3))


def _size_mb(video: Video) -> float:
    try:
        return video.path.stat().st_size / _MB
    except OSError:
        return 0.0


if __name__ == "__main__":
    main()
