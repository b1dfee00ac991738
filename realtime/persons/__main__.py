"""Command line: say who is who in a table; `run_live.py persons`, also `python -m realtime.persons`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from models.console import ending_signals, hold_standard_streams, say
from realtime.core.errors import ConfigError, EmotionLiveError

_HELP = """Say who is who in TABLE, without another analysis: PERSONS is a CSV with a line per track or part of one.

\b
track,person,from_s,to_s,exclude
1,Anna,,,          track 1 is Anna
3,Anna,,,          and so is track 3, after a cut
2,Ben,0,12.5,      track 2 is Ben until 12.5 s
2,,15,16,yes       track 2 is left out for a second
,,30,45,yes        all are left out from 30 to 45 s

TABLE stays as it is. The new one has the same rows and two more columns: person, and excluded (1 or 0). Report and
summary are by person, without what is left out.
"""
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(help=_HELP, context_settings={"max_content_width": 110})
@click.argument("table", type=_FILE)
@click.argument("persons", type=_FILE)
@click.option("--out", type=_FILE, help="The new table; TABLE-persons with TABLE's suffix, if not given.")
@click.option("--report", type=_FILE, help="Also write a page, with pictures where the video is found.")
@click.option("--clip-seconds", type=click.FloatRange(0.5, 86_400), default=4, show_default=True, help="Of the report.")
@click.option("--video", type=_FILE, help="The analyzed file, where it is neither beside TABLE nor here.")
@click.option("--same-person", is_flag=True, help="The report asks which tracks look alike, by colors alone.")
@click.option("--privacy", is_flag=True, help="No faces in the report.")
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
def main(**options: Any) -> None:
    """See `_HELP`."""
    hold_standard_streams()
    try:
        with ending_signals():
            _run(**options)
    except EmotionLiveError as error:
        say(f"error: {error}", err=True)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    except KeyboardInterrupt:
        say("stopped; files that were finished are kept, all others are as they were", err=True)
        sys.exit(130)


def _run(
    table: Path,
    persons: Path,
    out: Path | None,
    report: Path | None,
    video: Path | None,
    privacy: bool,
    overwrite: bool,
    **page: Any,
) -> None:
    from realtime.core.output_paths import owner_only
    from realtime.core.persons.person_file import read_persons
    from realtime.persons.named_outputs import check_outputs, write_named_report, write_named_table
    from realtime.persons.recorded_table import RecordedTable
    from realtime.reports.report_sink import ReportOptions

    recorded, edits = RecordedTable(table), read_persons(persons)
    target = out or table.with_name(f"{table.stem}-persons{table.suffix}")
    check_outputs(recorded, target, report, [persons], overwrite=overwrite)
    with owner_only():
        written = [write_named_table(recorded, target, edits, overwrite=overwrite)]
        if report is not None:
            options = ReportOptions(report, overwrite=overwrite, **page)
            pictures = not (privacy or recorded.hides_faces)
            written.append(write_named_report(recorded, options, edits, video, pictures=pictures))
            if recorded.hides_faces and not privacy:
                say("note: no pictures of faces in the report: the run hid them", err=True)
    for one in written:
        for line in one.summary:
            say(line)
        for note in one.notes:
            say(f"note: {note}", err=True)
    for one in written:
        say(f"{one.what}: {one.path}")


if __name__ == "__main__":
    main()
