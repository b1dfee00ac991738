"""Command line of the data-set builder: `python -m models.dataset arrange` and `python -m models.dataset build`."""

from __future__ import annotations

import filecmp
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
import cv2
import numpy as np
from tqdm import tqdm

from models.cli import fail_in_one_line, split_shares
from models.console import ERR, say
from models.dataset.builder import BuildJob, BuildReport, build
from models.dataset.copies import without_copies
from models.dataset.index import INDEX_NAME, NOT_FOUND_NAME
from models.dataset.labels import break_ties, outside_lines, read_labels, resting, split_by_subject
from models.dataset.occlusion import COVER_KINDS
from models.dataset.pictures import fault_lines, find_picture, plain_name
from models.errors import DataError
from models.manifest import EMOTIONS
from models.region_registry import REGIONS
from models.workers import MOST_WORKERS, usable_cores

_FOLDER = click.Path(file_okay=False, path_type=Path)
_TABLE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def main() -> None:
    """Turn labeled faces into what the experts are trained on."""


@main.command()
@click.option(
    "--labels", type=_TABLE, required=True, help="Table with file,label (or one column of votes per emotion)."
)
@click.option("--root", type=_FOLDER, required=True, help="Folder that the table's files are relative to.")
@click.option("--out", type=_FOLDER, required=True, help="Folder to make: OUT/EMOTION/picture.")
@click.option("--label-column", default="label", show_default=True, help="Column with the labels.")
@click.option("--move", is_flag=True, help="Move the pictures instead of copying them.")
@fail_in_one_line
def arrange(labels: Path, root: Path, out: Path, label_column: str, move: bool) -> None:
    """Sort a flat folder of pictures into one folder per emotion.

    Pictures whose label is none of the six emotions stay where they are.
    """
    faces = read_labels(labels, root, label_column, say)
    counts: Counter[str] = Counter()
    missing = 0
    for face in tqdm(faces, unit="picture", desc="arrange", file=ERR):
        source = find_picture(root, face.file)
        if not face.label:
            counts["(none of the six)"] += 1
        elif source is None:
            missing += 1
        else:
            _place(source, out / face.label / plain_name(face.file).replace("/", "_"), move)
            counts[face.label] += 1
    for name, count in sorted(counts.items()):
        say(f"{name:20} {count:7}")
    for line in outside_lines(faces):
        say(line)
    if missing:
        raise DataError(f"{missing} of {len(faces)} pictures in {labels} are not in {root}; the others were arranged")


def _place(source: Path, target: Path, move: bool) -> None:
    """Copy or move; a picture that stands at `target` already must be the same one."""
    if target.exists() and not filecmp.cmp(source, target, shallow=False):
        raise DataError(f"{target} exists and is another picture than {source}; choose another --out")
    target.parent.mkdir(parents=True, exist_ok=True)
    if move:
        shutil.move(str(source), str(target))
    else:
        shutil.copyfile(source, target)


@main.command(name="build")
@click.option("--labels", type=_TABLE, help="Table with file,label[,split,subject]; without it ROOT/EMOTION/ is read.")
@click.option("--root", type=_FOLDER, required=True, help="Folder that holds the pictures.")
@click.option("--out", type=_FOLDER, required=True, help="Folder for crops and index; an interrupted build goes on.")
@click.option("--label-column", default="label", show_default=True, help="Column with hard labels, if there is one.")
@click.option("--tie-breaker", type=_TABLE, help="Table with file,label that decides where the votes do not agree.")
@split_shares
@click.option("--border", type=click.IntRange(0, 64), default=8, show_default=True, help="Pixels around each crop.")
@click.option("--workers", type=click.IntRange(1, MOST_WORKERS), default=usable_cores(), show_default=True)
@click.option(
    "--cover", type=click.Choice(COVER_KINDS), help="Draw one on each face: for `models.train --covered-data`."
)
@click.option("--cover-seed", type=click.IntRange(0), default=0, show_default=True, help="Another one: other covers.")
@click.option(
    "--bend", type=click.IntRange(0), metavar="SEED", help="Only neutral training faces, each bent into an expression."
)
@fail_in_one_line
def build_command(
    labels: Path | None,
    root: Path,
    out: Path,
    label_column: str,
    tie_breaker: Path | None,
    val_share: float,
    test_share: float,
    border: int,
    workers: int,
    cover: str | None,
    cover_seed: int,
    bend: int | None,
) -> None:
    """Find each face, cut its regions into OUT/REGION/{train,val,test}/EMOTION/ and write OUT/index.csv.

    A table may have one column of votes per emotion instead of a label: they become soft labels. Splits that the table
    does not give are drawn by subject, so that nobody is in two of them. Where no emotion has more than half of the
    votes, the label in --tie-breaker counts as five more.

    With --bend, OUT gets the neutral faces of the training split only, each bent along its mesh into a slight or full
    expression, or within neutral: for `models.train --bent-data`. Another SEED bends them otherwise.
    """
    every = read_labels(labels, root, label_column, say)
    if tie_breaker:
        every = break_ties(every, read_labels(tie_breaker, root))
    faces = [face for face in every if face.label]
    if not faces:
        raise DataError(f"no face has one of the labels {', '.join(EMOTIONS)}; see --label-column")
    splits = split_by_subject(faces, val_share, test_share)
    originals = without_copies(faces, splits, root)
    faces, splits = [faces[row] for row in originals.rows], [splits[row] for row in originals.rows]
    if bend is not None:
        faces = resting(faces, splits)
        splits = ["train"] * len(faces)
    job = BuildJob(faces, splits, root, out, border, workers, cover or "", cover_seed, bend is not None, bend or 0)
    _print_report(build(job), [*outside_lines(every), *originals.lines()], out)
    for region in REGIONS:
        _write_preview(out, region)


def _print_report(report: BuildReport, left_out: Sequence[str], out: Path) -> None:
    say(f"{'split':6} {'faces':>7} {'found':>7} {'share':>7}")
    for split in report.wanted:
        wanted, found = report.wanted[split], report.found[split]
        say(f"{split:6} {wanted:7} {found:7} {found / max(1, wanted):7.1%}")
    for line in (*left_out, *fault_lines(report.faults, report.faces)):
        say(line)
    say(f"index: {out / INDEX_NAME}   faces not found: {out / NOT_FOUND_NAME}   look: {out}/preview_*.png")


def _write_preview(out: Path, region: str, columns: int = 12) -> None:
    """Write a sheet of crops, one row per emotion: a wrong crop is seen, not read about."""
    rows = []
    for emotion in EMOTIONS:
        paths = sorted((out / region).glob(f"*/{emotion}/*.png"))[:columns]
        tiles = [tile for path in paths if (tile := cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)) is not None]
        if tiles:
            blank = np.zeros_like(tiles[0])
            rows.append(np.hstack(tiles + [blank] * (columns - len(tiles))))
    if rows:
        cv2.imwrite(str(out / f"preview_{region}.png"), np.vstack(rows))


if __name__ == "__main__":
    main()
