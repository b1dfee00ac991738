"""What `run_live.py persons` writes: a further table, and a report of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from realtime.core.errors import ConfigError, SourceError
from realtime.core.output_paths import check_target
from realtime.core.persons.person_check import PersonCheck
from realtime.core.persons.person_edits import PersonEdits
from realtime.persons.recorded_frames import recorded_frames, video_of
from realtime.persons.recorded_table import RecordedTable
from realtime.persons.table_copy import copy_with_persons
from realtime.reports.html_report import SUFFIXES, HtmlReport
from realtime.reports.report_sink import ReportOptions
from realtime.reports.run_info import recorded_facts
from realtime.timeline.label_spans import LabelSpans


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is complete.

    Attributes:
        what: "table" or "report".
        path: where it is.
        notes: what the user should know, one line each.
        summary: what was seen of whom, likewise.
    """

    what: str
    path: Path
    notes: Sequence[str] = ()
    summary: Sequence[str] = ()


def check_outputs(
    table: RecordedTable, target: Path, report: Path | None, inputs: Iterable[Path], *, overwrite: bool
) -> None:
    """Refuse names that cannot be written, or that are of what is read. Raises ConfigError, RecordError."""
    for path in [target, *([report] if report else [])]:
        if path.exists() and any(one.exists() and path.samefile(one) for one in (table.path, *inputs)):
            raise ConfigError(f"a new file cannot be one that is read, {path}; give another name with --out")
    check_target(target, "table", (table.path.suffix.lower(),), overwrite=overwrite)
    if report is not None:
        check_target(report, "report", SUFFIXES, overwrite=overwrite)


def write_named_table(table: RecordedTable, target: Path, persons: PersonEdits, *, overwrite: bool) -> Written:
    """Write the table with its persons.

    Args:
        table: as it was.
        target: the new one.
        persons: the list.
        overwrite: `bool`, whether an existing file may be replaced.

    Raises:
        ConfigError: a line of the list is about nobody in this table; nothing is written.
        RecordError: the table is damaged, or the new one cannot be written.
    """
    check, spans = PersonCheck(persons), LabelSpans(persons)
    for analysed in recorded_frames(table, None):
        check.see(analysed.faces.track_ids.tolist(), analysed.frame.media_time_s)
        spans.write(analysed)
    if check.unused:
        raise ConfigError(check.unused[0])
    path = copy_with_persons(table, target, persons, overwrite=overwrite)
    return Written("table", path, check.twice, spans.lines())


def write_named_report(
    table: RecordedTable, options: ReportOptions, persons: PersonEdits, video: Path | None, *, pictures: bool
) -> Written:
    """Write the report of a table with its persons, with pictures of faces where its video is found.

    Args:
        table: as it was.
        options: which page, and how.
        persons: the list.
        video: the analyzed file, `None` to look for it beside the table and in the current folder.
        pictures: `bool`, whether pictures of faces may be in the page.

    Raises:
        RecordError: the table is damaged, or the page cannot be written.
    """
    notes: list[str] = []
    found = video_of(table, video) if pictures else None
    if pictures and found is None:
        name = table.facts.get("source", "")
        where = "is not beside the table or here; --video FILE"
        if video is not None:
            where = f"was analyzed, and {video} is not that file; give it with --video"
        notes.append(f"no pictures of faces in the report: the video {name} {where}")
    report = HtmlReport(
        options.path,
        lambda: recorded_facts(table.facts, persons),
        clip_s=options.clip_seconds,
        pictures=found is not None,
        overwrite=options.overwrite,
        persons=persons,
        same_person=options.same_person,
    )
    notes += _gather(report, table, found)
    report.close()
    return Written("report", report.written or options.path, notes)


def _gather(report: HtmlReport, table: RecordedTable, video: Path | None) -> list[str]:
    """Give a report all frames; where the video cannot be opened, without pictures, and return a note that says so."""
    try:
        for analysed in recorded_frames(table, video):
            report.write(analysed)
    except SourceError as error:
        # Nothing is in the report yet: a video that breaks off later is no error.
        return [f"no pictures of faces in the report: {error}", *_gather(report, table, None)]
    return []
