"""Frames for tables, and tables read back."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from realtime.core.types import Analysed, Emotions, Faces, Frame
from realtime.reports.table_schema import COLUMNS
from realtime.reports.table_writer import open_table

NAMES = [column.name for column in COLUMNS]
FORMATS = [".csv", ".jsonl", ".parquet"]
SHARES = np.array([0.5, 0.1, 0.05, 0.05, 0.123456, 0.176544], np.float32)


def analysed(index: int, count: int, captured_at_s: float = 0.0) -> Analysed:
    frame = Frame(np.zeros((4, 4, 3), np.uint8), index, index / 30, captured_at_s)
    boxes = np.array([[10.04, 20.06, 30, 40]], np.float32) + 100 * np.arange(count, dtype=np.float32)[:, None]
    faces = Faces(
        boxes_xyxy=boxes.astype(np.float32).reshape(count, 4),
        landmarks_xy=np.zeros((count, 468, 2), np.float32),
        head_pose_deg=np.tile(np.array([-12.34, 5.0, -0.01], np.float32), (count, 1)),
        track_ids=np.arange(count, dtype=np.int64) + 7,
    )
    emotions = Emotions(
        probabilities=np.tile(SHARES, (count, 1)),
        by_region=np.tile(np.stack([SHARES[::-1], np.roll(SHARES, 1)]), (count, 1, 1)).reshape(count, 2, 6),
        reliability=np.tile(np.array([0.9, 0.25], np.float32), (count, 1)),
        labels=tuple("happiness" if n % 2 == 0 else "uncertain" for n in range(count)),
        raw=np.tile(np.roll(SHARES, 2), (count, 1)),
        reasons=tuple("" if n % 2 == 0 else "turned" for n in range(count)),
    )
    return Analysed(frame, faces, emotions)


def write_all(path: Path, frames: list[Analysed], **options: Any) -> Path:
    table = open_table(path, **options)
    for frame in frames:
        table.write(frame)
    table.close()
    return path


def read_all(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_table(path).to_pylist()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    kinds = {column.name: column.kind for column in COLUMNS}
    return [{name: kinds[name](cell) if cell else None for name, cell in row.items()} for row in rows]
