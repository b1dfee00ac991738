"""The schema of every table: its columns for the experts that run, and the rows of one frame; see `docs/table.md`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache

from models.manifest import EMOTIONS
from models.region_registry import DEFAULT_REGIONS, REGIONS, region_named
from realtime.core.errors import ConfigError
from realtime.core.persons.person_edits import PersonEdits
from realtime.core.types import UNCERTAIN, Analysed, Emotions

TABLE_VERSION = 1
"""Raised when a column is renamed, removed or changes its meaning; a new column at the end does not raise it."""

Cell = int | float | str | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table.

    Attributes:
        name: `str`, carries the unit where there is one.
        kind: `int`, `float` or `str`.
        decimals: `int`, digits after the point of a `float`.
        unit: `str`, "s", "px", "deg", "1" for shares from 0 to 1, "" where there is none.
        about: `str`, what it holds, in a few words.
    """

    name: str
    kind: type[int] | type[float] | type[str]
    decimals: int = 0
    unit: str = ""
    about: str = ""


@lru_cache
def columns_of(regions: tuple[str, ...]) -> tuple[Column, ...]:
    """Return every column of a table, in order, where experts for `regions` run.

    Raises:
        ConfigError: a region is not registered.
    """
    titles = {name: region_named(name).title for name in regions}
    fused = {1: "from the one region", 2: "from both regions"}.get(len(regions), f"from all {len(regions)} regions")
    shares = {
        "p": f"fused {fused}, smoothed over time",
        "raw": f"fused {fused}, this frame alone",
        **{name: f"the {title} expert's own answer, this frame alone" for name, title in titles.items()},
    }
    trusts = {f"reliability_{name}": f"how far the {title} could be trusted" for name, title in titles.items()}
    edges = {"x1": "left", "y1": "top", "x2": "right", "y2": "bottom"}
    turns = {"yaw": "to the picture's right", "pitch": "up", "roll": "clockwise as seen"}
    return (
        Column("frame", int, about="the frame's number in the source, from 0"),
        Column("media_time_s", float, 6, "s", "position in the source, from its first frame"),
        Column("wall_time", str, about="when a live source delivered the frame, ISO 8601 UTC"),
        Column("faces", int, about="faces found in this frame"),
        Column("face", int, about="which of them this row is, from 0"),
        Column("track", int, about="the person, from 1"),
        *(Column(name, float, 1, "px", f"the face's box, {edge} edge") for name, edge in edges.items()),
        *(Column(f"{turn}_deg", float, 1, "deg", f"head turned {way}") for turn, way in turns.items()),
        Column("label", str, about='the shown emotion, or "uncertain"'),
        Column("confidence", float, 4, "1", "the largest p_ column, which is that of the label where there is one"),
        Column("uncertain_reason", str, about='why the label is "uncertain"'),
        *(Column(f"{key}_{emotion}", float, 4, "1", text) for key, text in shares.items() for emotion in EMOTIONS),
        *(Column(key, float, 4, "1", text) for key, text in trusts.items()),
        Column("emotion_age_s", float, 6, "s", "how much earlier than this frame the shown emotion was measured"),
    )


def constant_columns(values: Mapping[str, str]) -> tuple[Column, ...]:
    """Return the columns behind all others, which have one value in every row: the source, and conditions.

    Args:
        values: name -> value.
    """
    own = {SOURCE_COLUMN: "the source's name"}
    return tuple(
        Column(name, str, about=own.get(name, "the same in every row: given with --column")) for name in values
    )


PERSON_COLUMNS = (
    Column("person", str, about="who that is: the name from the list of persons, else the number of the track"),
    Column("excluded", int, about="1 where the list of persons leaves this row out, else 0"),
)
"""Columns behind all others of a table whose tracks somebody has named: the others are as without them."""


def columns_with(regions: tuple[str, ...], constants: Mapping[str, str], persons: PersonEdits) -> tuple[Column, ...]:
    """Return every column of one table: `columns_of`, `constant_columns`, and with a list of persons theirs."""
    return (*columns_of(regions), *constant_columns(constants), *(PERSON_COLUMNS if persons.lines else ()))


def row_with(row: Row, constants: tuple[str, ...], persons: PersonEdits) -> Row:
    """Return a row of `rows_of` with the cells of the further columns of `columns_with`."""
    own = person_cells(row[_TRACK], row[_TIME], persons) if persons.lines else ()
    return (*row, *constants, *own)


def person_cells(track: Cell, media_time_s: Cell, persons: PersonEdits) -> tuple[Cell, Cell]:
    """Return the cells of `PERSON_COLUMNS` for a track, `None` where there is no face, and a time in seconds."""
    at_s = float(media_time_s or 0)
    if track is None:
        return None, int(persons.excluded(None, at_s))
    return persons.cell(int(track), at_s), int(persons.excluded(int(track), at_s))


def check_conditions(values: Mapping[str, str], persons: PersonEdits) -> None:
    """Refuse names of constant columns that a table cannot have.

    Args:
        values: name -> value.
        persons: whether the table gets `PERSON_COLUMNS`.

    Raises:
        ConfigError: a name that is no word of letters, digits and _, or that another column has.
    """
    own = PERSON_COLUMNS if persons.lines else ()
    taken = {SOURCE_COLUMN, *(column.name for column in (*columns_of(tuple(REGIONS)), *own))}
    for name in values:
        if not (name.isascii() and name.isidentifier()):
            raise ConfigError(f"a column's name has letters, digits and _ only; received {name!r}: choose another one")
        if name in taken:
            raise ConfigError(f"a table has the column {name} already; choose another name")


SOURCE_COLUMN = "source"
COLUMNS = columns_of(DEFAULT_REGIONS)
"""Every column of a table that the shipped experts fill."""

_FRAME_COLUMNS = 4
_TIME, _TRACK = (
    next(n for n, column in enumerate(COLUMNS) if column.name == name) for name in ("media_time_s", "track")
)
_FIRST_MEASURED = [column.name for column in COLUMNS].index(f"raw_{EMOTIONS[0]}")


def rows_of(analysed: Analysed, wall_time: str | None) -> list[Row]:
    """Return one row per face, or a single one with empty face columns where there is none.

    The columns are `columns_of(analysed.emotions.regions)`.

    Args:
        analysed: the frame.
        wall_time: when it was taken, see `iso_utc`; `None` leaves the cell empty.
    """
    frame, faces, columns = analysed.frame, analysed.faces, columns_of(analysed.emotions.regions)
    head: list[Cell] = [frame.index, frame.media_time_s, wall_time, len(faces)]
    if not len(faces):
        return [_rounded([*head, *[None] * (len(columns) - _FRAME_COLUMNS)], columns)]
    return [_rounded([*head, *_face_cells(analysed, number)], columns) for number in range(len(faces))]


def iso_utc(seconds: float) -> str:
    """Return Unix time as ISO 8601 in UTC with milliseconds: "2025-03-01T12:00:00.250Z"."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wall_time(analysed: Analysed, clock: Callable[[], float], wall_clock: Callable[[], float]) -> str:
    """Return when a frame was delivered, as ISO 8601 in UTC.

    Args:
        analysed: the frame.
        clock: monotonic seconds, the clock of `Frame.captured_at_s`.
        wall_clock: Unix time in seconds.
    """
    age_s = max(0.0, clock() - analysed.frame.captured_at_s)
    return iso_utc(wall_clock() - age_s)


def jsonl_text(columns: Sequence[Column], rows: list[Row]) -> str:
    """Return rows as newline-delimited JSON, one object per row."""
    names = [column.name for column in columns]
    return "".join(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)


def _face_cells(analysed: Analysed, number: int) -> list[Cell]:
    faces, emotions = analysed.faces, analysed.emotions
    label = emotions.labels[number]
    age_s = float(emotions.age_s[number])
    shown: list[Cell] = [emotions.confidence(number), *emotions.probabilities[number].tolist()]
    if math.isinf(age_s):
        shown = [None] * len(shown)
    measured = _measured_cells(emotions, number)
    if age_s > 0:
        measured = [None] * len(measured)
    return [
        number,
        int(faces.track_ids[number]),
        *faces.boxes_xyxy[number].tolist(),
        *faces.head_pose_deg[number].tolist(),
        label,
        shown[0],
        emotions.reasons[number] or None if label == UNCERTAIN else None,
        *shown[1:],
        *measured,
        age_s,
    ]


def with_measured(rows: list[Row], emotions: Emotions) -> list[Row]:
    """Return the rows of a frame, completed by its own answer, which came later."""
    if not len(emotions):
        return rows
    columns, filled = columns_of(emotions.regions)[_FIRST_MEASURED:], []
    for number, row in enumerate(rows):
        cells = _measured_cells(emotions, number)
        last = _FIRST_MEASURED + len(cells)
        filled.append((*row[:_FIRST_MEASURED], *_rounded(cells, columns[: len(cells)]), *row[last:]))
    return filled


def _measured_cells(emotions: Emotions, number: int) -> list[Cell]:
    """Return the cells of one face that are measured on this frame alone."""
    return [
        *emotions.raw[number].tolist(),
        *emotions.by_region[number].ravel().tolist(),
        *emotions.reliability[number].tolist(),
    ]


def _rounded(cells: list[Cell], columns: tuple[Column, ...]) -> Row:
    return tuple(
        _round(cell, column.decimals) if isinstance(cell, float) else cell
        for cell, column in zip(cells, columns, strict=True)
    )


def _round(value: float, decimals: int) -> float | None:
    """Return the value as written; what is not a number has no JSON and becomes an empty cell."""
    # Adding zero turns -0.0 into 0.0.
    return round(value, decimals) + 0.0 if math.isfinite(value) else None
