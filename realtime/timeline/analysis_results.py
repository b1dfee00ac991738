"""Compact in-memory results of every frame of a video: about 160 bytes per face, no pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from models.manifest import EMOTIONS
from realtime.core.config import SmoothingConfig
from realtime.core.persons.person_edits import PersonEdits
from realtime.core.types import Analysed, Emotions, Faces, Frame
from realtime.smoothing.offline import smooth_offline
from realtime.timeline.timeline import LABELS

_FIRST_ROOM = 256
_K = len(EMOTIONS)


class AnalysisResults:
    """Faces and emotions of all frames, in order, as structured arrays; landmarks and pictures are not kept.

    Filled on one thread, then only read, from any.
    """

    def __init__(self) -> None:
        self._count = 0
        self._times_s = np.zeros(_FIRST_ROOM, np.float64)
        # Frame i owns the rows _starts[i] to _starts[i + 1].
        self._starts = np.zeros(_FIRST_ROOM + 1, np.int64)
        self._rows: npt.NDArray[np.void] | None = None
        self._regions: tuple[str, ...] = ()
        self._row_count = 0
        self._reasons = [""]

    def __len__(self) -> int:
        return self._count

    @property
    def times_s(self) -> npt.NDArray[np.float64]:
        """Media time of each frame in seconds, `(F,)`, growing."""
        return self._times_s[: self._count]

    @property
    def end_s(self) -> float:
        """When the last frame ends, in seconds of media time."""
        if self._count < 2:
            return float(self.times_s[-1]) + 1 / 30 if self._count else 0.0
        return float(2 * self.times_s[-1] - self.times_s[-2])

    @property
    def nbytes(self) -> int:
        """Memory taken, in bytes."""
        return self._times_s.nbytes + self._starts.nbytes + (0 if self._rows is None else self._rows.nbytes)

    def add(self, analysed: Analysed) -> None:
        """Append the results of the next frame."""
        if self._count == len(self._times_s):
            self._times_s = np.concatenate([self._times_s, np.zeros_like(self._times_s)])
            self._starts = np.concatenate([self._starts, np.zeros_like(self._times_s)]).astype(np.int64)
        faces, emotions = analysed.faces, analysed.emotions
        first, end = self._row_count, self._row_count + len(faces)
        self._regions = emotions.regions
        rows = self._room_for(end)[first:end]
        rows["track"], rows["box"], rows["pose"] = faces.track_ids, faces.boxes_xyxy, faces.head_pose_deg
        rows["raw"], rows["by_region"], rows["reliability"] = emotions.raw, emotions.by_region, emotions.reliability
        self._note(rows, emotions)
        self._times_s[self._count] = analysed.frame.media_time_s
        self._count += 1
        self._starts[self._count] = self._row_count = end

    def faces(self, index: int) -> Faces:
        """Return the faces of frame `index`, without landmarks."""
        rows = self._of(index)
        return Faces(
            boxes_xyxy=rows["box"],
            landmarks_xy=np.zeros((len(rows), 0, 2), np.float32),
            head_pose_deg=rows["pose"],
            track_ids=rows["track"],
        )

    def emotions(self, index: int) -> Emotions:
        """Return what the faces of frame `index` show."""
        rows = self._of(index)
        return Emotions(
            probabilities=rows["shown"],
            by_region=rows["by_region"],
            reliability=rows["reliability"],
            labels=tuple(LABELS[number] for number in rows["label"].tolist()),
            raw=rows["raw"],
            reasons=tuple(self._reasons[number] for number in rows["reason"].tolist()),
            regions=self._regions,
        )

    def analysed(self, index: int, frame: Frame) -> Analysed:
        """Return frame `index` with its picture, as exports take it."""
        return Analysed(frame, self.faces(index), self.emotions(index))

    def index_at(self, time_s: float) -> int:
        """Return the number of the frame that is shown at `time_s`; the nearest one outside of the video."""
        return int(np.clip(np.searchsorted(self.times_s, time_s, "right") - 1, 0, max(0, self._count - 1)))

    def people(self) -> list[int]:
        """Return every person's number, those seen longest first."""
        tracks, counts = np.unique(self._all()["track"], return_counts=True)
        return [int(track) for _, track in sorted(zip(-counts, tracks, strict=True))]

    def course(self, track: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
        """Return one person's course over the video.

        Returns:
            Numbers of the frames with this person `(M,)`, shown probabilities `(M, K)`, labels `(M,)` as numbers into
            `realtime.timeline.timeline.LABELS`.
        """
        rows = self._all()
        mine = np.flatnonzero(rows["track"] == track)
        frames = np.searchsorted(self._starts[: self._count + 1], mine, "right") - 1
        return frames.astype(np.int64), rows["shown"][mine], rows["label"][mine]

    def smooth(self, config: SmoothingConfig) -> None:
        """Smooth in both directions of time: nothing lags, since the end is known."""
        ids = [self.faces(index).track_ids for index in range(self._count)]
        said = [self.emotions(index) for index in range(self._count)]
        for index, emotions in enumerate(smooth_offline(self.times_s.tolist(), ids, said, config)):
            self._note(self._of(index), emotions)

    def stored(self) -> dict[str, npt.NDArray[Any]]:
        """Return everything as arrays that `numpy.savez` can write without pickling; `restored` takes them back."""
        return {
            "times_s": self.times_s,
            "starts": self._starts[: self._count + 1],
            "rows": self._all(),
            "regions": np.array(self._regions, np.str_),
            "reasons": np.array(self._reasons, np.str_),
        }

    @classmethod
    def restored(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> AnalysisResults:
        """Return the results that `stored` made these arrays of.

        Raises:
            ValueError: they do not fit together, or are those of another version.
            KeyError: one is missing.
        """
        results = cls()
        results._times_s = np.array(arrays["times_s"], np.float64)
        results._starts = np.array(arrays["starts"], np.int64)
        results._regions = tuple(str(region) for region in arrays["regions"].tolist())
        results._reasons = [str(reason) for reason in arrays["reasons"].tolist()]
        results._count, rows = len(results._times_s), arrays["rows"]
        if rows.dtype != _row_type(len(results._regions)):
            raise ValueError("its columns are those of another version")
        results._rows, results._row_count = rows, len(rows)
        bounds = results._starts
        if (
            len(bounds) != results._count + 1
            or bounds[0] != 0
            or bounds[-1] != len(rows)
            or (np.diff(bounds) < 0).any()
        ):
            raise ValueError("its frames and its rows do not fit together")
        if len(rows) and (rows["label"].max() >= len(LABELS) or rows["reason"].max() >= len(results._reasons)):
            raise ValueError("it has a label that there is not")
        return results

    def by_person(self, persons: PersonEdits) -> AnalysisResults:
        """Return the same frames without what a list leaves out, with persons' numbers in place of tracks'.

        These results stay as they are. The numbers' names are `PersonEdits.title`.
        """
        rows, ends = self._all(), self._starts[1 : self._count + 1]
        frames = np.searchsorted(ends, np.arange(len(rows)), "right")
        numbers, left_out = persons.of_rows(rows["track"], self.times_s[frames])
        kept, counts = rows[~left_out], np.bincount(frames[~left_out], minlength=self._count)
        kept["track"] = numbers[~left_out]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return AnalysisResults.restored({**self.stored(), "rows": kept, "starts": starts})

    def _note(self, rows: npt.NDArray[np.void], emotions: Emotions) -> None:
        for reason in set(emotions.reasons).difference(self._reasons):
            self._reasons.append(reason)
        rows["shown"] = emotions.probabilities
        rows["label"] = [LABELS.index(label) for label in emotions.labels]
        rows["reason"] = [self._reasons.index(reason) for reason in emotions.reasons]

    def _room_for(self, count: int) -> npt.NDArray[np.void]:
        if self._rows is None:
            self._rows = np.zeros(_FIRST_ROOM, _row_type(len(self._regions)))
        while len(self._rows) < count:
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        return self._rows

    def _of(self, index: int) -> npt.NDArray[np.void]:
        return self._all()[self._starts[index] : self._starts[index + 1]]

    def _all(self) -> npt.NDArray[np.void]:
        return np.zeros(0, _row_type(0)) if self._rows is None else self._rows[: self._row_count]


def _row_type(regions: int) -> np.dtype[np.void]:
    return np.dtype(
        [
            ("track", np.int64),
            ("box", np.float32, (4,)),
            ("pose", np.float32, (3,)),
            ("shown", np.float32, (_K,)),
            ("raw", np.float32, (_K,)),
            ("by_region", np.float32, (regions, _K)),
            ("reliability", np.float32, (regions,)),
            ("label", np.uint8),
            ("reason", np.uint8),
        ]
    )
