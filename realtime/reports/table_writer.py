"""Writes one row per face and frame, and one per frame without a face, as CSV, JSONL or Parquet.

Rows reach the operating system with every frame: a killed process keeps them. A file that is there already is replaced
only on `close`: until then the rows are in `NAME.part.csv` beside it. A Parquet file is readable only once it is
finished, so its rows are spooled as JSONL into `NAME.part.jsonl` beside it and converted on `close`.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from models.new_files import create_first_free, numbered
from models.region_registry import DEFAULT_REGIONS
from realtime.core.errors import ConfigError, RecordError, redact
from realtime.core.output_paths import check_target, place_of, take_place
from realtime.core.persons.person_edits import NO_EDITS, PersonEdits
from realtime.core.types import Analysed
from realtime.reports.row_buffer import RowBuffer
from realtime.reports.table_metadata import as_text, check_sidecar, table_facts, write_sidecar
from realtime.reports.table_schema import Column, Row, columns_with, jsonl_text, row_with, rows_of, wall_time

SUFFIXES = (".csv", ".jsonl", ".parquet")
"""What a table's name may end in; it chooses the format."""

_ROWS_PER_GROUP = 2000
Encoder = Callable[[list[Row]], str]


class TableWriter:
    """Writes analyzed frames into a table; a `Sink`, used on one thread. `open_table` makes one.

    Args:
        path: the file that the user asked for, named in errors.
        names: of the file that rows go into now, the first free one of them: `path` itself, or one beside it.
        encode: rows -> text.
        regions: the experts' regions, one group of columns each.
        header: `str`, the file's first line, or "".
        constants: values of the columns behind these, the same in every row.
        persons: who the tracks are, in `PERSON_COLUMNS` at the end.
        facts: of the table, which `convert` writes.
        live: fill in the wall-clock time.
        clock: monotonic seconds, the clock of `Frame.captured_at_s`.
        wall_clock: Unix time in seconds.
        overwrite: `bool`, whether a file at `path` may be replaced.
        convert: puts a table into its place on `close`: rows, whether what is there may be replaced -> the place.

    Attributes:
        facts: of the table; what is added before it is closed is in a Parquet file's metadata, too.
        overwrite: `bool`, whether a file at `path` is replaced when the table is closed.
        complete: where the table is, once it holds every frame and was closed.

    Raises:
        RecordError: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        names: Iterable[Path],
        encode: Encoder,
        *,
        regions: tuple[str, ...] = DEFAULT_REGIONS,
        header: str = "",
        constants: tuple[str, ...] = (),
        persons: PersonEdits = NO_EDITS,
        facts: dict[str, Any] | None = None,
        live: bool = False,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        overwrite: bool = False,
        convert: Callable[[Path, bool], Path] | None = None,
    ) -> None:
        self._path, self._written, self._regions, self._convert = path, path, regions, convert
        self._encode: Encoder = lambda rows: encode([row_with(row, constants, persons) for row in rows])
        self._live, self._clock, self._wall_clock, self._late = live, clock, wall_clock, RowBuffer()
        self._good_bytes, self._closed, self._has_rows = 0, False, False
        self.overwrite, self.facts = overwrite, facts if facts is not None else {}
        self.complete: Path | None = None
        try:
            # Unbuffered: rows are out with each frame, and a failed write leaves nothing behind to be tried again.
            self._written, self._file = create_first_free(names)
        except OSError as error:
            raise self._failed(error) from error
        try:
            self._append(header)
        except RecordError:
            # An empty table would only be in the way of the next run.
            self._written.unlink(missing_ok=True)
            raise

    def write(self, analysed: Analysed) -> None:
        """Append the rows of one frame and hand them to the operating system, or keep them until their answer is there.

        Raises:
            RecordError: the disk is full or gone, or the table is closed; whole rows written before stay.
            ValueError: the frame is from other experts than the table was opened for.
        """
        if self._closed:
            raise RecordError(f"the table {self._path} is closed; open another one")
        if analysed.emotions.regions != self._regions:
            raise ValueError(f"the table is for the experts {self._regions}; received {analysed.emotions.regions}")
        rows = self._late.take(analysed, rows_of(analysed, self._wall_time(analysed)))
        if rows:
            self._has_rows = True
            self._append(self._encode(rows))

    def close(self) -> None:
        """Finish the table; any number of times.

        Raises:
            RecordError: a Parquet file could not be made; its rows stay in the spool, which is named.
        """
        if self._closed:
            return
        if rows := self._late.rest():
            self._has_rows = True
            self._append(self._encode(rows))
        self._closed = True
        self._file.close()
        if self._convert is None:
            self.complete = self._written
            return
        # A run that ended before its first frame does not replace the table of another one.
        if self._has_rows or not self._path.exists():
            try:
                self.complete = self._convert(self._written, self.overwrite)
            except (OSError, ValueError) as error:
                raise self._failed(error) from error
        self._written.unlink(missing_ok=True)

    def _wall_time(self, analysed: Analysed) -> str | None:
        return wall_time(analysed, self._clock, self._wall_clock) if self._live else None

    def _append(self, text: str) -> None:
        data = memoryview(text.encode())
        try:
            while data:  # A nearly full disk takes a part.
                data = data[self._file.write(data) :]
            self._good_bytes += len(text.encode())
        except OSError as error:
            self._closed = True
            with contextlib.suppress(OSError):
                self._file.truncate(self._good_bytes)
            self._file.close()
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> RecordError:
        reason = getattr(error, "strerror", None) or str(error)
        kept = f"the rows written so far are in {self._written}; " if self._good_bytes else ""
        return RecordError(
            f"cannot write the table {self._path}: {reason}; {kept}free some space or give another folder"
        )


def open_table(
    path: Path,
    *,
    regions: tuple[str, ...] = DEFAULT_REGIONS,
    manifest_sha256: str = "",
    source: str = "",
    facts: Mapping[str, Any] | None = None,
    constants: Mapping[str, str] | None = None,
    persons: PersonEdits = NO_EDITS,
    live: bool = False,
    overwrite: bool = False,
    clock: Callable[[], float] = time.monotonic,
    wall_clock: Callable[[], float] = time.time,
) -> TableWriter:
    """Open a table whose suffix chooses its format; its facts go into it, or into `NAME.csv-metadata.json` beside it.

    Args:
        path: ends in .csv, .jsonl or .parquet.
        regions: the experts' regions, in the manifest's order (`Manifest.regions`): they decide on the columns.
        manifest_sha256: `str`, of the manifest that the labels come from; into the metadata.
        source: `str`, the source's name; likewise.
        facts: what makes the run what it is (`Run.facts`); likewise.
        constants: columns behind these that have one value in every row: name -> value.
        persons: who the tracks are, in `PERSON_COLUMNS` at the end.
        overwrite: `bool`, replace an existing file.
        live: fill in `wall_time`.
        clock: monotonic seconds, the clock of `Frame.captured_at_s`.
        wall_clock: Unix time in seconds.

    Raises:
        ConfigError: another suffix, an unknown region, or pyarrow, which .parquet needs, cannot be imported.
        RecordError: the folder is missing or cannot be written, or the file exists and `overwrite` is false.
    """
    check_target(path, "table", SUFFIXES, overwrite=overwrite)
    told = table_facts(manifest_sha256, redact(source), facts)
    common = {"regions": regions, "live": live, "clock": clock, "wall_clock": wall_clock, "overwrite": overwrite}
    common |= {"constants": tuple((constants or {}).values()), "persons": persons, "facts": told}
    return _opened(place_of(path), path.suffix.lower(), columns_with(regions, constants or {}, persons), **common)


def _opened(path: Path, suffix: str, columns: Sequence[Column], **common: Any) -> TableWriter:
    """Return the writer of the format that `suffix` chooses; a link may point to a file with another one."""
    jsonl, facts = partial(jsonl_text, columns), common["facts"]
    if suffix == ".parquet":
        return TableWriter(
            path, _parts(path, ".jsonl"), jsonl, convert=_parquet_converter(path, facts, columns), **common
        )
    check_sidecar(path)
    encode: Encoder = jsonl
    header = ""
    if suffix == ".csv":
        encode, header = _csv_text, _csv_text([tuple(column.name for column in columns)])
    if path.exists():
        put = partial(_put_with_facts, path, facts, columns)
        return TableWriter(path, _parts(path, suffix), encode, header=header, convert=put, **common)
    table = TableWriter(path, [path], encode, header=header, **common)
    try:
        write_sidecar(path, facts, columns)
    except OSError as error:
        table.close()
        path.unlink(missing_ok=True)
        raise RecordError(
            f"cannot write the table {path}: {error.strerror}; free some space or give another folder"
        ) from error
    return table


def _put_with_facts(path: Path, facts: dict[str, Any], columns: Sequence[Column], part: Path, overwrite: bool) -> Path:
    """Move a complete table to its place, its facts first: where that fails, an earlier table is still whole."""
    if overwrite:
        write_sidecar(path, facts, columns)
        return take_place(part, path, overwrite=True)
    place = take_place(part, path, overwrite=False)
    write_sidecar(place, facts, columns)
    return place


def _parts(path: Path, suffix: str) -> Iterator[Path]:
    """Yield `NAME.part.jsonl`, or with a number: what another run writes or left behind is never overwritten."""
    yield path.with_name(f"{path.stem}.part{suffix}")
    yield from (path.with_name(f"{path.stem}.part{number}{suffix}") for number in itertools.count(2))


def _csv_text(rows: list[Row]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _parquet_converter(path: Path, facts: dict[str, Any], columns: Sequence[Column]) -> Callable[[Path, bool], Path]:
    """Return what turns a spool into `path`. pyarrow is heavy, and is imported only here."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ConfigError(
            f"a .parquet table needs pyarrow, which cannot be imported ({error}); install it, or give a name in .csv "
            "or .jsonl"
        ) from error
    types = {int: pyarrow.int64(), float: pyarrow.float64(), str: pyarrow.string()}
    fields = [
        pyarrow.field(column.name, types[column.kind], metadata={"unit": column.unit, "about": column.about})
        for column in columns
    ]

    def convert(spool: Path, overwrite: bool) -> Path:
        schema = pyarrow.schema(fields, metadata=as_text(facts))
        unfinished, stream = create_first_free(numbered(spool.with_suffix(".parquet")))
        stream.close()
        try:
            with pyarrow.parquet.ParquetWriter(unfinished, schema, compression="zstd") as writer:
                for rows in _groups(spool):
                    writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))
            return take_place(unfinished, path, overwrite=overwrite)
        except (OSError, ValueError):
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise

    return convert


def _groups(spool: Path) -> Iterator[list[dict[str, Any]]]:
    with spool.open(encoding="utf-8") as lines:
        while group := [json.loads(line) for line in itertools.islice(lines, _ROWS_PER_GROUP)]:
            yield group
