"""Sink that writes the table of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.manifest import load_manifest
from realtime.core.delivery import Delivery
from realtime.core.errors import redact
from realtime.core.output_paths import check_target, kept_note, place_of
from realtime.core.sink import Run
from realtime.core.types import Analysed
from realtime.provenance.source_facts import plain_text
from realtime.reports.table_metadata import check_sidecar, note_end
from realtime.reports.table_schema import SOURCE_COLUMN, check_conditions
from realtime.reports.table_writer import SUFFIXES, TableWriter, open_table

IN_ORDER = "no seeking while a table or report is written"
"""Why a run that has a table or a report cannot be sent elsewhere: both are of the whole source, in order."""


@dataclass(frozen=True, slots=True)
class TableOptions:
    """A table with a row per face and frame.

    Attributes:
        path: the table to write; .csv, .jsonl or .parquet.
        overwrite: `bool`, whether an existing file may be replaced.
    """

    path: Path
    overwrite: bool = False
    watched = False

    def check(self) -> None:
        """Refuse a name that cannot be written. Raises ConfigError, RecordError."""
        check_target(self.path, "table", SUFFIXES, overwrite=self.overwrite)
        check_sidecar(place_of(self.path))

    def sink(self) -> TableSink:
        """Return the sink, not yet open."""
        return TableSink(self)


class TableSink:
    """Writes a row per face and frame.

    Args:
        options: which file.
    """

    name = "table"
    blocks_seeking = IN_ORDER

    def __init__(self, options: TableOptions) -> None:
        self._options = options
        self._written: Path | None = None
        self._table: TableWriter | None = None
        self._run: Run | None = None

    def open(self, run: Run) -> None:
        """Begin the table. Raises ConfigError, ModelError, RecordError."""
        self._run = run
        check_conditions(run.columns, run.persons)
        self._table = open_table(
            self._options.path,
            regions=load_manifest(run.config.weights).regions,
            manifest_sha256=run.manifest_sha256,
            source=run.source.name,
            facts=run.facts,
            constants={SOURCE_COLUMN: plain_text(redact(run.source.name)), **run.columns},
            persons=run.persons,
            live=run.delivery is Delivery.LIVE,
            overwrite=self._options.overwrite,
        )

    def write(self, analysed: Analysed) -> None:
        """Write the rows of one frame. Raises RecordError."""
        if self._table is not None:
            self._table.write(analysed)

    def close(self) -> None:
        """Finish the table; any number of times. Raises RecordError."""
        if self._table is None or self._run is None:
            return
        table, self._table = self._table, None
        path, failed = self._options.path, self._run.failed()
        table.overwrite = table.overwrite and not failed
        end = {**self._run.end_facts(), "times": self._run.source.findings.time_note}
        table.facts.update({name: value for name, value in end.items() if value not in ("", None)})
        table.close()
        self._written = table.complete
        if table.complete is not None and table.complete != place_of(path):
            self._run.notify(kept_note("table", path, table.complete, failed=failed))
        self._note_end(self._run, table.facts)

    def _note_end(self, run: Run, facts: Mapping[str, Any]) -> None:
        if self._written is None:
            return
        try:
            note_end(self._written, facts)
        except (OSError, ValueError) as error:
            run.notify(f"the metadata of {self._written} does not say how the run ended: {error}")

    @property
    def written(self) -> Path | None:
        """The table, once it is complete."""
        return self._written
