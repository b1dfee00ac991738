"""Pieces whose faces are drawn: numbers, order and times of the joined run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from realtime.batch.pieces.piece_file import PieceFile, PieceWriter, read_head
from realtime.batch.pieces.piece_join import BROKEN, JoinedPieces, PiecesDifferError
from realtime.core.types import Analysed
from tests.support.values.analysed import moment

# A face's place in the picture, by its name.
PLACES = {"left": 0.0, "middle": 200.0, "right": 400.0}
Seen = dict[str, int]


def frame(time_s: float, seen: Seen) -> Analysed:
    """A frame in which place -> track is seen, in this order."""
    made = moment(time_s, dict.fromkeys(seen.values(), "anger"))
    boxes = np.array([[PLACES[place], 0, PLACES[place] + 50, 50] for place in seen], np.float32).reshape(-1, 4)
    return replace(made, faces=replace(made.faces, boxes_xyxy=boxes))


def piece(path: Path, frames: Sequence[tuple[float, Seen]], **head: object) -> Path:
    writer = PieceWriter()
    for time_s, seen in frames:
        writer.add(frame(time_s, seen))
    writer.write(path, {"key": path.name, **head})
    return path


def joined(paths: list[Path], begins_s: list[float]) -> list[tuple[float, dict[float, int]]]:
    """Return of each frame its time, and left edge -> track in the order of its faces."""
    return [
        (one.media_time_s, dict(zip(one.faces.boxes_xyxy[:, 0].tolist(), one.faces.track_ids.tolist(), strict=True)))
        for one in JoinedPieces(paths, begins_s).frames()
    ]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    given = [moment(0.0, {3: "anger", 5: "uncertain"}), moment(0.1, {}), moment(0.2, {5: "sadness"})]
    writer = PieceWriter()
    for one in given:
        writer.add(one)
    writer.write(tmp_path / "folder" / "a.npz", {"key": 1})
    file = PieceFile(tmp_path / "folder" / "a.npz")
    assert read_head(tmp_path / "folder" / "a.npz")["key"] == file.head["key"] == 1
    for before, after in zip(given, file.frames(), strict=True):
        assert after.media_time_s == before.media_time_s
        for name in ("boxes_xyxy", "head_pose_deg", "track_ids"):
            assert np.array_equal(getattr(after.faces, name), getattr(before.faces, name))
        for name in ("raw", "by_region", "reliability", "labels", "reasons", "regions"):
            assert np.array_equal(getattr(after.emotions, name), getattr(before.emotions, name))


def test_persons_keep_their_numbers_and_newcomers_get_the_next_ones(tmp_path: Path) -> None:
    first = piece(
        tmp_path / "1",
        [(0.0, {"left": 1}), (1.0, {"left": 1, "right": 2}), (2.0, {"right": 2}), (3.0, {"right": 2})],
    )
    # Here the one on the right is seen first, and one that is gone again before the joint.
    second = piece(
        tmp_path / "2",
        [(1.0, {"right": 1, "left": 2}), (2.0, {"right": 1, "middle": 3}), (3.0, {"right": 1}), (4.0, {"left": 4})],
    )
    third = piece(tmp_path / "3", [(3.0, {"right": 1}), (4.0, {"left": 2}), (5.0, {"left": 2, "middle": 3})])
    assert joined([first, second, third], [0.0, 3.0, 5.0]) == [
        (0.0, {0.0: 1}),
        (1.0, {0.0: 1, 400.0: 2}),
        (2.0, {400.0: 2}),
        (3.0, {400.0: 2}),
        (4.0, {0.0: 3}),
        (5.0, {0.0: 3, 200.0: 4}),
    ]


def test_somebody_who_is_away_at_the_joint_comes_back_under_the_same_number(tmp_path: Path) -> None:
    first = piece(tmp_path / "1", [(0.0, {"left": 1}), (1.0, {"left": 1, "right": 2}), (2.0, {"left": 1})])
    second = piece(tmp_path / "2", [(1.0, {"right": 1, "left": 2}), (2.0, {"left": 2}), (3.0, {"left": 2, "right": 1})])
    assert joined([first, second], [0.0, 3.0])[-1] == (3.0, {0.0: 1, 400.0: 2})


def test_rows_that_differ_after_a_joint_are_counted(tmp_path: Path) -> None:
    first = piece(tmp_path / "1", [(0.0, {"left": 1}), (1.0, {"left": 1}), (2.0, {"left": 1}), (3.0, {"left": 1})])
    second = piece(tmp_path / "2", [(1.0, {"left": 1}), (2.0, {"right": 2, "left": 1}), (3.0, {"left": 1}), (4.0, {})])
    pieces = JoinedPieces([first, second], [0.0, 2.0])
    assert (pieces.compared, pieces.differing) == (3, 1)
    assert [one.media_time_s for one in pieces.frames()] == [0.0, 1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    "times_s",
    [
        (1.0, 1.5, 2.0),  # A frame that the first piece has not.
        (1.001, 2.0),  # Another one.
        (2.0, 3.0),  # None before the joint.
        (1.0, 2.5),  # Another one after it.
    ],
)
def test_pieces_with_other_frames_do_not_fit(tmp_path: Path, times_s: tuple[float, ...]) -> None:
    first = piece(tmp_path / "1", [(0.0, {}), (1.0, {}), (2.0, {})])
    second = piece(tmp_path / "2", [(time_s, {}) for time_s in times_s])
    with pytest.raises(PiecesDifferError, match="around 2 s are not those that seeking finds"):
        JoinedPieces([first, second], [0.0, 2.0])


@pytest.mark.parametrize("data", [b"", b"no archive", b"PK\x03\x04 half"])
def test_a_damaged_file_is_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(data)
    assert read_head(path) == read_head(tmp_path / "gone.npz") == {}
    with pytest.raises(BROKEN):
        JoinedPieces([path], [0.0])


@pytest.mark.parametrize(
    ("first", "second", "fit"),
    [
        ([0, 500], [500, 900], True),
        ([0, 500], [0, 900], True),
        (None, [700, 900], True),  # Not every format tells places.
        ([0, 500], None, True),
        ([0, 500], [501, 900], False),
    ],
)
def test_pieces_with_something_between_them_in_the_file_do_not_fit(tmp_path: Path, first, second, fit: bool) -> None:
    """Their times agree: of two recordings in one file, the first's begin and the second's end."""
    frames: list[tuple[float, Seen]] = [(n / 10, {"left": 1}) for n in range(20)]
    paths = [piece(tmp_path / "0", frames[:13], stretch=first), piece(tmp_path / "1", frames[7:], stretch=second)]
    if fit:
        assert len(joined(paths, [0.0, 1.0])) == 20
    else:
        with pytest.raises(PiecesDifferError, match="around 1 s are not those that seeking finds"):
            JoinedPieces(paths, [0.0, 1.0])
