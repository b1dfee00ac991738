"""Compares the rows of two tables."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from realtime.core.errors import RecordError
from realtime.reports.table_schema import SOURCE_COLUMN

# When a row was written is not what it says; and a file that was renamed is the same one.
_NOT_COMPARED = ("wall_time", SOURCE_COLUMN)


@dataclass(frozen=True, slots=True)
class RowComparison:
    """How two tables differ.

    Attributes:
        rows: `int`, of the longer one.
        different: `int`, rows that are not equal, or that one of them lacks.
        by_column: column -> rows in which it differs.
    """

    rows: int
    different: int
    by_column: dict[str, int]

    def __str__(self) -> str:
        if not self.different:
            return f"all {self.rows} rows are equal"
        columns = ", ".join(
            f"{name} {count}" for name, count in sorted(self.by_column.items(), key=lambda one: -one[1])
        )
        return f"{self.different} of {self.rows} rows differ: {columns or 'they are missing'}"


def compare_rows(first: Path, second: Path) -> RowComparison:
    """Compare two tables of one format row by row, in the columns that both have.

    Args:
        first: .csv, .jsonl or .parquet.
        second: likewise.

    Raises:
        RecordError: one of them cannot be read.
    """
    rows = different = 0
    by_column: Counter[str] = Counter()
    for one, other in zip_longest(_rows(first), _rows(second)):
        rows += 1
        if one is None or other is None:
            different += 1
            continue
        unequal = [name for name in one.keys() & other.keys() if name not in _NOT_COMPARED and one[name] != other[name]]
        by_column.update(unequal)
        different += bool(unequal)
    return RowComparison(rows, different, dict(by_column))


def _rows(table: Path) -> list[dict[str, Any]]:
    try:
        return _read(table)
    except (OSError, ValueError, csv.Error) as error:
        raise RecordError(f"the rows of {table} cannot be read ({error}); give the table as it was written") from error


def _read(table: Path) -> list[dict[str, Any]]:
    if table.suffix.lower() == ".parquet":
        import pyarrow.parquet

        found: list[dict[str, Any]] = pyarrow.parquet.read_table(table).to_pylist()
        return found
    text = table.read_text("utf-8")
    if table.suffix.lower() == ".jsonl":
        return [json.loads(line) for line in text.split("\n") if line]
    # A cell may hold what `splitlines` takes for the end of a line.
    return list(csv.DictReader(io.StringIO(text)))
