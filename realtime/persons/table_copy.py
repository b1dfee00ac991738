"""Writes a copy of a table with the persons of its tracks behind the columns that it has."""

from __future__ import annotations

import contextlib
import csv
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from models.new_files import create_first_free
from realtime.core.errors import RecordError
from realtime.core.output_paths import place_of, take_place
from realtime.core.persons.person_edits import PersonEdits
from realtime.persons.recorded_table import RecordedTable, Row, number
from realtime.reports.table_metadata import as_text, check_sidecar, write_sidecar
from realtime.reports.table_schema import PERSON_COLUMNS, Column, person_cells

_ROWS_PER_GROUP = 2000


def copy_with_persons(table: RecordedTable, target: Path, persons: PersonEdits, *, overwrite: bool) -> Path:
    """Write the rows of a table, as they are, with `PERSON_COLUMNS` at their end; whole or not at all.

    Args:
        table: is not changed.
        target: the new table, in the same format.
        persons: the list.
        overwrite: `bool`, whether a file that is there may be replaced; else the new one is `NAME-2`.

    Returns:
        Where it is.

    Raises:
        RecordError: it cannot be written, or the table is damaged.
    """
    place, facts = place_of(target), {**table.facts, "persons": {**persons.facts(), "of_table": table.path.name}}
    columns = (*table.columns, *PERSON_COLUMNS)
    check_sidecar(place)
    try:
        return _copied(table, place, columns, facts, persons, overwrite=overwrite)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RecordError(
            f"cannot write the table {target}: {reason}; free some space or give another folder"
        ) from error


def _copied(
    table: RecordedTable,
    place: Path,
    columns: Sequence[Column],
    facts: dict[str, Any],
    persons: PersonEdits,
    *,
    overwrite: bool,
) -> Path:
    part, stream = create_first_free(_parts(place))
    stream.close()
    in_parquet = place.suffix.lower() == ".parquet"
    try:
        _write(part, columns, facts, _with_persons(table.rows(), persons))
        if overwrite and not in_parquet:
            # First: where that fails, an earlier table is still whole.
            write_sidecar(place, facts, columns)
        written = take_place(part, place, overwrite=overwrite)
        if not overwrite and not in_parquet:
            write_sidecar(written, facts, columns)
        return written
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _parts(place: Path) -> Iterator[Path]:
    yield from (place.with_name(f"{place.stem}.part{one or ''}{place.suffix}") for one in itertools.count())


def _with_persons(rows: Iterator[Row], persons: PersonEdits) -> Iterator[Row]:
    names = [column.name for column in PERSON_COLUMNS]
    for row in rows:
        track = number(row["track"])
        cells = person_cells(None if track is None else int(track), number(row["media_time_s"]), persons)
        yield {**row, **dict(zip(names, cells, strict=True))}


def _write(part: Path, columns: Sequence[Column], facts: dict[str, Any], rows: Iterator[Row]) -> None:
    """Write into a file that is there, empty."""
    if part.suffix.lower() == ".parquet":
        _write_parquet(part, columns, facts, rows)
        return
    with part.open("w", encoding="utf-8", newline="") as stream:
        if part.suffix.lower() == ".jsonl":
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            return
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([column.name for column in columns])
        writer.writerows(row.values() for row in rows)


def _write_parquet(part: Path, columns: Sequence[Column], facts: dict[str, Any], rows: Iterator[Row]) -> None:
    import pyarrow
    import pyarrow.parquet

    types = {int: pyarrow.int64(), float: pyarrow.float64(), str: pyarrow.string()}
    fields = [
        pyarrow.field(one.name, types[one.kind], metadata={"unit": one.unit, "about": one.about}) for one in columns
    ]
    schema = pyarrow.schema(fields, metadata=as_text(facts))
    with pyarrow.parquet.ParquetWriter(part, schema, compression="zstd") as writer:
        while group := list(itertools.islice(rows, _ROWS_PER_GROUP)):
            writer.write_table(pyarrow.Table.from_pylist(group, schema=schema))
