"""Chooses what a person's known resting face changes: `python -m models.fit_baseline --labels … --root …`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from models.cli import fail_in_one_line
from models.console import say
from models.dataset.labels import LabelledFace, read_labels
from models.dataset.neutral_pictures import IntArray, neutral_pairs
from models.errors import DataError
from models.evaluate.confusions import Confusions, confusions
from models.evaluate.shipped import Answers, run_shipped
from models.manifest import (
    EMOTIONS,
    MANIFEST_NAME,
    WEIGHTS_DIR,
    BaselineSpec,
    FusionSpec,
    load_manifest,
    save_manifest,
)
from realtime.core.config import PipelineConfig
from realtime.core.types import FloatArray
from realtime.inference.fusion import centred_log, fuse
from realtime.smoothing.resting_shift import resting_shift, shifted

_FOLDER = click.Path(file_okay=False, path_type=Path)
_TABLE = click.Path(dir_okay=False, path_type=Path)
_NEUTRAL = EMOTIONS.index("neutral")
_FEWEST_PEOPLE = 10
_BEGIN = (0.4, -1.0)
_GAIN, _STEP = (0.0, 1.0), (-3.0, 1.0)
_TINY = 1e-7
_PARTS = 2520  # of a picture: as many as one to ten references divide


@click.command()
@click.option("--labels", type=_TABLE, required=True, help="Table with file,label,subject.")
@click.option("--root", type=_FOLDER, required=True, help="Folder that the table's files are relative to.")
@click.option("--name", default="", help="What the set is called in the manifest; by default the folder's name.")
@click.option("--weights", type=_FOLDER, default=WEIGHTS_DIR, help="Folder with manifest.json; it is rewritten.")
@fail_in_one_line
def main(labels: Path, root: Path, name: str, weights: Path) -> None:
    """Choose gain and neutral step on people with a neutral picture, and write them into the manifest.

    The two numbers are those with the least log-loss over all pictures, each emotion alike, given another, neutral
    picture of the same person. First they are chosen on one half of the people and scored on the other, and the other
    way round: those are the figures that are told and noted. Where the manifest has fusions for other sensitivities,
    the one for 1 gets numbers of its own, and the one for 0 its own population's rest.
    """
    manifest = load_manifest(weights)
    faces = [face for face in read_labels(labels, root, notify=say) if face.label and face.subject]
    neutral_pairs(faces, np.ones(len(faces), np.bool_))  # A table without pairs is refused before minutes of work.
    answers = run_shipped(faces, root, PipelineConfig(weights=weights))
    for line in answers.fault_lines(faces):
        say(line)
    read = [int(row) for row in answers.read]
    faces, answers = [faces[row] for row in read], answers.of_rows(read)
    looked = LookedAt.of(faces, answers, manifest.fusion)
    spec, figures = looked.fitted(), _cross_checked(looked)
    specs: tuple[BaselineSpec, ...] = (spec,)
    if manifest.exchange is not None:
        # What was meant must not choose for the sensitivity at which a passer-by does.
        seen = replace(spec, rest=LookedAt.of(faces, answers, manifest.exchange.seen).mean_rest)
        specs = (seen, spec, LookedAt.of(faces, answers, manifest.exchange.meant).fitted())
    for one in specs:
        say(f"gain {one.gain:.2f}  neutral step {one.neutral_step:+.2f}  rest {_named(one.rest)}")
    kept = {**manifest.scores, "baseline": {"chosen_on": name or root.resolve().name, **figures}}
    save_manifest(replace(manifest, baselines=specs, scores=kept))
    say(f"wrote what a known resting face changes into {weights / MANIFEST_NAME}")


def _named(rest: Sequence[float]) -> str:
    return "  ".join(f"{name} {value:+.1f}" for name, value in zip(EMOTIONS, rest, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class LookedAt:
    """Pictures, each with another, neutral one of the same person.

    Attributes:
        log_p: `(P, 6) float32`, centered log-probabilities of the picture.
        rest: `(P, 6) float32`, of the reference.
        truth: `(P,) int64`.
        found: `(P,) bool`, whether the picture's face was found.
        weight: `(P,) float64`, so that a picture counts once, however many references there are for it.
        person: `(P,)`, names.
    """

    log_p: FloatArray
    rest: FloatArray
    truth: IntArray
    found: npt.NDArray[np.bool_]
    weight: npt.NDArray[np.float64]
    person: npt.NDArray[np.str_]

    @staticmethod
    def of(faces: Sequence[LabelledFace], answers: Answers, fusion: FusionSpec) -> LookedAt:
        """Return the pairs of pictures. Raises DataError: too few people."""
        rows, references = neutral_pairs(faces, answers.detected)
        person = np.array([faces[row].subject for row in rows])
        if len(set(person)) < _FEWEST_PEOPLE:
            raise DataError(
                f"choosing takes {_FEWEST_PEOPLE} people with a neutral picture and others; received {len(set(person))}"
            )
        said = centred_log(fuse(answers.by_region, answers.reliability, fusion))
        truth = np.array([EMOTIONS.index(faces[row].label) for row in rows], np.int64)
        times = np.bincount(rows, minlength=len(faces))[rows]
        return LookedAt(said[rows], said[references], truth, answers.detected[rows], 1 / times, person)

    def of_people(self, chosen: npt.NDArray[np.bool_]) -> LookedAt:
        """Return some of the pairs."""
        return LookedAt(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def halves(self) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return two masks, `(P,)` each, that split the people in their names' order: where F and M begin them, so."""
        first = np.isin(self.person, (names := sorted(set(self.person)))[: len(names) // 2])
        return first, ~first

    @property
    def mean_rest(self) -> tuple[float, ...]:
        """The population's resting answer, `(6,)`."""
        return tuple(round(float(one), 3) for one in np.average(self.rest, axis=0, weights=self.weight))

    def fitted(self) -> BaselineSpec:
        """Return the numbers with the least log-loss, every emotion alike."""
        from scipy.optimize import minimize

        rest = self.mean_rest
        share = np.bincount(self.truth, self.weight * self.found, minlength=len(EMOTIONS))
        weight = self.weight * self.found / np.maximum(share, _TINY)[self.truth]

        def loss(numbers: npt.NDArray[np.float64]) -> float:
            given = shifted(np.exp(self.log_p), resting_shift(self.rest, _spec(rest, numbers)))
            return float(-(weight * np.log(given[np.arange(len(given)), self.truth] + _TINY)).sum() / weight.sum())

        # Two numbers and a loss with kinks, where shifts reach their limit: no gradients.
        best = minimize(
            loss, _BEGIN, method="Nelder-Mead", bounds=(_GAIN, _STEP), options={"xatol": 5e-3, "fatol": 1e-5}
        )
        return _spec(rest, best.x)

    def scored(self, spec: BaselineSpec | None) -> Confusions:
        """Return the scores with a known rest, or without where `spec` is `None`."""
        given = self.log_p if spec is None else self.log_p + resting_shift(self.rest, spec)
        said = np.where(self.found, given.argmax(axis=1), len(EMOTIONS))
        table = np.zeros((len(EMOTIONS), len(EMOTIONS) + 1), np.int64)
        np.add.at(table, (self.truth, said), np.rint(self.weight * _PARTS).astype(np.int64))
        return confusions(table)


def _spec(rest: tuple[float, ...], numbers: Any) -> BaselineSpec:
    gain, step = (round(float(one), 3) for one in numbers)
    return BaselineSpec(rest, gain, step)


def _cross_checked(looked: LookedAt) -> dict[str, Any]:
    """Return the figures of each half of the people with numbers chosen on the other; tell them."""
    figures: dict[str, Any] = {"people": len(set(looked.person)), "pictures": round(float(looked.weight.sum()))}
    first, second = looked.halves()
    for title, chosen, held in (("second_half", first, second), ("first_half", second, first)):
        part = looked.of_people(held)
        before, after = part.scored(None), part.scored(looked.of_people(chosen).fitted())
        people = sorted(set(part.person))
        say(f"{people[0]} to {people[-1]}, without: {before.line()}")
        say(f"{people[0]} to {people[-1]}, chosen on the others: {after.line()}")
        figures[title] = {"without": before.as_dict(), "with": after.as_dict()}
    return figures


if __name__ == "__main__":
    main()
