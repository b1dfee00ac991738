"""Sink that accumulates a run for its HTML report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from realtime.core.errors import ConfigError
from realtime.core.output_paths import check_target, kept_note, place_of
from realtime.core.sink import Run
from realtime.core.types import Analysed
from realtime.reports.html_report import MIN_CLIP_S, SUFFIXES, HtmlReport
from realtime.reports.run_info import run_facts
from realtime.reports.table_sink import IN_ORDER


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """A page with timeline, shares of time and key moments.

    Attributes:
        path: the page to write; .html or .htm.
        clip_seconds: `float`, length in seconds of the clips that get one emotion each.
        overwrite: `bool`, whether an existing file may be replaced.
        same_person: `bool`, whether the page asks which tracks may be the same person, by the colors around the faces.

    Raises:
        ConfigError: clips that are too short.
    """

    path: Path
    clip_seconds: float = 4.0
    overwrite: bool = False
    same_person: bool = False
    watched = False

    def __post_init__(self) -> None:
        if not MIN_CLIP_S <= self.clip_seconds < math.inf:
            raise ConfigError(f"clips must last {MIN_CLIP_S:g} s or more; received {self.clip_seconds:g}")

    def check(self) -> None:
        """Refuse a name that cannot be written. Raises ConfigError, RecordError."""
        check_target(self.path, "report", SUFFIXES, overwrite=self.overwrite)

    def sink(self) -> ReportSink:
        """Return the sink, not yet open."""
        return ReportSink(self)


class ReportSink:
    """Gathers the run and writes its page at the end.

    Args:
        options: which file, and how.
    """

    name = "report"
    blocks_seeking = IN_ORDER

    def __init__(self, options: ReportOptions) -> None:
        self._options = options
        self._report: HtmlReport | None = None
        self._written: Path | None = None
        self._run: Run | None = None

    def open(self, run: Run) -> None:
        """Begin to gather. Raises ConfigError, RecordError."""
        self._run = run
        self._report = HtmlReport(
            self._options.path,
            lambda: run_facts(run),
            clip_s=self._options.clip_seconds,
            pictures=run.shows_faces,
            overwrite=self._options.overwrite,
            persons=run.persons,
            same_person=self._options.same_person,
        )

    def write(self, analysed: Analysed) -> None:
        """Take one frame. Raises RecordError."""
        if self._report is not None:
            self._report.write(analysed)

    def close(self) -> None:
        """Write the page; any number of times. Raises RecordError."""
        report, self._report = self._report, None
        if report is None or self._run is None:
            return
        path, failed = self._options.path, self._run.failed()
        report.overwrite = report.overwrite and not failed
        report.close()
        self._written = report.written
        if report.written is not None and report.written != place_of(path):
            self._run.notify(kept_note("report", path, report.written, failed=self._options.overwrite and failed))

    @property
    def written(self) -> Path | None:
        """The page, once it is written."""
        return self._written
