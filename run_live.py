"""Command line of the live program: camera, file or stream to window, recording, table, report, page."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Any

import click

try:
    import realtime  # noqa: F401
    from models.cli import CommandByFirstWord
except ImportError as error:  # Each package refuses a stranger in the other's place.
    sys.exit(f"error: {error}")
from models.console import ERR, OUT, ending_signals, hold_standard_streams, interrupts_held, leave, say
from realtime.arguments.analysis_arguments import analysis_arguments, analysis_options
from realtime.arguments.file_arguments import file_arguments, file_outputs, rows_to_stdout
from realtime.arguments.picture_arguments import picture_arguments, picture_options
from realtime.core.errors import ConfigError, EmotionLiveError
from realtime.core.version import VERSION
from realtime.provenance.column_arguments import column_arguments, persons_option
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
  python run_live.py persons emotions.csv persons.csv    say who is who

\b
Keys in the window
  q, Esc  quit     h  head-up display on/off     r  start/stop recording
  space   pause    l  landmarks on/off           s  save a screenshot
  t       timeline  n  take the faces of the next 5 s as resting: then neutral
  ?, F1   show these keys in the window
  arrow keys or , .   back/on by 1 s; with shift or < >  by 10 s
  Home or 0           to the start; a click on the timeline goes there

Pictures stay on this machine: nothing is sent or kept unless you record or serve it.
"""

_COMMANDS = {
    "batch": "realtime.batch.__main__",
    "persons": "realtime.persons.__main__",
    "rerun": "realtime.rerun.__main__",
}
_SPEED = click.FloatRange(0.25, 16)


@click.command(help=_HELP, cls=CommandByFirstWord, others=_COMMANDS, context_settings={"max_content_width": 110})
@click.argument("source", default="0", envvar="EMOTION_LIVE_SOURCE")
@file_arguments
@column_arguments
@page_arguments
@click.option("--virtual-camera", is_flag=True, help="Be a camera for other programs, as for calls.")
@picture_arguments
@click.option("--headless", is_flag=True, help="No window: a file is analyzed as fast as the machine can.")
@click.option("--speed", type=_SPEED, default=1, show_default=True, help="How fast a window plays a file.")
@analysis_arguments
@click.version_option(VERSION, "--version", prog_name="emotion-live", message="%(prog)s %(version)s")
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
        leave(0, busy)
    except (MemoryError, ImportError, RuntimeError) as error:
        line = _without_room(error)
        if not line:
            raise
        say(f"error: {line}", err=True)
        code = 1
    # Whoever calls this function goes on where all went well.
    if code or busy:
        leave(code, busy)


def _without_room(error: Exception) -> str:
    """Return a line for what the system has no room for, "" for any other error."""
    if isinstance(error, MemoryError):
        return "the memory that the program may use is not enough; allow more, or close other programs"
    if isinstance(error, ImportError):
        return f"a library cannot be loaded ({' '.join(str(error).split())}); allow more memory, or set up again"
    # Python's own word.
    if "start new thread" in str(error):
        return "the system starts no further thread: memory or processes are limited; allow more"
    return ""


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
        say("--speed is how fast a window plays; without one a file is analyzed as fast as it goes", err=True)
    # Where rows go to standard output, nothing else does.
    printed = rows_to_stdout(options["table"])
    with owner_only(), ProgressBar(shown=headless, notes=ERR if printed else OUT) as bar:
        session = Session(_run_options(not headless, options), notify=bar.say, on_frame=bar.step)
        with ending_signals(session.end_first_pass):
            try:
                session.run(on_open=bar.opened)
            finally:
                bar.close()
                # Also after an error or Ctrl-C: what was analyzed is not lost.
                for line in summary_lines(session, debug=debug):
                    say(line, err=printed)
                busy += session.stragglers


def _run_options(window: bool, values: dict[str, Any]) -> RunOptions:
    """Return what the command's values ask for. Raises ConfigError, RecordError."""
    from realtime.core.options import RunOptions

    source, analysis = values.pop("source"), analysis_options(values)
    return RunOptions(
        source=source,
        analysis=analysis,
        picture=picture_options(values),
        persons=persons_option(values.pop("persons")),
        outputs=tuple(_outputs(source, analysis.realtime, window, values)),
        **values,
    )


def _outputs(source: str, realtime: bool, window: bool, values: dict[str, Any]) -> Iterator[SinkOptions]:
    """Yield the options of each sink that was asked for; frames go to them in this order. Raises ConfigError."""
    yield from file_outputs(values)
    speed = values.pop("speed")
    if window:
        from realtime.session.window_sink import WindowOptions

        yield WindowOptions(speed)
    elif speed != 1:
        from realtime.capture.open_source import source_for
        from realtime.session.pacer import check_speed

        check_speed(speed, live=source_for(source, realtime=realtime).live)
    yield from page_outputs(**{name: values.pop(name) for name in list(values) if name.startswith("serve")})
    if values.pop("virtual_camera"):
        from realtime.serving.virtual_camera_sink import VirtualCameraOptions

        yield VirtualCameraOptions()


if __name__ == "__main__":
    main()
