"""Runs the shipped models over labeled pictures with the live program's own code, without smoothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.console import ERR
from models.dataset.labels import LabelledFace
from models.dataset.neutral_pictures import neutral_pairs
from models.dataset.pictures import Fault, PictureError, fault_lines, read_picture
from models.errors import DataError
from models.evaluate.confusions import confusions
from models.evaluate.occlusions import Cover
from models.evaluate.scores import NOT_FOUND, IntArray, accuracy, expected_calibration_error
from models.manifest import EMOTIONS, BaselineSpec
from models.region_crops import eye_distance_px
from realtime.core.config import PipelineConfig
from realtime.core.types import Emotions, Faces, FloatArray, Frame
from realtime.inference.classifier import RegionClassifier
from realtime.inference.fusion import centred_log
from realtime.landmarks.still_image_finder import StillImageFinder
from realtime.smoothing.resting_shift import resting_shift, shifted

_BATCH = 16
_PER_PICTURE = ("detected", "fused", "by_region", "reliability", "eye_distance_px", "yaw_deg")


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The program's output for each picture.

    Attributes:
        detected: `(N,) bool`, whether the face was found.
        fused: `(N, 6) float32`, zeros where it was not.
        by_region: `(N, R, 6) float32`, likewise.
        reliability: `(N, R) float32`, likewise.
        eye_distance_px: `(N,) float32`, between the outer eye corners; likewise.
        yaw_deg: `(N,) float32`, likewise.
        regions: `(R,)`, the experts' regions, in the manifest's order.
        faults: row -> why its picture could not be read. Such a picture has no answer, right or wrong.
    """

    detected: np.ndarray[tuple[int], np.dtype[np.bool_]]
    fused: FloatArray
    by_region: FloatArray
    reliability: FloatArray
    eye_distance_px: FloatArray
    yaw_deg: FloatArray
    regions: tuple[str, ...]
    faults: Mapping[int, Fault] = field(default_factory=dict)

    @staticmethod
    def none(count: int, regions: tuple[str, ...]) -> Answers:
        """Return the value for `count` pictures none of which has been looked at by the experts for `regions`."""
        return Answers(
            detected=np.zeros(count, np.bool_),
            fused=np.zeros((count, len(EMOTIONS)), np.float32),
            by_region=np.zeros((count, len(regions), len(EMOTIONS)), np.float32),
            reliability=np.zeros((count, len(regions)), np.float32),
            eye_distance_px=np.zeros(count, np.float32),
            yaw_deg=np.zeros(count, np.float32),
            regions=regions,
        )

    @property
    def read(self) -> IntArray:
        """Return the rows whose picture could be read."""
        return np.array([row for row in range(len(self.detected)) if row not in self.faults], np.int64)

    def of_rows(self, rows: Sequence[int]) -> Answers:
        """Return the answers to some of the pictures, all of which could be read."""
        arrays = {name: getattr(self, name)[list(rows)] for name in _PER_PICTURE}
        return replace(self, faults={}, **arrays)

    def fault_lines(self, faces: Sequence[LabelledFace]) -> list[str]:
        """Return one line per kind of fault: how many of the pictures `faces` were left out, and why."""
        return fault_lines([(faces[row].file, fault) for row, fault in self.faults.items()], len(faces))

    def knowing(self, rows: IntArray, references: IntArray, spec: BaselineSpec | None) -> FloatArray:
        """Return the fused answers of `rows`, `(P, 6)`, as they are where each person's resting face is known.

        Args:
            rows: `(P,)`, which pictures.
            references: `(P,)`, for each the row of a neutral picture of the same person.
            spec: what a known rest changes.
        """
        return shifted(self.fused[rows], resting_shift(centred_log(self.fused[references]), spec))

    def said(self, probabilities: FloatArray) -> IntArray:
        """Return the most probable emotion's index per picture, `NOT_FOUND` where no face was found."""
        return np.where(self.detected, probabilities.argmax(axis=1), NOT_FOUND).astype(np.int64)

    def confidence(self, probabilities: FloatArray) -> FloatArray:
        """Return the most probable emotion's probability per picture, `(N,)`, 0 where no face was found."""
        return np.where(self.detected, probabilities.max(axis=1), 0).astype(np.float32)


class StoppedError(KeyboardInterrupt):
    """Ctrl-C came while pictures were looked at.

    Attributes:
        answers: as of all pictures.
        done: `int`, how many of them have been looked at, from the first on.
    """

    def __init__(self, answers: Answers, done: int) -> None:
        super().__init__()
        self.answers, self.done = answers, done


def run_shipped(
    faces: Sequence[LabelledFace],
    root: Path,
    config: PipelineConfig,
    *,
    cover: Cover | None = None,
    quiet: bool = False,
) -> Answers:
    """Run landmarks, crops, ONNX experts and fusion over every picture.

    Args:
        faces: which pictures.
        root: folder that their files are relative to.
        config: weights and provider.
        cover: drawn on each face that is found before the program sees the picture; see `models.evaluate.occlusions`.
        quiet: no progress bar.

    Raises:
        StoppedError: Ctrl-C; it has the answers so far.
        DataError: none of the pictures can be read.
        ModelError: manifest or model files do not fit.
    """
    count, rows, faults = len(faces), range(0), dict[int, Fault]()
    classifier, finder = RegionClassifier(config), StillImageFinder()
    answers = Answers.none(count, classifier.regions)
    try:
        for rows in _chunks(count, quiet):
            looked = [_look(finder, root, faces[row].file, row, cover) for row in rows]
            faults.update({row: item for row, item in zip(rows, looked, strict=True) if isinstance(item, str)})
            present = [(row, item) for row, item in zip(rows, looked, strict=True) if not isinstance(item, str)]
            _take(answers, present, classifier.classify([item for _, item in present]))
    except KeyboardInterrupt:
        raise StoppedError(replace(answers, faults=faults), rows.start) from None
    finally:
        finder.close()
        classifier.close()
    if len(faults) == count:
        raise DataError(f"none of the {count} pictures could be read from {root}; see --root")
    return replace(answers, faults=faults)


def _chunks(count: int, quiet: bool) -> Iterator[range]:
    """Yield rows batch by batch, under a progress bar."""
    with tqdm(total=count, unit="picture", desc="evaluate", disable=quiet, file=ERR) as bar:
        for start in range(0, count, _BATCH):
            rows = range(start, min(start + _BATCH, count))
            yield rows
            bar.update(len(rows))


def _look(
    finder: StillImageFinder, root: Path, file: str, row: int, cover: Cover | None
) -> tuple[Frame, Faces] | Fault:
    try:
        image_bgr = read_picture(root, file)
    except PictureError as error:
        return error.fault
    faces = finder.find(image_bgr)
    if cover and len(faces):
        # Drawn by the landmarks of the plain picture, then detected again, so that nothing below the cover leaks in.
        image_bgr = cover(image_bgr, faces.landmarks_xy[0])
        faces = finder.find(image_bgr)
    return Frame(image_bgr, row, 0.0, 0.0), faces


def _take(answers: Answers, present: list[tuple[int, tuple[Frame, Faces]]], said: Sequence[Emotions]) -> None:
    for (row, (_, found)), emotions in zip(present, said, strict=True):
        if len(emotions):
            answers.detected[row] = True
            answers.fused[row] = emotions.raw[0]
            answers.by_region[row] = emotions.by_region[0]
            answers.reliability[row] = emotions.reliability[0]
            answers.eye_distance_px[row] = eye_distance_px(found.landmarks_xy[0])
            answers.yaw_deg[row] = found.head_pose_deg[0, 0]


def own_neutral_lines(faces: Sequence[LabelledFace], answers: Answers, spec: BaselineSpec | None) -> list[str]:
    """Return what is printed of the scores without and with one neutral picture of each person, on the same pictures.

    A person's first neutral picture whose face was found is the one that the program is given; it is not scored.

    Raises:
        DataError: no person has such a picture and another one.
    """
    usable = answers.detected & np.isin(np.arange(len(faces)), answers.read)
    rows, references = neutral_pairs(faces, usable, first_only=True)
    rows, references = (each[np.isin(rows, answers.read)] for each in (rows, references))
    truth = np.array([EMOTIONS.index(faces[row].label) for row in rows], np.int64)
    people = len(set(references.tolist()))
    lines = [f"{people} people with a neutral picture, {len(rows)} others of them:"]
    given = {"without it": answers.fused[rows], "with it": answers.knowing(rows, references, spec)}
    for name, probabilities in given.items():
        said = np.where(answers.detected[rows], probabilities.argmax(axis=1), NOT_FOUND)
        confidence = np.where(answers.detected[rows], probabilities.max(axis=1), 0).astype(np.float32)
        ece = expected_calibration_error(confidence, np.asarray(said == truth, np.bool_))
        table = np.zeros((len(EMOTIONS), len(EMOTIONS) + 1), np.int64)
        np.add.at(table, (truth, said), 1)  # NOT_FOUND, -1, is the last column
        errors = confusions(table)
        lines.append(f"{name:16} accuracy {accuracy(truth, said):6.2%}  {errors.line()}  ECE {ece:.3f}")
    return lines
