"""How often the models were right when they were tested, for a report's reader; every figure is the manifest's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from models.manifest import Manifest
from realtime.overlay.palette import STACK_ORDER

# What the published sets of faces are (models/weights/MODEL_CARD.md); others have their name only.
_ABOUT = {
    "FER+ 6": "photographs from the web, named by what most of ten people saw",
    "FER2013 6": "much the same photographs, with less careful names",
    "KDEF": "expressions posed in a studio",
    "lfw_expressions": "press photographs, named by students",
}
_ORDER = tuple(reversed(STACK_ORDER))
_TURNED_DEG, _SMALL_PX = 30.0, 16.0
# A share of fewer faces says little.
_FEWEST_FACES = 20


@dataclass(frozen=True, slots=True)
class FaceSet:
    """One set of test pictures: its name in the manifest, and what it is, "" where that is unknown."""

    name: str
    about: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure for each set; `None` where it was not measured.

    Attributes:
        what: `str`, what it says.
        values: one per set.
        unit: "%" for shares from 0 to 1, "" for plain numbers.
    """

    what: str
    values: Sequence[float | None]
    unit: str = "%"


class EmotionRanges(NamedTuple):
    """An emotion's smallest and largest recall and precision over the sets; None where it was never named."""

    emotion: str
    recall: tuple[float, float]
    precision: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class MeasuredAccuracy:
    """What the tests of the models say.

    Attributes:
        sets: the sets of test pictures; () where the manifest has no figures.
        figures: rows of a table with one column per set.
        recall: likewise, for each emotion: of the faces that people had named so, the share that the program did too;
            in the order of the page's plots. () where the manifest does not have it.
        precision: the opposite: of the faces that the program named so, the share that people had, too.
    """

    sets: Sequence[FaceSet] = ()
    figures: Sequence[Figure] = ()
    recall: Sequence[Figure] = ()
    precision: Sequence[Figure] = ()

    @property
    def right(self) -> tuple[float, float]:
        """Smallest and largest share of faces that were named as they are labeled, over the sets."""
        return _range(self.figures[1])

    @property
    def by_emotion(self) -> Sequence[EmotionRanges]:
        """Each emotion with its smallest and largest recall and precision over the sets."""
        confirmed = {each.what: _range(each) for each in self.precision}
        return [EmotionRanges(each.what, _range(each), confirmed.get(each.what)) for each in self.recall]

    @property
    def best_emotion(self) -> str:
        """The emotion with the largest mean recall."""
        return max(self.recall, key=_mean).what

    @property
    def worst_emotion(self) -> str:
        """The emotion with the smallest mean recall."""
        return min(self.recall, key=_mean).what


NOTHING_MEASURED = MeasuredAccuracy()
"""What a manifest without figures says."""


def measured_accuracy(manifest: Manifest) -> MeasuredAccuracy:
    """Return what a manifest says of its models' tests on pictures; empty where it says nothing."""
    found = {
        name: scores
        for name, scores in manifest.scores.items()
        if isinstance(scores, Mapping) and _number(scores, "fused", "accuracy") is not None
    }
    if not found:
        return NOTHING_MEASURED
    sets = [FaceSet(name, _ABOUT.get(name, "")) for name in found]
    figures = [Figure(what, [of(scores) for scores in found.values()], unit) for what, unit, of in _ROWS]
    told = [each for each in figures[2:] if _known(each)]
    recall, precision = (_by_emotion(found, what) for what in ("recall", "precision"))
    return MeasuredAccuracy(sets, [*figures[:2], *told], recall, precision)


def _by_emotion(found: Mapping[str, Mapping[str, Any]], what: str) -> list[Figure]:
    figures = [Figure(name, [_number(one, "fused", what, name) for one in found.values()]) for name in _ORDER]
    return [each for each in figures if _known(each)]


def _number(scores: Mapping[str, Any], *path: str) -> float | None:
    """Return a number of the manifest, `None` where there is none."""
    value: Any = scores
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, int | float) else None


def _fused(*path: str) -> Callable[[Mapping[str, Any]], float | None]:
    return lambda scores: _number(scores, "fused", *path)


def _covered(what: str) -> Callable[[Mapping[str, Any]], float | None]:
    return lambda scores: _number(scores, "covered", what, "accuracy")


def _pooled(table: str, edge: str, within: Callable[[float], bool]) -> Callable[[Mapping[str, Any]], float | None]:
    """Return the share that is right in the bands whose `edge` is within a range, all their faces together."""

    def pooled(scores: Mapping[str, Any]) -> float | None:
        faces = right = 0.0
        for row in scores.get(table, ()):
            end, count, share = (_number(row, name) for name in (edge, "faces", "accuracy"))
            if end is not None and count is not None and share is not None and within(end):
                faces, right = faces + count, right + count * share
        return right / faces if faces >= _FEWEST_FACES else None

    return pooled


def _known(figure: Figure) -> list[float]:
    return [value for value in figure.values if value is not None]


def _range(figure: Figure) -> tuple[float, float]:
    return min(_known(figure)), max(_known(figure))


def _mean(figure: Figure) -> float:
    return sum(_known(figure)) / len(_known(figure))


_ROWS: Sequence[tuple[str, str, Callable[[Mapping[str, Any]], float | None]]] = (
    ("faces tested", "", _fused("faces")),
    ("right: named as people had named it", "%", _fused("accuracy")),
    (
        "right, of the 70\N{NO-BREAK SPACE}% of faces that the program was surest of",
        "%",
        _fused("accuracy_on_70_percent"),
    ),
    ("sad or angry faces called neutral", "%", _fused("sad_or_angry_as_neutral")),
    ("neutral faces called sad or angry", "%", _fused("neutral_as_sad_or_angry")),
    ("right, with a mask drawn over nose and mouth", "%", _covered("mouth")),
    ("right, with dark glasses drawn over the eyes", "%", _covered("eyes")),
    (
        f"right, head turned by more than {_TURNED_DEG:.0f}°",
        "%",
        _pooled("by_yaw_deg", "from", lambda from_deg: from_deg >= _TURNED_DEG),
    ),
    (
        f"right, small faces: eyes less than {_SMALL_PX:.0f} pixels apart",
        "%",
        _pooled("by_eye_distance_px", "to", lambda to_px: to_px <= _SMALL_PX),
    ),
    ("how far the stated probability was from the share that was right, on average", "%", _fused("ece")),
)
