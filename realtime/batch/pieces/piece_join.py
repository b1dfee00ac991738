"""Frames of all pieces in order, as those of one run, with its track numbers."""

from __future__ import annotations

import math
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from realtime.batch.pieces.piece_file import PieceFile, PieceFrame
from realtime.landmarks.box_overlap import intersection_over_union

_SAME_FACE = 0.5
# Rows differ where the table would: a box by a tenth of a pixel, a share by a ten-thousandth.
_SAME_BOX_PX, _SAME_SHARE = 0.05, 5e-5
BROKEN = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile)
"""What reading a damaged file of a piece raises."""


class PiecesDifferError(Exception):
    """Two pieces disagree about the frames that both have: the file cannot be cut."""


class JoinedPieces:
    """The pieces of one video.

    Two neighbors have some seconds in common, in which their faces are compared: tracks that overlap most often are one
    person, and have the number of the earlier piece. A track that begins after the joint has the next free number.

    Args:
        paths: their files, in order.
        begins_s: where each begins, in seconds of media time.

    Attributes:
        compared: `int`, rows in the first second after the joints, which both pieces have.
        differing: `int`, how many of these are not the same in both pieces.
        heads: what was said of each piece.

    Raises:
        PiecesDifferError: the times of two neighbors differ, or there is something between them.
        OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile: a file cannot be read.
    """

    def __init__(self, paths: Sequence[Path], begins_s: Sequence[float]) -> None:
        self._paths, self._begins_s = paths, begins_s
        self.compared = self.differing = 0
        self.heads: list[dict[str, Any]] = []
        before: PieceFile | None = None
        for path, begin_s in zip(paths, begins_s, strict=True):
            file = PieceFile(path)
            self.heads.append(file.head)
            if before is not None:
                if _apart(before.head.get("stretch"), file.head.get("stretch")):
                    raise _unlike(begin_s)
                self._compare(before, file, begin_s)
            before = file

    def frames(self) -> Iterator[PieceFrame]:
        """Yield every frame of the video, in order. Raises OSError, ValueError."""
        numbers, highest = dict[int, int](), 0
        before: PieceFile | None = None
        for path, begin_s, end_s in zip(self._paths, self._begins_s, [*self._begins_s[1:], math.inf], strict=True):
            file = PieceFile(path)
            same = {} if before is None else _same_tracks(*_overlap(before, file, begin_s))
            numbers = {track: numbers[other] for track, other in same.items() if other in numbers}
            for frame in file.frames(_first(file, begin_s), _first(file, end_s)):
                for track in frame.faces.track_ids.tolist():
                    if track not in numbers:
                        highest += 1
                        numbers[track] = highest
                yield _numbered(frame, numbers)
            before = file

    def _compare(self, before: PieceFile, file: PieceFile, begin_s: float) -> None:
        """Compare what both pieces have of the time after a joint. Raises PiecesDifferError."""
        _overlap(before, file, begin_s)
        earlier = before.frames(_first(before, begin_s))
        for one, other in zip(earlier, file.frames(_first(file, begin_s)), strict=False):
            if one.media_time_s != other.media_time_s:
                raise _unlike(begin_s)
            rows = max(len(one.faces), len(other.faces))
            self.compared += rows
            self.differing += rows - _same_rows(one, other)


def _first(file: PieceFile, begin_s: float) -> int:
    return int(np.searchsorted(file.times_s, begin_s))


def _apart(before: Sequence[int] | None, later: Sequence[int] | None) -> bool:
    """Return whether there are bytes between what two neighbors have read, which neither has.

    In a transport stream whose clock begins again, as of two recordings in one file, seeking may find the second one.
    """
    return before is not None and later is not None and later[0] > before[1]


def _overlap(before: PieceFile, file: PieceFile, begin_s: float) -> tuple[list[PieceFrame], list[PieceFrame]]:
    """Return the frames that two neighbors have in common. Raises PiecesDifferError."""
    last, end = _first(before, begin_s), _first(file, begin_s)
    start = int(np.searchsorted(before.times_s, file.times_s[0])) if len(file) else last
    if not end or not np.array_equal(before.times_s[start:last], file.times_s[:end]):
        raise _unlike(begin_s)
    return list(before.frames(start, last)), list(file.frames(0, end))


def _unlike(begin_s: float) -> PiecesDifferError:
    return PiecesDifferError(f"its frames around {begin_s:g} s are not those that seeking finds")


def _same_tracks(earlier: Sequence[PieceFrame], later: Sequence[PieceFrame]) -> dict[int, int]:
    """Return later piece's track -> earlier piece's, one to one, those first that overlap in most frames."""
    votes: Counter[tuple[int, int]] = Counter()
    for one, other in zip(earlier, later, strict=True):
        for track, box in zip(other.faces.track_ids.tolist(), other.faces.boxes_xyxy.tolist(), strict=True):
            for known, place in zip(one.faces.track_ids.tolist(), one.faces.boxes_xyxy.tolist(), strict=True):
                votes[track, known] += intersection_over_union(box, place) > _SAME_FACE
    same: dict[int, int] = {}
    for (track, known), count in votes.most_common():
        if count and track not in same and known not in same.values():
            same[track] = known
    return same


def _same_rows(one: PieceFrame, other: PieceFrame) -> int:
    """Return how many faces of a frame are the same in both pieces, wherever in the frame's list they are."""
    same = 0
    for row, box in enumerate(one.faces.boxes_xyxy):
        same += any(
            bool(np.abs(box - again).max() < _SAME_BOX_PX)
            and bool(np.abs(one.emotions.raw[row] - other.emotions.raw[at]).max() < _SAME_SHARE)
            for at, again in enumerate(other.faces.boxes_xyxy)
        )
    return same


def _numbered(frame: PieceFrame, numbers: dict[int, int]) -> PieceFrame:
    ids = np.array([numbers[track] for track in frame.faces.track_ids.tolist()], np.int64)
    return replace(frame, faces=frame.faces.with_track_ids(ids))
