"""Confusion matrices of several sets of faces side by side, before and after, as PNG."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np

from models.errors import DataError
from models.evaluate.scores import Scores
from models.manifest import EMOTIONS

_DPI = 110
_COLUMN_IN, _ROW_IN = 4.3, 4.4
_TITLE_LETTERS = 28  # of one line: more reach over the picture's edge


def draw_confusions(rows: Mapping[str, Mapping[str, Scores]]) -> bytes:
    """Return a PNG with one row of matrices per moment and one column per set of faces.

    Args:
        rows: moment ("before", "after", or "" for the only one) -> name of the set -> scores.

    Raises:
        DataError: matplotlib is not installed.
    """
    plt = _pyplot()
    columns = max(len(one) for one in rows.values())
    size = (_COLUMN_IN * columns, _ROW_IN * len(rows))
    figure, axes = plt.subplots(len(rows), columns, figsize=size, layout="constrained", squeeze=False)
    for line, (moment, sets) in zip(axes, rows.items(), strict=True):
        for axis, (name, scores) in zip(line, sets.items(), strict=True):
            _draw(axis, scores)
            title = [*textwrap.wrap(name, _TITLE_LETTERS), f"{scores.accuracy:.1%} of {scores.faces}"]
            axis.set_title("\n".join(title) + (f", {moment}" if moment else ""))
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=_DPI)
    plt.close(figure)
    return buffer.getvalue()


def _draw(axis: Any, scores: Scores) -> None:
    """Draw one matrix in shades of one color, so that nobody needs to tell colors apart."""
    share = scores.confusion / np.maximum(scores.confusion.sum(axis=1, keepdims=True), 1)
    axis.imshow(share, vmin=0, vmax=1, cmap="Blues")
    for (row, column), value in np.ndenumerate(share):
        if count := int(scores.confusion[row, column]):
            color = "white" if value > 0.5 else "black"
            axis.text(column, row, f"{value:.0%}\n{count}", ha="center", va="center", fontsize=8, color=color)
    axis.set_xticks(range(len(EMOTIONS) + 1), [*EMOTIONS, "not found"], rotation=45, ha="right")
    axis.set_yticks(range(len(EMOTIONS)), EMOTIONS)
    axis.set_xlabel("answer")
    axis.set_ylabel("label")


def _pyplot() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise DataError("the picture is drawn with matplotlib; run `make setup-train` first") from error
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt
