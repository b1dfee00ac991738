"""Shapes of the report's plots (`templates/plots.html` draws them) and the pictures of the worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.dataset.pictures import PictureError, read_picture
from models.evaluate.face_sets import LookedAt
from models.evaluate.report.analysis import Analysis
from models.evaluate.scores import Bin, reliability_bins, risk_coverage
from models.manifest import EMOTIONS

SIDE = 300
"""Width and height of a plot's area, in SVG's units."""
_FEWEST = 5  # of a bin that is drawn as a point: the share of fewer faces says nothing
_STEPS = 100
_MISTAKES = 24
_TILE_PX = 96
_JPEG_QUALITY = 85


@dataclass(frozen=True, slots=True)
class Column:
    """One bin of the histogram below a reliability diagram, in SVG's units.

    Attributes:
        x: `float`, left edge.
        width: `float`.
        height: `float`, in [0, 1] of the highest one.
        bin: whose faces it shows.
    """

    x: float
    width: float
    height: float
    bin: Bin


@dataclass(frozen=True, slots=True)
class Reliability:
    """A reliability diagram.

    Attributes:
        points: `(x, y)` of each bin with enough faces: mean confidence, and the share that is right.
        before: likewise, before the fusion's temperature.
        columns: how many faces are in each bin.
    """

    points: Sequence[tuple[float, float]]
    before: Sequence[tuple[float, float]]
    columns: Sequence[Column]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share that is right among the most confident faces.

    Attributes:
        points: `(x, y)` from few faces to all of them.
        ticks: `y` and the share it stands for.
        mark: `(x, y)` of the 70 % most confident.
    """

    points: Sequence[tuple[float, float]]
    ticks: Sequence[tuple[float, float]]
    mark: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A face on which the program was sure and wrong; `jpeg` is empty if the picture is gone."""

    label: str
    said: str
    confidence: float
    jpeg: bytes


def reliability(analysis: Analysis) -> Reliability:
    """Return the reliability diagram of the fused answer to the faces that were found."""
    bins, before = (
        reliability_bins(confidence[confidence > 0], analysis.right[confidence > 0])
        for confidence in (analysis.confidence, analysis.confidence_raw)
    )
    most = max((one.faces for one in bins), default=1)
    return Reliability(
        _points(bins),
        _points(before),
        [Column(SIDE * one.low, SIDE * (one.high - one.low), one.faces / most, one) for one in bins],
    )


def coverage(analysis: Analysis) -> Coverage:
    """Return the risk-coverage curve; its lower end is the tenth below its lowest point."""
    share, right = risk_coverage(analysis.confidence, analysis.right)
    rows = np.unique(np.linspace(len(share) // 20, len(share) - 1, _STEPS).astype(int))
    low = np.floor(10 * float(right[rows].min())) / 10
    low = min(float(low), 0.9)
    height = SIDE / (1 - low)

    def at(row: int) -> tuple[float, float]:
        return SIDE * float(share[row]), (1 - float(right[row])) * height

    values = np.arange(round(10 * low), 11) / 10
    mark = at(max(1, round(0.7 * len(share))) - 1)
    return Coverage([at(row) for row in rows], [((1 - value) * height, float(value)) for value in values], mark)


def mistakes(analysis: Analysis, looked: LookedAt, root: Path) -> list[Mistake]:
    """Return the most confident mistakes, the surest first.

    Args:
        analysis: which answers are right.
        looked: faces and answers.
        root: folder of the pictures.
    """
    wrong = np.flatnonzero(~analysis.right & (analysis.confidence > 0))
    worst = wrong[np.argsort(-analysis.confidence[wrong], kind="stable")][:_MISTAKES]
    return [
        Mistake(
            looked.faces[row].label,
            EMOTIONS[int(looked.answers.fused[row].argmax())],
            float(analysis.confidence[row]),
            _tile(root, looked.faces[row].file),
        )
        for row in map(int, worst)
    ]


def _points(bins: Sequence[Bin]) -> list[tuple[float, float]]:
    return [(SIDE * one.confidence, SIDE * (1 - one.right)) for one in bins if one.faces >= _FEWEST]


def _tile(root: Path, file: str) -> bytes:
    """Return the picture as a small JPEG, nothing if it was there and is gone."""
    try:
        image_bgr = read_picture(root, file)
    except PictureError:
        return b""
    height, width = image_bgr.shape[:2]
    scale = _TILE_PX / max(height, width)
    small_wh = max(1, round(width * scale)), max(1, round(height * scale))
    tile = cv2.resize(image_bgr, small_wh, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    done, data = cv2.imencode(".jpg", tile, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return data.tobytes() if done else b""
