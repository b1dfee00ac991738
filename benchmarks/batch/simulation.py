"""What a large study takes on 1, 10 and 100 nodes, calculated from what one machine was measured to take.

    python -m benchmarks.batch.simulation --measured COST.json [--hours 10000] [--cpus 16] [--json OUT]

COST.json is what `benchmarks.batch.cost` wrote: start, work per hour of video and what a video costs beside its frames
are measured. All else is calculated or assumed: nodes are as fast as the measured machine, and each CPU as fast beside
fifteen others as beside one; the shared folder is fast enough; lengths of videos are log-normal; nodes are lost at
random, what they had is begun anew after half a minute, and they come back after ten. The longest videos are first.
"""

from __future__ import annotations

import heapq
import json
import math
import random
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks.common.json_output import give_out

_NODES = (1, 10, 100)
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Machines that work on one batch.

    Attributes:
        nodes: `int`, how many.
        cpus: `int`, of each: so many videos at once.
        start_s: `float`, from the command to the first frame.
        work_share: `float`, seconds of one CPU per second of video.
        per_video_s: `float`, what a video costs beside its frames.
        lost_every_h: `float`, mean hours between two losses of one node; infinite for none.
        notice_s: `float`, from a loss to the moment at which its videos are given to others.
        return_s: `float`, from a loss to the node's return.
    """

    nodes: int
    cpus: int
    start_s: float
    work_share: float
    per_video_s: float
    lost_every_h: float = math.inf
    notice_s: float = 30.0
    return_s: float = 600.0


def lengths_s(total_h: float, median_min: float, spread: float, seed: int) -> list[float]:
    """Return log-normal lengths of videos, of one minute to four hours, that add up to about so many hours."""
    draw, found, sum_s = random.Random(seed), list[float](), 0.0
    while sum_s < total_h * _HOUR_S:
        length_s = min(max(draw.lognormvariate(math.log(60 * median_min), spread), 60.0), 4 * _HOUR_S)
        found.append(length_s)
        sum_s += length_s
    return found


def simulate(videos_s: Sequence[float], cluster: Cluster, seed: int = 0) -> dict[str, Any]:
    """Work through videos, the longest first, each on one CPU from its beginning to its end.

    Args:
        videos_s: lengths of the videos.
        cluster: what works on them.
        seed: `int`, decides when nodes are lost.
    """
    waiting = deque(sorted(videos_s, reverse=True))
    again: list[tuple[float, float]] = []
    free = [(cluster.start_s, number) for number in range(cluster.nodes * cluster.cpus)]
    losses = _Losses(cluster, seed)
    end_s, busy_s, wasted_s, lost = cluster.start_s, 0.0, 0.0, 0
    while waiting or again:
        now_s, cpu = heapq.heappop(free)
        if again and (again[0][0] <= now_s or not waiting):
            from_s, video_s = heapq.heappop(again)
            now_s = max(now_s, from_s)
        else:
            video_s = waiting.popleft()
        done_s = now_s + cluster.per_video_s + video_s * cluster.work_share
        loss_s = losses.next_s(cpu // cluster.cpus, now_s)
        if loss_s < done_s:
            heapq.heappush(again, (loss_s + cluster.notice_s, video_s))
            heapq.heappush(free, (loss_s + cluster.return_s, cpu))
            wasted_s, lost = wasted_s + loss_s - now_s, lost + 1
            continue
        heapq.heappush(free, (done_s, cpu))
        busy_s, end_s = busy_s + done_s - now_s, max(end_s, done_s)
    return {
        "wall_h": round(end_s / _HOUR_S, 2),
        "cpu_h": round((busy_s + wasted_s) / _HOUR_S, 1),
        "wasted_cpu_h": round(wasted_s / _HOUR_S, 2),
        "videos_begun_again": lost,
        "busy_share": round((busy_s + wasted_s) / (end_s * cluster.nodes * cluster.cpus), 3),
    }


class _Losses:
    """When each node is lost: a Poisson process each, drawn as far as somebody asks."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self._every_s = cluster.lost_every_h * _HOUR_S
        self._draws = [random.Random(f"{seed} {node}") for node in range(cluster.nodes)]
        self._times_s: list[list[float]] = [[0.0] for _ in range(cluster.nodes)]

    def next_s(self, node: int, after_s: float) -> float:
        """Return when a node is lost next."""
        if math.isinf(self._every_s):
            return math.inf
        times_s = self._times_s[node]
        while times_s[-1] <= after_s:
            times_s.append(times_s[-1] + self._draws[node].expovariate(1 / self._every_s))
        return times_s[bisect_left(times_s, after_s + 1e-9)]


@click.command(help=__doc__)
@click.option("--measured", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--hours", type=click.FloatRange(1), default=10_000, show_default=True)
@click.option("--median-min", type=click.FloatRange(1), default=20, show_default=True)
@click.option("--spread", type=click.FloatRange(0), default=0.8, show_default=True, help="Of the lengths' logarithm.")
@click.option("--cpus", type=click.IntRange(1), default=16, show_default=True, help="Of each node.")
@click.option("--mbit", type=click.FloatRange(0), default=2.0, show_default=True, help="Of a second of video.")
@click.option("--json", "written", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures here.")
def main(
    measured: Path, hours: float, median_min: float, spread: float, cpus: int, mbit: float, written: Path | None
) -> None:
    cost = json.loads(measured.read_text("utf-8"))
    videos_s = lengths_s(hours, median_min, spread, seed=1)
    # The frames' work is the same; what was measured twice differs by chance.
    share = max(cost[way]["cpu_s_per_video_hour"] for way in ("processes", "ray")) / _HOUR_S
    runs = []
    for nodes in _NODES:
        how = cost["processes" if nodes == 1 else "ray"]
        for lost_every_h in (math.inf, 1000.0, 24.0):
            cluster = Cluster(nodes, cpus, how["start_s"], share, how["per_video_s"], lost_every_h)
            found = simulate(videos_s, cluster)
            told = None if math.isinf(lost_every_h) else lost_every_h
            read_gbit = sum(videos_s) * mbit / 1000 / (found["wall_h"] * _HOUR_S)
            runs.append({"nodes": nodes, "node_lost_every_h": told, **found, "read_gbit_s": round(read_gbit, 2)})
    give_out(
        {
            "video_hours": round(sum(videos_s) / _HOUR_S, 1),
            "videos": len(videos_s),
            "longest_h": round(max(videos_s) / _HOUR_S, 2),
            "cpus_per_node": cpus,
            "measured": {kind: cost[kind] for kind in ("processes", "ray")},
            "runs": runs,
        },
        written,
    )


if __name__ == "__main__":
    main()
