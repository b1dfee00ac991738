"""The file that keeps the analysis of one piece: numbers and one line of JSON, nothing that could be run."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.manifest import EMOTIONS
from models.new_files import write_whole
from realtime.core.types import Analysed, Emotions, Faces

_HEAD = "head"


@dataclass(frozen=True, slots=True, eq=False)
class PieceFrame:
    """One frame of a piece, without its picture.

    Attributes:
        media_time_s: `float`, in seconds.
        faces: without landmarks.
        emotions: not smoothed.
    """

    media_time_s: float
    faces: Faces
    emotions: Emotions


class PieceFile:
    """Frames of one piece, read from its file.

    Args:
        path: what `PieceWriter.write` wrote.

    Attributes:
        head: what was said of it.
        times_s: `(F,) float64`, media time of each frame.

    Raises:
        OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile: it cannot be read, or is none.
    """

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as stored:
            self.head: dict[str, Any] = json.loads(str(stored[_HEAD]))
            self.times_s: npt.NDArray[np.float64] = stored["times_s"]
            self._counts, self._rows = stored["counts"], stored["rows"]
        self._ends = np.cumsum(self._counts)

    def __len__(self) -> int:
        return len(self.times_s)

    def frame(self, number: int) -> PieceFrame:
        """Return one frame, counted from 0."""
        end = int(self._ends[number])
        rows = self._rows[end - int(self._counts[number]) : end]
        nothing = np.zeros((len(rows), 0, 2), np.float32)
        words = self.head["words"]
        emotions = Emotions(
            probabilities=rows["raw"],
            by_region=rows["by_region"],
            reliability=rows["reliability"],
            labels=tuple(words[code] for code in rows["label"].tolist()),
            raw=rows["raw"],
            reasons=tuple(words[code] for code in rows["reason"].tolist()),
            regions=tuple(self.head["regions"]),
        )
        return PieceFrame(
            float(self.times_s[number]), Faces(rows["box"], nothing, rows["pose"], rows["track"]), emotions
        )

    def frames(self, first: int = 0, end: int | None = None) -> Iterator[PieceFrame]:
        """Yield frames from number `first` on, to the last one before `end`."""
        for number in range(first, len(self) if end is None else end):
            yield self.frame(number)


def read_head(path: Path) -> dict[str, Any]:
    """Return what was said of a piece, nothing where there is no such file or none that can be read."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            head = json.loads(str(stored[_HEAD]))
        return head if isinstance(head, dict) else {}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}


class PieceWriter:
    """Gathers the frames of one piece, without pictures and landmarks, and writes them at the end.

    Everything goes into one growing buffer: small arrays that stay, between pictures that go, would keep the memory of
    these from being used again.
    """

    def __init__(self) -> None:
        self._times_s: list[float] = []
        self._counts: list[int] = []
        self._rows = bytearray()
        self._codes: dict[str, int] = {}
        self._regions: tuple[str, ...] = ()

    def add(self, analysed: Analysed) -> None:
        """Take the next frame."""
        faces, said = analysed.faces, analysed.emotions
        self._regions = said.regions
        rows = np.empty(len(faces), _row_type(len(said.regions)))
        rows["box"], rows["pose"], rows["track"] = faces.boxes_xyxy, faces.head_pose_deg, faces.track_ids
        rows["raw"], rows["by_region"], rows["reliability"] = said.raw, said.by_region, said.reliability
        rows["label"] = [self._code(word) for word in said.labels]
        rows["reason"] = [self._code(word) for word in said.reasons]
        self._times_s.append(analysed.media_time_s)
        self._counts.append(len(faces))
        self._rows += rows.tobytes()

    def write(self, path: Path, head: Mapping[str, Any]) -> None:
        """Write all frames, whole or not at all; a file that is there is replaced. Raises OSError.

        Args:
            path: where to.
            head: what is to be said of them, in what JSON has.
        """
        stream = io.BytesIO()
        text = json.dumps({**head, "words": list(self._codes), "regions": self._regions})
        np.savez(
            stream,
            **{_HEAD: np.array(text)},
            times_s=np.array(self._times_s, np.float64),
            counts=np.array(self._counts, np.int64),
            rows=np.frombuffer(self._rows, _row_type(len(self._regions))),
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, stream.getvalue())

    def _code(self, word: str) -> int:
        return self._codes.setdefault(word, len(self._codes))


def _row_type(regions: int) -> np.dtype[Any]:
    """Return the type of a face's row; its numbers are those of `Faces` and `Emotions`."""
    kinds = len(EMOTIONS)
    return np.dtype(
        [
            ("box", np.float32, (4,)),
            ("pose", np.float32, (3,)),
            ("track", np.int64),
            ("raw", np.float32, (kinds,)),
            ("by_region", np.float32, (regions, kinds)),
            ("reliability", np.float32, (regions,)),
            ("label", np.int16),
            ("reason", np.int16),
        ]
    )
