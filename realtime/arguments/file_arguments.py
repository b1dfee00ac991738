"""Command-line options of the files that a run writes, and of rows on standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realtime.arguments.analysis_arguments import refuse_nan
from realtime.core.errors import RecordError

if TYPE_CHECKING:
    from realtime.core.sink import SinkOptions

STDOUT = "-"
"""Name of a table whose rows go to standard output."""

_FILE = click.Path(dir_okay=False, path_type=Path)
_OPTIONS = (
    click.option("--record", type=_FILE, help="Write the annotated video (.mp4, .mkv, .webm, .mov)."),
    click.option(
        "--table",
        type=_FILE,
        help="Write every frame (.csv, .jsonl, .parquet; - for JSON lines on standard output).",
    ),
    click.option("--report", type=_FILE, help="Write a page with timeline, shares and moments."),
    click.option(
        "--clip-seconds",
        type=click.FloatRange(0.5, 86_400),
        default=4,
        show_default=True,
        callback=refuse_nan,
        help="The report gives one emotion to each clip of this length.",
    ),
    click.option("--same-person", is_flag=True, help="The report asks which tracks look alike, by colors alone."),
    click.option("--overwrite", is_flag=True, help="Replace files that exist; without it a terminal is asked."),
)


def file_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a click command; `file_outputs` takes their values."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def rows_to_stdout(table: Path | None) -> bool:
    """Return whether a table's rows go to standard output; then nothing else does."""
    return str(table) == STDOUT


def file_outputs(values: dict[str, Any]) -> Iterator[SinkOptions]:
    """Yield the options of the sinks that the values ask for, and take those out of a command's values.

    Raises:
        ConfigError: clips that are too short.
        RecordError: a file exists and is to be kept.
    """
    record, table, report = (values.pop(name) for name in ("record", "table", "report"))
    clip_seconds, overwrite, same = (values.pop(name) for name in ("clip_seconds", "overwrite", "same_person"))
    printed = rows_to_stdout(table)
    overwrite = overwrite or _asked_to_replace(record, None if printed else table, report)
    if printed:
        from realtime.reports.json_lines_sink import JsonLinesOptions

        yield JsonLinesOptions()
    elif table is not None:
        from realtime.reports.table_sink import TableOptions

        yield TableOptions(table, overwrite)
    if report is not None:
        from realtime.reports.report_sink import ReportOptions

        yield ReportOptions(report, clip_seconds, overwrite, same)
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
