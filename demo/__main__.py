"""Runs the program on the demo clip, in a window or into three files: `python -m demo`."""

from __future__ import annotations

from pathlib import Path

import click

from demo import CLIP_PATH
from models.console import say
from run_live import main as run_live

OUT = Path("demo_output")


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=OUT, show_default=True)
@click.option("--headless", is_flag=True, help="Write the files although there is a display.")
def main(out: Path, headless: bool) -> None:
    """Show the demo clip in a window; without a display write an annotated video, a table and a report."""
    from realtime.session.window import display_available

    if display_available() and not headless:
        say("a window opens: q quits, space pauses, h and l toggle what is drawn")
        run_live.main([str(CLIP_PATH)], standalone_mode=False)
        return
    say(f"no window here: analyzing {CLIP_PATH.name} and writing what a window would show to {out}/")
    out.mkdir(parents=True, exist_ok=True)
    files = {"--record": "annotated.mp4", "--table": "emotions.csv", "--report": "report.html"}
    outputs = [word for option, name in files.items() for word in (option, str(out / name))]
    # The files of an earlier demo are its own.
    arguments = [str(CLIP_PATH), "--headless", "--overwrite", *outputs]
    run_live.main(arguments, standalone_mode=False)


if __name__ == "__main__":
    main()
