"""Named sets of labeled faces, and what the program says of them: each picture is looked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

import click

from models.dataset.copies import later_copies
from models.dataset.label_table import read_table
from models.dataset.labels import SPLITS, LabelledFace, of_split, outside_lines, read_labels
from models.dataset.pictures import plain_name
from models.errors import DataError
from models.evaluate.occlusions import COVERS
from models.evaluate.shipped import Answers, run_shipped
from realtime.core.config import PipelineConfig

EVERY_SPLIT = "all"
FOLDERS = "-"
"""Stands for the table where the pictures lie in one folder per emotion."""
_EMPTY = "(empty)"


@dataclass(frozen=True, slots=True)
class FaceSet:
    """Where a set of labeled faces is.

    Attributes:
        name: `str`, as on the page.
        labels: its table; `None` if the pictures lie in one folder per emotion.
        root: folder that its pictures are relative to.
        column: `str`, with the labels.
        split: "train", "val", "test", or `None` for all.
        shares: of validation and test, where the table gives no splits.
    """

    name: str
    labels: Path | None
    root: Path
    column: str = "label"
    split: str | None = None
    shares: tuple[float, float] = (0.1, 0.1)

    @classmethod
    def given(cls, words: tuple[str, str, str, str, str], shares: tuple[float, float] = (0.1, 0.1)) -> FaceSet:
        """Return the set that NAME LABELS ROOT COLUMN SPLIT names. Raises DataError if there is no such split."""
        name, table, folder, column, split = words
        if split not in (*SPLITS, EVERY_SPLIT):
            raise DataError(f"the split of {name} must be {', '.join(SPLITS)} or {EVERY_SPLIT}; received {split!r}")
        labels = None if table == FOLDERS else Path(table)
        return cls(name, labels, Path(folder), column, None if split == EVERY_SPLIT else split, shares)

    @property
    def pictures(self) -> tuple[Path | None, Path, str | None]:
        """What two sets that differ only in their labels have in common."""
        return self.labels, self.root, self.split

    def read(self, notify: Callable[[str], None]) -> list[LabelledFace]:
        """Return the faces of the split. Raises DataError where there is none."""
        return of_split(read_labels(self.labels, self.root, self.column, notify), self.split, self.shares)


@dataclass(frozen=True, slots=True, eq=False)
class LookedAt:
    """The faces of a set that count, and what the program says of them.

    Attributes:
        faces: those that could be read and whose label is one of the six emotions, each once.
        answers: to them, in their order.
        covered: what is covered ("mouth", "eyes") -> the answers to the same faces with a cover.
        groups: of each face, its cell in the column that was asked for; empty where none was, or the set lacks it.
    """

    faces: Sequence[LabelledFace]
    answers: Answers
    covered: Mapping[str, Answers] = field(default_factory=dict)
    groups: Sequence[str] = ()


def look_at(
    sets: Sequence[FaceSet],
    config: PipelineConfig,
    *,
    covers: bool = False,
    group_by: str = "",
    say: Callable[[str], None],
) -> Iterator[tuple[FaceSet, LookedAt]]:
    """Run the program over each set, and yield what it says; pictures that several sets share are looked at once.

    Args:
        sets: one or more, with different names.
        config: weights and provider.
        covers: whether also with each cover of `models.evaluate.occlusions`.
        group_by: column of the tables that divides the faces; one of the tables must have it.
        say: is told what is left out, and why.

    Raises:
        DataError: two sets have one name, a table or column is missing, no picture can be read, or none has a label.
        ModelError: manifest or model files do not fit.
    """
    read, cells = _read_all(sets, group_by, say)
    seen: dict[tuple[object, str], Answers] = {}
    for one, faces, found in zip(sets, read, cells, strict=True):
        alike = [other for place, other in zip(sets, read, strict=True) if place.pictures == one.pictures]
        wanted = _with_a_label(faces, alike)
        for what in ("", *(COVERS if covers else ())):
            if (one.pictures, what) not in seen:
                seen[one.pictures, what] = run_shipped(wanted, one.root, config, cover=COVERS.get(what))
        by_cover = {what: seen[one.pictures, what] for what in COVERS} if covers else {}
        copies = later_copies(wanted, one.root)
        for line in left_out(wanted, seen[one.pictures, ""], copies, faces):
            _named(one, sets, say)(line)
        looked = _counted(wanted, seen[one.pictures, ""], by_cover, copies, found)
        if not looked.faces:
            raise DataError(f"none of the labeled pictures of {one.name} could be read from {one.root}; see its folder")
        yield one, looked


def _read_all(
    sets: Sequence[FaceSet], group_by: str, say: Callable[[str], None]
) -> tuple[list[list[LabelledFace]], list[Mapping[str, str]]]:
    """Return the faces of each set, and their cells in the column that divides them; refuse what cannot be scored.

    Everything is read before anything is run: a wrong column is told at once, and not after minutes.
    """
    names = [one.name for one in sets]
    if twice := [name for name in names if names.count(name) > 1]:
        raise DataError(f"each set of faces must have a name of its own; received {twice[0]!r} twice")
    read = [one.read(_named(one, sets, say)) for one in sets]
    cells = [_cells(one, group_by) for one in sets]
    if group_by and not any(cells):
        raise DataError(f"--by must name a column of the tables; received {group_by!r}")
    for one, faces in zip(sets, read, strict=True):
        if not any(face.label for face in faces):
            raise DataError(f"no picture of {one.name} has one of the six labels in the column {one.column!r}")
    return read, cells


def _counted(
    faces: Sequence[LabelledFace],
    answers: Answers,
    covered: Mapping[str, Answers],
    copies: Set[int],
    cells: Mapping[str, str],
) -> LookedAt:
    """Return the faces that count."""
    rows = [int(row) for row in answers.read if faces[row].label and row not in copies]
    kept = [faces[row] for row in rows]
    groups = [cells.get(plain_name(face.file), _EMPTY) for face in kept] if cells else []
    return LookedAt(kept, answers.of_rows(rows), {what: one.of_rows(rows) for what, one in covered.items()}, groups)


def left_out(
    faces: Sequence[LabelledFace],
    answers: Answers,
    copies: Set[int],
    every: Sequence[LabelledFace] | None = None,
) -> list[str]:
    """Return the lines that say which pictures are in no score, and why; `every` has those that were not run, too."""
    told = [f"{len(copies)} pictures left out of the scores: copies of others by content"] if copies else []
    return [*answers.fault_lines(faces), *outside_lines(faces if every is None else every), *told]


def sets_option(*, required: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that adds the option `--of`, whose values `FaceSet.given` takes, as the argument `sets`."""
    return click.option(
        "--of",
        "sets",
        nargs=5,
        multiple=True,
        required=required,
        metavar="NAME LABELS ROOT COLUMN SPLIT",
        help="A set of faces: its name, its table (- for one folder per emotion), the pictures' folder, the column "
        "with the labels, and the split or `all`. Repeatable.",
    )


def _with_a_label(faces: Sequence[LabelledFace], protocols: Sequence[Sequence[LabelledFace]]) -> list[LabelledFace]:
    """Return the pictures that have one of the six labels in one or more of the protocols."""
    return [face for row, face in enumerate(faces) if any(other[row].label for other in protocols)]


def _named(one: FaceSet, sets: Sequence[FaceSet], say: Callable[[str], None]) -> Callable[[str], None]:
    return (lambda line: say(f"{one.name}: {line}")) if len(sets) > 1 else say


def _cells(one: FaceSet, column: str) -> Mapping[str, str]:
    """Return the column's cell of each picture, nothing where the set's table lacks the column."""
    if not column or one.labels is None:
        return {}
    table = read_table(one.labels)
    file, wanted = table.column("file"), table.column(column)
    if file is None or wanted is None:
        return {}
    return {plain_name(row[file]): row[wanted].strip() or _EMPTY for _, row in table.rows}
