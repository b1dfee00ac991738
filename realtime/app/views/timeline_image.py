"""Raster image of one person's timeline: stacked probabilities over a label band, hatched where uncertain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.manifest import EMOTIONS
from realtime.core.types import ImageArray
from realtime.overlay.palette import STACK_ORDER, colour_of
from realtime.timeline.analysis_results import AnalysisResults
from realtime.timeline.timeline import LABELS

_BAND_SHARE = 0.4
_HATCH_PX = 3
_MAX_GAP_S = 1.0
_HATCH_DARK = (96, 96, 96)
_Floats = npt.NDArray[np.float64]


def strip_image(
    results: AnalysisResults, track: int, size_wh: tuple[int, int], ground_rgb: tuple[int, int, int]
) -> ImageArray:
    """Return the timeline of person `track` over the whole video.

    Args:
        results: of the video.
        track: the person.
        size_wh: of the picture in pixels.
        ground_rgb: shows where the person is not seen.

    Returns:
        `(H, W, 3) uint8` RGB.
    """
    width, height = size_wh
    shares, labels, seen = _columns(results, track, width)
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = ground_rgb
    band_px = max(1, round(height * _BAND_SHARE))
    stack_px = height - band_px
    if stack_px:
        picture[:stack_px, seen] = _stack(shares[seen], stack_px)
    picture[stack_px:, seen] = _band(labels, band_px, width)[:, seen]
    return picture


def label_at(results: AnalysisResults, track: int, time_s: float) -> tuple[str, float] | None:
    """Return what the person showed at a time and how probable that was; `None` where the person is not seen."""
    index = results.index_at(time_s)
    faces, emotions = results.faces(index), results.emotions(index)
    rows = np.flatnonzero(faces.track_ids == track)
    if not len(rows):
        return None
    row = int(rows[0])
    return emotions.labels[row], emotions.confidence(row)


def _columns(
    results: AnalysisResults, track: int, width: int
) -> tuple[_Floats, npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return per column the mean probabilities `(W, K)`, the commonest label `(W,)`, and whether the face is seen."""
    frames, shown, labels = results.course(track)
    times_s = results.times_s
    edges = (times_s / max(results.end_s, 1e-9) * width).astype(np.int64).clip(0, width - 1)
    place = edges[frames]
    shares, votes = np.zeros((width, len(EMOTIONS))), np.zeros((width, len(LABELS)))
    np.add.at(shares, place, shown)
    np.add.at(votes, (place, labels), 1)
    counts = votes.sum(axis=1)
    seen = counts > 0
    # Columns between two frames show what the frame before them shows.
    centres_s = (np.arange(width) + 0.5) * results.end_s / width
    before = np.searchsorted(times_s, centres_s, "right") - 1
    mine = np.searchsorted(frames, before)
    held = np.isin(before, frames) & (centres_s - times_s[before.clip(0)] < _MAX_GAP_S) & ~seen
    shares[held], votes[held, labels[mine[held]]], counts[held] = shown[mine[held]], 1, 1
    return shares / np.maximum(counts, 1)[:, None], votes.argmax(axis=1), seen | held


def _stack(shares: _Floats, height: int) -> ImageArray:
    order = [EMOTIONS.index(emotion) for emotion in STACK_ORDER]
    tops = np.cumsum(shares[:, order], axis=1)
    levels = 1 - (np.arange(height) + 0.5) / height
    which = (tops[None] < levels[:, None, None]).sum(axis=2).clip(0, len(order) - 1)
    return np.asarray(_colours(STACK_ORDER)[which], np.uint8)


def _band(labels: npt.NDArray[np.int64], height: int, width: int) -> ImageArray:
    band = np.repeat(_colours(LABELS)[labels][None], height, axis=0)
    slant = (np.arange(width)[None] + np.arange(height)[:, None]) // _HATCH_PX % 2 == 0
    band[(labels == len(EMOTIONS))[None] & slant] = _HATCH_DARK
    return band


def _colours(names: tuple[str, ...]) -> ImageArray:
    return np.array([colour_of(name)[::-1] for name in names], np.uint8)
