"""Knowledge distillation: mixes a teacher's probabilities into the training labels.

Source: Hinton et al. 2015, "Distilling the knowledge in a neural network".
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.dataset.crop_set import CropSet, FloatArray
from models.errors import DataError
from models.manifest import EMOTIONS


def read_answers(table: Path) -> Mapping[int, FloatArray]:
    """Return a teacher's answers from the table of `python -m models.teach`: face's number -> `(6,) float32`.

    Raises:
        DataError: no such table.
    """
    try:
        with table.open(newline="", encoding="utf-8") as stream:
            return {
                int(row["id"]): np.asarray([float(row[f"p_{emotion}"]) for emotion in EMOTIONS], np.float32)
                for row in csv.DictReader(stream)
            }
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise DataError(
            f"{table} is no table of a teacher's answers ({error}); `python -m models.teach` makes one"
        ) from error


def check_answers(answers: Mapping[int, FloatArray], crops: CropSet, table: Path) -> None:
    """Refuse answers that were not given to these faces: numbers of another table name other faces.

    Raises:
        DataError: a face has no answer.
    """
    without = sum(number not in answers for number in crops.ids.tolist())
    if without:
        raise DataError(
            f"{table} must have an answer for each training face; {without:,} of {len(crops):,} have none: "
            "make it with `python -m models.teach` from the same --data"
        )


def distilled(crops: CropSet, answers: Mapping[int, FloatArray], share: float) -> CropSet:
    """Return the crops with labels of which `share`, in [0, 1], is the teacher's answer, where it gave one."""
    soft = [
        (1 - share) * votes + share * answers[number] if number in answers else votes
        for number, votes in zip(crops.ids.tolist(), crops.soft, strict=True)
    ]
    return replace(crops, soft=np.asarray(soft, np.float32))
