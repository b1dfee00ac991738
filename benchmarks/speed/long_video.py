"""One long video through `realtime.batch`, whole with one worker and in pieces with one per core; tables compared.

    python -m benchmarks.speed.long_video SOURCE [--seconds 600] [--turns 1] [--json OUT]

SOURCE is looped to `--seconds`. Figures are as in `benchmarks.speed.many_videos`. Rows are compared cell by cell with
those of the whole run.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import click

from benchmarks.common.json_output import give_out
from benchmarks.common.looped_clip import looped
from benchmarks.speed.many_videos import against_bound, run_batch
from realtime.rerun.row_comparison import compare_rows


@click.command(help=__doc__)
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--seconds", type=click.FloatRange(180), default=600.0, show_default=True)
@click.option("--turns", type=click.IntRange(1), default=1, show_default=True, help="Whole and in pieces in turns.")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures here.")
def main(source: Path, seconds: float, turns: int, out: Path | None) -> None:
    cores = os.cpu_count() or 1
    whole: list[dict[str, Any]] = []
    pieces: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video = folder / f"long{source.suffix}"
        looped(source, seconds, video)
        for turn in range(turns):
            whole.append(run_batch(video, folder / f"whole-{turn}", 1))
            pieces.append(run_batch(video, folder / f"pieces-{turn}", cores))
        found = compare_rows(*(next((folder / kind).glob("long.[pc]*")) for kind in ("whole-0", "pieces-0")))
        told = json.loads((folder / "pieces-0" / ".batch" / "results" / "long.json").read_text("utf-8"))
        bound = against_bound(pieces, str(source))
    figures = {"source": source.name, "seconds": seconds, "cores": cores, **bound, "notes": told["notes"]}
    rows = {"rows": found.rows, "rows_that_differ": found.different, "by_column": found.by_column}
    give_out({**figures, **rows, "whole": whole, "pieces": pieces}, out)


if __name__ == "__main__":
    main()
