"""Kinds of output files, and the sink for each."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from realtime.core.sink import SinkOptions
from realtime.recording import formats
from realtime.recording.recording_sink import RecordingOptions
from realtime.reports import html_report, table_writer
from realtime.reports.report_sink import ReportOptions
from realtime.reports.table_sink import TableOptions


class Kind(enum.Enum):
    """What can be saved."""

    RECORDING = "recording"
    TABLE = "table"
    REPORT = "report"

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What its name may end in, the usual one first."""
        known = {Kind.RECORDING: formats.FORMATS, Kind.TABLE: table_writer.SUFFIXES, Kind.REPORT: html_report.SUFFIXES}
        return tuple(known[self])


@dataclass(frozen=True, slots=True)
class Saved:
    """A file is complete.

    Attributes:
        kind: what it is.
        path: where it is.
        notes: what the user should know of it.
    """

    kind: Kind
    path: Path
    notes: tuple[str, ...] = ()


def output_of(kind: Kind, path: Path) -> SinkOptions:
    """Return the options of the sink that writes one file; an existing one is replaced."""
    if kind is Kind.RECORDING:
        return RecordingOptions(path, overwrite=True)
    return TableOptions(path, overwrite=True) if kind is Kind.TABLE else ReportOptions(path, overwrite=True)
