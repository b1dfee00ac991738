"""Tables of labels as spreadsheets write them: any usual delimiter, Unicode encoding and spelling of the header."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.errors import DataError

_DELIMITERS = (",", ";", "\t", "|")
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
# Excel's own first line: which delimiter follows.
_SEPARATOR_LINE = re.compile(r'\A"?sep=(?P<delimiter>[^\r\n"])"?[^\S\r\n]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LabelTable:
    """A table of labels in memory.

    Attributes:
        path: where it was read from, for messages.
        columns: the header's names without spaces around them.
        delimiter: `str`, one character.
        rows: line number in the file (from 1) and cells by column, of every row that is not empty.
    """

    path: Path
    columns: tuple[str, ...]
    delimiter: str
    rows: tuple[tuple[int, Mapping[str, str]], ...]

    def column(self, name: str) -> str | None:
        """Return how the header spells the column `name`, `None` if it lacks it; case and spaces do not count.

        Raises:
            DataError: more than one column has that name.
        """
        plain = name.strip()
        for alike in (
            [column for column in self.columns if column == plain],
            [column for column in self.columns if column.casefold() == plain.casefold()],
        ):
            if len(alike) > 1:
                raise DataError(f"{self.path} must have one column {plain}; received {len(alike)}: rename the others")
            if alike:
                return alike[0]
        return None


def read_table(path: Path) -> LabelTable:
    """Read a table whose header names a column `file`.

    Commas, semicolons, tabs and bars are told apart by the header. UTF-8 and UTF-16 are read, with or without a mark.

    Raises:
        DataError: the file cannot be read, is no such text, or a line does not fit the header; the line is named.
    """
    try:
        text = _decoded(path)
    except OSError as error:
        raise DataError(f"the table of labels cannot be read: {path} ({error.strerror})") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"the table of labels must be text; {path}, line {line} has a zero byte: export it as CSV")
    given = _SEPARATOR_LINE.match(text)
    start = given.end() if given else 0
    delimiters = (given["delimiter"],) if given else _DELIMITERS
    headers = {delimiter: _header(_trimmed(text[start:], delimiter), delimiter) for delimiter in delimiters}
    delimiter = next((one for one, names in headers.items() if any(name.casefold() == "file" for name in names)), "")
    # Without a column `file` the caller refuses the table, and shows the names: those of the likeliest delimiter.
    delimiter = delimiter or max(headers, key=lambda one: len(headers[one]))
    records = _records(path, _trimmed(text[start:], delimiter), delimiter, 1 if given else 0)
    columns = tuple(name.strip() for name in next(records, (0, []))[1])
    return LabelTable(path, columns, delimiter, tuple(_fitted(path, columns, records)))


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    if data.startswith(_WORKBOOKS):
        raise DataError(f"the table of labels must be text; {path} is a workbook: save it as CSV UTF-8")
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", ""))
    if not encoding:
        # Of two bytes of ASCII in UTF-16 one is zero.
        encoding = {(False, True): "utf-16-le", (True, False): "utf-16-be"}.get(
            (data[:1] == b"\0", data[1:2] == b"\0"), "utf-8"
        )
    body = data[len(mark) :]
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        line = body[: error.start].decode(encoding, "replace").count("\n") + 1
        raise DataError(
            f"the table of labels must be UTF-8 or UTF-16 text; {path}, line {line} has the byte "
            f"0x{body[error.start]:02x}: save it as CSV UTF-8"
        ) from error


def _trimmed(text: str, delimiter: str) -> str:
    """Return the table without spaces between a closing quote and the cell's end, where the parser takes none."""
    return re.sub(rf'" +(?={re.escape(delimiter)}|[\r\n]|\Z)', '"', text)


def _header(text: str, delimiter: str) -> list[str]:
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        return [name.strip() for name in next((row for row in rows if any(map(str.strip, row))), [])]
    except csv.Error:
        return []


def _records(path: Path, text: str, delimiter: str, before: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty with the line on which it begins; `before` lines were taken off."""
    try:
        # strict: a quote that is never closed would otherwise swallow the rest of the table into one cell.
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}, line 1: a table cannot be delimited by {delimiter!r}; use a comma") from error
    line = 1
    try:
        for row in reader:
            if any(map(str.strip, row)):
                yield line + before, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"the table of labels is damaged: {path}, line {line + before} ({error}); close its quotes"
        ) from error


def _fitted(
    path: Path, columns: tuple[str, ...], records: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, Mapping[str, str]]]:
    for line, row in records:
        if any(map(str.strip, row[len(columns) :])):
            raise DataError(
                f"{path}, line {line}: a row must have at most the header's {len(columns)} cells; received {len(row)}: "
                'write a name that contains the delimiter in quotes ("a,b.png")'
            )
        yield line, dict(zip(columns, row + [""] * (len(columns) - len(row)), strict=False))
