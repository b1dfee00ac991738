"""Sink that writes table rows to standard output as newline-delimited JSON: `--table -`."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from models.manifest import load_manifest
from realtime.core.delivery import Delivery
from realtime.core.errors import ConfigError, RecordError, redact
from realtime.core.persons.person_edits import NO_EDITS
from realtime.core.sink import Run
from realtime.core.types import Analysed
from realtime.provenance.source_facts import plain_text
from realtime.reports.row_buffer import RowBuffer
from realtime.reports.table_schema import (
    SOURCE_COLUMN,
    Column,
    Row,
    check_conditions,
    columns_with,
    jsonl_text,
    row_with,
    rows_of,
    wall_time,
)
from realtime.reports.table_sink import IN_ORDER


@dataclass(frozen=True, slots=True)
class JsonLinesOptions:
    """Rows on standard output, one JSON object per line, for another program to read while the run goes on.

    Attributes:
        stream: where the lines go; standard output if it is not given.
    """

    stream: TextIO | None = None
    watched = False

    def check(self) -> None:
        """Refuse a standard output that is closed. Raises ConfigError."""
        if self.stream is None and sys.stdout is None:
            raise ConfigError("--table - writes to standard output, which is closed here; give a file instead")

    def sink(self) -> JsonLinesSink:
        """Return the sink, not yet open."""
        return JsonLinesSink(self)


class JsonLinesSink:
    """Writes each row as it comes; where its reader goes away, the run ends and other outputs are finished.

    Args:
        options: which stream.
    """

    name = "rows"
    blocks_seeking = IN_ORDER
    written: Path | None = None

    def __init__(self, options: JsonLinesOptions) -> None:
        self._stream = options.stream or sys.stdout
        self._run: Run | None = None
        self._rows: RowBuffer | None = None
        self._columns: tuple[Column, ...] = ()
        self._constants: tuple[str, ...] = ()
        self._broken = False

    def open(self, run: Run) -> None:
        """Begin. Raises ModelError."""
        self._run = run
        check_conditions(run.columns, run.persons)
        constants = {SOURCE_COLUMN: plain_text(redact(run.source.name)), **run.columns}
        self._constants = tuple(constants.values())
        self._columns = columns_with(load_manifest(run.config.weights).regions, constants, run.persons)
        self._rows = RowBuffer()

    def write(self, analysed: Analysed) -> None:
        """Write the rows of one frame, and flush them. Raises RecordError: the disk behind it is full."""
        if self._rows is not None and self._run is not None:
            live = self._run.delivery is Delivery.LIVE
            at = wall_time(analysed, time.monotonic, time.time) if live else None
            self._put(self._rows.take(analysed, rows_of(analysed, at)))

    def close(self) -> None:
        """Write the rows that waited for an answer; any number of times."""
        rows, self._rows = self._rows, None
        if rows is not None:
            self._put(rows.rest())

    def _put(self, rows: list[Row]) -> None:
        persons = NO_EDITS if self._run is None else self._run.persons
        text = jsonl_text(self._columns, [row_with(row, self._constants, persons) for row in rows])
        if self._broken or not text:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError as error:
            self._broken = True
            if self._stream is sys.stdout:
                _discard_stdout()
            reason = error.strerror or str(error)
            if not isinstance(error, BrokenPipeError):
                raise RecordError(f"rows cannot be written to standard output: {reason}; free some space") from error
            # A reader that has enough, such as `head`, is no error.
            if self._run is not None:
                self._run.notify(f"rows cannot be written any more ({reason}): the run ends, its files are finished")
                if self._run.controls is not None:
                    self._run.controls.stop()


def _discard_stdout() -> None:
    """Send what is left in Python's buffer nowhere: flushed when the program ends, it would fail again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
