"""What a rest that is learned without asking gives and takes, on simulated people and on clips.

    python -m benchmarks.steadiness.resting_people --labels LABELS.csv --root PICTURES --clips FOLDER [--json OUT]

A simulated person shows their own pictures (column subject), with the frame noise of real clips: they rest for 8 s,
then show an expression for 3 s and rest for 4 s, twelve times. Others show one expression for 30 s and nothing else.
Frames are scored one by one, without smoothing over time, from 0.4 s after a change on. On clips, flips and labels are
those of the live program.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.steadiness.metrics import tracked, tracks_of
from benchmarks.steadiness.simulated_people import FloatsArray, Noise, measure_noise, walk
from benchmarks.steadiness.streams import SUFFIXES, Watched, watch
from models.dataset.labels import LabelledFace, read_labels
from models.evaluate.confusions import confusions
from models.evaluate.shipped import Answers, run_shipped
from models.manifest import EMOTIONS, WEIGHTS_DIR, BaselineSpec, load_manifest
from realtime.core.config import PipelineConfig, SmoothingConfig
from realtime.core.types import FloatArray, IntArray
from realtime.inference.fusion import softmax
from realtime.smoothing.label_smoother import LabelSmoother
from realtime.smoothing.neutral_calibrator import NeutralCalibrator
from realtime.smoothing.rest_estimator import RestEstimator
from realtime.smoothing.resting_shift import shifted

_NEUTRAL = EMOTIONS.index("neutral")
_FPS, _FLOOR = 5.0, 1e-4
_REST_S, _SHOWN_S, _BETWEEN_S, _ALONE_S, _TIMES = 8.0, 3.0, 4.0, 30.0, 12
_SETTLED_S = 0.4
_MIN_NOISE_ROWS = 45
_MODES = ("off", "auto")

Course = tuple[FloatsArray, FloatArray, IntArray, FloatsArray]
"""Times, answers `(T, 6)`, what is shown `(T,)`, and seconds since it has been."""


def people(
    faces: Sequence[LabelledFace], answers: Answers, noise: Noise, count: int, first: int | None = None, seed: int = 7
) -> list[Course]:
    """Return simulated people, each of whom has a neutral picture and two or more others.

    Args:
        faces: with subjects.
        answers: to their pictures.
        noise: of real people.
        count: people at most.
        first: begin with this emotion for 30 s, and show nothing else; `None` rests and shows expressions.
        seed: of chance.
    """
    rng, found = np.random.default_rng(seed), []
    log_p = np.log(np.maximum(answers.fused, _FLOOR)).astype(np.float64)
    for name in dict.fromkeys(face.subject for face in faces if face.subject):
        rows = [n for n, face in enumerate(faces) if face.subject == name and face.label and answers.detected[n]]
        resting = [row for row in rows if faces[row].label == "neutral"]
        others = [row for row in rows if row not in resting]
        if not resting or len(others) < 2 or len(found) == count:
            continue
        parts = [(rng.choice(resting), _REST_S)]
        shown = [row for _ in range(_TIMES) for row in rng.permutation(others)][:_TIMES]
        for row in shown:
            parts += [(row, _SHOWN_S), (rng.choice(resting), _BETWEEN_S)]
        if first is not None:
            lone = [row for row in others if faces[row].label == EMOTIONS[first]]
            parts = [(lone[0], _ALONE_S)] if lone else []
        if parts:
            found.append(_course(parts, faces, log_p, noise, rng))
    return found


def _course(
    parts: Sequence[tuple[int, float]],
    faces: Sequence[LabelledFace],
    log_p: FloatsArray,
    noise: Noise,
    rng: np.random.Generator,
) -> Course:
    frames = [round(seconds * _FPS) for _, seconds in parts]
    row = np.repeat([row for row, _ in parts], frames)
    times_s = np.arange(len(row)) / _FPS
    since_s = np.concatenate([np.arange(count) / _FPS for count in frames])
    truth = np.array([EMOTIONS.index(faces[one].label) for one in row], np.int64)
    return times_s, softmax(np.asarray(log_p[row] + walk(noise, times_s, rng), np.float32)), truth, since_s


def answered(course: Course, spec: BaselineSpec | None) -> IntArray:
    """Return what is said of each frame, `(T,)`; with `spec` by a rest that is learned meanwhile."""
    _, raw, _, _ = course
    if spec is None:
        return np.asarray(raw.argmax(axis=1), np.int64)
    known, said = RestEstimator(spec), np.empty(len(raw), np.int64)
    for number, one in enumerate(raw):
        known.observe(one, 1.0, 1 / _FPS)
        said[number] = shifted(one[None], known.shift[None]).argmax()
    return said


def simulated(
    faces: Sequence[LabelledFace], answers: Answers, noise: Noise, spec: BaselineSpec, count: int
) -> dict[str, Any]:
    """Return the figures on simulated people, with and without a learned rest."""
    mixed = people(faces, answers, noise, count)
    figures: dict[str, Any] = {"people": len(mixed)}
    alone = {
        emotion: people(faces, answers, noise, count, EMOTIONS.index(emotion))
        for emotion in EMOTIONS
        if emotion != "neutral"
    }
    for name, one in zip(_MODES, (None, spec), strict=True):
        said = [answered(course, one) for course in mixed]
        settled = [course[3] >= _SETTLED_S for course in mixed]
        truth = np.concatenate([course[2][kept] for course, kept in zip(mixed, settled, strict=True)])
        given = np.concatenate([each[kept] for each, kept in zip(said, settled, strict=True)])
        late = {
            emotion: round(
                float(np.mean([answered(course, one)[len(course[1]) // 2 :] == _NEUTRAL for course in crowd])), 3
            )
            for emotion, crowd in alone.items()
            if crowd
        }
        table = np.zeros((len(EMOTIONS), len(EMOTIONS) + 1), np.int64)
        np.add.at(table, (truth, given), 1)
        scores = confusions(table)
        figures[name] = {**scores.as_dict(), "called_neutral_after_15_s_of_it_alone": late}
    return figures


def labels_of(seen: Sequence[Watched], spec: BaselineSpec, learn: bool) -> dict[str, Any]:
    """Return a clip's flips, and of each track the labels with the number of frames for which they are shown."""
    smooth, rest = LabelSmoother(SmoothingConfig()), NeutralCalibrator(spec, learn=learn)
    shown: dict[int, list[str]] = {}
    for one, faces in zip(seen, tracked(seen), strict=True):
        said = smooth.update(faces, rest.update(faces, one.emotions, one.time_s), one.time_s)
        for track, label in zip(faces.track_ids.tolist(), said.labels, strict=True):
            shown.setdefault(track, []).append(label)
    flips = sum(a != b for labels in shown.values() for a, b in pairwise(labels))
    return {"flips": flips, "frames": {track: " ".join(_runs(labels)) for track, labels in shown.items()}}


def _runs(labels: Sequence[str]) -> Iterator[str]:
    for label, run in groupby(labels):
        yield f"{label} {len(list(run))}"


@click.command(help=__doc__)
@click.option("--labels", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--root", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option(
    "--clips", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder of clips."
)
@click.option("--people", "count", default=60, show_default=True, help="Simulated people at most.")
@click.option("--weights", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS_DIR)
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(labels: Path, root: Path, folder: Path, count: int, weights: Path, out: Path | None) -> None:
    spec = load_manifest(weights).baseline_at()
    if spec is None:
        raise click.UsageError("these weights know no population's rest; run python -m models.fit_baseline first")
    config = PipelineConfig(weights=weights)
    faces = read_labels(labels, root)
    seen = {path.name: watch(path, config) for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES}
    long = [track for one in seen.values() for track in tracks_of(one) if len(track.times_s) >= _MIN_NOISE_ROWS]
    noise = measure_noise([(track.times_s, track.raw) for track in long])
    figures = {
        "simulated": simulated(faces, run_shipped(faces, root, config), noise, spec, count),
        "clips": {name: {mode: labels_of(one, spec, mode == "auto") for mode in _MODES} for name, one in seen.items()},
    }
    text = json.dumps(figures, indent=1)
    if out is not None:
        out.write_text(text + "\n")
    click.echo(text)


if __name__ == "__main__":
    main()
