"""One face's results on one frame, and their verdict in words: which experts agree, or why it is uncertain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.manifest import EMOTIONS
from models.region_registry import titles_of
from realtime.core.types import UNCERTAIN, Emotions, FloatArray
from realtime.overlay.palette import GREY, Colour, colour_of

_OLD_S = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class FaceFacts:
    """One face's row of `Emotions` with its track id; `age_s` is how old it is to be shown as."""

    track_id: int
    label: str
    reason: str
    probabilities: FloatArray
    by_region: FloatArray
    reliability: FloatArray
    age_s: float = 0.0

    @staticmethod
    def of(emotions: Emotions, row: int, track_id: int) -> FaceFacts:
        """Return row `row` of `emotions`."""
        return FaceFacts(
            track_id=track_id,
            label=emotions.labels[row],
            reason=emotions.reasons[row],
            probabilities=emotions.probabilities[row],
            by_region=emotions.by_region[row],
            reliability=emotions.reliability[row],
            age_s=float(emotions.age_s[row]),
        )

    @property
    def uncertain(self) -> bool:
        """Whether no emotion could be named."""
        return self.label == UNCERTAIN

    @property
    def old(self) -> bool:
        """Whether the result is too old to be shown as current."""
        return _OLD_S < self.age_s < math.inf

    @property
    def faded(self) -> bool:
        """Whether it is shown in gray."""
        return self.uncertain or self.old

    @property
    def colour(self) -> Colour:
        """Color of everything that stands for this face's emotion."""
        return GREY if self.faded else colour_of(self.label)

    def says(self, region: int) -> tuple[int, float]:
        """Return the emotion that one expert finds most probable, as its index, and its probability."""
        top = int(np.argmax(self.by_region[region]))
        return top, float(self.by_region[region, top])


def verdict(facts: FaceFacts, regions: tuple[str, ...]) -> str:
    """Return in words how old the shown emotion is, which experts name it, or why none is shown.

    Args:
        facts: the face.
        regions: names of the experts' regions, in the order of `FaceFacts.by_region`.

    Raises:
        ConfigError: a region is not registered.
    """
    if facts.uncertain:
        return ", ".join(text for text in (facts.reason, ago(facts.age_s)) if text)
    if facts.old:
        return ago(facts.age_s)
    names = titles_of(regions)
    agrees = [EMOTIONS[facts.says(row)[0]] == facts.label for row in range(len(names))]
    agreeing = [name for name, says_so in zip(names, agrees, strict=True) if says_so]
    others = [name for name, says_so in zip(names, agrees, strict=True) if not says_so]
    return agreement(agreeing, others) if agreeing else "from all together"


def agreement(agreeing: Sequence[str], others: Sequence[str]) -> str:
    """Return which experts name the shown emotion, one or more, and which do not, in words."""
    if not others:
        return f"{_listed(agreeing)} agree" if len(agreeing) > 1 else f"from the {agreeing[0]} alone"
    return f"{_listed(agreeing)} outweigh {_listed(others)}"


def _listed(names: Sequence[str]) -> str:
    """Return "eyes", "eyes and lips", "eyes, lips and brows"."""
    return " and ".join([part for part in (", ".join(names[:-1]), names[-1]) if part])


def ago(age_s: float) -> str:
    """Return "0.3 s ago", or "" for a current or a missing result."""
    return f"{age_s:.1f} s ago" if _OLD_S < age_s < math.inf else ""


def percent(share: float) -> str:
    """Return a share as "87%"."""
    return f"{round(100 * share)}%"
