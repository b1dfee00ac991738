"""Command line of the live program: camera, file or stream to window, recording, table, report, page."""

from __future__ import annotations

import math
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from models.cli import CommandByFirstWord
from models.console import ERR, OUT, ending_signals, hold_standard_streams, interrupts_held, leave, say
from models.manifest import WEIGHTS_DIR
from realtime.core.config import PipelineConfig, SmoothingConfig
from realtime.core.errors import ConfigError, EmotionLiveError, RecordError
from realtime.inference.execution_providers import PROVIDERS
from realtime.provenance.column_arguments import column_arguments
from realtime.serving.page_arguments import page_arguments, page_outputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.core.options import RunOptions
    from realtime.core.sink import SinkOptions

_HELP = """Show what faces express: happiness, sadness, fear, anger, neutral, surprise, or "uncertain".

SOURCE is a camera number (default 0), a video file, - for a pipe, or an address: rtsp://…, http://…, udp://…; or @FILE,
whose first line it is (others can read a password on a command line)

\b
Examples
  python run_live.py                     webcam 0 in a window
  python run_live.py clip.mp4 --table emotions.csv
  python run_live.py clip.mp4 --headless --record out.mp4 --report out.html
  python run_live.py rtsp://camera.local/stream --serve 127.0.0.1:8080
  python run_live.py batch videos/ --out results/
  python run_live.py rerun emotions.csv  the same run again

\b
Keys in the window
  q, Esc  quit     h  head-up display on/off     r  start/stop recording
  space   pause    l  landmarks on/off           s  save a screenshot
  t       timeline  n  take the faces of the next 5 s as resting: then neutral
  arrow keys or , .   back/on by 1 s; with shift or < >  by 10 s
  Home or 0           to the start; a click on the timeline goes there

Pictures stay on this machine: nothing is sent or kept unless you record or serve it.
"""

_COMMANDS = {"batch": "realtime.batch.__main__", "rerun": "realtime.rerun.__main__"}
_STDOUT = "-"
_SMOOTH_HELP = "offline: a file is analysed to its end first, so that nothing lags."
_BASELINE_HELP = "auto: learn what each face shows at rest, and judge it by that."
_RECONNECT_HELP = "Seconds in which a stream or camera that broke off is opened again; 0: it ends the run."
_TIMEOUT_HELP = "Longest wait for the first picture of a stream, or for more of a pipe."
_CLIP_RANGE = click.FloatRange(0.5, 86_400)
_CLIP_HELP = "The report gives one emotion to each clip of this length."


def _refuse_nan(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    """A range lets "nan" pass, which no comparison refuses."""
    if math.isnan(value):
        raise click.BadParameter(f"{value} is no number")
    return value


@click.command(help=_HELP, cls=CommandByFirstWord, others=_COMMANDS, context_settings={"max_content_width": 110})
@click.argument("source", default="0", envvar="EMOTION_LIVE_SOURCE")
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the annotated video (.mp4, .mkv, .webm, .mov).",
)
@click.option(
    "--table",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every frame (.csv, .jsonl, .parquet; - for JSON lines on standard output).",
)
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with timeline, shares and moments."
)
@click.option("--clip-seconds", type=_CLIP_RANGE, default=4, show_default=True, callback=_refuse_nan, help=_CLIP_HELP)
@column_arguments
@click.option("--overwrite", is_flag=True, help="Replace files that exist; without it a terminal is asked.")
@page_arguments
@click.option("--virtual-camera", is_flag=True, help="Be a camera for other programs, as for calls.")
@click.option("--blur-faces", is_flag=True, help="Blur the faces that are found in what is recorded or served.")
@click.option("--privacy", is_flag=True, help="Record and serve the drawing on black; no faces in the report.")
@click.option("--headless", is_flag=True, help="No window: a file is analysed as fast as the machine can.")
@click.option("--max-faces", type=click.IntRange(1, 20), default=4, show_default=True, help="Faces per frame at most.")
@click.option("--mirror", is_flag=True, help="Show and record like a mirror.")
@click.option("--provider", type=click.Choice(["auto", *PROVIDERS]), default="auto", show_default=True)
@click.option(
    "--smoothing-ms", type=click.FloatRange(0, 10_000), default=200, show_default=True, help="Longer is calmer."
)
@click.option("--smooth", type=click.Choice(["live", "offline"]), default="live", show_default=True, help=_SMOOTH_HELP)
@click.option(
    "--speed", type=click.FloatRange(0.25, 16), default=1, show_default=True, help="How fast a window plays a file."
)
@click.option("--sensitivity", type=click.FloatRange(0, 1), help="0: as a passer-by sees it, 1: as it was meant (0.5).")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Stop after this much of the source.")
@click.option(
    "--calibrate",
    "calibrate_s",
    type=click.FloatRange(0.5, 60),
    metavar="SECONDS",
    help="Take the first seconds as everybody's resting face, which then reads neutral.",
)
@click.option("--baseline", type=click.Choice(["off", "auto"]), default="off", show_default=True, help=_BASELINE_HELP)
@click.option("--realtime", is_flag=True, help="Deliver a file at its own rate and drop late frames, as a camera does.")
@click.option(
    "--reconnect", type=click.FloatRange(0), default=30, show_default=True, callback=_refuse_nan, help=_RECONNECT_HELP
)
@click.option("--timeout", type=click.FloatRange(0.1, 86_400), metavar="SECONDS", help=_TIMEOUT_HELP)
@click.option("--weights", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS_DIR, help="Other models.")
@click.option("--list-cameras", is_flag=True, help="List the cameras of this machine and exit.")
@click.option("--debug", is_flag=True, help="On an error print the trace; at the end print times per stage.")
def main(debug: bool, list_cameras: bool, **options: Any) -> None:
    """See `_HELP`."""
    hold_standard_streams()
    code, busy = 0, list[str]()
    try:
        # Already here: an interrupt while libraries are imported would be a trace or an abort.
        with ending_signals():
            _list_cameras() if list_cameras else _run(debug, busy, **options)
    except EmotionLiveError as error:
        if debug:
            say(traceback.format_exc().rstrip(), err=True)
        say(f"error: {error}", err=True)
        code = 2 if isinstance(error, ConfigError) else 1
    except KeyboardInterrupt:
        code = 0
    leave(code, busy)


def _list_cameras() -> None:
    from realtime.capture.open_source import list_cameras

    cameras = list_cameras()
    for camera in cameras:
        say(f"{camera.number}  {camera.name}")
    if not cameras:
        say("no camera found; plug one in, or give a video file: python run_live.py clip.mp4")


def _run(debug: bool, busy: list[str], headless: bool, **options: Any) -> None:
    """Run a session; the threads that did not end with it are then in `busy`."""
    # Imported here so that --help and wrong arguments answer at once.
    with interrupts_held():
        from realtime.core.output_paths import owner_only
        from realtime.session.progress_bar import ProgressBar
        from realtime.session.run_summary import summary_lines
        from realtime.session.session import Session
        from realtime.session.window import display_available

    if not headless and not display_available():
        say("no display here: running without a window (--headless)", err=True)
        headless = True
    if headless and options["speed"] != 1:
        say("--speed is how fast a window plays; without one a file is analysed as fast as it goes", err=True)
    # Where rows go to standard output, nothing else does.
    rows_to_stdout = str(options["table"]) == _STDOUT
    options["told"] = {name: options.pop(name) for name in ("columns", "full_paths")}
    with owner_only(), ProgressBar(shown=headless, notes=ERR if rows_to_stdout else OUT) as bar:
        session = Session(_run_options(window=not headless, **options), notify=bar.say, on_frame=bar.step)
        with ending_signals(session.end_first_pass):
            try:
                session.run(on_open=bar.opened)
            finally:
                bar.close()
                # Also after an error or Ctrl-C: what was analyzed is not lost.
                for line in summary_lines(session, debug=debug):
                    say(line, err=rows_to_stdout)
                busy += session.stragglers


def _run_options(
    source: str,
    window: bool,
    weights: Path,
    max_faces: int,
    provider: str,
    smoothing_ms: float,
    smooth: str,
    sensitivity: float | None,
    realtime: bool,
    seconds: float | None,
    calibrate_s: float | None,
    baseline: str,
    reconnect: float,
    timeout: float | None,
    told: dict[str, Any],
    mirror: bool,
    blur_faces: bool,
    privacy: bool,
    **outputs: Any,
) -> RunOptions:
    from realtime.core.options import AnalysisOptions, FaceStyle, PictureOptions, RunOptions, SmoothingMode

    faces = FaceStyle.ON_BLACK if privacy else FaceStyle.BLURRED if blur_faces else FaceStyle.AS_THEY_ARE
    return RunOptions(
        source=source,
        analysis=AnalysisOptions(
            pipeline=_pipeline(max_faces, provider, weights, smoothing_ms, sensitivity, baseline == "auto"),
            smoothing=SmoothingMode(smooth),
            realtime=realtime,
            seconds=seconds,
            calibrate_s=calibrate_s,
            reconnect_s=reconnect,
            timeout_s=timeout,
        ),
        picture=PictureOptions(faces=faces, mirror=mirror),
        outputs=tuple(_outputs(source, window, realtime, **outputs)),
        **told,
    )


def _pipeline(
    max_faces: int, provider: str, weights: Path, smoothing_ms: float, sensitivity: float | None, learn_rest: bool
) -> PipelineConfig:
    return PipelineConfig(
        max_faces=max_faces,
        provider=provider,
        weights=weights,
        smoothing=SmoothingConfig(time_constant_ms=smoothing_ms),
        sensitivity=sensitivity,
        learn_rest=learn_rest,
    )


def _outputs(
    source: str,
    window: bool,
    realtime: bool,
    speed: float,
    virtual_camera: bool,
    **others: Any,
) -> Iterator[SinkOptions]:
    """Yield the options of each sink that was asked for; frames go to them in this order. Raises ConfigError."""
    page = {name: others.pop(name) for name in list(others) if name.startswith("serve")}
    yield from _file_outputs(**others)
    if window:
        from realtime.session.window_sink import WindowOptions

        yield WindowOptions(speed)
    elif speed != 1:
        from realtime.capture.open_source import source_for
        from realtime.session.pacer import check_speed

        check_speed(speed, live=source_for(source, realtime=realtime).live)
    yield from page_outputs(**page)
    if virtual_camera:
        from realtime.serving.virtual_camera_sink import VirtualCameraOptions

        yield VirtualCameraOptions()


def _file_outputs(
    record: Path | None, table: Path | None, report: Path | None, clip_seconds: float, overwrite: bool
) -> Iterator[SinkOptions]:
    """Yield the options of the sinks that write files, or rows on standard output. Raises ConfigError."""
    rows_to_stdout = table is not None and str(table) == _STDOUT
    overwrite = overwrite or _asked_to_replace(record, None if rows_to_stdout else table, report)
    if rows_to_stdout:
        from realtime.reports.json_lines_sink import JsonLinesOptions

        yield JsonLinesOptions()
    elif table is not None:
        from realtime.reports.table_sink import TableOptions

        yield TableOptions(table, overwrite)
    if report is not None:
        from realtime.reports.report_sink import ReportOptions

        yield ReportOptions(report, clip_seconds, overwrite)
    if record is not None:
        from realtime.recording.recording_sink import RecordingOptions

        yield RecordingOptions(record, overwrite)


def _on_terminal() -> bool:
    """Return whether somebody can answer a question."""
    return sys.stdin is not None and sys.stdin.isatty()


def _asked_to_replace(*targets: Path | None) -> bool:
    """Ask about each file that exists, on a terminal only. Raises RecordError: one of them is to be kept."""
    existing = [path for path in targets if path is not None and os.path.isfile(path)]  # noqa: PTH113
    if not existing or not _on_terminal():
        return False
    for path in existing:
        if not click.confirm(f"{path} exists already; replace it?", err=True):
            raise RecordError(f"{path} exists already and is kept; give another name")
    return True


if __name__ == "__main__":
    main()
