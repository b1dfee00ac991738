"""The one schema of every table: which columns there are, and the rows of one frame. `docs/table.md` describes it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np

from models.spec import EMOTIONS, REGIONS
from realtime.types import UNCERTAIN, Analysed

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
    """

    name: str
    kind: type[int] | type[float] | type[str]
    decimals: int = 0


def _columns() -> tuple[Column, ...]:
    shares = [f"{prefix}_{emotion}" for prefix in ("p", "raw", *REGIONS) for emotion in EMOTIONS]
    shares += [f"reliability_{region}" for region in REGIONS]
    return (
        Column("frame", int),
        Column("media_time_s", float, 6),
        Column("wall_time", str),
        Column("faces", int),
        Column("face", int),
        Column("track", int),
        *(Column(name, float, 1) for name in ("x1", "y1", "x2", "y2")),
        *(Column(name, float, 1) for name in ("yaw_deg", "pitch_deg", "roll_deg")),
        Column("label", str),
        Column("confidence", float, 4),
        Column("uncertain_reason", str),
        *(Column(name, float, 4) for name in shares),
    )


COLUMNS = _columns()
"""Every column, in the order of every table."""

_FRAME_COLUMNS = 4


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
    shares = np.concatenate(
        [
            emotions.probabilities[number],
            emotions.raw[number],
            emotions.by_region[number].ravel(),
            emotions.reliability[number],
        ]
    )
    return [
        number,
        int(faces.track_ids[number]),
        *faces.boxes_xyxy[number].tolist(),
        *faces.head_pose_deg[number].tolist(),
        label,
        float(emotions.probabilities[number].max()),
        emotions.reasons[number] or None if label == UNCERTAIN else None,
        *shares.tolist(),
    ]


def _rounded(cells: list[Cell]) -> Row:
    return tuple(
        _round(cell, column.decimals) if isinstance(cell, float) else cell
        for cell, column in zip(cells, COLUMNS, strict=True)
    )


def _round(value: float, decimals: int) -> float | None:
    """Return the value as written; what is not a number has no JSON and becomes an empty cell."""
    # Adding zero turns -0.0 into 0.0.
    return round(value, decimals) + 0.0 if math.isfinite(value) else None
