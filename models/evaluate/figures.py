"""Matplotlib figures of the evaluation report, as PNG."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.dataset.labels import LabelledFace
from models.dataset.pictures import PictureError, read_picture
from models.errors import DataError
from models.evaluate.analysis import Analysis, Band
from models.evaluate.scores import Scores, risk_coverage
from models.evaluate.shipped import Answers
from models.manifest import EMOTIONS

_DPI = 110
_BINS = 15
_MISTAKES = 24
_TILE_PX = 96


def confusion_matrices(scores: Mapping[str, Scores], regions: Sequence[str]) -> bytes:
    """Draw the confusion of the fused answer and of the expert of each region, rows in shares of their truth."""
    plt = _pyplot()
    names = ("fused", *regions)
    figure, axes = plt.subplots(1, len(names), figsize=(4.6 * len(names), 4.4), layout="constrained")
    for axis, name in zip(axes, names, strict=True):
        one = scores[name]
        share = one.confusion / np.maximum(one.confusion.sum(axis=1, keepdims=True), 1)
        axis.imshow(share, vmin=0, vmax=1, cmap="Blues")
        for (row, column), value in np.ndenumerate(share):
            colour = "white" if value > 0.5 else "black"
            axis.text(column, row, f"{value:.0%}", ha="center", va="center", fontsize=8, color=colour)
        axis.set_xticks(range(len(EMOTIONS) + 1), [*EMOTIONS, "not found"], rotation=45, ha="right")
        axis.set_yticks(range(len(EMOTIONS)), EMOTIONS)
        axis.set_title(f"{name}: {one.accuracy:.1%} of {one.faces}")
        axis.set_xlabel("answer")
        axis.set_ylabel("label")
    return _png(figure)


def honesty(analysis: Analysis) -> bytes:
    """Draw the reliability diagram before and after the temperature, and accuracy against coverage."""
    plt = _pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.4), layout="constrained")
    before, after = analysis.ece
    left.plot([0, 1], [0, 1], color="0.6", linewidth=1, label="honest")
    for confidence, name, ece, style in (
        (analysis.confidence_raw, "before temperature", before, "o--"),
        (analysis.confidence, "after", after, "o-"),
    ):
        place = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
        place[confidence == 0] = -1  # not found: no confidence was shown
        filled = [number for number in range(_BINS) if (place == number).sum() >= 5]
        said = [confidence[place == number].mean() for number in filled]
        true = [analysis.right[place == number].mean() for number in filled]
        left.plot(said, true, style, markersize=4, label=f"{name}: ECE {ece:.3f}")
    left.set_xlabel("confidence shown")
    left.set_ylabel("share that is right")
    left.set_title("Does 80 % mean 80 %?")
    coverage, accuracy = risk_coverage(analysis.confidence, analysis.right)
    right.plot(coverage, accuracy)
    right.axvline(0.7, color="0.6", linewidth=1)
    right.set_xlabel("share of faces answered, the most confident first")
    right.set_ylabel("share that is right")
    right.set_title("What saying “uncertain” buys")
    right.set_ylim(max(0.0, float(accuracy[len(accuracy) // 20 :].min()) - 0.05), 1.005)
    for axis in (left, right):
        axis.grid(alpha=0.3)
    left.legend()
    return _png(figure)


def conditions(analysis: Analysis) -> bytes:
    """Draw accuracy by face size and by head turn."""
    plt = _pyplot()
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 3.6), layout="constrained")
    for axis, bands, unit, title in (
        (axes[0], analysis.by_size, "px", "distance between the outer eye corners"),
        (axes[1], analysis.by_turn, "°", "head turned by"),
    ):
        names = [_band_name(band, unit) for band in bands]
        bars = axis.bar(names, [band.accuracy for band in bands], color="#4477aa")
        axis.bar_label(bars, [f"{band.accuracy:.0%}\n{band.faces}" for band in bands], fontsize=8)
        axis.set_ylim(0, 1.18)
        axis.set_xlabel(title)
        axis.set_ylabel("share that is right")
    return _png(figure)


def mistakes(analysis: Analysis, faces: Sequence[LabelledFace], answers: Answers, root: Path) -> bytes:
    """Draw the most confident mistakes: each face with its label, the answer and the confidence."""
    plt = _pyplot()
    wrong = np.flatnonzero(~analysis.right & (analysis.confidence > 0))
    worst = wrong[np.argsort(-analysis.confidence[wrong])][:_MISTAKES]
    figure, axes = plt.subplots(3, 8, figsize=(12, 5.6), layout="constrained")
    for axis in axes.ravel():
        axis.axis("off")
    for axis, place in zip(axes.ravel(), worst, strict=False):
        row = int(analysis.rows[place])
        with contextlib.suppress(PictureError):  # a picture that was there and is gone leaves its title
            tile = cv2.resize(read_picture(root, faces[row].file), (_TILE_PX, _TILE_PX), interpolation=cv2.INTER_AREA)
            axis.imshow(tile[:, :, ::-1])
        said = EMOTIONS[int(answers.fused[row].argmax())]
        axis.set_title(f"{faces[row].label}\n→ {said} {analysis.confidence[place]:.0%}", fontsize=8)
    return _png(figure)


def _band_name(band: Band, unit: str) -> str:
    return f"over {band.low:.0f} {unit}" if np.isinf(band.high) else f"{band.low:.0f} to {band.high:.0f} {unit}"


def _pyplot() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise DataError("the report draws with matplotlib; run `make setup-train` first") from error
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=_DPI)
    _pyplot().close(figure)
    return buffer.getvalue()
