"""Baseline: the usual tutorial program (FaceMesh, two Keras `predict` calls, mean, draw) on one thread.

    python -m benchmarks.rivals.textbook SOURCE [--seconds S] [--json OUT]

It needs the train extra. Networks and crops are those of the shipped manifest; the weights are untrained, which costs
the same time. FaceMesh and TensorFlow keep their own settings, as in a tutorial. Imports, models and the first three
frames count as start-up, which is reported separately.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from benchmarks.common.json_output import give_out
from benchmarks.common.stopwatch import Stopwatch
from models.manifest import EMOTIONS, WEIGHTS_DIR, ExpertSpec, load_manifest


def analyse(source: str, seconds: float | None, experts: tuple[ExpertSpec, ...]) -> dict[str, Any]:
    """Run the whole program and return its figures."""
    watch = Stopwatch()
    import cv2
    import mediapipe as mp
    import numpy as np

    from models.region_crops import cut_region
    from models.train.checkpoint import build_network

    networks = [build_network(spec.trained["recipe"], spec.geometry.size_wh) for spec in experts]
    mesh = mp.solutions.face_mesh.FaceMesh(max_num_faces=1)
    video = cv2.VideoCapture(source)
    while (read := video.read())[0]:
        frame = read[1]
        if seconds is not None and video.get(cv2.CAP_PROP_POS_MSEC) >= 1000 * seconds:
            break
        found = mesh.process(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)).multi_face_landmarks or []
        for face in found:
            size_wh = np.array((frame.shape[1], frame.shape[0]), np.float32)
            points = np.array([(point.x, point.y) for point in face.landmark], np.float32) * size_wh
            shares = []
            for spec, network in zip(experts, networks, strict=True):
                crop = cut_region(frame, points, spec.geometry)
                logits = network.predict(crop[None], verbose=0)[0]
                shares.append(np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum())
            fused = np.mean(shares, axis=0)
            left, top = points.min(axis=0).astype(int).tolist()
            right, bottom = points.max(axis=0).astype(int).tolist()
            text = f"{EMOTIONS[int(fused.argmax())]} {fused.max():.0%}"
            cv2.rectangle(frame, (left, top), (right, bottom), (0, 255, 0), 2)
            cv2.putText(frame, text, (left, top - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 255, 0), 2)
        watch.frame_done(len(found))
    video.release()
    mesh.close()
    return watch.figures()


@click.command(help=__doc__)
@click.argument("source", type=click.Path(exists=True, dir_okay=False))
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Stop after this much of the source.")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures here.")
def main(source: str, seconds: float | None, out: Path | None) -> None:
    figures = analyse(source, seconds, load_manifest(WEIGHTS_DIR).experts)
    packages = ("keras", "tensorflow", "mediapipe", "opencv-contrib-python")
    facts = {
        "program": "textbook",
        "source": Path(source).name,
        **figures,
        "weights": "untrained",
        "versions": {name: version(name) for name in packages},
    }
    give_out(facts, out)


if __name__ == "__main__":
    main()
