"""What training aims at beside the votes: what a picture was found under, and faces that were bent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.dataset.crop_set import CropSet
from models.dataset.index import read_index
from models.dataset.labels import read_labels
from models.dataset.pictures import plain_name
from models.errors import DataError
from models.manifest import EMOTIONS


def with_meant(crops: CropSet, data: Path, table: Path) -> CropSet:
    """Return the crops with each face's hard label from `table` beside its votes.

    The votes say what a passer-by sees. What a picture was found under is nearer to what the person meant to show.

    Args:
        crops: a split of `data`.
        data: folder that `models.dataset build` made.
        table: with file,label; faces that it lacks, or gives another label than the six, have no second label.

    Raises:
        DataError: the table names none of the faces.
    """
    said = {plain_name(face.file): np.asarray(face.soft, np.float32) for face in read_labels(table, data) if face.label}
    none = np.zeros(len(EMOTIONS), np.float32)
    meant = np.stack([said.get(plain_name(row["file"]), none) for row in read_index(data, crops.split)])
    if not meant.any():
        raise DataError(
            f"{table} names none of the {len(crops):,} {crops.split} faces in {data}; give those files' own"
        )
    return replace(crops, meant=meant)


def meant_as_votes(crops: CropSet, rows: npt.NDArray[np.bool_] | None = None) -> CropSet:
    """Return the crops, or those that the mask `rows` picks, with what they were found under in the votes' place."""
    assert crops.meant is not None
    kept = np.ones(len(crops), np.bool_) if rows is None else rows
    meant = crops.meant[kept]
    known = meant.sum(axis=1)
    return replace(
        crops,
        crops=crops.crops[kept],
        soft=meant,
        weight=known,
        agreement=known,
        ids=crops.ids[kept],
        hidden=crops.hidden[kept],
        meant=None,
    )


def joined(crops: CropSet, more: Sequence[CropSet]) -> CropSet:
    """Return the crops followed by those of other folders, whose labels hold for both heads.

    Raises:
        DataError: other sizes.
    """
    parts = [crops, *more]
    for one in more:
        if (one.geometry, one.border_px) != (crops.geometry, crops.border_px):
            raise DataError("--bent-data needs crops of the sizes of --data; build both with the same --border")
    meant = None if crops.meant is None else np.concatenate([crops.meant, *(one.soft for one in more)])
    return replace(
        crops,
        crops=np.concatenate([one.crops for one in parts]),
        soft=np.concatenate([one.soft for one in parts]),
        weight=np.concatenate([one.weight for one in parts]),
        agreement=np.concatenate([one.agreement for one in parts]),
        ids=np.concatenate([one.ids if one is crops else -1 - one.ids for one in parts]),
        hidden=np.concatenate([one.hidden for one in parts]),
        meant=meant,
    )
