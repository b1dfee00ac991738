"""A batch on a Ray cluster of two nodes on this machine, one of which is lost."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner

from realtime.batch.__main__ import main
from realtime.batch.batch_options import BatchOptions
from realtime.batch.batch_runner import BatchRunner
from realtime.batch.result_store import DONE, ResultStore, VideoResult
from realtime.batch.video_list import Video, find_videos
from realtime.batch.video_worker import VideoTask
from realtime.batch.workers.ray_cluster import RayCluster
from realtime.core.config import PipelineConfig
from realtime.core.errors import ConfigError
from tests.support.cluster_work import held_analysis, logged
from tests.support.pictures.made_clips import write_clip
from tests.support.values.tiny_models import write_tiny_weights

pytest.importorskip("ray", reason="needs the extra cluster")

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 90.0
# A lost node is noticed after two seconds instead of half a minute.
QUICK = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 2000,
    "health_check_failure_threshold": 3,
}
NODE = {"num_cpus": 1, "object_store_memory": 80_000_000, "include_log_monitor": False}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head with one CPU, told nobody of. Its folder has a short name, since there are sockets in it."""
    before = {name: os.environ.get(name) for name in ("RAY_USAGE_STATS_ENABLED", "RAY_TMPDIR", "PYTHONPATH")}
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp" if os.name == "posix" else None)
    # Its address is noted in Ray's own folder, which is not there on a machine that never ran Ray.
    (Path(folder) / "ray").mkdir()
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_TMPDIR=folder, PYTHONPATH=str(ROOT))
    from ray.cluster_utils import Cluster

    head = {**NODE, "include_dashboard": False, "no_monitor": True, "temp_dir": folder, "_system_config": QUICK}
    try:
        try:
            made = Cluster(initialize_head=True, head_node_args=head)
        except Exception as error:  # some machines have no shared memory, or let nobody open a port
            pytest.skip(f"Ray does not start here: {error}")
        yield made
        made.shutdown()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_weights(tmp_path_factory.mktemp("weights")).folder


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    (tmp_path / "videos").mkdir()
    for name in "abcd":
        write_clip(tmp_path / "videos" / f"{name}.mp4", 6)
    return tmp_path / "videos"


def until(holds: Callable[[], bool]) -> None:
    limit_s = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < limit_s
        time.sleep(0.05)


class Held:
    """A batch on the cluster whose results are held back until it is let go; then what came of it."""

    def __init__(self, cluster: Any, videos: Path, weights: Path) -> None:
        self.folder = videos.parent
        self.results: list[VideoResult] = []
        self.lines: list[str] = []
        self.stop, self.asked_after_stop = False, 0
        options = BatchOptions(pipeline=PipelineConfig(weights=weights), table="csv")
        pool = RayCluster(cluster.address, notify=self.lines.append)
        self._thread = Thread(target=lambda: self._run(pool, find_videos([videos]), options))
        self._thread.start()

    def _run(self, pool: RayCluster, videos: list[Video], options: BatchOptions) -> None:
        with ResultStore(self.folder / "out") as store, pool:
            tasks = [VideoTask(n, video, options, store.working, store.out) for n, video in enumerate(videos)]
            self.results.extend(outcome.result for outcome in pool.run(held_analysis, tasks, self._stopped))

    def _stopped(self) -> bool:
        self.asked_after_stop += self.stop
        return self.stop

    def let_go(self) -> None:
        (self.folder / "go").touch()
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()


def test_a_lost_node_costs_no_video_and_makes_none_twice(cluster: Any, videos: Path, weights: Path) -> None:
    held = Held(cluster, videos, weights)
    # The batch joins the head: of two nodes with one address it might be either. The other one comes to its help.
    until(lambda: held.lines == ["on a Ray cluster of 1 node and 1 CPU"])
    node = cluster.add_node(**NODE)
    # Both nodes have put the outputs of one video into their places, and not told so yet.
    until(lambda: len(logged(held.folder)) == 2)
    lost = {name for name, number in logged(held.folder) if number == node.node_id}
    assert len(lost) == 1
    cluster.remove_node(node, allow_graceful=False)
    until(lambda: any("is lost, 1 node left" in line for line in held.lines))
    held.let_go()
    assert sorted(result.name for result in held.results) == ["a", "b", "c", "d"]
    assert {(result.status, result.frames) for result in held.results} == {(DONE, 6)}
    out = held.folder / "out"
    assert sorted(path.name for path in out.glob("*.csv")) == ["a.csv", "b.csv", "c.csv", "d.csv"]
    assert not list(out.glob("*.part*"))
    # What the lost node had was done again, and nothing else.
    times = Counter(name for name, _ in logged(held.folder))
    assert times == {name: 2 if name in lost else 1 for name in "abcd"}


def test_a_stopped_batch_finishes_what_a_node_has_begun_and_begins_nothing_else(
    cluster: Any, videos: Path, weights: Path
) -> None:
    held = Held(cluster, videos, weights)
    until(lambda: len(logged(held.folder)) == 1)
    held.stop = True
    until(lambda: held.asked_after_stop >= 3)
    held.let_go()
    assert [(result.name, result.status) for result in held.results] == [(logged(held.folder)[0][0], DONE)]
    assert len(logged(held.folder)) == 1


def test_the_command_names_the_broken_video_and_goes_on_where_it_was(cluster: Any, videos: Path, weights: Path) -> None:
    (videos / "broken.mp4").write_text("no video", "utf-8")
    words = [str(videos), "--out", str(videos.parent / "out"), "--weights", str(weights), "--table", "csv"]
    found = CliRunner().invoke(main, [*words, "--ray", cluster.address])
    assert found.exit_code == 1, found.output
    assert "on a Ray cluster of 1 node and 1 CPU" in found.stderr
    assert "4 of 5 videos done, 1 failed" in found.stdout
    assert "failed: broken: broken.mp4 is not a video" in found.stdout
    # Results of a cluster are the same results: without it nothing is made again.
    again = CliRunner().invoke(main, words)
    assert "5 videos were analyzed before; 0 are left" in again.stderr


def test_an_address_where_nobody_answers_is_said_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"no Ray cluster answers at 127\.0\.0\.1:1 \("):
        from realtime.batch.workers.ray_connection import connected

        with connected("127.0.0.1:1"):
            pass


def test_a_node_that_lacks_the_models_ends_the_batch_with_its_name(
    cluster: Any, videos: Path, tmp_path: Path, weights: Path
) -> None:
    moved = tmp_path / "weights"
    shutil.copytree(weights, moved)
    with ResultStore(tmp_path / "out") as store:
        options = BatchOptions(pipeline=PipelineConfig(weights=moved), table="csv")
        runner = BatchRunner(store, options, RayCluster(cluster.address, notify=lambda _: shutil.rmtree(moved)))
        with pytest.raises(ConfigError, match=r"the node .* does not see .*weights; .*every node"):
            list(runner.run(find_videos([videos])))
