"""Videos in worker processes: what is done again, what is not, and what a dying process costs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from realtime.batch.batch_options import BatchOptions, fingerprint, table_format
from realtime.batch.batch_runner import BatchRunner
from realtime.batch.result_store import DONE, FAILED, ResultStore, VideoResult
from realtime.batch.video_list import Video
from realtime.batch.workers.process_pool import ProcessPool
from realtime.core.config import PipelineConfig
from realtime.core.errors import ConfigError
from tests.support.values.batch_workers import named_result

OPTIONS = BatchOptions()


@pytest.fixture
def videos(tmp_path: Path) -> list[Video]:
    made = []
    for name in ("a", "deadly", "b", "bug", "c"):
        path = tmp_path / f"{name}.mp4"
        path.write_bytes(name.encode())
        made.append(Video(path, name))
    return made


def kept(store: ResultStore, video: Video, status: str = DONE, **others: object) -> None:
    store.save(VideoResult(video.name, video.path.name, status, fingerprint(video.path), OPTIONS.facts(), **others))


def known(store: ResultStore, videos: list[Video], options: BatchOptions = OPTIONS, **how: bool) -> set[str]:
    return set(
        BatchRunner(store, options, ProcessPool(1)).known(videos, **{"retry_failed": False, "overwrite": False, **how})
    )


def test_a_process_that_dies_costs_its_own_video_alone(tmp_path: Path, videos: list[Video]) -> None:
    told: list[str] = []
    with ResultStore(tmp_path / "out") as store:
        runner = BatchRunner(
            store, OPTIONS, ProcessPool(2), lambda result: told.append(result.name), analyze=named_result
        )
        results = {result.name: result for result in runner.run(videos)}
        assert sorted(told) == sorted(results) == ["a", "b", "bug", "c", "deadly"]
        assert {name for name, result in results.items() if result.status == DONE} == {"a", "b", "c"}
        assert "worker process died" in results["deadly"].reason
        assert results["bug"].reason == "ValueError: a bug"
        assert store.load("deadly") == results["deadly"]


def test_a_stopped_batch_starts_no_further_video(tmp_path: Path, videos: list[Video]) -> None:
    good = [video for video in videos if len(video.name) == 1]
    with ResultStore(tmp_path / "out") as store:
        runner = BatchRunner(store, OPTIONS, ProcessPool(1), lambda _: runner.stop(), analyze=named_result)
        assert len(list(runner.run(good))) == 1


def test_what_is_done_is_not_done_again(tmp_path: Path, videos: list[Video]) -> None:
    with ResultStore(tmp_path / "out") as store:
        kept(store, videos[0])
        kept(store, videos[2], FAILED, reason="broken")
        kept(store, videos[4], outputs={"table": "c.csv"})
        # c's table is gone.
        assert known(store, videos) == {"a", "b"}
        assert known(store, videos, retry_failed=True) == {"a"}
        videos[0].path.write_bytes(b"another")
        assert known(store, videos) == {"b"}
        videos[2].path.unlink()
        assert known(store, videos) == set()


def test_other_options_are_said_and_made_again_only_on_request(tmp_path: Path, videos: list[Video]) -> None:
    other = replace(OPTIONS, pipeline=PipelineConfig(max_faces=2))
    with ResultStore(tmp_path / "out") as store:
        kept(store, videos[0])
        with pytest.raises(ConfigError, match=r"1 of these videos made with other options \(max_faces 4, now 2\)"):
            known(store, videos, other)
        assert known(store, videos, other, overwrite=True) == set()


def test_without_pyarrow_tables_are_csv_and_parquet_is_refused_before_any_work(monkeypatch) -> None:
    assert table_format(None) == "parquet"
    assert table_format("jsonl") == "jsonl"
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert table_format(None) == "csv"
    with pytest.raises(ConfigError, match="need pyarrow"):
        table_format("parquet")
