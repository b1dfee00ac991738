"""Analyzed frames with drawn-up faces, for tests of what is drawn."""

from __future__ import annotations

import numpy as np

from models.manifest import EMOTIONS
from realtime.core.sink import RunStatus
from realtime.core.types import UNCERTAIN, Analysed, Emotions, Faces, Frame
from tests.support.fakes import blank

SIZES_WH = [(320, 240), (640, 360), (1280, 720), (3840, 2160)]
HUD = RunStatus(24.8, 31.0, 0, "camera 0", "cpu", recording=False, paused=False)


def analysed(image, boxes, labels=None, probabilities=None, reasons=None):
    """Faces in `boxes` (rows of left, top, right, bottom) that show `labels`, all happiness unless told."""
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    count = len(boxes)
    labels = tuple(labels or ["happiness"] * count)
    if probabilities is None:
        probabilities = np.full((count, 6), 0.04, np.float32)
        for row, label in enumerate(labels):
            probabilities[row, EMOTIONS.index(label) if label != UNCERTAIN else 4] = 0.8
    across = np.linspace(0.0, 1.0, 468, dtype=np.float32)
    shape = np.stack([across, (across * 7) % 1], axis=1)
    for index, spot in ((33, (0.2, 0.4)), (263, (0.8, 0.4)), (61, (0.35, 0.75)), (291, (0.65, 0.75))):
        shape[index] = spot
    shape[[13, 14]] = (0.5, 0.7), (0.5, 0.8)
    points = boxes[:, None, :2] + shape[None] * (boxes[:, None, 2:] - boxes[:, None, :2])
    faces = Faces(boxes, points.astype(np.float32), np.zeros((count, 3), np.float32), np.arange(1, count + 1))
    both = np.repeat(probabilities[:, None], 2, axis=1)
    trust = np.full((count, 2), 0.9, np.float32)
    reasons = tuple(reasons or ["turned" if label == UNCERTAIN else "" for label in labels])
    return Analysed(
        Frame(image, 0, 0.0, 0.0), faces, Emotions(probabilities, both, trust, labels, probabilities, reasons)
    )


def plain(size_wh=(1280, 720), value=128):
    return blank(*size_wh, value)


def has_colour(picture, colour):
    return bool((picture == np.array(colour, np.uint8)).all(axis=2).any())


def changed_box(picture, before):
    rows, columns = np.nonzero((picture != before).any(axis=2))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
