"""Reads and writes a list of persons: a small CSV as spreadsheets write it, with any usual delimiter and encoding."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from realtime.core.errors import ConfigError
from realtime.core.persons.person_edits import PersonEdits
from realtime.core.persons.person_line import PersonLine

COLUMNS = ("track", "person", "from_s", "to_s", "exclude")
"""Columns of a list; all but one of `person` and `exclude` may be missing."""

_DELIMITERS = (",", ";", "\t", "|")
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_YES, _NO = ("yes", "y", "true", "1", "x"), ("no", "n", "false", "0", "")


def read_persons(path: Path) -> PersonEdits:
    """Read a list of persons.

    Args:
        path: text in UTF-8 or UTF-16 with a header of `COLUMNS`, in any order, parted by comma, semicolon, tab or bar.
            Times are seconds ("12.5", also "12,5") or a clock's ("1:05.5").

    Raises:
        ConfigError: the file cannot be read, or a line means nothing; the line is named.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"the list of persons cannot be read: {path} ({error.strerror}); give a CSV") from error
    try:
        lines = tuple(_line(number, cells) for number, cells in _rows(_decoded(data)))
        if not lines:
            raise ConfigError("a line for each track that is named or left out is needed; received none")
        return PersonEdits(lines, path.name.encode(errors="replace").decode(), hashlib.sha256(data).hexdigest())
    except ConfigError as error:
        where = ", " if str(error).startswith("line ") else ": "
        raise ConfigError(f"the list of persons {path}{where}{error}") from error


def seconds_of(text: str, what: str) -> float:
    """Return a time as seconds, from "12.5", "12,5" or "1:05.5". Raises ConfigError, which names it `what`."""
    try:
        parts = [float(part) for part in text.replace(",", ".").split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or not all(0 <= part < math.inf for part in parts):
        raise ConfigError(f"{what} is in seconds, or as 1:05; received {text!r}")
    seconds = 0.0
    for part in parts:
        seconds = 60 * seconds + part
    return seconds


def persons_csv(edits: PersonEdits) -> str:
    """Return a list as `read_persons` reads it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in edits.lines:
        track, to_s = line.track or "", "" if math.isinf(line.to_s) else repr(line.to_s)
        writer.writerow(
            [track, line.person, repr(line.from_s) if line.from_s else "", to_s, "yes" if line.exclude else ""]
        )
    return text.getvalue()


def _decoded(data: bytes) -> str:
    if data.startswith(_WORKBOOKS):
        raise ConfigError("must be text; it is a workbook: save it as CSV UTF-8")
    mark = next((mark for mark in _MARKS if data.startswith(mark)), b"")
    try:
        text = data[len(mark) :].decode(_MARKS.get(mark, "utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError("must be text in UTF-8 or UTF-16: save it as CSV UTF-8") from error
    if "\0" in text:
        raise ConfigError("must be text; it has a zero byte: save it as CSV UTF-8")
    return text


def _rows(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield number and cells of each line that is not empty, by column."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=lambda one: sum(name in COLUMNS for name in _names(first, one)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    header: list[str] = []
    try:
        for cells in reader:
            if not any(map(str.strip, cells)):
                continue
            if not header:
                header = _checked(_names(delimiter.join(cells), delimiter))
                continue
            if any(map(str.strip, cells[len(header) :])):
                raise ConfigError(
                    f"line {reader.line_num}: at most {len(header)} cells are possible; received {len(cells)}: put a "
                    "cell that contains the delimiter in quotes"
                )
            yield reader.line_num, {name: " ".join(cell.split()) for name, cell in zip(header, cells, strict=False)}
    except csv.Error as error:
        raise ConfigError(f"line {reader.line_num}: this is no CSV ({error}); close its quotes") from error


def _names(line: str, delimiter: str) -> list[str]:
    return [name.strip().strip('"').strip().casefold() for name in line.split(delimiter)]


def _checked(header: list[str]) -> list[str]:
    while header and not header[-1]:
        header.pop()
    unknown = [name for name in header if name not in COLUMNS]
    if unknown:
        raise ConfigError(f"columns must be of {', '.join(COLUMNS)}; received {unknown[0] or 'one without a name'}")
    if len(set(header)) < len(header):
        raise ConfigError(f"each column may be there once; received {', '.join(header)}")
    if "person" not in header and "exclude" not in header:
        raise ConfigError(f"a column person or exclude is needed; received {', '.join(header)}")
    return header


def _line(number: int, cells: Mapping[str, str]) -> PersonLine:
    told = cells.get("exclude", "").casefold()
    if told not in (*_YES, *_NO):
        raise ConfigError(f"line {number}: exclude is yes or no; received {cells['exclude']!r}")
    return PersonLine(
        track=_track(number, cells.get("track", "")),
        person=cells.get("person", ""),
        from_s=_seconds(number, "from_s", cells.get("from_s", ""), 0.0),
        to_s=_seconds(number, "to_s", cells.get("to_s", ""), math.inf),
        exclude=told in _YES,
        number=number,
    )


def _track(number: int, cell: str) -> int | None:
    if not cell:
        return None
    # Spreadsheets may make 3 a 3.0.
    plain = cell[:-2] if cell.endswith((".0", ",0")) else cell
    if not (plain.isascii() and plain.isdigit() and len(plain) < 10):
        raise ConfigError(f"line {number}: a track is a number from 1; received {cell!r}")
    return int(plain)


def _seconds(number: int, column: str, cell: str, otherwise: float) -> float:
    try:
        return seconds_of(cell, column) if cell else otherwise
    except ConfigError as error:
        raise ConfigError(f"line {number}: {error}") from error
