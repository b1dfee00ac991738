"""Writes one row per face and frame, and one per frame without a face, as CSV, JSONL or Parquet.

Rows reach the operating system with every frame: a killed process keeps them. A Parquet file is readable only once it
is finished, so its rows are spooled as JSONL into `NAME.part.jsonl` beside it and converted on `close`.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from models.region_registry import DEFAULT_REGIONS
from realtime.core.errors import ConfigError, RecordError, redact
from realtime.core.output_paths import check_target, write_whole
from realtime.core.types import Analysed
from realtime.reports.row_buffer import RowBuffer
from realtime.reports.table_metadata import sidecar_json, sidecar_of, table_facts
from realtime.reports.table_schema import Column, Row, columns_of, iso_utc, rows_of

SUFFIXES = (".csv", ".jsonl", ".parquet")
"""What a table's name may end in; it chooses the format."""

_ROWS_PER_GROUP = 2000
Encoder = Callable[[list[Row]], str]


class TableWriter:
    """Writes analyzed frames into a table; a `Sink`, used on one thread. `open_table` makes one.

    Args:
        path: the file that the user asked for, named in errors.
        written: the file that rows go into now; `path` itself, or a spool.
        encode: rows -> text.
        regions: the experts' regions, one group of columns each.
        header: `str`, the file's first line, or "".
        live: fill in the wall-clock time.
        clock: monotonic seconds, the clock of `Frame.captured_at_s`.
        wall_clock: Unix time in seconds.
        convert: makes `path` out of `written` on `close`, or `None`.

    Raises:
        RecordError: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        written: Path,
        encode: Encoder,
        *,
        regions: tuple[str, ...] = DEFAULT_REGIONS,
        header: str = "",
        live: bool = False,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        convert: Callable[[Path], None] | None = None,
    ) -> None:
        self._path, self._written, self._encode, self._regions = path, written, encode, regions
        self._live, self._clock, self._wall_clock = live, clock, wall_clock
        self._convert = convert
        self._late = RowBuffer()
        self._good_bytes = 0
        self._closed = False
        self._complete = False
        try:
            # Unbuffered: rows are out with each frame, and a failed write leaves nothing behind to be tried again.
            self._file = written.open("wb", buffering=0)
        except OSError as error:
            raise self._failed(error) from error
        self._append(header)

    @property
    def complete(self) -> bool:
        """Whether the file that was asked for holds every frame, and was closed."""
        return self._complete

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
            self._append(self._encode(rows))

    def close(self) -> None:
        """Finish the table; any number of times.

        Raises:
            RecordError: a Parquet file could not be made; its rows stay in the spool, which is named.
        """
        if self._closed:
            return
        if rows := self._late.rest():
            self._append(self._encode(rows))
        self._closed = True
        self._file.close()
        if self._convert is not None:
            try:
                self._convert(self._written)
            except (OSError, ValueError) as error:
                raise self._failed(error) from error
            self._written.unlink()
        self._complete = True

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


def wall_time(analysed: Analysed, clock: Callable[[], float], wall_clock: Callable[[], float]) -> str:
    """Return when a frame was delivered, as ISO 8601 in UTC.

    Args:
        analysed: the frame.
        clock: monotonic seconds, the clock of `Frame.captured_at_s`.
        wall_clock: Unix time in seconds.
    """
    age_s = max(0.0, clock() - analysed.frame.captured_at_s)
    return iso_utc(wall_clock() - age_s)


def open_table(
    path: Path,
    *,
    regions: tuple[str, ...] = DEFAULT_REGIONS,
    manifest_sha256: str = "",
    source: str = "",
    live: bool = False,
    overwrite: bool = False,
    clock: Callable[[], float] = time.monotonic,
    wall_clock: Callable[[], float] = time.time,
) -> TableWriter:
    """Open a table whose suffix chooses its format.

    What the rows mean and where they come from stands in a Parquet file's own metadata, and for the other formats in
    `NAME.csv-metadata.json` beside it, which is there from the start.

    Args:
        path: ends in .csv, .jsonl or .parquet.
        regions: the experts' regions, in the manifest's order (`Manifest.regions`): they decide on the columns.
        manifest_sha256: `str`, of the manifest that the labels come from; into the metadata.
        source: `str`, the source's name; likewise, without credentials.
        overwrite: `bool`, replace an existing file.
        live: fill in `wall_time`, the moment at which a frame was delivered.
        clock: monotonic seconds, the clock of `Frame.captured_at_s`.
        wall_clock: Unix time in seconds.

    Raises:
        ConfigError: another suffix, a region that is not registered, or Parquet is asked for and pyarrow cannot be
            imported.
        RecordError: the folder is missing or cannot be written, or the file exists and `overwrite` is false.
    """
    check_target(path, "table", SUFFIXES, overwrite=overwrite)
    facts, columns = table_facts(manifest_sha256, redact(source)), columns_of(regions)
    return _opened(path, facts, columns, regions=regions, live=live, clock=clock, wall_clock=wall_clock)


def _opened(path: Path, facts: dict[str, str], columns: Sequence[Column], **common: Any) -> TableWriter:
    """Return the writer of the format that the suffix chooses."""
    jsonl, suffix = partial(jsonl_text, columns), path.suffix.lower()
    if suffix == ".parquet":
        return TableWriter(path, _free_spool(path), jsonl, convert=_parquet_converter(path, facts, columns), **common)
    _write_sidecar(path, facts, columns)
    if suffix == ".csv":
        header = _csv_text([tuple(column.name for column in columns)])
        return TableWriter(path, path, _csv_text, header=header, **common)
    return TableWriter(path, path, jsonl, **common)


def _write_sidecar(path: Path, facts: dict[str, str], columns: Sequence[Column]) -> None:
    """Write the facts beside `path`, before the table itself: where this fails, an earlier table is still whole."""
    try:
        write_whole(sidecar_of(path), sidecar_json(path, facts, columns).encode())
    except OSError as error:
        raise RecordError(
            f"cannot write the table {path}: {error.strerror}; free some space or give another folder"
        ) from error


def _free_spool(path: Path) -> Path:
    """Return `NAME.part.jsonl`, or with a number: what a killed run left behind is never overwritten."""
    names = itertools.chain([f"{path.stem}.part.jsonl"], (f"{path.stem}.part{n}.jsonl" for n in itertools.count(2)))
    return next(spool for spool in map(path.with_name, names) if not spool.exists())


def _csv_text(rows: list[Row]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def jsonl_text(columns: Sequence[Column], rows: list[Row]) -> str:
    """Return rows as newline-delimited JSON, one object per row."""
    names = [column.name for column in columns]
    return "".join(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)


def _parquet_converter(path: Path, facts: dict[str, str], columns: Sequence[Column]) -> Callable[[Path], None]:
    """Return what turns a spool into `path`. pyarrow is heavy, and is imported only here."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ConfigError(
            f"a .parquet table needs pyarrow, which cannot be imported ({error}); give a name in .csv or .jsonl"
        ) from error
    types = {int: pyarrow.int64(), float: pyarrow.float64(), str: pyarrow.string()}
    fields = [
        pyarrow.field(column.name, types[column.kind], metadata={"unit": column.unit, "about": column.about})
        for column in columns
    ]
    schema = pyarrow.schema(fields, metadata=facts)

    def convert(spool: Path) -> None:
        unfinished = spool.with_suffix(".parquet")
        try:
            with pyarrow.parquet.ParquetWriter(unfinished, schema, compression="zstd") as writer:
                for rows in _groups(spool):
                    writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))
            unfinished.replace(path)
        except (OSError, ValueError):
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise

    return convert


def _groups(spool: Path) -> Iterator[list[dict[str, Any]]]:
    with spool.open(encoding="utf-8") as lines:
        while group := [json.loads(line) for line in itertools.islice(lines, _ROWS_PER_GROUP)]:
            yield group
