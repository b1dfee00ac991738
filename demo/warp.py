"""Piecewise affine warp of a picture along a triangle mesh."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial import Delaunay

from realtime.core.types import FloatArray, ImageArray

_SUBPIXEL_BITS = 4
_SMALLEST_AREA_PX = 1e-3


class MeshWarp:
    """Moves what lies under a set of points; outside their hull nothing moves.

    Args:
        source_xy: `(P, 2) float32` pixels, where the points lie in the picture; at least three, not on one line.
        size_wh: width and height of the picture in pixels.
        openings: groups of points, each the rim of an eye or a mouth: what lies within a rim is drawn below all else,
            so that lids and lips close over it.
    """

    def __init__(self, source_xy: FloatArray, size_wh: tuple[int, int], openings: Sequence[Sequence[int]] = ()) -> None:
        self._source = np.asarray(source_xy, np.float64)
        triangles = Delaunay(self._source).simplices
        within = np.zeros(len(triangles), bool)
        for rim in openings:
            within |= np.isin(triangles, rim).all(axis=1)
        self._triangles, self._within = triangles, within
        self._orientation = np.sign(_twice_area(self._source[triangles]))
        columns, rows = np.meshgrid(np.arange(size_wh[0]), np.arange(size_wh[1]))
        self._identity = np.dstack([columns, rows]).astype(np.float32)

    def sampling_map(self, target_xy: FloatArray) -> FloatArray:
        """Return where in the source each pixel of the result comes from.

        Args:
            target_xy: `(P, 2) float32` pixels, where the points shall lie. A triangle that this turns over or
                flattens disappears.

        Returns:
            `(H, W, 2) float32` pixels, x and y, for `cv2.remap`.
        """
        corners = np.asarray(target_xy, np.float64)[self._triangles]
        owner = self._owners(corners)
        offsets = self._source[self._triangles] - corners
        moved = np.append(np.abs(offsets).max(axis=(1, 2)) > 0, False)  # the last for pixels without a triangle
        rows, columns = np.nonzero(moved[owner])
        owners = owner[rows, columns]
        shares = _barycentric(corners[owners], np.stack([columns, rows], axis=1).astype(np.float64))
        # Offsets, not places, are interpolated: a pixel just outside the triangle that covers it stays near its own.
        mapped = self._identity.copy()
        mapped[rows, columns] += np.einsum("nk,nkc->nc", shares, offsets[owners]).astype(np.float32)
        return mapped

    def apply(self, image_bgr: ImageArray, target_xy: FloatArray) -> ImageArray:
        """Return `image_bgr`, `(H, W, 3) uint8`, with the points moved to `target_xy`, `(P, 2)` pixels."""
        mapped = self.sampling_map(target_xy)
        return np.asarray(cv2.remap(image_bgr, mapped, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))

    def _owners(self, corners: FloatArray) -> npt.NDArray[np.int32]:
        """Return the triangle that covers each pixel, `(H, W) int32`; -1 for none."""
        area = _twice_area(corners) * self._orientation
        # The largest last: each fill covers its outline too, and a sliver must not cover its neighbors.
        order = np.lexsort([area, ~self._within])
        owner = np.full(self._identity.shape[:2], -1, np.int32)
        fixed = np.round(corners * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        for k in order[area[order] > _SMALLEST_AREA_PX].tolist():
            cv2.fillConvexPoly(owner, fixed[k], k, lineType=cv2.LINE_8, shift=_SUBPIXEL_BITS)
        return owner


def _twice_area(corners: FloatArray) -> FloatArray:
    """Return the signed area of `(T, 3, 2)` triangles, doubled."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])


def _barycentric(corners: FloatArray, points: FloatArray) -> FloatArray:
    """Return each point's shares `(N, 3)` in the corners of its own triangle, kept within it."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    whole = _twice_area(corners)
    share_b = _twice_area(np.stack([a, points, c], axis=1)) / whole
    share_c = _twice_area(np.stack([a, b, points], axis=1)) / whole
    shares = np.stack([1 - share_b - share_c, share_b, share_c], axis=1).clip(0)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
