"""The arithmetic and the judges of the benchmarks of batches; nothing is timed here."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.batch.cost import costs
from benchmarks.batch.killed import faults_of
from benchmarks.batch.made_videos import make_videos
from benchmarks.batch.simulation import Cluster, lengths_s, simulate

ONE = Cluster(nodes=1, cpus=1, start_s=10.0, work_share=0.5, per_video_s=2.0)
GOOD = {"day00/a": 5, "day00/b": 7}


def test_one_cpu_takes_the_sum_and_several_the_longest_first() -> None:
    videos_s = [3600.0, 1800.0, 1800.0]
    alone = simulate(videos_s, ONE)
    assert alone["wall_h"] == pytest.approx((10 + 3 * 2 + 3600) / 3600, abs=0.005)
    assert alone["busy_share"] == pytest.approx(1.0, abs=0.01)
    both = simulate(videos_s, replace(ONE, nodes=2))
    assert both["wall_h"] == pytest.approx((10 + 2 * 2 + 1800) / 3600, abs=0.005)


def test_what_lost_nodes_had_is_begun_again_and_ends_later() -> None:
    videos_s = lengths_s(200, 20, 0.8, seed=1)
    assert sum(videos_s) / 3600 == pytest.approx(200, abs=4)
    calm = simulate(videos_s, replace(ONE, nodes=3, cpus=4))
    rough = simulate(videos_s, replace(ONE, nodes=3, cpus=4, lost_every_h=1.0))
    assert rough["videos_begun_again"] > 0 == calm["videos_begun_again"]
    assert rough["wall_h"] > calm["wall_h"]
    assert rough["cpu_h"] - rough["wasted_cpu_h"] == pytest.approx(calm["cpu_h"], abs=0.2)


def test_costs_are_found_again_in_the_times_that_they_make() -> None:
    def batch(videos: int, seconds: float) -> tuple[float, float]:
        each_s = 0.5 + 0.2 * seconds
        return 3.0 + each_s * videos / 2, 4.0 + each_s * videos

    found = costs(batch(2, 1.0), batch(12, 1.0), batch(2, 31.0), workers=2, seconds=31.0)
    expected = {"cpu_s_per_video_hour": 720, "per_video_s": 0.5, "start_s": 3.0, "start_cpu_s": 4.0}
    assert found == pytest.approx(expected)


def test_made_videos_are_as_many_as_said(tmp_path: Path) -> None:
    good, bad = make_videos(tmp_path / "videos", 30, 6, seed=1)
    assert (len(good), len(bad), len(list(tmp_path.rglob("*.mp4")))) == (24, 6, 30)
    assert {4 <= frames <= 12 for frames in good.values()} == {True}


def write_results(out: Path) -> None:
    (out / ".batch" / "results" / "day00").mkdir(parents=True)
    (out / "day00").mkdir()
    rows = ["video,status,track", *(f"{name},done,1" for name in GOOD), "day00/bad,failed,"]
    (out / "summary.csv").write_text("\n".join(rows), "utf-8")
    for name, frames in {**GOOD, "day00/bad": 0}.items():
        status, reason = ("done", "") if frames else ("failed", "it is text")
        result = {"status": status, "frames": frames, "reason": reason}
        (out / ".batch" / "results" / f"{name}.json").write_text(json.dumps(result), "utf-8")
        if frames:
            (out / f"{name}.csv").write_text(f"frame\n{frames}\n", "utf-8")


def again(path: Path) -> None:
    path.write_text(path.read_text("utf-8") + "\nday00/a,done,1\n", "utf-8")


@pytest.mark.parametrize(
    ("kind", "place", "spoil"),
    [
        ("lost", ".batch/results/day00/a.json", Path.unlink),
        ("lost", "day00/a.csv", Path.unlink),
        ("twice", "summary.csv", again),
        ("other frames", ".batch/results/day00/b.json", lambda path: path.write_text('{"status":"done","frames":6}')),
        ("other rows", "day00/b.csv", lambda path: path.write_text("frame\n6\n")),
        ("not named", "summary.csv", lambda path: path.write_text("video,status,track\nday00/a,done,1\n")),
        ("left over", "day00/a.part.csv", lambda path: path.write_text("frame\n")),
    ],
)
def test_every_kind_of_fault_is_seen(tmp_path: Path, kind: str, place: str, spoil: Callable[[Path], object]) -> None:
    for name in ("out", "whole"):
        write_results(tmp_path / name)
    assert not any(faults_of(tmp_path / "out", tmp_path / "whole", GOOD, {"day00/bad"}).values())
    spoil(tmp_path / "out" / place)
    assert faults_of(tmp_path / "out", tmp_path / "whole", GOOD, {"day00/bad"})[kind]
