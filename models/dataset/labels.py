"""Labeled faces from folders or tables (hard labels or votes), split by subject."""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.dataset.label_table import read_table
from models.dataset.picture_folders import list_folders
from models.dataset.pictures import counted, is_system_file, plain_name, skipped_line
from models.errors import DataError
from models.manifest import EMOTIONS

SPLITS = ("train", "val", "test")
_LABEL = "label"
_MAJORITY = 0.5
_TAGGERS = 10.0

_ALIASES = {
    "happy": "happiness",
    "joy": "happiness",
    "sad": "sadness",
    "afraid": "fear",
    "fearful": "fear",
    "angry": "anger",
    "surprised": "surprise",
}
# Columns of vote tables that are answers other than the six: they count in the total.
_OTHER_ANSWERS = ("disgust", "contempt", "unknown", "nf", "other")
_SPLIT_ALIASES = {
    "training": "train",
    "validation": "val",
    "valid": "val",
    "publictest": "val",
    "privatetest": "test",
}


@dataclass(frozen=True, slots=True)
class LabelledFace:
    """One picture with its label, votes and split.

    Attributes:
        file: `str`, relative to the root folder.
        label: `str`, one of the six emotions; "" if the label or the most votes are for something else.
        soft: `(6,)` shares of the six emotions, summing to 1 (0 everywhere if `label` is "").
        weight: `float` in [0, 1], the share of all votes that the six received; 1 for hard labels.
        agreement: `float` in [0, 1], the share of all votes that `label` received; 1 for hard labels.
        split: `str`, "train", "val", "test", or "" if the table does not give it.
        subject: `str`, the person, or "".
        given: `str`, the label as the table has it.
    """

    file: str
    label: str
    soft: tuple[float, ...]
    weight: float
    agreement: float
    split: str
    subject: str
    given: str


def canonical_label(text: str) -> str:
    """Return the emotion that `text` names ("happy", "Happiness"), or "" if it is none of the six."""
    plain = text.strip().lower()
    plain = _ALIASES.get(plain, plain)
    return plain if plain in EMOTIONS else ""


def read_labels(
    labels: Path | None, root: Path, label_column: str = _LABEL, notify: Callable[[str], None] = lambda _line: None
) -> list[LabelledFace]:
    """Read labeled faces from a table, or from one folder per emotion below `root`.

    Args:
        labels: table with `file,label[,split,subject]`, or with one column of votes per emotion in place of `label`, as
            `models.dataset.label_table` reads it. `None` reads `root/EMOTION/*.png` or
            `root/{train,val,test}/EMOTION/*.png`.
        root: folder that the table's files are relative to.
        label_column: name of the column with hard labels.
        notify: is told in one line each how many files were skipped, and why.

    Raises:
        DataError: no such file, no usable column, no row.
    """
    if not root.is_dir():
        raise DataError(f"the root folder must exist; received {root}")
    faces = list(_from_folders(root, notify) if labels is None else _from_table(labels, label_column, notify))
    if not faces:
        where = labels or root
        raise DataError(f"no labeled face in {where}; expected a table with file,label or one folder per emotion")
    return faces


def outside_lines(faces: Sequence[LabelledFace]) -> list[str]:
    """Return one line with how many labels are none of the six emotions, and which; nothing where there are none."""
    given = [face.given or "(empty)" for face in faces if not face.label]
    line = f"{len(given)} pictures left out: their label is none of the six emotions ({counted(given)})"
    return [line] if given else []


def break_ties(faces: Sequence[LabelledFace], second: Sequence[LabelledFace], votes: float = 5.0) -> list[LabelledFace]:
    """Return the faces; where no emotion has more than half of the votes, a second table's label counts as more votes.

    Faces whose votes agree keep them: there a second, noisier opinion could only blur.

    Args:
        faces: with votes.
        second: with hard labels; files that it lacks, and labels outside the six, change nothing.
        votes: `float`, how many of ten votes the second label is worth.
    """
    opinions = {plain_name(face.file): face for face in second if face.label}
    return [
        _with_opinion(face, opinions[plain_name(face.file)], votes)
        if face.label and face.agreement <= _MAJORITY and plain_name(face.file) in opinions
        else face
        for face in faces
    ]


def _with_opinion(face: LabelledFace, opinion: LabelledFace, votes: float) -> LabelledFace:
    soft = tuple(
        (_TAGGERS * share + votes * more) / (_TAGGERS + votes)
        for share, more in zip(face.soft, opinion.soft, strict=True)
    )
    return replace(face, soft=soft, label=EMOTIONS[soft.index(max(soft))])


def resting(faces: Sequence[LabelledFace], splits: Sequence[str]) -> list[LabelledFace]:
    """Return the training faces that most people call neutral.

    Raises:
        DataError: there is none.
    """
    kept = [
        face
        for face, split in zip(faces, splits, strict=True)
        if split == "train" and face.label == "neutral" and face.agreement > _MAJORITY
    ]
    if not kept:
        raise DataError("--bend needs neutral faces in the training split; the table has none")
    return kept


def split_by_subject(faces: Sequence[LabelledFace], val_share: float, test_share: float, seed: int = 0) -> list[str]:
    """Return a split per face: the given one, else one drawn by subject, so that no person is in two splits.

    The draw is a hash of the subject (of the file where the subject is unknown), so that adding faces moves no one. A
    subject that some rows already place in a split keeps that split for the others.
    """
    placed: dict[str, str] = {}
    for face in faces:
        if face.split and face.subject:
            before = placed.setdefault(face.subject, face.split)
            if before != face.split:
                raise DataError(
                    f"a subject must be in one split; {face.subject!r} is in {before} and {face.split}: "
                    "correct the split column, or leave it out and let the builder split"
                )
    return [face.split or placed.get(face.subject) or _drawn(face, val_share, test_share, seed) for face in faces]


def of_split(faces: Sequence[LabelledFace], split: str | None, shares: tuple[float, float]) -> list[LabelledFace]:
    """Return the faces of one split, all if it is `None`; splits that the table lacks are drawn as the builder draws.

    Args:
        faces: as `read_labels` gives them.
        split: "train", "val", "test" or `None`.
        shares: of validation and test, where they are drawn; the same as at building.

    Raises:
        DataError: no face is in the split.
    """
    if split is None:
        return list(faces)
    kept = [face for face, place in zip(faces, split_by_subject(faces, *shares), strict=True) if place == split]
    if not kept:
        raise DataError(f"no picture is in the split {split!r}; see the split column, --val-share and --test-share")
    return kept


def _drawn(face: LabelledFace, val_share: float, test_share: float, seed: int) -> str:
    key = f"{seed}:{face.subject or face.file}".encode()
    position = int.from_bytes(hashlib.sha256(key).digest()[:8], "big") / 2**64
    if position < test_share:
        return "test"
    return "val" if position < test_share + val_share else "train"


def _from_folders(root: Path, notify: Callable[[str], None]) -> list[LabelledFace]:
    found = list_folders(root, SPLITS, lambda name: bool(canonical_label(name)))
    for line in found.lines():
        notify(line)
    return [hard(file, canonical_label(name), split=split, given=name) for file, name, split in found.pictures]


def hard(file: str, label: str, *, split: str = "", subject: str = "", given: str = "") -> LabelledFace:
    """Return a face with one certain label; `label` may be "" for one outside the six."""
    soft = tuple(float(label == emotion) for emotion in EMOTIONS)
    return LabelledFace(file, label, soft, float(bool(label)), float(bool(label)), split, subject, given or label)


def _from_table(labels: Path, label_column: str, notify: Callable[[str], None]) -> Iterator[LabelledFace]:
    table = read_table(labels)
    file_column, hard_column = table.column("file"), table.column(label_column)
    votes = {canonical_label(name): name for name in table.columns if canonical_label(name)}
    has_votes = len(votes) == len(EMOTIONS)
    if file_column is None or not (hard_column or (has_votes and label_column == _LABEL)):
        raise DataError(
            f"{labels} must have the columns file and {label_column} (or votes for {', '.join(EMOTIONS)}); "
            f"received {list(table.columns)}"
        )
    known = {name: column for name in ("split", "subject", *_OTHER_ANSWERS) if (column := table.column(name))}
    skipped = []
    for line, row in table.rows:
        where = f"{labels}, line {line}"
        file = row[file_column].strip()
        if not file:
            raise DataError(f"{where}: the cell file is empty; name a picture")
        if "\n" in file or "\r" in file:
            raise DataError(f"{where}: a file name must end on its line; received {file[:40]!r}: close its quotes")
        if is_system_file(file):
            skipped.append(file)
            continue
        cells = {**{name: row[column] for name, column in known.items()}, "file": file}
        if hard_column:
            yield _hard_row(cells, row[hard_column], where)
        else:
            numbers = {name: row[column] for name, column in votes.items()}
            yield _soft_row({**cells, **numbers}, where, decimal_comma=table.delimiter != ",")
    if skipped:
        notify(skipped_line(skipped))


def _hard_row(row: Mapping[str, str], text: str, where: str) -> LabelledFace:
    given = text.strip()
    return hard(row["file"], canonical_label(given), split=_split(row, where), subject=_subject(row), given=given)


def _soft_row(row: Mapping[str, str], where: str, *, decimal_comma: bool) -> LabelledFace:
    def number(name: str) -> float:
        text = row.get(name, "")
        return float((text.replace(",", ".") if decimal_comma else text) or 0)

    try:
        six, rest = [number(emotion) for emotion in EMOTIONS], [number(name) for name in _OTHER_ANSWERS]
    except ValueError as error:
        raise DataError(f"{where}: votes must be numbers ({error})") from error
    if not all(0 <= value < math.inf for value in (*six, *rest, sum(six) + sum(rest))):
        raise DataError(f"{where}: votes must be 0 or more; received {six}")
    split, subject = _split(row, where), _subject(row)
    total, most = sum(six) + sum(rest), max(six)
    if most <= 0 or most < max(rest):
        return hard(row["file"], "", split=split, subject=subject, given="other")
    label = EMOTIONS[six.index(most)]
    soft = tuple(value / sum(six) for value in six)
    return LabelledFace(row["file"], label, soft, sum(six) / total, most / total, split, subject, label)


def _subject(row: Mapping[str, str]) -> str:
    """Return the person's name in one form of its accents: two forms would be two people, on two sides of a split."""
    return unicodedata.normalize("NFC", row.get("subject", "").strip())


def _split(row: Mapping[str, str], where: str) -> str:
    text = row.get("split", "").strip().lower()
    split = _SPLIT_ALIASES.get(text, text)
    if split and split not in SPLITS:
        raise DataError(f"{where}: a split must be one of {SPLITS}; received {text!r} for {row['file']}")
    return split
