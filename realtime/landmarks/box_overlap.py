"""Overlap of two boxes (IoU, share of the smaller) in plain floats: faster than NumPy for a single pair."""

from __future__ import annotations

from collections.abc import Sequence

# Of boxes without an area.
_LEAST_PX2 = 1e-6

Box = Sequence[float]
"""Left, top, right and bottom edge, in pixels: a list or tuple; of an array, its `tolist()`."""


def intersection_over_union(a_xyxy: Box, b_xyxy: Box) -> float:
    """Return the intersection of two boxes over their union, 0 to 1."""
    shared = _shared_px2(a_xyxy, b_xyxy)
    return shared / max(_area_px2(a_xyxy) + _area_px2(b_xyxy) - shared, _LEAST_PX2)


def share_of_smaller(a_xyxy: Box, b_xyxy: Box) -> float:
    """Return how much of the smaller of two boxes lies in the other, 0 to 1."""
    return _shared_px2(a_xyxy, b_xyxy) / max(min(_area_px2(a_xyxy), _area_px2(b_xyxy)), _LEAST_PX2)


def _shared_px2(a: Box, b: Box) -> float:
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    return wide * high if wide > 0 and high > 0 else 0.0


def _area_px2(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
