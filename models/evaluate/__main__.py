"""Command line of the evaluation: `python -m models.evaluate shipped`, `report` and others."""

from __future__ import annotations

from collections.abc import Sequence, Set
from pathlib import Path

import click
import numpy as np

from models.cli import fail_in_one_line, split_shares
from models.console import say
from models.dataset.copies import later_copies
from models.dataset.labels import SPLITS, LabelledFace
from models.errors import DataError
from models.evaluate.answer_table import read_answers, write_answers
from models.evaluate.face_sets import FaceSet, left_out, look_at, sets_option
from models.evaluate.occlusions import COVERS
from models.evaluate.report.commands import card, confusions, report
from models.evaluate.scores import NOT_FOUND, IntArray, accuracy, confusion_text
from models.evaluate.shipped import Answers, StoppedError, own_neutral_lines, run_shipped
from models.evaluate.summary import FUSED, indices_of, probabilities_by_answer, summaries
from models.manifest import WEIGHTS_DIR, load_manifest
from models.new_files import check_new
from realtime.core.config import PipelineConfig

_FOLDER = click.Path(file_okay=False, path_type=Path)
_TABLE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def main() -> None:
    """Evaluate the shipped models on labeled pictures."""


for _command in (report, confusions, card):
    main.add_command(_command)


@main.command()
@click.option("--labels", type=_TABLE, help="Table with file,label[,split,subject]; without it ROOT/EMOTION/ is read.")
@click.option("--root", type=_FOLDER, required=True, help="Folder that the table's files are relative to.")
@click.option("--out", type=_TABLE, required=True, help="Table to write: one row per picture.")
@click.option("--label-column", default="label", show_default=True, help="Column with the labels.")
@click.option("--split", type=click.Choice(SPLITS), help="Only the pictures of this split.")
@click.option("--by-region", is_flag=True, help="Add what each expert says, and its reliability.")
@click.option("--cover", type=click.Choice(tuple(COVERS)), help="Draw a mask or dark glasses on each face first.")
@click.option("--weights", type=_FOLDER, default=WEIGHTS_DIR, help="Folder with manifest.json and models.")
@click.option("--overwrite", is_flag=True, help="Replace what an earlier run wrote there.")
@click.option("--sensitivity", type=click.FloatRange(0, 1), help="0: as a passer-by would call it; 1: as it was meant.")
@click.option("--own-neutral", is_flag=True, help="Score with one neutral picture of each subject, and without.")
@split_shares
@fail_in_one_line
def shipped(
    labels: Path | None,
    root: Path,
    out: Path,
    label_column: str,
    split: str | None,
    by_region: bool,
    cover: str | None,
    weights: Path,
    overwrite: bool,
    sensitivity: float | None,
    own_neutral: bool,
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
    faces = FaceSet("", labels, root, label_column, split, (val_share, test_share)).read(say)
    config = PipelineConfig(weights=weights, sensitivity=sensitivity)
    try:
        answers = run_shipped(faces, root, config, cover=COVERS[cover] if cover else None)
    except StoppedError as stop:
        part = write_answers(out.with_name(f"{out.stem}.part{out.suffix}"), faces[: stop.done], stop.answers, by_region)
        say(f"stopped after {stop.done} of {len(faces)} pictures: what is said of them is in {part}", err=True)
        raise
    out = write_answers(out, faces, answers, by_region, overwrite=overwrite)
    copies = later_copies(faces, root)
    own = own_neutral_lines(faces, answers, load_manifest(weights).baseline_at(sensitivity)) if own_neutral else []
    for line in (*left_out(faces, answers, copies), *score_lines(faces, answers, copies), *own):
        say(line)
    say(f"probabilities: {out}")


@main.command(name="score")
@click.argument("tables", type=_TABLE, nargs=-1, required=True)
@click.option("--publish", default="", metavar="NAME", help="Keep the scores in the manifest under this name.")
@click.option("--weights", type=_FOLDER, default=WEIGHTS_DIR, help="Folder with the manifest.json that keeps them.")
@fail_in_one_line
def score_tables(tables: tuple[Path, ...], publish: str, weights: Path) -> None:
    """Score TABLES that `shipped` wrote as one set of faces, such as two halves, each looked at by other weights.

    What each expert says is scored if `shipped --by-region` wrote it into every table.
    """
    from models.evaluate.report.published import keep_scores

    faces, answers = read_answers(tables)
    rows = np.array([row for row, face in enumerate(faces) if face.label], np.int64)
    if not len(rows):
        raise DataError(f"no picture of {tables[0]} has one of the six labels; nothing can be scored")
    for line in score_lines(faces, answers):
        say(line)
    if publish:
        truth = indices_of([faces[row].label for row in rows])
        figures = {name: one.as_dict() for name, one in summaries(truth, rows, answers).items()}
        keep_scores(weights, {publish: figures})


@main.command()
@sets_option(required=True)
@click.option("--out", type=_TABLE, required=True, help="OUT.csv and OUT.png are written.")
@click.option("--weights", type=_FOLDER, default=WEIGHTS_DIR, help="Folder with manifest.json and models.")
@fail_in_one_line
def exchange(sets: tuple[tuple[str, str, str, str, str], ...], out: Path, weights: Path) -> None:
    """Measure what each step of sensitivity gives and takes, on one or more sets of faces."""
    from models.evaluate.exchange import steps, write_exchange

    manifest, config = load_manifest(weights), PipelineConfig(weights=weights)
    manifest.fusion_at(0.0)  # weights with one fusion are refused before anything is run
    by_set = {}
    for one, looked in look_at([FaceSet.given(words) for words in sets], config, say=say):
        by_set[one.name] = steps(one.name, looked.faces, looked.answers, manifest)
        for step in by_set[one.name]:
            say(
                f"{one.name:16} sensitivity {step.sensitivity:.2f}  accuracy {step.accuracy:6.2%}  "
                f"{step.errors.line()}  ECE {step.ece:.3f}"
            )
    write_exchange(by_set, manifest.exchange.default if manifest.exchange else 0.0, out)


def score_lines(faces: Sequence[LabelledFace], answers: Answers, copies: Set[int] = frozenset()) -> list[str]:
    """Return what is printed of the answers; where scikit-learn is missing, accuracies and what to install for more.

    Args:
        faces: the pictures.
        answers: what the program says of them.
        copies: rows that are in no score.
    """
    rows = np.array([row for row in answers.read if faces[row].label and row not in copies], np.int64)
    if not len(rows):
        return []
    truth = indices_of([faces[row].label for row in rows])
    try:
        by_answer = summaries(truth, rows, answers)
    except DataError as error:
        said = {name: answers.said(p)[rows] for name, p in probabilities_by_answer(answers).items()}
        return [*(_accuracy_line(name, truth, one) for name, one in said.items()), str(error)]
    lines = [line for name, one in by_answer.items() for line in one.lines(name)]
    return [*lines, confusion_text(by_answer[FUSED].scores)]


def _accuracy_line(name: str, truth: IntArray, said: IntArray) -> str:
    found = int((said != NOT_FOUND).sum())
    return (
        f"{name:16} accuracy {accuracy(truth, said):6.2%}  faces {len(truth)}  found {found} ({found / len(truth):.2%})"
    )


if __name__ == "__main__":
    main()
