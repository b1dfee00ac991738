"""The evaluation's report: a page of tables and a picture of each confusion matrix. Needs the `train` extra."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from models.errors import DataError
from models.scoring import Scores, confusion_text
from models.spec import EMOTIONS


def write_report(scores: Mapping[str, Mapping[str, Scores]], out: Path, source: str) -> list[Path]:
    """Write `report.md` and one confusion picture per protocol; return their paths.

    Args:
        scores: protocol -> answer ("fused", "eyes", "lips") -> its scores.
        out: folder, made if missing.
        source: what was scored, for the page's head.

    Raises:
        DataError: matplotlib is not installed.
    """
    out.mkdir(parents=True, exist_ok=True)
    lines = ["# Evaluation report", "", f"Scored: {source}. A face that was not found counts as wrong.", ""]
    paths = [out / "report.md"]
    for protocol, by_answer in scores.items():
        if not by_answer:
            lines += [f"## {protocol}", "", "No picture has one of the six labels in this column.", ""]
            continue
        picture = out / f"confusion_{protocol}.png"
        _draw(by_answer, picture)
        paths.append(picture)
        lines += [f"## {protocol}", "", "| answer | accuracy | macro-F1 | faces | found |", "|---|---|---|---|---|"]
        lines += [
            f"| {name} | {s.accuracy:.2%} | {s.macro_f1:.3f} | {s.faces} | {s.found} |" for name, s in by_answer.items()
        ]
        lines += ["", f"![confusion matrices]({picture.name})", ""]
        for name, figures in by_answer.items():
            lines += [f"### {name}", "", "```", confusion_text(figures), "```", ""]
    paths[0].write_text("\n".join(lines), "utf-8")
    return paths


def _draw(by_answer: Mapping[str, Scores], path: Path) -> None:
    """Draw the confusion matrices side by side, each row in shares of its truth."""
    try:
        import matplotlib
    except ImportError as error:
        raise DataError("the report draws with matplotlib; run `make setup-train` first") from error
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(by_answer), figsize=(4.6 * len(by_answer), 4.4), layout="constrained")
    for axis, (name, scores) in zip(np.atleast_1d(axes), by_answer.items(), strict=True):
        share = scores.confusion / np.maximum(scores.confusion.sum(axis=1, keepdims=True), 1)
        axis.imshow(share, vmin=0, vmax=1, cmap="Blues")
        for (row, column), value in np.ndenumerate(share):
            colour = "white" if value > 0.5 else "black"
            axis.text(column, row, f"{value:.0%}", ha="center", va="center", fontsize=8, color=colour)
        axis.set_xticks(range(len(EMOTIONS) + 1), [*EMOTIONS, "not found"], rotation=45, ha="right")
        axis.set_yticks(range(len(EMOTIONS)), EMOTIONS)
        axis.set_title(f"{name}: {scores.accuracy:.1%} of {scores.faces}")
        axis.set_xlabel("answer")
        axis.set_ylabel("label")
    figure.savefig(path, dpi=120)
    plt.close(figure)
