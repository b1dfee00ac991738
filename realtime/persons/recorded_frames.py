"""The analyzed frames of a table, made again from its rows, with the pictures of its video where that is there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from models.manifest import EMOTIONS
from realtime.capture.video_file import FileSource
from realtime.core.errors import EmotionLiveError
from realtime.core.protocols import Tracks
from realtime.core.types import UNCERTAIN, Analysed, Emotions, Faces, Frame, ImageArray
from realtime.persons.recorded_table import RecordedTable, Row, number
from realtime.provenance.source_facts import first_megabyte_sha256

_NOTHING = np.zeros((1, 1, 3), np.uint8)
_RELIABILITY = "reliability_"


def video_of(table: RecordedTable, given: Path | None) -> Path | None:
    """Return the video that a table was made of: where it is given, beside the table or here; `None` if it is gone.

    Another file of that name is not taken.
    """
    told: Mapping[str, Any] = table.facts.get("source_facts") or {}
    name = str(told.get("name", ""))
    if told.get("live", True) or not name:
        return None
    places = [given] if given else [Path(told.get("path", name)), table.path.parent / name, Path(name)]
    for place in places:
        try:
            same = place.stat().st_size == told.get("bytes")
            if same and first_megabyte_sha256(place) == told.get("sha256_of_first_megabyte"):
                return place
        except OSError:
            continue
    return None


def recorded_frames(table: RecordedTable, video: Path | None) -> Iterator[Analysed]:
    """Yield every frame of a table, in order, without landmarks.

    Args:
        table: its rows.
        video: for the pictures; without one they are of a single black pixel.

    Raises:
        RecordError: the table is damaged.
        SourceError: the video cannot be read.
    """
    regions = tuple(one.name.removeprefix(_RELIABILITY) for one in table.columns if one.name.startswith(_RELIABILITY))
    with ExitStack() as stack:
        pictures = None
        if video is not None:
            pictures = stack.enter_context(_Pictures(video, table.facts))
        # After a seek a number can come twice.
        for (index, _), group in itertools.groupby(table.rows(), key=lambda row: (row["frame"], row["media_time_s"])):
            rows = list(group)
            try:
                picture = _NOTHING if pictures is None else pictures.of(int(index))
                yield _analysed(int(index), rows, picture, regions)
            except (ValueError, TypeError, LookupError, OverflowError) as error:
                raise table.damaged(error, f"frame {index}") from error


class _Pictures:
    """The pictures of a video, asked for in order.

    Args:
        video: the file.
        facts: of the table, which say which track of it was analyzed.
    """

    def __init__(self, video: Path, facts: Mapping[str, Any]) -> None:
        told = (facts.get("options") or {}).get("tracks") or {}
        self._source = FileSource(str(video), tracks=Tracks(told.get("video")))
        self._frame: Frame | None = None

    def __enter__(self) -> _Pictures:
        self._source.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._source.close()

    def of(self, index: int) -> ImageArray:
        """Return the picture of one frame; a black pixel where the video breaks off before it."""
        while self._frame is None or self._frame.index < index:
            try:
                self._frame = self._source.read()
            except EmotionLiveError:
                self._frame = None
            if self._frame is None:
                return _NOTHING
        return self._frame.image_bgr


def _analysed(index: int, rows: Sequence[Row], picture: ImageArray, regions: tuple[str, ...]) -> Analysed:
    faces = [row for row in rows if row["track"] not in ("", None)]
    frame = Frame(picture, index, float(rows[0]["media_time_s"]), 0.0)
    found = Faces(
        boxes_xyxy=_floats(faces, ["x1", "y1", "x2", "y2"]),
        landmarks_xy=np.zeros((len(faces), 0, 2), np.float32),
        head_pose_deg=_floats(faces, ["yaw_deg", "pitch_deg", "roll_deg"]),
        track_ids=np.array([int(number(row["track"]) or 0) for row in faces], np.int64),
    )
    shown = _floats(faces, [f"p_{emotion}" for emotion in EMOTIONS], otherwise=1 / len(EMOTIONS))
    ages = _floats(faces, ["emotion_age_s"], otherwise=np.inf)[:, 0]
    said = Emotions(
        probabilities=shown,
        by_region=np.repeat(shown[:, None], len(regions), axis=1),
        reliability=_floats(faces, [f"{_RELIABILITY}{name}" for name in regions]),
        labels=tuple(row["label"] for row in faces),
        raw=shown,
        reasons=tuple((row["uncertain_reason"] or "") if row["label"] == UNCERTAIN else "" for row in faces),
        age_s=ages,
        regions=regions,
    )
    return Analysed(frame, found, said)


def _floats(rows: Sequence[Row], columns: Sequence[str], otherwise: float = 0.0) -> Any:
    """Return columns as `(N, C) float32`; `otherwise` where a cell is empty."""
    cells = [[number(row[name]) for name in columns] for row in rows]
    filled = [[otherwise if cell is None else cell for cell in one] for one in cells]
    return np.array(filled, np.float32).reshape(len(rows), len(columns))
