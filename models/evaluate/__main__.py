"""Command line of the evaluation: `python -m models.evaluate shipped` and `python -m models.evaluate report`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from models.cli import fail_in_one_line, split_shares
from models.console import say
from models.dataset.copies import later_copies
from models.dataset.labels import SPLITS, LabelledFace, of_split, outside_lines, read_labels
from models.errors import DataError
from models.evaluate.analysis import Analysis, analyse
from models.evaluate.confusions import confusions
from models.evaluate.occlusions import COVERS
from models.evaluate.scores import NOT_FOUND, IntArray, Scores, accuracy, confusion_text, score, sklearn_metrics
from models.evaluate.shipped import Answers, StoppedError, run_shipped
from models.manifest import EMOTIONS, WEIGHTS_DIR, load_manifest, save_manifest
from models.new_files import check_new, write_whole
from realtime.core.config import PipelineConfig
from realtime.core.types import FloatArray

_FOLDER = click.Path(file_okay=False, path_type=Path)
_TABLE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def main() -> None:
    """Evaluate the shipped models on labeled pictures."""


@main.command()
@click.option("--labels", type=_TABLE, required=True, help="Table with file,label[,split,subject].")
@click.option("--root", type=_FOLDER, required=True, help="Folder that the table's files are relative to.")
@click.option("--out", type=_TABLE, required=True, help="Table to write: one row per picture.")
@click.option("--label-column", default="label", show_default=True, help="Column with the labels.")
@click.option("--split", type=click.Choice(SPLITS), help="Only the pictures of this split.")
@click.option("--by-region", is_flag=True, help="Add what each expert says, and its reliability.")
@click.option("--cover", type=click.Choice(tuple(COVERS)), help="Draw a mask or dark glasses on each face first.")
@click.option("--weights", type=_FOLDER, default=WEIGHTS_DIR, help="Folder with manifest.json and models.")
@click.option("--overwrite", is_flag=True, help="Replace what an earlier run wrote there.")
@click.option("--sensitivity", type=click.FloatRange(0, 1), help="0: as a passer-by would call it; 1: as it was meant.")
@split_shares
@fail_in_one_line
def shipped(
    labels: Path,
    root: Path,
    out: Path,
    label_column: str,
    split: str | None,
    by_region: bool,
    cover: str | None,
    weights: Path,
    overwrite: bool,
    sensitivity: float | None,
    val_share: float,
    test_share: float,
) -> None:
    """Run the shipped models over labeled pictures as the live program does, without smoothing over time.

    Writes file,label,detected and the six fused probabilities for every picture (all 0 where no face was found), and
    prints the scores on the pictures whose label is one of the six emotions; a face not found counts as wrong. A
    picture that is missing or cannot be read is counted beside the scores; its cells are empty. Copies count once.
    Without scikit-learn, which `make setup-train` installs, the accuracies alone.
    """
    if not out.parent.is_dir():
        raise DataError(f"--out must lie in an existing folder; received {out}")
    check_new(out, overwrite=overwrite, inputs=[labels])
    faces = of_split(read_labels(labels, root, label_column, say), split, (val_share, test_share))
    config = PipelineConfig(weights=weights, sensitivity=sensitivity)
    try:
        answers = run_shipped(faces, root, config, cover=COVERS[cover] if cover else None)
    except StoppedError as stop:
        part = _write(out.with_name(f"{out.stem}.part{out.suffix}"), faces[: stop.done], stop.answers, by_region)
        say(f"stopped after {stop.done} of {len(faces)} pictures: what is said of them is in {part}", err=True)
        raise
    out = _write(out, faces, answers, by_region, overwrite=overwrite)
    copies = later_copies(faces, root)
    for line in (*_left_out(faces, answers, copies), *score_lines(faces, answers, copies)):
        say(line)
    say(f"probabilities: {out}")


@main.command()
@click.option("--labels", type=_TABLE, required=True, help="Table with file,label[,split,subject].")
@click.option("--root", type=_FOLDER, required=True, help="Folder that the table's files are relative to.")
@click.option("--out", type=_FOLDER, required=True, help="Folder for report.html and report.json.")
@click.option("--label-column", multiple=True, default=("label",), show_default=True, help="One protocol per column.")
@click.option("--split", type=click.Choice(SPLITS), help="Only the pictures of this split.")
@click.option("--weights", type=_FOLDER, default=WEIGHTS_DIR, help="Folder with manifest.json and models.")
@click.option("--note", default="", help="Keep the scores in the manifest under this name, for the model card.")
@click.option("--covers/--no-covers", default=True, help="Also with a drawn mask and drawn glasses.")
@click.option("--overwrite", is_flag=True, help="Replace what an earlier run wrote there.")
@split_shares
@fail_in_one_line
def report(
    labels: Path,
    root: Path,
    out: Path,
    label_column: tuple[str, ...],
    split: str | None,
    weights: Path,
    note: str,
    covers: bool,
    overwrite: bool,
    val_share: float,
    test_share: float,
) -> None:
    """Measure every published figure of the models, and write them as one page: OUT/report.html.

    With several --label-column the same answers are scored against each of them. OUT/report.json has the figures.
    """
    from models.evaluate.report import REPORT_NAME, write_report

    check_new(out / REPORT_NAME, out / "report.json", overwrite=overwrite, inputs=[labels])
    sklearn_metrics()  # What is missing shows before minutes of work, not after.
    shares = (val_share, test_share)
    protocols = {name: of_split(read_labels(labels, root, name, say), split, shares) for name in label_column}
    faces, config, manifest = next(iter(protocols.values())), PipelineConfig(weights=weights), load_manifest(weights)
    answers = run_shipped(faces, root, config)
    rows = _rows_to_score(faces, answers, root)
    protocols = {name: [pictures[row] for row in rows] for name, pictures in protocols.items()}
    faces, answers = next(iter(protocols.values())), answers.of_rows(rows)
    covered = {name: run_shipped(faces, root, config, cover=draw) for name, draw in COVERS.items()} if covers else {}
    analyses = {name: analyse(pictures, answers, covered, manifest.fusion) for name, pictures in protocols.items()}
    page = write_report(analyses, protocols, answers, manifest, root, out, f"{labels.name}, {split or 'all splits'}")
    figures = {name: one.as_dict() for name, one in analyses.items() if one}
    _print_report(analyses)
    write_whole(out / "report.json", (json.dumps(figures, indent=1) + "\n").encode())
    if note:
        save_manifest(replace(manifest, scores={**manifest.scores, note: figures}))
    say(f"look: {page}   figures: {out / 'report.json'}")


@main.command()
@click.option(
    "--of",
    "sets",
    nargs=5,
    multiple=True,
    required=True,
    metavar="NAME LABELS ROOT COLUMN SPLIT",
    help="A set of faces: its name, table, folder, column with the labels, and split or `all`. Repeatable.",
)
@click.option("--out", type=_TABLE, required=True, help="OUT.csv and OUT.png are written.")
@click.option("--weights", type=_FOLDER, default=WEIGHTS_DIR, help="Folder with manifest.json and models.")
@fail_in_one_line
def exchange(sets: tuple[tuple[str, str, str, str, str], ...], out: Path, weights: Path) -> None:
    """Measure what each step of sensitivity gives and takes, on one or more sets of faces."""
    from models.evaluate.exchange import steps, write_exchange

    manifest, config = load_manifest(weights), PipelineConfig(weights=weights)
    manifest.fusion_at(0.0)  # weights with one fusion are refused before anything is run
    by_set = {}
    for name, table, folder, column, split in sets:
        if split not in (*SPLITS, "all"):
            raise DataError(f"the split of {name} must be {', '.join(SPLITS)} or all; received {split!r}")
        every = read_labels(Path(table), Path(folder), column)
        faces = of_split(every, None if split == "all" else split, (0.1, 0.1))
        answers = run_shipped(faces, Path(folder), config)
        for line in answers.fault_lines(faces):
            say(f"{name}: {line}")
        read = [int(row) for row in answers.read]
        by_set[name] = steps(name, [faces[row] for row in read], answers.of_rows(read), manifest)
        for step in by_set[name]:
            say(
                f"{name:16} sensitivity {step.sensitivity:.2f}  accuracy {step.accuracy:6.2%}  {step.errors.line()}  "
                f"ECE {step.ece:.3f}"
            )
    write_exchange(by_set, manifest.exchange.default if manifest.exchange else 0.0, out)


def _rows_to_score(faces: Sequence[LabelledFace], answers: Answers, root: Path) -> list[int]:
    """Return the rows of pictures that could be read, each once, and say which are left out."""
    copies = later_copies(faces, root)
    for line in _left_out(faces, answers, copies):
        say(line)
    return [int(row) for row in answers.read if row not in copies]


def _left_out(faces: Sequence[LabelledFace], answers: Answers, copies: Set[int]) -> list[str]:
    """Return the lines that say which pictures are in no score, and why."""
    told = [f"{len(copies)} pictures left out of the scores: copies of others by content"] if copies else []
    return [*answers.fault_lines(faces), *outside_lines(faces), *told]


def _print_report(analyses: Mapping[str, Analysis | None]) -> None:
    for name, analysis in analyses.items():
        if analysis is None:
            say(f"{name}: no picture has one of the six labels")
            continue
        for answer, scores in analysis.scores.items():
            say(f"{name}: {summary_line(answer, scores)}")
        for what, scores in analysis.covered.items():
            say(f"{name}: {summary_line(f'{what} covered', scores)}")
        facts = analysis.as_dict()
        say(
            f"{name}: ECE {facts['ece']:.3f} (before temperature {facts['ece_before_temperature']:.3f}), 70 % most "
            f"confident {facts['accuracy_on_70_percent']:.2%}, {analysis.errors.line()}"
        )


def score_lines(faces: Sequence[LabelledFace], answers: Answers, copies: Set[int] = frozenset()) -> list[str]:
    """Return what is printed of the answers; where scikit-learn is missing, accuracies and what to install for more.

    Args:
        faces: the pictures.
        answers: what the program says of them.
        copies: rows that are in no score.
    """
    truth, said = _scored(faces, answers, copies)
    if not len(truth):
        return []
    try:
        scores = {name: score(truth, one) for name, one in said.items()}
    except DataError as error:
        return [*(_accuracy_line(name, truth, one) for name, one in said.items()), str(error)]
    errors = confusions(scores["fused"].confusion).line()
    return [*(summary_line(name, one) for name, one in scores.items()), errors, confusion_text(scores["fused"])]


def _scored(faces: Sequence[LabelledFace], answers: Answers, copies: Set[int]) -> tuple[IntArray, dict[str, IntArray]]:
    """Return truth and answers, fused and of each expert, as indices, of the faces with one of the six labels."""
    rows = np.array([number for number in answers.read if faces[number].label and number not in copies], np.int64)
    truth = np.array([EMOTIONS.index(faces[row].label) for row in rows], np.int64)
    by_name: dict[str, FloatArray] = {"fused": answers.fused}
    by_name.update({region: answers.by_region[:, column] for column, region in enumerate(answers.regions)})
    return truth, {name: answers.said(p)[rows] for name, p in by_name.items()}


def _accuracy_line(name: str, truth: IntArray, said: IntArray) -> str:
    found = int((said != NOT_FOUND).sum())
    return (
        f"{name:16} accuracy {accuracy(truth, said):6.2%}  faces {len(truth)}  found {found} ({found / len(truth):.2%})"
    )


def summary_line(name: str, scores: Scores) -> str:
    """Return one line: accuracy, macro-F1, faces and how many were found."""
    return (
        f"{name:16} accuracy {scores.accuracy:6.2%}  macro-F1 {scores.macro_f1:.3f}  "
        f"faces {scores.faces}  found {scores.found} ({scores.found / scores.faces:.2%})"
    )


def _write(
    out: Path, faces: Sequence[LabelledFace], answers: Answers, by_region: bool, *, overwrite: bool = False
) -> Path:
    """Write the table and return where it is: beside `out` if another file has appeared there."""
    columns = ["file", "label", "detected", *(f"p_{emotion}" for emotion in EMOTIONS)]
    if by_region:
        columns += [f"{region}_p_{emotion}" for region in answers.regions for emotion in EMOTIONS]
        columns += [f"{region}_reliability" for region in answers.regions]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for row, face in enumerate(faces):
        values = list(answers.fused[row])
        if by_region:
            values += [*answers.by_region[row].ravel(), *answers.reliability[row]]
        seen = row not in answers.faults
        numbers = [f"{value:.6f}" if seen else "" for value in values]
        writer.writerow([face.file, face.label or face.given, int(answers.detected[row]) if seen else "", *numbers])
    try:
        return write_whole(out, text.getvalue().encode(errors="surrogateescape"), overwrite=overwrite)
    except OSError as error:
        raise DataError(f"--out cannot be written: {out} ({error.strerror})") from error


if __name__ == "__main__":
    main()
