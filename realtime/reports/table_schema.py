"""Schema shared by all table formats, and the rows of one frame; described in `docs/table.md`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timezone

from models.manifest import EMOTIONS, REGIONS
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


_SHARES = {
    "p": "fused from both regions, smoothed over time",
    "raw": "fused from both regions, this frame alone",
    **{region: f"the {region} expert's own answer, this frame alone" for region in REGIONS},
}


def _columns() -> tuple[Column, ...]:
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
        Column("confidence", float, 4, "1", 'the p_ column of the label; the largest where the label is "uncertain"'),
        Column("uncertain_reason", str, about='why the label is "uncertain"'),
        *(Column(f"{key}_{emotion}", float, 4, "1", text) for key, text in _SHARES.items() for emotion in EMOTIONS),
        *(Column(f"reliability_{name}", float, 4, "1", f"how far the {name} could be trusted") for name in REGIONS),
        Column("emotion_age_s", float, 6, "s", "how much earlier than this frame the shown emotion was measured"),
    )


COLUMNS = _columns()
"""Every column, in the order of every table."""

_FRAME_COLUMNS = 4
_NAMES = [column.name for column in COLUMNS]
_MEASURED = slice(_NAMES.index(f"raw_{EMOTIONS[0]}"), _NAMES.index(f"reliability_{REGIONS[-1]}") + 1)


def rows_of(analysed: Analysed, wall_time: str | None) -> list[Row]:
    """Return one row per face, or a single one with empty face columns where there is none.

    Args:
        analysed: the frame.
        wall_time: when it was taken, see `iso_utc`; `None` leaves the cell empty.
    """
    frame, faces = analysed.frame, analysed.faces
    head: list[Cell] = [frame.index, frame.media_time_s, wall_time, len(faces)]
    if not len(faces):
        return [_rounded([*head, *[None] * (len(COLUMNS) - _FRAME_COLUMNS)])]
    return [_rounded([*head, *_face_cells(analysed, number)]) for number in range(len(faces))]


def iso_utc(seconds: float) -> str:
    """Return Unix time as ISO 8601 in UTC with milliseconds: "2025-03-01T12:00:00.250Z"."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
    return [
        (*row[: _MEASURED.start], *_rounded(_measured_cells(emotions, number), _MEASURED), *row[_MEASURED.stop :])
        for number, row in enumerate(rows)
    ]


def _measured_cells(emotions: Emotions, number: int) -> list[Cell]:
    """Return the cells of one face that are measured on this frame alone."""
    return [
        *emotions.raw[number].tolist(),
        *emotions.by_region[number].ravel().tolist(),
        *emotions.reliability[number].tolist(),
    ]


def _rounded(cells: list[Cell], part: slice = slice(None)) -> Row:
    return tuple(
        _round(cell, column.decimals) if isinstance(cell, float) else cell
        for cell, column in zip(cells, COLUMNS[part], strict=True)
    )


def _round(value: float, decimals: int) -> float | None:
    """Return the value as written; what is not a number has no JSON and becomes an empty cell."""
    # Adding zero turns -0.0 into 0.0.
    return round(value, decimals) + 0.0 if math.isfinite(value) else None
