"""A video in pieces, from its file to its table: equal to that of one run."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from realtime.batch.batch_options import BatchOptions
from realtime.batch.batch_runner import BatchRunner
from realtime.batch.pieces.joined_engine import JoinedEngine
from realtime.batch.pieces.piece_book import PieceBook, forget_pieces
from realtime.batch.pieces.piece_file import PieceWriter
from realtime.batch.pieces.piece_join import JoinedPieces
from realtime.batch.pieces.piece_plan import Span
from realtime.batch.pieces.piece_task import PieceResult, PieceTask, analyze_piece, pieces_folder, pieces_of
from realtime.batch.result_store import ResultStore
from realtime.batch.video_list import Video
from realtime.batch.video_worker import VideoTask, analyze, analyze_video
from realtime.batch.workers.process_pool import ProcessPool
from realtime.capture.video_file import FileSource
from realtime.core.config import PipelineConfig
from realtime.core.options import SmoothingMode
from tests.support.pictures.made_clips import write_clip
from tests.support.piece_workers import noted
from tests.support.values.tiny_models import write_tiny_weights

CLIP = Path(__file__).resolve().parents[3] / "demo" / "clip.mp4"
SPANS = (Span(0.0, 1.0), Span(1.0, None))


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VideoTask:
    """The demo clip, of which faces are found anew every second."""
    monkeypatch.setattr("realtime.landmarks.roi_tracker.FOUND_ANEW_EVERY_S", 1.0)
    monkeypatch.setattr("realtime.batch.pieces.piece_plan.WARM_UP_S", 0.4)
    monkeypatch.setattr("realtime.batch.pieces.piece_task.COMPARED_S", 0.2)
    config = PipelineConfig(weights=write_tiny_weights(tmp_path / "weights").folder)
    options = BatchOptions(config, table="csv", seconds=1.6)
    return VideoTask(0, Video(CLIP, "one"), options, tmp_path / "working", tmp_path / "out")


def table(task: VideoTask) -> str:
    return (task.out / f"{task.video.name}.csv").read_text("utf-8")


@pytest.mark.parametrize("smoothing", [SmoothingMode.LIVE, SmoothingMode.OFFLINE])
def test_the_table_of_pieces_is_that_of_one_run(task: VideoTask, smoothing: SmoothingMode) -> None:
    task = replace(task, options=replace(task.options, smoothing=smoothing))
    whole = analyze_video(task)
    in_pieces = replace(task, number=1, video=Video(CLIP, "two"), pieces=SPANS)
    for piece in pieces_of(in_pieces, SPANS):
        assert not piece.is_done()
        assert analyze(piece) == PieceResult(memory_mb=pytest.approx(300, abs=2000))
        assert piece.is_done()
    result = analyze(in_pieces)
    assert result.status == "done", result.reason
    assert table(in_pieces) == table(task)
    assert table(task).count("\n") == 1 + 48
    assert (result.frames, result.seconds, result.people) == (whole.frames, whole.seconds, whole.people)
    assert result.notes[0] == (
        "joined of 2 pieces: of 6 rows in the first second after the joints 0 differ from those of one run"
    )


def test_pieces_of_other_options_or_another_file_are_none(task: VideoTask, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(CLIP.read_bytes())
    task = replace(task, video=Video(copy, "copy"))
    [piece] = pieces_of(task, [Span(0.0, 0.1)])
    assert not analyze_piece(piece).reason
    assert piece.is_done()
    # What comes after the analysis of a frame may be another one.
    assert replace(piece, options=replace(task.options, smoothing=SmoothingMode.OFFLINE, report=True)).is_done()
    assert not replace(piece, options=replace(task.options, seconds=1.5)).is_done()
    assert not replace(piece, span=Span(0.0, 0.2)).is_done()
    copy.write_bytes(CLIP.read_bytes() + b"more")
    assert not piece.is_done()


def test_where_pieces_are_missing_the_video_is_analyzed_in_one(task: VideoTask) -> None:
    task = replace(task, options=replace(task.options, seconds=0.2), pieces=SPANS)
    result = analyze_video(task)
    assert (result.status, result.frames) == ("done", 6)
    assert result.notes == ("not cut into pieces: their files are gone or another version's",)


def test_a_file_that_cannot_be_read_says_why_it_is_not_cut(task: VideoTask, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(CLIP.read_bytes()[:4000])
    [piece, _] = pieces_of(replace(task, video=Video(broken, "broken")), SPANS)
    assert "not a video that can be opened" in analyze_piece(piece).reason


def test_a_batch_joins_pieces_once_all_are_there_and_else_takes_the_video_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = (Span(0.0, 30.0), Span(30.0, 60.0), Span(60.0, None))
    videos = [Video(tmp_path / f"{name}.mp4", name) for name in ("good", "odd", "deadly", "full")]
    for video in videos:
        video.path.write_bytes(b"video")
    monkeypatch.setattr("realtime.batch.batch_runner.planned", lambda *_: {video.name: spans for video in videos})
    told: list[tuple[int, float]] = []
    with ResultStore(tmp_path / "out") as store:
        runner = BatchRunner(
            store, BatchOptions(), ProcessPool(2), on_progress=lambda *one: told.append(one), analyze=noted
        )
        results = {result.name: result for result in runner.run(videos)}
    # How many pieces were joined, and why not.
    assert {name: json.loads(result.notes[0]) for name, result in results.items()} == {
        "good": [3, ""],
        "full": [3, ""],
        "odd": [0, "its times leap"],
        "deadly": [0, "its worker process died, presumably for want of memory; try fewer --jobs"],
    }
    assert {name: result.memory_mb for name, result in results.items()} == {
        "good": 77.0,
        "odd": 77.0,
        "deadly": 0.0,
        "full": 0.0,
    }
    assert [share for number, share in told if number == 0] == pytest.approx([1 / 3, 2 / 3, 1.0])
    # Of a video that failed, as where its table has no room, the pieces are not to be analyzed again.
    kept = [video.name for video in videos if pieces_folder(tmp_path / "out", video.name).exists()]
    assert kept == ["full"]


def test_pieces_that_are_there_are_not_analyzed_again(task: VideoTask) -> None:
    book = PieceBook({"one": SPANS})
    first, second = pieces_of(task, SPANS)
    assert book.tasks([task]) == [first, second]
    PieceWriter().write(second.place, {"key": second.key()})
    assert book.tasks([task]) == [first]
    PieceWriter().write(first.place, {"key": first.key()})
    assert book.tasks([task]) == [replace(task, pieces=SPANS)]
    assert PieceBook({}).tasks([task]) == [task]


def test_what_is_left_of_a_batch_is_cut_as_all_of_it_was(task: VideoTask) -> None:
    """The plan for fewer videos is another one; pieces that are there must not be lost by that."""
    fewer = (Span(0.0, 0.5), Span(0.5, None))

    def begun(plan: tuple[Span, ...], **options: Any) -> list[tuple[float, float | None]]:
        tasks = PieceBook({"one": plan}).tasks([replace(task, options=replace(task.options, **options))])
        return [(one.span.begin_s, one.span.end_s) for one in tasks if isinstance(one, PieceTask)]

    assert begun(SPANS) == [(0.0, 1.0), (1.0, None)]
    assert begun(fewer) == [(0.0, 0.5), (0.5, None)], "nothing was done yet"
    assert begun(SPANS) == [(0.0, 1.0), (1.0, None)]
    first, second = pieces_of(task, SPANS)
    PieceWriter().write(second.place, {"key": second.key()})
    book, tasks = PieceBook({"one": fewer}), list[Any]()
    assert book.tasks([task]) == [first]
    book.take(first, PieceResult(), tasks)
    assert tasks == [replace(task, pieces=SPANS)]
    assert book.share_done("one") == 1.0
    # Pieces of other options are of no use, nor is a plan that cannot be read.
    assert begun(fewer, seconds=0.9) == [(0.0, 0.5), (0.5, None)]
    for broken in ("[]", "[null]", "{", "7"):
        (second.place.parent / "plan.json").write_text(broken)
        assert begun(fewer) == [(0.0, 0.5), (0.5, None)]


def test_a_video_takes_no_pieces_with_it_of_one_in_a_folder_of_its_name(task: VideoTask) -> None:
    """Of "day.mp4" beside "day/one.mp4"."""
    [piece, _] = pieces_of(replace(task, video=Video(CLIP, "day/one")), SPANS)
    [other, _] = pieces_of(replace(task, video=Video(CLIP, "day")), SPANS)
    for one in (piece, other):
        PieceWriter().write(one.place, {"key": one.key()})
    forget_pieces(task.out, "day")
    assert (piece.is_done(), other.is_done()) == (True, False)
    forget_pieces(task.out, "day/one")
    assert not piece.place.parent.exists()


@pytest.mark.skipif(os.name == "nt", reason="there are no such modes")
def test_a_piece_is_for_its_owner_alone(task: VideoTask) -> None:
    [piece] = pieces_of(replace(task, options=replace(task.options, seconds=0.1)), [Span(0.0, None)])
    assert not analyze_piece(piece).reason
    assert piece.place.stat().st_mode & 0o077 == 0


def test_the_reason_why_a_video_is_not_cut_names_no_folders(task: VideoTask) -> None:
    """They may name people, and the summary page, which has it, is passed on."""
    (task.out / ".batch").mkdir(parents=True)
    (task.out / ".batch" / "pieces").write_text("no folder")
    task = replace(task, options=replace(task.options, seconds=0.1))
    reason = analyze_piece(pieces_of(task, SPANS)[0]).reason
    assert str(task.out) in reason
    [note] = analyze_video(replace(task, uncut=reason)).notes
    assert note.startswith("not cut into pieces: ")
    assert str(task.out) not in note


def test_of_two_recordings_in_one_file_nothing_is_lost(task: VideoTask, tmp_path: Path) -> None:
    """Their clocks begin alike, so that seeking to 2 s of 3 finds times as they should be, in the second one."""
    spans = (Span(0.0, 2.0), Span(2.0, None))
    once, twice = tmp_path / "once.ts", tmp_path / "twice.ts"
    write_clip(once, 90)
    twice.write_bytes(2 * once.read_bytes())
    task = replace(task, options=replace(task.options, seconds=None))
    found = []
    for number, path in enumerate((once, twice)):
        in_pieces = replace(task, number=number, video=Video(path, path.stem), pieces=spans)
        for piece in pieces_of(in_pieces, spans):
            analyze_piece(piece)
        result = analyze_video(in_pieces)
        found.append((result.frames, result.notes[0].partition(":")[0]))
    assert found == [(90, "joined of 2 pieces"), (180, "not cut into pieces")]


@pytest.mark.parametrize("pictures", [False, True])
def test_damage_is_told_by_whoever_decodes(tmp_path: Path, pictures: bool) -> None:
    """For a report the video is decoded again, and tells its damage itself."""
    PieceWriter().write(tmp_path / "0.npz", {"damaged": [[1, 2]]})
    engine = JoinedEngine(JoinedPieces([tmp_path / "0.npz"], [0.0]), pictures=pictures, twice=False)
    source = engine.second_reading(FileSource(str(CLIP)))
    findings = source.open().findings
    assert source.read() is None
    source.close()
    assert len(findings.notes) == (0 if pictures else 1)
