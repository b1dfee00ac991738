"""What is kept of a batch between runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime.batch.result_store import DONE, ResultStore, VideoResult
from realtime.core.errors import ConfigError, RecordError

RESULT = VideoResult("sub/a", "a.mp4", DONE, {"bytes": 1}, {"max_faces": 4}, people=({"track": 1},), notes=("n",))


def test_a_result_is_read_back_as_it_was_kept(tmp_path: Path) -> None:
    with ResultStore(tmp_path / "out") as store:
        store.save(RESULT)
    with ResultStore(tmp_path / "out") as store:
        assert store.load("sub/a") == RESULT
        assert store.load("other") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "sub/a"}', '{"people": 3, "notes": []}'])
def test_a_damaged_result_counts_as_none(tmp_path: Path, text: str) -> None:
    with ResultStore(tmp_path) as store:
        store.save(RESULT)
        (tmp_path / ".batch" / "results" / "sub" / "a.json").write_text(text, "utf-8")
        assert store.load("sub/a") is None


def test_two_batches_refuse_each_other_and_one_after_the_other_does_not(tmp_path: Path) -> None:
    refused = pytest.raises(ConfigError, match="another batch is writing")
    with ResultStore(tmp_path), refused, ResultStore(tmp_path):
        pass
    with ResultStore(tmp_path) as store:
        assert store.working.is_dir()


def test_what_a_killed_batch_left_unfinished_goes(tmp_path: Path) -> None:
    left = tmp_path / ".batch" / "working" / "3" / "a.part.jsonl"
    left.parent.mkdir(parents=True)
    left.write_text("half", "utf-8")
    with ResultStore(tmp_path):
        assert not left.exists()


def test_outputs_that_were_removed_are_missed(tmp_path: Path) -> None:
    result = VideoResult("a", "a.mp4", DONE, {}, {}, outputs={"table": "a.csv"})
    with ResultStore(tmp_path) as store:
        assert not store.complete(result)
        (tmp_path / "a.csv").write_text("x", "utf-8")
        assert store.complete(result)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(RecordError, match="cannot write into"), ResultStore(tmp_path / "file" / "out"):
        pass


def test_what_a_batch_reads_is_never_replaced(tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(b"video")
    refused = pytest.raises(ConfigError, match="never replaces what it reads")
    with ResultStore(tmp_path) as store, refused:
        store.claim(["a.csv", "a.mp4"], [video], overwrite=True)
    with ResultStore(tmp_path) as store:
        assert store.places() == set()


def test_files_that_no_batch_wrote_are_replaced_on_request_alone(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("notes by hand", "utf-8")
    with ResultStore(tmp_path) as store:
        with pytest.raises(ConfigError, match="no batch wrote it"):
            store.claim(["a.csv"], [], overwrite=False)
        store.claim(["a.csv"], [], overwrite=True)
    # From then on they are a batch's own.
    with ResultStore(tmp_path) as store:
        store.claim(["a.csv"], [], overwrite=False)


def test_a_result_in_another_format_leaves_no_files_of_the_one_before_and_none_of_others(tmp_path: Path) -> None:
    names = ("a.csv", "a.csv-metadata.json", "a.parquet", "a.html")
    before = VideoResult("a", "a.mp4", DONE, {}, {}, outputs={"table": "a.csv", "report": "a.html"})
    after = VideoResult("a", "a.mp4", DONE, {}, {}, outputs={"table": "a.parquet"})
    with ResultStore(tmp_path) as store:
        store.claim(["a.csv", "a.parquet"], [], overwrite=False)
        store.save(before)
        for name in names:
            (tmp_path / name).write_text("x", "utf-8")
        store.save(after)
    # The page is in no place where a batch wrote.
    assert [name for name in names if (tmp_path / name).exists()] == ["a.parquet", "a.html"]


def test_a_result_that_failed_removes_nothing(tmp_path: Path) -> None:
    with ResultStore(tmp_path) as store:
        store.claim(["a.csv"], [], overwrite=False)
        store.save(VideoResult("a", "a.mp4", DONE, {}, {}, outputs={"table": "a.csv"}))
        (tmp_path / "a.csv").write_text("x", "utf-8")
        store.save(VideoResult("a", "a.mp4", "failed", {}, {}))
    assert (tmp_path / "a.csv").exists()
