"""Which videos are cut, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime.batch.batch_options import BatchOptions
from realtime.batch.pieces import piece_plan
from realtime.batch.pieces.piece_plan import Span, planned, spans
from realtime.batch.video_list import Video
from realtime.core.config import FOUND_ANEW_EVERY_S


def videos(tmp_path: Path, *megabytes: float) -> list[Video]:
    """Files of these sizes that take no room on the disk."""
    made = []
    for number, size_mb in enumerate(megabytes):
        path = tmp_path / f"{number}.mp4"
        with path.open("wb") as stream:
            stream.truncate(round(size_mb * 1e6))
        made.append(Video(path, str(number)))
    return made


@pytest.fixture(autouse=True)
def lengths(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each video lasts ten seconds per megabyte; which were asked is noted."""
    asked: list[str] = []

    def length_s(path: Path) -> float:
        asked.append(path.stem)
        return path.stat().st_size / 1e5

    monkeypatch.setattr(piece_plan, "_length_s", length_s)
    return asked


def test_a_long_video_alone_gets_two_pieces_for_each_worker(tmp_path: Path) -> None:
    plan = planned(videos(tmp_path, 60), 2, BatchOptions())
    assert plan["0"] == (Span(0, 150), Span(150, 300), Span(300, 450), Span(450, None))
    assert [span.from_s for span in plan["0"]] == [0, 147, 297, 447]


@pytest.mark.parametrize(
    ("megabytes", "jobs", "cut"),
    [
        ([60], 1, []),  # One worker waits for nobody.
        ([17], 8, []),  # Less than three minutes.
        ([60] * 8, 2, []),  # Enough for everybody.
        ([60] * 3, 2, ["0", "1", "2"]),  # One worker would have two, the other one.
        ([600, *[20] * 30], 4, ["0"]),  # The large one alone would take as long as all others.
    ],
)
def test_a_video_is_cut_where_workers_would_wait_for_it(tmp_path: Path, megabytes, jobs, cut) -> None:
    assert sorted(planned(videos(tmp_path, *megabytes), jobs, BatchOptions())) == cut


def test_small_files_are_not_even_opened_and_what_is_not_analyzed_is_no_piece(tmp_path: Path, lengths) -> None:
    many = videos(tmp_path, *[60] * 20, 1)
    planned(many, 2, BatchOptions())
    assert lengths == []
    assert planned(many[:1], 2, BatchOptions(seconds=170)) == {}
    assert planned(many[:1], 2, BatchOptions(record=True)) == {}
    assert planned([Video(tmp_path / "gone.mp4", "gone")], 2, BatchOptions()) == {}


@pytest.mark.parametrize(("length_s", "piece_s"), [(181, 45), (36_000, 9_000), (36_000, 3), (200, 1e9)])
def test_pieces_last_one_to_ten_minutes_and_begin_where_faces_are_found_anew(length_s: float, piece_s: float) -> None:
    found = spans(length_s, piece_s)
    begins = [span.begin_s for span in found]
    assert begins == sorted(set(begins))
    assert {begin % FOUND_ANEW_EVERY_S for begin in begins} == {0}
    assert [span.end_s for span in found] == [*begins[1:], None]
    lengths = [end - begin for begin, end in zip(begins, [*begins[1:], length_s], strict=True)]
    assert len(found) >= 2
    assert min(lengths) >= 30
    assert max(lengths) <= 630
