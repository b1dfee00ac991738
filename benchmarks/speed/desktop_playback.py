"""Pictures that the desktop program really shows in a second while it plays a video, as JSON.

    xvfb-run -a -s "-screen 0 1366x768x24" python -m benchmarks.speed.desktop_playback CLIP [--plays N]

The clip is analyzed as a user's would be, then played to its end N times. A picture counts when Tk has drawn it. Given
are the pictures shown and the CPU seconds of this process, both per second of the video, and how long the window did
not answer: the longest time that it took for one event. Needs a display.
"""

from __future__ import annotations

import statistics
import time
import tkinter as tk
from pathlib import Path
from typing import Any

import click

from benchmarks.common.json_output import give_out
from realtime.app.screens.result.player import PlayerScreen
from realtime.app.window import App
from realtime.core.errors import SourceReadError

_TCL_WAIT, _TCL_DONT_WAIT = 0, 2


def _turn(app: App) -> float:
    """Let the window handle one event, and return how long that took, without the waiting for it."""
    began_s = time.perf_counter()
    if app.root.tk.dooneevent(_TCL_DONT_WAIT):
        return time.perf_counter() - began_s
    app.root.tk.dooneevent(_TCL_WAIT)
    return 0.0


def _player(app: App, clip: Path) -> PlayerScreen:
    """Analyze the clip and return the screen that plays it. Raises SourceReadError: it could not be analyzed."""
    app.open_video(clip)
    while not isinstance(app.screen, PlayerScreen):
        _turn(app)
        if type(app.screen).__name__ == "StartScreen":
            raise SourceReadError(f"{clip} must be a video that can be analyzed; try python -m realtime.app {clip}")
    return app.screen


def _play_once(app: App, screen: PlayerScreen) -> dict[str, Any]:
    """Play from the first picture to the last one."""
    screen.player.pause()
    screen.player.show(0)
    while screen.shown is None or screen.shown.index:
        _turn(app)
    seen, drawn, turns_s = 0, [0], []
    last = len(screen.analysis.results) - 1

    def drew() -> None:
        if screen.shown is not None and screen.shown.index != drawn[-1]:
            drawn.append(screen.shown.index)

    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    screen.player.play()
    while drawn[-1] < last:
        turns_s.append(_turn(app))
        if screen.shown.index != seen:
            seen = screen.shown.index
            # Tk draws when it is idle, before what is asked for later.
            app.root.after_idle(drew)
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    return {
        "pictures_per_s": (len(drawn) - 1) / took_s,
        "left_out": last - len(drawn) + 1,
        "took_s": took_s,
        "cpu_s_per_s": cpu_s / took_s,
        "longest_turn_ms": 1000 * max(turns_s),
        "picture_wh": list(screen.shown.size_wh),
    }


@click.command(help=__doc__)
@click.argument("clip", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--plays", default=3, show_default=True, help="How often the clip is played.")
@click.option("--full-screen/--first-size", default=True, help="The window as large as the screen, or as it opens.")
@click.option("--zoom", default=100, show_default=True, help="Magnification in percent.")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures here.")
def main(clip: Path, plays: int, full_screen: bool, zoom: int, out: Path | None) -> None:
    root = tk.Tk(className="Emotion-live")
    app = App(root, zoom=zoom)
    if full_screen:
        root.geometry(f"{root.winfo_screenwidth()}x{root.winfo_screenheight()}+0+0")
    screen = _player(app, clip.absolute())
    runs = [_play_once(app, screen) for _ in range(plays)]
    results = screen.analysis.results
    give_out(
        {
            "video_pictures_per_s": (len(results) - 1) / float(results.times_s[-1] - results.times_s[0]),
            "screen_wh": [root.winfo_screenwidth(), root.winfo_screenheight()],
            "pictures_per_s": statistics.median(run["pictures_per_s"] for run in runs),
            "cpu_s_per_s": statistics.median(run["cpu_s_per_s"] for run in runs),
            "longest_turn_ms": max(run["longest_turn_ms"] for run in runs),
            "runs": runs,
        },
        out,
    )
    app.quit()
    while not app.ended:
        _turn(app)


if __name__ == "__main__":
    main()
