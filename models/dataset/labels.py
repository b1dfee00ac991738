"""Labeled faces from folders or tables (hard labels or votes), split by subject. Standard library only."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.errors import DataError
from models.manifest import EMOTIONS

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
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


def read_labels(labels: Path | None, root: Path, label_column: str = _LABEL) -> list[LabelledFace]:
    """Read labeled faces from a table, or from one folder per emotion below `root`.

    Args:
        labels: CSV with `file,label[,split,subject]`, or with one column of votes per emotion in place of `label`.
            `None` reads `root/EMOTION/*.png` or `root/{train,val,test}/EMOTION/*.png`.
        root: folder that the table's files are relative to.
        label_column: name of the column with hard labels.

    Raises:
        DataError: no such file, no usable column, no row.
    """
    if not root.is_dir():
        raise DataError(f"the root folder must exist; received {root}")
    faces = list(_from_folders(root) if labels is None else _from_table(labels, label_column))
    if not faces:
        where = labels or root
        raise DataError(f"no labelled face in {where}; expected a table with file,label or one folder per emotion")
    return faces


def break_ties(faces: Sequence[LabelledFace], second: Sequence[LabelledFace], votes: float = 5.0) -> list[LabelledFace]:
    """Return the faces; where no emotion has more than half of the votes, a second table's label counts as more votes.

    Faces whose votes agree keep them: there a second, noisier opinion could only blur.

    Args:
        faces: with votes.
        second: with hard labels; files that it lacks, and labels outside the six, change nothing.
        votes: `float`, how many of ten votes the second label is worth.
    """
    opinions = {face.file: face for face in second if face.label}
    return [
        _with_opinion(face, opinions[face.file], votes)
        if face.label and face.agreement <= _MAJORITY and face.file in opinions
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


def _from_folders(root: Path) -> Iterator[LabelledFace]:
    for split in ("", *SPLITS):
        base = root / split if split else root
        for folder in sorted(base.iterdir()) if base.is_dir() else ():
            if folder.is_dir() and (label := canonical_label(folder.name)):
                for path in sorted(folder.rglob("*")):
                    if path.suffix.lower() in IMAGE_SUFFIXES:
                        yield hard(path.relative_to(root).as_posix(), label, split=split, given=folder.name)


def hard(file: str, label: str, *, split: str = "", subject: str = "", given: str = "") -> LabelledFace:
    """Return a face with one certain label; `label` may be "" for one outside the six."""
    soft = tuple(float(label == emotion) for emotion in EMOTIONS)
    return LabelledFace(file, label, soft, float(bool(label)), float(bool(label)), split, subject, given or label)


def _from_table(labels: Path, label_column: str) -> Iterator[LabelledFace]:
    try:
        with labels.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            columns = list(reader.fieldnames or ())
            votes = {canonical_label(name): name for name in columns if canonical_label(name)}
            has_votes = len(votes) == len(EMOTIONS)
            if "file" not in columns or not (label_column in columns or (has_votes and label_column == _LABEL)):
                raise DataError(
                    f"{labels} must have the columns file and {label_column} (or votes for {', '.join(EMOTIONS)}); "
                    f"received {columns}"
                )
            use_votes = has_votes and label_column not in columns
            for line, row in enumerate(reader, start=2):
                if not (row["file"] or "").strip():
                    raise DataError(f"{labels}, line {line}: the cell file is empty; name a picture")
                yield _soft_row(row, votes, labels, line) if use_votes else _hard_row(row, label_column)
    except OSError as error:
        raise DataError(f"the table of labels cannot be read: {labels} ({error.strerror})") from error
    except csv.Error as error:
        raise DataError(f"the table of labels is damaged: {labels} ({error})") from error
    except UnicodeDecodeError as error:
        raise DataError(f"the table of labels must be UTF-8 text; received {labels}") from error


def _hard_row(row: Mapping[str, str | None], label_column: str) -> LabelledFace:
    given = (row.get(label_column) or "").strip()
    label = canonical_label(given)
    return hard(row["file"] or "", label, split=_split(row), subject=(row.get("subject") or "").strip(), given=given)


def _soft_row(row: Mapping[str, str | None], votes: Mapping[str, str], labels: Path, line: int) -> LabelledFace:
    try:
        six = [float(row[votes[emotion]] or 0) for emotion in EMOTIONS]
        rest = [float(row.get(name) or 0) for name in _OTHER_ANSWERS]
    except ValueError as error:
        raise DataError(f"{labels}, line {line}: votes must be numbers ({error})") from error
    if not all(0 <= value < math.inf for value in (*six, *rest)):
        raise DataError(f"{labels}, line {line}: votes must be 0 or more; received {six}")
    total, most = sum(six) + sum(rest), max(six)
    if most <= 0 or most < max(rest):
        return hard(row["file"] or "", "", split=_split(row), subject=(row.get("subject") or "").strip(), given="other")
    label = EMOTIONS[six.index(most)]
    soft = tuple(value / sum(six) for value in six)
    subject = (row.get("subject") or "").strip()
    return LabelledFace(row["file"] or "", label, soft, sum(six) / total, most / total, _split(row), subject, label)


def _split(row: Mapping[str, str | None]) -> str:
    text = (row.get("split") or "").strip().lower()
    split = _SPLIT_ALIASES.get(text, text)
    if split and split not in SPLITS:
        raise DataError(f"a split must be one of {SPLITS}; received {text!r} for {row.get('file')}")
    return split
