"""Fits temperatures and fusion weights on validation faces: `python -m models.fit_fusion --labels … --root …`."""

from __future__ import annotations

import datetime
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np

from models.cli import fail_in_one_line, split_shares
from models.console import say
from models.dataset.copies import without_copies
from models.dataset.labels import LabelledFace, hard, of_split, outside_lines, read_labels, split_by_subject
from models.dataset.occlusion import COVER_KINDS, cover_face
from models.dataset.pictures import plain_name
from models.errors import DataError
from models.evaluate.fusion_solver import (
    METHODS,
    Evidence,
    cross_validated,
    fit_temperature,
    negative_log_likelihood,
)
from models.evaluate.labelings import POOLING, Labelings, recalibrated
from models.evaluate.scores import expected_calibration_error, score
from models.evaluate.shipped import Answers, run_shipped
from models.manifest import (
    EMOTIONS,
    MANIFEST_NAME,
    WEIGHTS_DIR,
    Exchange,
    FusionSpec,
    Manifest,
    load_manifest,
    save_manifest,
)
from models.region_registry import REGIONS
from realtime.core.config import PipelineConfig
from realtime.core.types import FloatArray, ImageArray
from realtime.inference.fusion import tempered

_FOLDER = click.Path(file_okay=False, path_type=Path)
_TABLE = click.Path(dir_okay=False, path_type=Path)
_AGREED = 0.5
_FEWEST = 50


@click.command()
@click.option("--labels", type=click.Path(dir_okay=False, path_type=Path), help="Table of labels or votes.")
@click.option("--root", type=_FOLDER, required=True, help="Folder that holds the pictures.")
@click.option("--label-column", default="label", show_default=True, help="Column with hard labels, if there is one.")
@click.option(
    "--split", type=click.Choice(("train", "val")), default="val", show_default=True, help="Never the test split."
)
@click.option("--method", type=click.Choice(METHODS), default="stacked", show_default=True)
@click.option("--meant", type=_TABLE, help="Table of the same files with hard labels: what each was found under.")
@click.option("--posed", type=_TABLE, help="Table of posed faces that help to choose the operating point.")
@click.option("--posed-root", type=_FOLDER, help="Folder that the posed pictures lie in.")
@click.option("--meant-share", type=click.FloatRange(0, 1), default=0.05, show_default=True, help="Of --meant.")
@click.option("--posed-share", type=click.FloatRange(0), default=0.75, show_default=True, help="Beside the others' 1.")
@click.option("--weights", type=_FOLDER, default=WEIGHTS_DIR, help="Folder with manifest.json; it is rewritten.")
@split_shares
@fail_in_one_line
def main(
    labels: Path | None,
    root: Path,
    label_column: str,
    split: str,
    method: str,
    meant: Path | None,
    posed: Path | None,
    posed_root: Path | None,
    meant_share: float,
    posed_share: float,
    weights: Path,
    val_share: float,
    test_share: float,
) -> None:
    """Measure on validation faces how far each expert is right for each emotion, and write it into the manifest.

    First one temperature per expert, then the fusion. All methods are compared by five-fold cross-validation, and
    --method is the one that is written. The fit aims at all votes; scored are faces of which more than half agree.
    The faces are then looked at once more for each region, with a mask or glasses drawn over the others: where only
    one expert has something to say, its answer is read by numbers of its own.

    With --meant and --posed, shifts and temperature are chosen for all three labelings, and the fusions for
    sensitivity 0 (the votes alone) and 1 (what was meant, and posed faces in full) are written beside.
    """
    posed_faces, manifest = _posed(posed, posed_root), load_manifest(weights)
    faces = _each_once(labels, root, label_column, split, (val_share, test_share))
    found = _looked_at(faces, root, split, weights)
    temperatures = _temperatures(found.evidence(), [expert.temperature for expert in manifest.experts])
    shown = _looked_at(posed_faces, posed_root, "", weights) if posed_root else None
    sets = _Sets(found, shown, meant, weights, temperatures)
    labelings = sets.labelings()
    scores = _compared(labelings.seen, dict(zip(manifest.regions, temperatures, strict=True)))
    labelings = replace(labelings, alone=sets.alone(manifest.regions) if method in POOLING else ())
    fusion = labelings.fitted(method, meant_share, posed_share)
    _write(manifest, temperatures, fusion, labelings.exchange(method), scores)
    _say_shares(manifest, fusion)
    say(f"wrote {method} fusion into {weights / MANIFEST_NAME}")


def _say_shares(manifest: Manifest, fusion: FusionSpec) -> None:
    for region, row in zip(manifest.regions, fusion.success, strict=True):
        shares = "  ".join(f"{name} {share:.2f}" for name, share in zip(EMOTIONS, row, strict=True))
        say(f"{region} is right when it says: {shares}")


def _posed(table: Path | None, root: Path | None) -> list[LabelledFace]:
    """Return the posed faces. Raises DataError: one of the two is missing."""
    if (table is None) != (root is None):
        raise DataError("--posed and --posed-root go together; received one of them: give the other one, too")
    return [face for face in read_labels(table, root) if face.label] if table and root else []


def _each_once(
    labels: Path | None, root: Path, label_column: str, split: str, shares: tuple[float, float]
) -> list[LabelledFace]:
    """Return the labeled faces of a split without copies: what is fitted must not be tested later."""
    faces = read_labels(labels, root, label_column, say)
    every = [face for face in faces if face.label]
    splits = split_by_subject(every, *shares)
    originals = without_copies(every, splits, root)
    for line in (*outside_lines(faces), *originals.lines()):
        say(line)
    return of_split([replace(every[row], split=splits[row]) for row in originals.rows], split, shares)


def _compared(evidence: Evidence, temperatures: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Score all methods by cross-validation, and each expert alone."""
    scores = {name: _report(f"{name} (cross-validated)", cross_validated(evidence, name), evidence) for name in METHODS}
    for column, (region, temperature) in enumerate(temperatures.items()):
        scores[region] = _report(f"{region} alone, T={temperature:.2f}", evidence.by_region[:, column], evidence)
    return scores


def _write(
    manifest: Manifest,
    temperatures: Sequence[float],
    fusion: FusionSpec,
    exchange: Exchange | None,
    scores: Mapping[str, Mapping[str, float]],
) -> None:
    experts = tuple(
        replace(expert, temperature=temperature)
        for expert, temperature in zip(manifest.experts, temperatures, strict=True)
    )
    today = datetime.date.today().isoformat()
    kept = {**manifest.scores, "fusion_on_val": scores}
    # What a resting face changes was chosen for the fusion before.
    fitted = replace(manifest, experts=experts, fusion=fusion, exchange=exchange, scores=kept, created=today)
    save_manifest(replace(fitted, baselines=()))


@dataclass(frozen=True, slots=True, eq=False)
class _LookedAt:
    """Pictures and what the experts say of them."""

    faces: list[LabelledFace]
    root: Path
    answers: Answers
    applied: list[float]

    def evidence(self, labels: Sequence[LabelledFace] | None = None) -> Evidence:
        """Return the evidence on the faces that were found and have a label: their own, or one of the same files."""
        other = {plain_name(face.file): face for face in labels or ()}
        none = hard("", "")
        faces = self.faces if labels is None else [other.get(plain_name(face.file), none) for face in self.faces]
        everyone = Evidence(
            self.answers.by_region,
            self.answers.reliability,
            soft=np.array([face.soft for face in faces], np.float32),
            weight=np.array([face.weight for face in faces], np.float32),
            agreed=np.array([face.agreement > _AGREED for face in faces]),
        )
        return everyone[self.answers.detected & np.array([bool(face.label) for face in faces])]

    def with_temperatures(self, wanted: list[float]) -> _LookedAt:
        """Return the same with other temperatures of the experts than those that were applied."""
        by_region = recalibrated(self.answers.by_region, self.applied, wanted)
        return replace(self, answers=replace(self.answers, by_region=by_region), applied=wanted)

    def covered(self, what: str, weights: Path) -> _LookedAt:
        """Return the same faces with something drawn on each, as in training (`models.dataset.occlusion`)."""

        def cover(image_bgr: ImageArray, landmarks_xy: FloatArray) -> ImageArray:
            # A picture always gets the same cover, whatever else is fitted to.
            rng = np.random.default_rng(zlib.crc32(image_bgr.tobytes()))
            return cover_face(image_bgr, landmarks_xy, what, rng)[0]

        say(f"once more, with {what} drawn on each face")
        answers = run_shipped(self.faces, self.root, PipelineConfig(weights=weights), cover=cover)
        return replace(self, answers=answers)


@dataclass(frozen=True, slots=True, eq=False)
class _Sets:
    """All faces that are fitted to: those with votes, posed ones, and a table with what the first were found under."""

    found: _LookedAt
    shown: _LookedAt | None
    meant: Path | None
    weights: Path
    temperatures: list[float]

    def labelings(self, cover: str = "") -> Labelings:
        """Return what the experts say, of covered faces if `cover` is one of `COVER_KINDS`, and what is true."""
        found, shown = (
            one and (one.covered(cover, self.weights) if cover else one).with_temperatures(self.temperatures)
            for one in (self.found, self.shown)
        )
        assert found is not None
        return Labelings(found.evidence(), self._meant(found), shown.evidence() if shown else None)

    def alone(self, regions: Sequence[str]) -> tuple[Labelings, ...]:
        """Return for each expert what it says where the others' regions are covered; () if one cannot be alone."""
        covers = [cover_of_others(region, regions) for region in regions]
        if not all(covers):
            return ()
        looked = {cover: self.labelings(cover) for cover in dict.fromkeys(covers)}
        for cover, one in looked.items():
            if (agreed := int(one.seen.agreed.sum())) < _FEWEST:
                say(f"no expert gets numbers of its own: with {cover} only {agreed} faces are found, not {_FEWEST}")
                return ()
        return tuple(looked[cover].of_region(at) for at, cover in enumerate(covers))

    def _meant(self, found: _LookedAt) -> Evidence | None:
        """Return the evidence with the labels of the other table. Raises DataError: it names none of the faces."""
        if self.meant is None:
            return None
        evidence = found.evidence(read_labels(self.meant, found.root))
        if not len(evidence.soft):
            raise DataError(f"--meant needs labels of the same files as --labels; {self.meant} names none of them")
        return evidence


def cover_of_others(region: str, regions: Sequence[str]) -> str:
    """Return what can be drawn on a face to hide all regions but one, "" if nothing does or there is no other."""
    others = [REGIONS[name] for name in regions if name != region]
    own = REGIONS[region].hidden_by
    fit = [what for what in COVER_KINDS if what not in own and all(what in other.hidden_by for other in others)]
    return fit[0] if fit and others else ""


def _looked_at(faces: list[LabelledFace], root: Path, split: str, weights: Path) -> _LookedAt:
    """Return what the experts say of the faces. Raises DataError where they are too few to fit anything to."""
    where = f"in the split {split!r}" if split else f"in {root}"
    if len(faces) < _FEWEST:
        raise DataError(
            f"fitting needs {_FEWEST} labeled faces or more {where}; received {len(faces)}: label more, or enlarge "
            "--val-share where the table has no splits"
        )
    applied = [expert.temperature for expert in load_manifest(weights).experts]
    looked = _LookedAt(faces, root, run_shipped(faces, root, PipelineConfig(weights=weights)), applied)
    for line in looked.answers.fault_lines(faces):
        say(line)
    agreed = int(looked.evidence().agreed.sum())
    if agreed < _FEWEST:
        raise DataError(
            f"fitting needs {_FEWEST} faces that are found and whose votes agree; of {len(faces)} only {agreed} were"
        )
    return looked


def _temperatures(evidence: Evidence, applied: Sequence[float]) -> list[float]:
    """Return one temperature per expert, from what it says with those that the manifest applies already."""
    clear = evidence[evidence.agreed]
    return [
        fit_temperature(tempered(clear.by_region[:, column], 1 / temperature), clear.truth)
        for column, temperature in enumerate(applied)
    ]


def _report(name: str, probabilities: FloatArray, evidence: Evidence) -> dict[str, float]:
    probabilities, truth = probabilities[evidence.agreed], evidence.truth[evidence.agreed]
    said = probabilities.argmax(axis=1).astype(np.int64)
    scores = score(truth, said)
    loss = negative_log_likelihood(probabilities, truth)
    ece = expected_calibration_error(probabilities.max(axis=1), said == truth)
    say(
        f"{name:32} accuracy {scores.accuracy:.2%}  macro-F1 {scores.macro_f1:.3f}  "
        f"log-loss {loss:.4f}  ECE {ece:.3f}  ({scores.faces} faces)"
    )
    figures = {"accuracy": scores.accuracy, "macro_f1": scores.macro_f1, "log_loss": loss, "ece": ece}
    return {key: round(value, 4) for key, value in figures.items()}


if __name__ == "__main__":
    main()
