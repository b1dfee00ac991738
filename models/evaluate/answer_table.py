"""Table of the program's answers, one row per picture: written by `shipped`, scored again by `score`."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from models.dataset.label_table import read_table
from models.dataset.labels import LabelledFace, canonical_label, hard
from models.errors import DataError
from models.evaluate.shipped import Answers
from models.manifest import EMOTIONS
from models.new_files import write_whole

_FIRST = ("file", "label", "detected")
_FUSED = tuple(f"p_{emotion}" for emotion in EMOTIONS)
_RELIABILITY = "_reliability"


def write_answers(
    out: Path, faces: Sequence[LabelledFace], answers: Answers, by_region: bool, *, overwrite: bool = False
) -> Path:
    """Write the table and return where it is: beside `out` if another file has appeared there.

    Args:
        out: the table.
        faces: the pictures.
        answers: what the program says of them.
        by_region: whether each expert's answer and reliability are written, too.
        overwrite: `bool`, whether an existing file may be replaced.

    Raises:
        DataError: it cannot be written.
    """
    columns = [*_FIRST, *_FUSED]
    if by_region:
        columns += [f"{region}_{name}" for region in answers.regions for name in _FUSED]
        columns += [f"{region}{_RELIABILITY}" for region in answers.regions]
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


def read_answers(paths: Sequence[Path]) -> tuple[list[LabelledFace], Answers]:
    """Return the pictures and the answers of one or more tables; rows of pictures that could not be read are left out.

    Experts whose answers are in every table are kept; sizes and turns of the heads are not in it, and 0.

    Raises:
        DataError: a table is none that `write_answers` writes, or a picture is in two of them.
    """
    tables = [read_table(path) for path in paths]
    for table in tables:
        if missing := [name for name in (*_FIRST, *_FUSED) if name not in table.columns]:
            raise DataError(
                f"{table.path} must be a table of `models.evaluate shipped`; the column {missing[0]} is missing"
            )
    ends = [{name.removesuffix(_RELIABILITY) for name in one.columns if name.endswith(_RELIABILITY)} for one in tables]
    regions = tuple(name for name in _in_order(tables[0].columns) if all(name in one for one in ends))
    faces, cells = [], []
    for table in tables:
        for line, row in table.rows:
            if not row["detected"]:
                continue
            given = row["label"]
            faces.append(hard(row["file"], canonical_label(given), given=given))
            cells.append(_numbers(row, regions, f"{table.path}, line {line}"))
    names = [face.file for face in faces]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"each picture must be in one table, once; received {twice} twice")
    return faces, _answers(np.array(cells, np.float32).reshape(len(cells), -1 if cells else 0), regions)


def _answers(cells: np.ndarray[tuple[int, int], np.dtype[np.float32]], regions: tuple[str, ...]) -> Answers:
    answers, kinds, count = Answers.none(len(cells), regions), len(EMOTIONS), len(regions)
    if len(cells):
        answers.detected[:] = cells[:, 0] > 0
        answers.fused[:] = cells[:, 1 : 1 + kinds]
        answers.by_region[:] = cells[:, 1 + kinds : 1 + kinds + count * kinds].reshape(len(cells), count, kinds)
        answers.reliability[:] = cells[:, 1 + kinds + count * kinds :]
    return answers


def _in_order(columns: Sequence[str]) -> list[str]:
    return [name.removesuffix(_RELIABILITY) for name in columns if name.endswith(_RELIABILITY)]


def _numbers(row: Mapping[str, str], regions: Sequence[str], where: str) -> list[float]:
    names = ["detected", *_FUSED, *(f"{region}_{name}" for region in regions for name in _FUSED)]
    names += [f"{region}{_RELIABILITY}" for region in regions]
    try:
        values = [float(row[name]) for name in names]
        if wild := [row[name] for name, value in zip(names, values, strict=True) if not math.isfinite(value)]:
            raise ValueError(f"received {wild[0]!r}")
        return values
    except (KeyError, ValueError) as error:
        raise DataError(f"{where}: every answer must be a number ({error}); write the table again") from error
