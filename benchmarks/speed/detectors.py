"""The networks in LiteRT against MediaPipe's own graphs: how far their faces lie apart, and what both cost.

    python -m benchmarks.speed.detectors PICTURE_OR_CLIP ... [--every-s S] [--json OUT]

Both get the same pictures in turns. Needs MediaPipe 0.10.21 (make setup-all).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

from benchmarks.common.json_output import give_out
from realtime.landmarks.mesh_runner import MeshRunner, roi_of_detection
from realtime.landmarks.networks.litert_detector import LiteRtDetector
from realtime.landmarks.networks.litert_mesh import LiteRtMesh
from realtime.landmarks.networks.mediapipe_graphs import DetectorGraph, MeshGraph

_NETWORKS = (("near", False, 0.5), ("far", True, 0.6), ("near sensitive", False, 0.3), ("far sensitive", True, 0.3))


def _pictures(path: Path, every_s: float) -> Iterator[np.ndarray]:
    single = cv2.imread(str(path))
    if single is not None:
        yield np.asarray(single, np.uint8)
        return
    clip = cv2.VideoCapture(str(path))
    step = max(1, round(every_s * (clip.get(cv2.CAP_PROP_FPS) or 25)))
    number = 0
    while clip.grab():
        if number % step == 0:
            yield np.asarray(clip.retrieve()[1], np.uint8)
        number += 1
    clip.release()


class _Race:
    """Two backends of one network, run in turns on every picture."""

    def __init__(self, quick: Any, graph: Any) -> None:
        self._both = (quick, graph)
        self._cpu_ms: tuple[list[float], list[float]] = ([], [])
        self._apart_px: list[float] = []
        self._pictures = self._other_count = 0

    def run(self, *arguments: Any) -> Any:
        """Run both and return the first one's answer; which one begins alternates."""
        answers: list[Any] = [None, None]
        for which in (0, 1) if self._pictures % 2 else (1, 0):
            began = time.process_time()
            answers[which] = self._both[which](*arguments)
            self._cpu_ms[which].append((time.process_time() - began) * 1000)
        self._pictures += 1
        return answers

    def count(self, same_number: bool) -> None:
        """Note whether both found as many faces."""
        self._other_count += not same_number

    def gap(self, one: np.ndarray, other: np.ndarray) -> None:
        """Note how far two answers lie apart."""
        self._apart_px.append(float(np.abs(one - other).max()))

    def figures(self) -> dict[str, Any]:
        """Return what was noted."""
        gaps = self._apart_px or [float("nan")]
        return {
            "pictures": self._pictures,
            "faces": len(self._apart_px),
            "pictures_with_another_number_of_faces": self._other_count,
            "apart_px_worst": round(max(gaps), 5),
            "apart_px_median": round(statistics.median(gaps), 6),
            "cpu_ms_litert": round(statistics.median(self._cpu_ms[0]), 2),
            "cpu_ms_mediapipe": round(statistics.median(self._cpu_ms[1]), 2),
        }


@click.command(help=__doc__)
@click.argument("sources", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--every-s", type=click.FloatRange(0), default=1.0, show_default=True, help="Of clips, a picture each.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path))
def main(sources: tuple[Path, ...], every_s: float, json_path: Path | None) -> None:
    races = {}
    for name, far, score in _NETWORKS:
        races[name] = _Race(LiteRtDetector(score, far=far).find, DetectorGraph(score, far=far).find)
    races["mesh"] = mesh = _Race(MeshRunner(LiteRtMesh()).run, MeshRunner(MeshGraph()).run)
    for picture in (picture for path in sources for picture in _pictures(path, every_s)):
        for name, _, _ in _NETWORKS:
            quick, graph = races[name].run(picture)
            races[name].count(len(quick) == len(graph))
            for one, other in zip(quick, graph, strict=False):
                races[name].gap(
                    np.concatenate([one.box_xyxy, one.eyes_xy.ravel()]),
                    np.concatenate([other.box_xyxy, other.eyes_xy.ravel()]),
                )
            for face in quick if name == "near" else []:
                (points, _), (others, _) = mesh.run(picture, roi_of_detection(face))
                mesh.gap(points, others)
    give_out({name: race.figures() for name, race in races.items()}, json_path)


if __name__ == "__main__":
    main()
