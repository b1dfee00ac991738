"""Rows of frames that were shown before they were measured, or never measured at all."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime.core.types import NOT_YET, Analysed, Emotions, LateAnswer
from realtime.reports.row_buffer import RowBuffer
from realtime.reports.table_writer import open_table
from tests.support.values.table_rows import FORMATS, analysed, read_all, write_all

MEASURED = ("raw_", "eyes_", "lips_", "reliability_")


def carried(index: int, age_s: float, *, follows: bool = False, late: tuple[int, ...] = (), faces: int = 2) -> Analysed:
    one = analysed(index, faces)
    emotions = dataclasses.replace(one.emotions, age_s=np.full(faces, age_s, np.float32))
    return dataclasses.replace(
        one, emotions=emotions, answer_follows=follows, late=tuple(answer(number, faces) for number in late)
    )


def answer(index: int, faces: int = 2) -> LateAnswer:
    one = analysed(index, faces)
    return LateAnswer(index, one.frame.media_time_s, one.faces, one.emotions)


def measured_cells(row: dict[str, Any]) -> list[float | None]:
    return [value for name, value in row.items() if name.startswith(MEASURED)]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_row_that_was_not_measured_does_not_pretend_to_be(tmp_path: Path, suffix: str) -> None:
    frames = [analysed(0, 2), carried(1, 1 / 30), carried(2, 2 / 30)]
    rows = read_all(write_all(tmp_path / f"t{suffix}", frames))
    assert [row["emotion_age_s"] for row in rows] == [0.0, 0.0, 0.033333, 0.033333, 0.066667, 0.066667]
    assert None not in measured_cells(rows[0])
    for row in rows[2:]:
        assert set(measured_cells(row)) == {None}
        assert (row["label"], row["confidence"], row["p_happiness"]) == (
            rows[row["face"]]["label"],
            rows[row["face"]]["confidence"],
            rows[row["face"]]["p_happiness"],
        )


def test_a_face_that_was_never_measured_has_a_row_without_figures(tmp_path: Path) -> None:
    one = dataclasses.replace(analysed(3, 1), emotions=Emotions.not_yet(1))
    (row,) = read_all(write_all(tmp_path / "t.csv", [one]))
    assert (row["label"], row["uncertain_reason"]) == ("uncertain", NOT_YET)
    assert row["x1"] is not None
    assert {row["emotion_age_s"], row["confidence"], row["p_fear"], *measured_cells(row)} == {None}


def test_an_answer_that_comes_later_stands_in_the_row_of_its_own_frame(tmp_path: Path) -> None:
    frames = [analysed(0, 2), carried(1, 0.03, follows=True), carried(2, 0.07), carried(3, 0.1, late=(1,))]
    path = tmp_path / "t.jsonl"
    table = open_table(path)
    written = []
    for frame in frames:
        table.write(frame)
        written.append(len(path.read_text("utf-8").splitlines()))
    assert written == [2, 2, 2, 8], "rows keep their order, and wait no longer than they must"
    table.close()
    rows = read_all(path)
    assert [row["frame"] for row in rows] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert measured_cells(rows[2]) == measured_cells(rows[0])
    assert measured_cells(rows[3]) == measured_cells(rows[1])
    assert rows[2]["emotion_age_s"] == 0.03, "what was shown is older"
    assert set(measured_cells(rows[4])) == set(measured_cells(rows[6])) == {None}


def test_rows_whose_answer_never_comes_are_written_at_the_end(tmp_path: Path) -> None:
    rows = read_all(write_all(tmp_path / "t.csv", [carried(1, 0.03, follows=True), carried(2, 0.07)]))
    assert [row["frame"] for row in rows] == [1, 1, 2, 2]


def test_frames_without_a_face_wait_and_are_answered_too() -> None:
    late = RowBuffer()
    row = (1, 0.03)
    assert late.take(carried(1, 0.0, follows=True, faces=0), [row]) == []
    assert late.take(carried(2, 0.0, late=(1,), faces=0), [(2, 0.07)]) == [row, (2, 0.07)]


def test_a_classifier_that_hangs_keeps_no_more_than_seconds_of_rows_back() -> None:
    late = RowBuffer()
    out = late.take(carried(0, 0.1, follows=True), [(0,)])
    for index in range(1, 1000):
        out += late.take(carried(index, 0.1), [(index,)])
    assert out == [(index,) for index in range(1000)]


def test_exactly_ten_seconds_of_rows_wait_and_one_frame_more_lets_them_go() -> None:
    late = RowBuffer()
    assert late.take(carried(0, 0.1, follows=True), [(0,)]) == []
    for index in range(1, 300):
        assert late.take(carried(index, 0.1), [(index,)]) == []
    assert late.take(carried(300, 0.1), [(300,)]) == [(index,) for index in range(301)]
    assert late.rest() == []
    assert late.take(carried(301, 0.1), [(301,)]) == [(301,)], "nothing is awaited any more"


def test_rows_go_up_to_the_next_one_that_still_waits() -> None:
    late = RowBuffer()
    for index in (1, 2):
        assert late.take(carried(index, 0.0, follows=True, faces=0), [(index, 0.0)]) == []
    assert late.take(carried(3, 0.0, late=(1,), faces=0), [(3, 0.0)]) == [(1, 0.0)]
    assert late.take(carried(4, 0.0, late=(2,), faces=0), [(4, 0.0)]) == [(2, 0.0), (3, 0.0), (4, 0.0)]
