"""Help page on how often the program errs, and what must not be concluded; every figure is the manifest's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.manifest import load_manifest
from realtime.app.help.pages import Block, Page
from realtime.core.errors import ModelError
from realtime.reports.measured_accuracy import NOTHING_MEASURED, FaceSet, Figure, MeasuredAccuracy, measured_accuracy

_CONCLUSIONS = (
    "What somebody feels. The same face can go with different feelings, and the same feeling with different faces "
    "(Barrett and others 2019, Psychological Science in the Public Interest 20, 1-68).",
    "Anything with consequences for a person, such as a grade, a job, a diagnosis or an accusation.",
    "That one person is happier, sadder or angrier than another. Light, the angle of the camera, talking, and how a "
    "face looks at rest change the answers.",
    "That a single moment is as it is called. Look at the picture before you rely on it.",
    "That nobody else is there. Faces that are small, turned away or covered may not be found.",
)


def limits(weights: Path) -> Page:
    """Return the page for the models of a folder.

    Args:
        weights: with the manifest; where that cannot be read, the page says that nothing is known.
    """
    try:
        known = measured_accuracy(load_manifest(weights))
    except ModelError:
        known = NOTHING_MEASURED
    return Page(
        "Limits",
        (
            Block("How often it is right", "heading"),
            *(_tested(known) if known.sets else (Block(_UNTESTED),)),
            Block("What you must not conclude", "heading"),
            *(Block(text, "item") for text in _CONCLUSIONS),
        ),
    )


_UNTESTED = "The models that are used bring no test results, so how often they are right is unknown."


def _tested(known: MeasuredAccuracy) -> tuple[Block, ...]:
    least, most = (f"{100 * share:.0f}" for share in known.right)
    share = least if least == most else f"{least} to {most}"
    best = f" It did best on {known.best_emotion} and worst on {known.worst_emotion}." if known.recall else ""
    rows = [*known.figures[1:], *map(_recalled, known.recall), *map(_confirmed, known.precision)]
    return (
        Block(
            f"On test photographs it named {share} of 100 faces as people had labeled them, depending on the "
            f"kind of photograph.{best} How often it is right on your video was not measured. A face that is not found "
            "counts as wrong, and people who label such pictures disagree among themselves."
        ),
        Block(
            "No figures exist by age, sex or skin color, and none for video. Expect more errors where heads are "
            "turned, faces small, blurred, dark or covered, and while people talk."
        ),
        *(block for place, each in enumerate(known.sets) for block in _of_set(each, rows, place)),
    )


def _recalled(each: Figure) -> Figure:
    return replace(each, what=f"of the faces that people named {each.what}, the program did too")


def _confirmed(each: Figure) -> Figure:
    return replace(each, what=f"of the faces that the program named {each.what}, people did too")


def _of_set(each: FaceSet, rows: Sequence[Figure], place: int) -> list[Block]:
    """Return what is known of one set of test pictures."""
    told = [row for row in rows if row.values[place] is not None]
    heading = f"{each.name}: {each.about}" if each.about else each.name
    return [
        Block(heading, "heading"),
        *(Block(f"{100 * (row.values[place] or 0.0):.1f} %\t{row.what}", "figure") for row in told),
    ]
