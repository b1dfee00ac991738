"""On-disk layout of a data set: file names, index columns, path of each crop."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.errors import DataError
from models.manifest import EMOTIONS
from models.region_registry import REGIONS

INDEX_NAME = "index.csv"
CONFIG_NAME = "build.json"
NOT_FOUND_NAME = "not_found.csv"


def one_line(error: Exception) -> str:
    """Return what an error says, without line breaks and unprintable characters."""
    return "".join(character if character.isprintable() else " " for character in str(error))


def index_columns() -> tuple[str, ...]:
    """Return the columns of the index table, which has one row per face that was found.

    hidden_*: how much a drawn cover hides of a region.
    """
    return (
        *("id", "file", "split", "subject", "label"),
        *(f"p_{emotion}" for emotion in EMOTIONS),
        *("weight", "agreement", "found", "eye_distance_px", "yaw_deg", "pitch_deg", "roll_deg"),
        *(f"hidden_{region}" for region in REGIONS),
    )


def crop_path(data: Path, region: str, row: Mapping[str, str]) -> Path:
    """Return where the crop of one index row lies."""
    return data / region / row["split"] / row["label"] / f"{row['id']}.png"


def read_config(data: Path) -> Mapping[str, Any]:
    """Return the build's configuration: geometry per region, border, number of faces.

    Raises:
        DataError: no finished data set there.
    """
    path = data / CONFIG_NAME
    if not path.is_file() or not (data / INDEX_NAME).is_file():
        raise DataError(f"{data} is no finished data set; make one with `python -m models.dataset build --out {data}`")
    try:
        config: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
    except (RecursionError, ValueError) as error:
        raise DataError(f"{path} is damaged ({one_line(error)}); build the data set again in another folder") from error
    if not isinstance(config, dict) or not isinstance(config.get("geometry"), dict):
        raise DataError(f"{path} must have the geometry of each region; build the data set again in another folder")
    return config


def read_index(data: Path, split: str) -> list[dict[str, str]]:
    """Return the index rows of one split.

    Raises:
        DataError: the split is empty, or the index is damaged.
    """
    path = data / INDEX_NAME
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            every = list(csv.DictReader(stream))
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path} is damaged ({one_line(error)}); build the data set again in another folder") from error
    for line, row in enumerate(every, start=2):
        # A cell that is missing is None, and cells that no column names are under None.
        if "split" not in row or None in row or None in row.values():
            raise DataError(f"{path} is damaged: row {line} is cut off; build the data set again in another folder")
    rows = [row for row in every if row["split"] == split]
    if not rows:
        raise DataError(f"{data} has no faces in the split {split!r}; see --val-share and --test-share")
    return rows
