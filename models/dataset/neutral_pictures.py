"""Pairs of pictures of one person, the second of which shows the resting face."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.dataset.labels import LabelledFace
from models.errors import DataError

_NEUTRAL = "neutral"
IntArray = npt.NDArray[np.int64]


def neutral_pairs(
    faces: Sequence[LabelledFace], usable: npt.NDArray[np.bool_], *, first_only: bool = False
) -> tuple[IntArray, IntArray]:
    """Return the rows of pictures with one of the six labels, and for each another, neutral picture of the same person.

    Args:
        faces: with subjects.
        usable: `(N,) bool`, which pictures can be such a reference: those whose face was found.
        first_only: take a person's first neutral picture only, which then is in no pair itself; else all of them, each
            for all others.

    Returns:
        `(P,)` rows and `(P,)` rows of their references.

    Raises:
        DataError: there is no such pair.
    """
    rows_of: dict[str, list[int]] = {}
    for row, face in enumerate(faces):
        if face.subject and face.label:
            rows_of.setdefault(face.subject, []).append(row)
    pairs = []
    for rows in rows_of.values():
        references = [row for row in rows if faces[row].label == _NEUTRAL and usable[row]]
        for reference in references[:1] if first_only else references:
            pairs += [(row, reference) for row in rows if row != reference]
    if not pairs:
        raise DataError(
            "no person has a neutral picture and another one; the table needs a column subject that names who is in "
            "each picture"
        )
    scored, reference_rows = np.array(pairs, np.int64).T
    return scored, reference_rows
