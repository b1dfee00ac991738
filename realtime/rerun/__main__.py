"""Command line: repeat a run from its table's metadata; `run_live.py rerun`, also `python -m realtime.rerun`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from models.console import ending_signals, hold_standard_streams, interrupts_held, say
from models.manifest import WEIGHTS_DIR
from realtime.core.errors import ConfigError, EmotionLiveError
from realtime.rerun.recorded_run import recorded_run
from realtime.rerun.row_comparison import compare_rows


@click.command(context_settings={"max_content_width": 110})
@click.argument("table", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("source", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--weights", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS_DIR, help="Its models.")
def main(table: Path, source: Path | None, weights: Path) -> None:
    """Repeat the run that TABLE came from, by its metadata, and say whether the rows are equal.

    SOURCE is the analyzed file, where it is neither beside TABLE nor here. Nothing is replaced. The exit code
    is 1 where rows differ.
    """
    hold_standard_streams()
    try:
        # Already here: an interrupt while libraries are imported would be a trace.
        with ending_signals():
            equal = _rerun(table, source, weights)
    except EmotionLiveError as error:
        say(f"error: {error}", err=True)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    except KeyboardInterrupt:
        say("stopped: the rows were not compared", err=True)
        sys.exit(130)
    sys.exit(0 if equal else 1)


def _rerun(table: Path, source: Path | None, weights: Path) -> bool:
    # A second to import, which a wrong argument need not wait for.
    with interrupts_held():
        from realtime.session.session import Session

    recorded = recorded_run(table, source, weights)
    for doubt in recorded.doubts:
        say(f"note: {doubt}", err=True)
    with tempfile.TemporaryDirectory(prefix="emotion-live-") as folder:
        again = Path(folder) / f"again{table.suffix}"
        session = Session(recorded.into(again), notify=lambda line: say(line, err=True))
        session.run()
        found = compare_rows(table, again)
    say(str(found))
    return not found.different


if __name__ == "__main__":
    main()
