"""Command line of the desktop program: `python -m realtime.app`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from models.console import hold_standard_streams, say
from models.manifest import WEIGHTS_DIR
from realtime.core.errors import ConfigError, EmotionLiveError

_NO_TK = (
    "the desktop program needs Tk, which this Python lacks ({0}); on Debian or Ubuntu: sudo apt-get install "
    "python3-tk, or use the command: python run_live.py --help"
)
_NO_DISPLAY = "the desktop program needs a display ({0}); on a machine without one: python run_live.py --headless"
_BASELINE_HELP = "auto: learn what each face shows at rest, and judge it by that."
_ZOOM_HELP = "Magnification in percent; by default what the screen asks for. Ctrl + and Ctrl - change it."


@click.command()
@click.argument("videos", nargs=-1, type=click.Path(path_type=Path), metavar="[VIDEO|FOLDER]...")
@click.option("--zoom", type=click.IntRange(100, 300), help=_ZOOM_HELP)
@click.option("--max-faces", type=click.IntRange(1, 20), default=4, show_default=True, help="Faces per frame at most.")
@click.option("--weights", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS_DIR, help="Other models.")
@click.option("--baseline", type=click.Choice(["off", "auto"]), default="off", show_default=True, help=_BASELINE_HELP)
def main(videos: tuple[Path, ...], zoom: int | None, max_faces: int, weights: Path, baseline: str) -> None:
    """Open a window in which videos and cameras are analyzed, watched and saved.

    Videos that are named are opened at once, several of them, or those of a folder, one after another.
    """
    hold_standard_streams()
    os.umask(0o077)  # Files that show faces are for whoever runs this, and for nobody else.
    try:
        run(videos, zoom, max_faces, weights, learn_rest=baseline == "auto")
    except EmotionLiveError as error:
        say(f"error: {error}", err=True)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    except KeyboardInterrupt:
        sys.exit(0)


def run(videos: Sequence[Path], zoom: int | None, max_faces: int, weights: Path, *, learn_rest: bool = False) -> None:
    """Run the program until its window is closed.

    Args:
        videos: videos and folders that are opened at once.
        zoom: magnification in percent; `None` takes the screen's.
        max_faces: faces per frame at most.
        weights: folder of the models.
        learn_rest: whether each person's resting face is learned without asking.

    Raises:
        ConfigError: there is no Tk, or no display.
    """
    try:
        import tkinter as tk
    except ImportError as error:
        raise ConfigError(_NO_TK.format(error)) from error
    from realtime.app.views.theme import screen_zoom
    from realtime.app.window import App
    from realtime.core.config import PipelineConfig

    try:
        zoom = zoom or screen_zoom()
        root = tk.Tk(className="Emotion-live")
    except tk.TclError as error:
        raise ConfigError(_NO_DISPLAY.format(str(error).splitlines()[0])) from error
    app = App(root, PipelineConfig(max_faces=max_faces, weights=weights, learn_rest=learn_rest), zoom)
    if videos:
        root.after_idle(app.opening.open, [video.absolute() for video in videos])
    root.mainloop()


if __name__ == "__main__":
    main(prog_name="python -m realtime.app")
