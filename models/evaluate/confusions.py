"""The two errors that pay for each other, and the mean of the classes' recalls."""

from __future__ import annotations

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
        sad_or_angry: `int`, how many faces `missed` is a share of.
        neutral: `int`, how many faces `accused` is a share of.
    """

    macro_recall: float
    missed: float
    accused: float
    sad_or_angry: int
    neutral: int

    def as_dict(self) -> dict[str, float | None]:
        """Return plain figures for JSON, rounded to six places."""
        figures = {
            "macro_recall": self.macro_recall,
            "sad_or_angry_as_neutral": self.missed,
            "neutral_as_sad_or_angry": self.accused,
        }
        return {name: None if np.isnan(value) else round(value, 6) for name, value in figures.items()}

    def line(self) -> str:
        """Return the figures in words."""
        missed, accused = ("none" if np.isnan(value) else f"{value:.1%}" for value in (self.missed, self.accused))
        return (
            f"macro recall {self.macro_recall:.3f}  sad or angry called neutral {missed}  "
            f"neutral called sad or angry {accused}"
        )


def confusions(table: IntArray) -> Confusions:
    """Return the figures of a confusion matrix, `(6, 7)`: truth down, answer across, the last column "not found"."""
    present = table.sum(axis=1)
    recall = table.diagonal()[present > 0] / present[present > 0]
    return Confusions(
        macro_recall=float(recall.mean()) if len(recall) else 0.0,
        missed=_share(table[_RESENTED, _NEUTRAL].sum(), present[_RESENTED].sum()),
        accused=_share(table[_NEUTRAL, _RESENTED].sum(), present[_NEUTRAL]),
        sad_or_angry=int(present[_RESENTED].sum()),
        neutral=int(present[_NEUTRAL]),
    )


def _share(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else float("nan")
