"""The two errors that pay for each other, and the mean of the classes' recalls; for a whole set and for each source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.manifest import EMOTIONS

IntArray = npt.NDArray[np.int64]
_NEUTRAL = EMOTIONS.index("neutral")
_RESENTED = [EMOTIONS.index("sadness"), EMOTIONS.index("anger")]


@dataclass(frozen=True, slots=True)
class Confusions:
    """What accuracy hides.

    Attributes:
        macro_recall: `float`, mean of the recalls of the emotions that occur; a face not found is wrong.
        missed: `float`, share of the sad and angry faces that are called neutral; NaN if there are none.
        accused: `float`, share of the neutral faces that are called sad or angry; NaN if there are none.
    """

    macro_recall: float
    missed: float
    accused: float

    def as_dict(self) -> dict[str, float | None]:
        """Return plain figures for JSON, rounded to four places."""
        figures = {
            "macro_recall": self.macro_recall,
            "sad_or_angry_as_neutral": self.missed,
            "neutral_as_sad_or_angry": self.accused,
        }
        return {name: None if np.isnan(value) else round(value, 4) for name, value in figures.items()}

    def line(self) -> str:
        """Return the figures in words."""
        return (
            f"macro recall {self.macro_recall:.3f}  sad or angry called neutral {self.missed:.1%}  "
            f"neutral called sad or angry {self.accused:.1%}"
        )


def confusions(table: IntArray) -> Confusions:
    """Return the figures of a confusion matrix, `(6, 7)`: truth down, answer across, the last column "not found"."""
    present = table.sum(axis=1)
    recall = table.diagonal()[present > 0] / present[present > 0]
    return Confusions(
        macro_recall=float(recall.mean()) if len(recall) else 0.0,
        missed=_share(table[_RESENTED, _NEUTRAL].sum(), present[_RESENTED].sum()),
        accused=_share(table[_NEUTRAL, _RESENTED].sum(), present[_NEUTRAL]),
    )


def by_source(sources: Sequence[str], truth: IntArray, answer: IntArray) -> Mapping[str, Confusions]:
    """Return the figures of each source's faces, in the order in which the sources appear.

    Args:
        sources: where each face comes from, `N` names.
        truth: `(N,)` indices into `EMOTIONS`.
        answer: `(N,)` likewise, or -1 for a face that was not found.
    """
    names = np.asarray(sources)
    found = {}
    for source in dict.fromkeys(sources):
        rows = names == source
        table = np.zeros((len(EMOTIONS), len(EMOTIONS) + 1), np.int64)
        np.add.at(table, (truth[rows], np.where(answer[rows] < 0, len(EMOTIONS), answer[rows])), 1)
        found[source] = confusions(table)
    return found


def _share(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else float("nan")
