"""From BlazeFace's numbers to faces: anchors, decoding, and non-maximum suppression that averages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from realtime.core.types import FloatArray
from realtime.landmarks.networks.detection import Detection

# Boxes that overlap more are one face.
_SAME_FACE_IOU = 0.3
# Of each anchor's eight pairs the first is a center, the second a size, the next two are the eyes.
_PAIRS = 8


def anchor_centers(side_px: int, layers: Sequence[tuple[int, int]]) -> FloatArray:
    """Return the centers of all anchors, `(A, 2) float32`, x and y from 0 to 1.

    Args:
        side_px: side of the network's picture.
        layers: per layer its stride in pixels and how many anchors each of its cells has.
    """
    grids = []
    for stride_px, per_cell in layers:
        along = (np.arange(side_px // stride_px) + 0.5) / (side_px // stride_px)
        y, x = np.meshgrid(along, along, indexing="ij")
        grids.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), per_cell, axis=0))
    return np.asarray(np.concatenate(grids), np.float32)


def decoded(
    numbers: FloatArray, logits: FloatArray, anchors: FloatArray, side_px: int, min_score: float
) -> tuple[FloatArray, FloatArray]:
    """Return corners and eyes of all boxes with at least `min_score`, `(N, 4, 2)`, and their scores, `(N,)`.

    The four points are top left, bottom right and the two eyes, from 0 to 1. The highest score comes first.

    Args:
        numbers: `(A, 16) float32`, the network's regression, in pixels from each anchor.
        logits: `(A,) float32`.
        anchors: as `anchor_centers` returns them.
        side_px: side of the network's picture.
        min_score: `float` in [0, 1].
    """
    # Sigmoid by way of tanh, which cannot overflow.
    scores = (1 + np.tanh(logits / 2)) / 2
    kept = np.flatnonzero(scores >= min_score)
    kept = kept[np.argsort(-logits[kept], kind="stable")]
    pairs = numbers[kept].reshape(-1, _PAIRS, 2) / np.float32(side_px)
    center, half = pairs[:, 0] + anchors[kept], pairs[:, 1] / 2
    eyes = pairs[:, 2:4] + anchors[kept][:, None]
    points = np.concatenate([(center - half)[:, None], (center + half)[:, None], eyes], axis=1)
    # The network may regress a negative size.
    real = (half >= 0).all(axis=1)
    return points[real], scores[kept][real]


def merged(points: FloatArray, scores: FloatArray) -> list[Detection]:
    """Return one face for each group of boxes that overlap: their mean, weighted by score, with the best one's score.

    Args:
        points: `(N, 4, 2)`, corners and eyes as `decoded` returns them, the best first.
        scores: `(N,)`.
    """
    faces = []
    while len(points):
        same = _overlaps(points) > _SAME_FACE_IOU
        same[0] = True  # even without an area
        mean = np.tensordot(scores[same] / scores[same].sum(), points[same], axes=1)
        faces.append(Detection(mean[:2].reshape(4), mean[2:], float(scores[0])))
        points, scores = points[~same], scores[~same]
    return faces


def _overlaps(points: FloatArray) -> FloatArray:
    """Return each box's intersection over union with the first one, `(N,)`."""
    low, high = points[:, 0], points[:, 1]
    shared = np.prod(np.maximum(np.minimum(high, high[0]) - np.maximum(low, low[0]), 0), axis=1)
    areas = np.prod(high - low, axis=1)
    return np.asarray(shared / np.maximum(areas + areas[0] - shared, np.float32(1e-12)), np.float32)
