"""Reads a table of this program back: its facts, its columns, and its rows one after the other."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from realtime.core.errors import ConfigError, RecordError
from realtime.core.options import FaceStyle
from realtime.reports.table_metadata import read_facts, sidecar_of
from realtime.reports.table_schema import COLUMNS, PERSON_COLUMNS, Column

_OWN = tuple(column.name for column in PERSON_COLUMNS)
_KINDS: dict[str, type[int] | type[float] | type[str]] = {"integer": int, "number": float, "string": str}
_ROWS_PER_BATCH = 2000
Row = dict[str, Any]


class RecordedTable:
    """A table with its metadata.

    Args:
        path: .csv, .jsonl or .parquet.

    Attributes:
        path: see above.
        facts: its metadata, without those of an earlier list of persons.
        columns: likewise.

    Raises:
        RecordError: it cannot be read, or has no metadata.
        ConfigError: pyarrow is missing, or it has columns of these names that are not of a list of persons.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.facts = path, read_facts(path)
        edited = self.facts.pop("persons", None) is not None
        try:
            columns = _columns(path)
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise self.damaged(error) from error
        taken = [column.name for column in columns if column.name in _OWN]
        if taken and not edited:
            raise ConfigError(f"{path} has a column {taken[0]} of its own (--column): analyze again with another name")
        self.columns = tuple(column for column in columns if column.name not in _OWN)
        names = {column.name for column in self.columns}
        missing = [column.name for column in COLUMNS if column.name not in names and "_" not in column.name]
        if missing:
            raise self.damaged(ValueError(f"the column {missing[0]} is missing"))

    @property
    def hides_faces(self) -> bool:
        """Whether faces were blurred or left out in what its run wrote."""
        return str(self.facts.get("faces", FaceStyle.AS_THEY_ARE.value)) != FaceStyle.AS_THEY_ARE.value

    def rows(self) -> Iterator[Row]:
        """Yield each row, by column; in a .csv a cell is text, "" where it is empty, else it has its type or is `None`.

        Raises:
            RecordError: the table is damaged.
        """
        names = [column.name for column in self.columns]
        try:
            for row in _rows(self.path):
                yield {name: row[name] for name in names}
        except (OSError, ValueError, LookupError, TypeError, csv.Error) as error:
            raise self.damaged(error) from error

    def damaged(self, error: Exception, where: str = "") -> RecordError:
        """Return the error for rows that are not as they were written; `where` is a place in the table."""
        reason = ": ".join(filter(None, [where, f"no column {error}" if isinstance(error, KeyError) else str(error)]))
        return RecordError(f"the rows of {self.path} cannot be read ({reason}); give the table as it was written")


def number(cell: object) -> float | None:
    """Return a cell of any format as a number, `None` where it is empty. Raises ValueError."""
    if cell in ("", None):
        return None
    return float(cell)  # type: ignore[arg-type]


def _columns(path: Path) -> list[Column]:
    if path.suffix.lower() == ".parquet":
        import pyarrow
        import pyarrow.parquet

        kinds = {pyarrow.int64(): int, pyarrow.float64(): float}
        about = {field.name: field.metadata or {} for field in pyarrow.parquet.read_schema(path)}
        return [
            Column(
                field.name,
                kinds.get(field.type, str),
                unit=about[field.name].get(b"unit", b"").decode(),
                about=about[field.name].get(b"about", b"").decode(),
            )
            for field in pyarrow.parquet.read_schema(path)
        ]
    return [
        Column(one["name"], _KINDS[one["datatype"]], unit=one["schema:unitText"], about=one["dc:description"])
        for one in json.loads(sidecar_of(path).read_bytes())["tableSchema"]["columns"]
    ]


def _rows(path: Path) -> Iterator[Row]:
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet

        with pyarrow.parquet.ParquetFile(path) as table:
            for batch in table.iter_batches(_ROWS_PER_BATCH):
                yield from batch.to_pylist()
        return
    with path.open(encoding="utf-8", newline="") as lines:
        if path.suffix.lower() == ".jsonl":
            yield from (json.loads(line) for line in lines if line.strip())
        else:
            yield from _whole_rows(csv.DictReader(lines, strict=True))


def _whole_rows(table: csv.DictReader[str]) -> Iterator[Row]:
    """Yield the rows of a .csv; one that breaks off would be taken for one without a face. Raises ValueError."""
    for row in table:
        if None in row or None in row.values():
            raise ValueError(f"line {table.line_num} has not as many cells as the header")
        yield row
