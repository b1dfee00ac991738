"""What a run leaves besides a video: its table and its report."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from realtime.core.metrics import Metrics
from realtime.core.options import RunOptions
from realtime.core.output_paths import check_target
from realtime.core.protocols import SourceInfo
from realtime.core.types import Analysed
from realtime.recording import video_recorder as recorder
from realtime.recording.formats import encoder_for
from realtime.reports import html_report as report
from realtime.reports import table_writer as tables
from realtime.reports.html_report import HtmlReport
from realtime.reports.run_info import run_facts
from realtime.reports.table_writer import TableWriter, open_table


def check_targets(options: RunOptions) -> None:
    """Refuse files that cannot be written, before the source is opened. Raises ConfigError, RecordError."""
    targets = (
        (options.record, "recording", recorder.FORMATS),
        (options.table, "table", tables.SUFFIXES),
        (options.report, "report", report.SUFFIXES),
    )
    for path, what, suffixes in targets:
        if path is not None:
            check_target(path, what, tuple(suffixes), overwrite=options.overwrite)
    if options.record is not None:
        encoder_for(options.record)


class Exports:
    """The table and the report of one run; a `Sink`.

    Args:
        options: which files, and how.
        info: the source, open.
        metrics: of the run; asked for its drops at the end.
        provider: tells at the end what the models ran on.
        wall_clock: Unix time in seconds.

    Attributes:
        finished: `list` of (what, file), those that are complete.

    Raises:
        ConfigError: a name, or an option of the report, that cannot work.
        RecordError: a place that cannot be written.
    """

    def __init__(
        self,
        options: RunOptions,
        info: SourceInfo,
        metrics: Metrics,
        provider: Callable[[], str],
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.finished: list[tuple[str, Path]] = []
        self._options = options
        self._table: TableWriter | None = None
        self._report: HtmlReport | None = None
        began_s = wall_clock()
        with ExitStack() as undo:
            if options.table is not None:
                self._table = open_table(
                    options.table,
                    manifest_sha256=options.manifest_sha256,
                    source=options.source,
                    live=info.live,
                    overwrite=options.overwrite,
                )
                undo.callback(self._table.close)
            if options.report is not None:
                self._report = HtmlReport(
                    options.report,
                    lambda: run_facts(options, info, metrics, provider(), began_s),
                    clip_s=options.clip_seconds,
                    pictures=not options.privacy,
                    overwrite=options.overwrite,
                )
            undo.pop_all()

    def write(self, analysed: Analysed) -> None:
        """Take one frame. Raises RecordError."""
        if self._table is not None:
            self._table.write(analysed)
        if self._report is not None:
            self._report.write(analysed)

    def close(self) -> None:
        """Finish both files, the second even if the first fails; any number of times. Raises RecordError."""
        with ExitStack() as stack:
            stack.callback(self._close_report)
            stack.callback(self._close_table)

    def _close_table(self) -> None:
        table, self._table = self._table, None
        if table is not None and self._options.table is not None:
            table.close()
            if table.complete:
                self.finished.append(("table", self._options.table))

    def _close_report(self) -> None:
        page, self._report = self._report, None
        if page is not None and self._options.report is not None:
            page.close()
            if page.frames:
                self.finished.append(("report", self._options.report))
