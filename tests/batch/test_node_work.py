"""What a node of a cluster must see, and what it says where it does not; without Ray."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from realtime.batch.__main__ import main
from realtime.batch.batch_options import BatchOptions
from realtime.batch.video_list import Video
from realtime.batch.video_worker import VideoTask
from realtime.batch.workers.node_work import Needs, NodeLacksFilesError, ProgressBoard, _SlowTeller, lacking, work_on
from realtime.core.config import PipelineConfig
from tests.support.values.batch_workers import named_result


@pytest.fixture
def task(tmp_path: Path) -> VideoTask:
    working = tmp_path / "out" / ".batch" / "working"
    working.mkdir(parents=True)
    video = Video(tmp_path / "videos" / "a.mp4", "a")
    video.path.parent.mkdir()
    video.path.write_bytes(b"video")
    return VideoTask(0, video, BatchOptions(), working, tmp_path / "out")


def test_a_node_that_sees_all_lacks_nothing(task: VideoTask) -> None:
    needs = Needs.of([task, replace(task, video=Video(task.video.path.with_name("b.mp4"), "b"))], "text")
    # One video of each folder is enough.
    assert len(needs.videos) == 1
    assert lacking(Needs.of([task], "text")) == ""


def test_a_node_says_which_folder_it_does_not_see(task: VideoTask) -> None:
    needs = Needs.of([task], "text")
    assert f"does not see {task.out}, where results are written" in lacking(replace(needs, text="of another machine"))
    task.video.path.unlink()
    assert f"does not see {task.video.path}; share" in lacking(needs)


def test_a_node_with_other_models_says_so(task: VideoTask, tmp_path: Path) -> None:
    needs = Needs.of([task], "text")
    assert "another version or other models (version 0.0, now" in lacking(
        replace(needs, facts={**needs.facts, "version": "0.0"})
    )
    nowhere = BatchOptions(pipeline=PipelineConfig(weights=tmp_path / "nowhere"))
    assert f"does not see {nowhere.pipeline.weights}; share" in lacking(replace(needs, options=nowhere))


def test_a_video_is_not_failed_by_a_node_that_does_not_see_it(task: VideoTask) -> None:
    needs = Needs.of([task], "text")
    assert work_on(named_result, task, needs, None)[0].name == "a"
    with pytest.raises(NodeLacksFilesError, match=r"does not see .*a\.mp4"):
        work_on(named_result, task, replace(needs, text="of another machine"), None)
    task.video.path.unlink()
    with pytest.raises(NodeLacksFilesError):
        work_on(named_result, task, needs, None)


def test_the_board_gives_each_share_once_and_is_not_told_too_often() -> None:
    board = ProgressBoard()

    class Handle:
        class put:  # noqa: N801
            remote = staticmethod(board.put)

    teller = _SlowTeller(Handle())
    teller.put((3, 0.1))
    teller.put((3, 0.2))
    board.put(4, 0.5)
    assert board.take() == [(3, 0.1), (4, 0.5)]
    assert board.take() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--ray", "ray://head:10001"], "--ray must be auto, or HOST:PORT"),
        (["--ray", "head"], "--ray must be auto, or HOST:PORT"),
        (["--ray", "auto", "--jobs", "2"], "--jobs is for this machine"),
    ],
)
def test_a_cluster_that_cannot_be_is_refused_before_any_work(
    task: VideoTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.setattr("realtime.batch.workers.ray_cluster.find_spec", lambda _name: True)
    found = CliRunner().invoke(main, [str(task.video.path), "--out", str(tmp_path / "new"), *words])
    assert found.exit_code == 2
    assert said in found.stderr
    assert not (tmp_path / "new").exists()


def test_where_ray_is_not_installed_one_line_says_how_to_get_it(
    task: VideoTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing: dict[str, Any] = {"ray": None}
    monkeypatch.setattr("realtime.batch.workers.ray_cluster.find_spec", missing.get)
    found = CliRunner().invoke(main, [str(task.video.path), "--out", str(tmp_path / "new"), "--ray", "auto"])
    assert found.exit_code == 2
    assert "pip install 'emotion-live[cluster]'" in found.stderr
    assert not (tmp_path / "new").exists()
