"""Pictures that are byte for byte the same: each is used once, and none is on two sides of a split."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.dataset.labels import LabelledFace
from models.dataset.pictures import find_picture

# A picture that tests something must not be learned: of its copies the one furthest from training stays.
_HELD_OUT = ("test", "val", "train")


@dataclass(frozen=True, slots=True)
class Originals:
    """Which pictures of a list to use.

    Attributes:
        rows: their places in the list, in its order.
        copies: how many were left out.
        two_sides: how many of those were in another split than the one that stays.
        other_label: how many of those had another label.
    """

    rows: tuple[int, ...]
    copies: int
    two_sides: int
    other_label: int

    def lines(self) -> list[str]:
        """Return one line that tells of the copies, nothing where there are none."""
        if not self.copies:
            return []
        return [
            f"{self.copies} pictures left out: copies of others by content ({self.two_sides} were in another split, "
            f"{self.other_label} had another label)"
        ]


def without_copies(faces: Sequence[LabelledFace], splits: Sequence[str], root: Path) -> Originals:
    """Return the pictures without those that are copies of others; files that are missing are no copies.

    Args:
        faces: labeled pictures.
        splits: "train", "val" or "test" of each.
        root: folder that their files are relative to.
    """
    dropped: dict[int, int] = {}
    for rows in same_content(faces, root):
        kept = min(rows, key=lambda row: (_HELD_OUT.index(splits[row]), row))
        dropped.update({row: kept for row in rows if row != kept})
    return Originals(
        rows=tuple(row for row in range(len(faces)) if row not in dropped),
        copies=len(dropped),
        two_sides=sum(splits[row] != splits[kept] for row, kept in dropped.items()),
        other_label=sum(faces[row].label != faces[kept].label for row, kept in dropped.items()),
    )


def later_copies(faces: Sequence[LabelledFace], root: Path) -> frozenset[int]:
    """Return the rows of pictures that an earlier row has already; of each the first row with a label is no copy."""
    return frozenset(
        row
        for rows in same_content(faces, root)
        for row in sorted(rows, key=lambda row: (not faces[row].label, row))[1:]
    )


def same_content(faces: Sequence[LabelledFace], root: Path) -> list[list[int]]:
    """Return the rows of pictures with the same bytes, group by group; rows that stand alone are left out."""
    by_size: dict[int, list[tuple[int, Path]]] = defaultdict(list)
    for row, face in enumerate(faces):
        path = find_picture(root, face.file)
        if path is not None:
            by_size[path.stat().st_size].append((row, path))
    groups: dict[bytes, list[int]] = defaultdict(list)
    for alike in by_size.values():
        for row, path in alike if len(alike) > 1 else ():
            try:
                groups[hashlib.sha256(path.read_bytes()).digest()].append(row)
            except OSError:
                continue  # told as unreadable by whoever reads it next
    return [rows for rows in groups.values() if len(rows) > 1]
