"""Parametric facial expressions and the face mesh that they produce."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass

import numpy as np
from scipy.interpolate import RBFInterpolator

from realtime.core.types import FloatArray

# Face mesh landmarks, from the picture's left to its right; outer and inner rows of a lip lie opposite each other.
UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
_UPPER_BETWEEN = (
    (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306),
    (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292),
)
_LOWER_BETWEEN = (
    (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306),
    (62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292),
)
_BROWS = (((70, 63, 105, 66, 107), (46, 53, 52, 65, 55)), ((300, 293, 334, 296, 336), (276, 283, 282, 295, 285)))
_UPPER_LIDS = (246, 161, 160, 159, 158, 157, 173, 466, 388, 387, 386, 385, 384, 398)
_LOWER_LIDS = (7, 163, 144, 145, 153, 154, 155, 249, 390, 373, 374, 380, 381, 382)
_EYE_CORNERS = (33, 133, 362, 263)
OPENINGS = (
    UPPER_INNER + LOWER_INNER,
    _UPPER_LIDS[:7] + _LOWER_LIDS[:7] + _EYE_CORNERS[:2],
    _UPPER_LIDS[7:] + _LOWER_LIDS[7:] + _EYE_CORNERS[2:],
)
"""Rims of the mouth and of the eyes."""

LOWER_LID_LINES = ((33, *_LOWER_LIDS[:7], 133), (263, *_LOWER_LIDS[7:], 362))
_NOSE = (1, 2, 4, 5, 6, 168, 197, 195, 98, 97, 326, 327, 64, 294)
_SKULL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 109, 67, 103, 54, 21, 162, 127, 234, 93, 132)
_JAW = (58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 199, 200, 175)
_CHEEKS = (50, 101, 205, 36, 206, 207, 187, 147, 123, 117, 118, 119,
           280, 330, 425, 266, 426, 427, 411, 376, 352, 346, 347, 348)  # fmt: skip
_RELAXED_LINE = 0.35
_GAP_ABOVE = 0.12
_EYELID_LIMIT = 0.93


@dataclass(frozen=True, slots=True)
class Expression:
    """What a face does. Lengths are in units of d, the distance between the outer eye corners.

    Attributes:
        smile: `float`, 1 keeps the mouth of the portrait, a broad smile; 0 gives it the shape of the next six.
        mouth_width: `float`, share of the smile's width.
        mouth_drop: `float`, how far the line between the lips sinks.
        corner_drop: `float`, how far the corners hang below the middle of that line.
        gap: `float`, the mouth's opening.
        upper_lip: `float`, share of the smile's upper lip height.
        lower_lip: `float`, share of the smile's lower lip height.
        jaw_drop: `float`, how far the chin sinks.
        cheek_drop: `float`, how far the cheeks sink from where the smile raised them.
        brow_inner_up: `float`, how far the inner ends of the brows rise.
        brow_outer_up: `float`, how far their outer ends rise.
        eyes_shut: `float`, share of the eye that the upper lid covers in addition; below 0 it opens.
        lower_lid_up: `float`, share of the eye that the lower lid covers in addition.
    """

    smile: float = 0.0
    mouth_width: float = 0.84
    mouth_drop: float = 0.0
    corner_drop: float = 0.0
    gap: float = 0.0
    upper_lip: float = 1.15
    lower_lip: float = 0.95
    jaw_drop: float = 0.0
    cheek_drop: float = 0.035
    brow_inner_up: float = 0.0
    brow_outer_up: float = 0.0
    eyes_shut: float = 0.0
    lower_lid_up: float = 0.0


EXPRESSIONS: Mapping[str, Expression] = {
    "happiness": Expression(smile=1.0, cheek_drop=0.0),
    "neutral": Expression(
        mouth_width=0.67, mouth_drop=0.012, corner_drop=0.05, upper_lip=1.8, lower_lip=1.33, brow_inner_up=-0.015,
        brow_outer_up=-0.02, eyes_shut=0.05, lower_lid_up=-0.1,
    ),
    "surprise": Expression(
        mouth_width=0.58, mouth_drop=0.055, gap=0.24, upper_lip=1.7, lower_lip=1.2, jaw_drop=0.14,
        brow_inner_up=0.085, brow_outer_up=0.085, eyes_shut=-0.3, lower_lid_up=-0.1,
    ),
}  # fmt: skip
"""Name of a segment -> what the face does in it."""


def between(first: Expression, second: Expression, share: float) -> Expression:
    """Return the expression that has gone `share` (0 to 1) of the way from `first` to `second`."""
    pairs = zip(astuple(first), astuple(second), strict=True)
    return Expression(*((1 - share) * a + share * b for a, b in pairs))


class FaceRig:
    """Puts expressions on one face.

    Args:
        mesh_xy: `(468, 2) float32` pixels, the face's landmarks, smiling with the mouth open.
    """

    def __init__(self, mesh_xy: FloatArray) -> None:
        self._mesh = np.asarray(mesh_xy, np.float64)
        axis = self._mesh[263] - self._mesh[33]
        self.unit_px = float(np.linalg.norm(axis))
        right = axis / self.unit_px
        # Rows: the eye axis, and down across it. Orthonormal, so its transpose leads back.
        self._axes = np.array([right, [-right[1], right[0]]])
        self._origin = self._mesh[[33, 263]].mean(axis=0)
        self._face = (self._mesh - self._origin) @ self._axes.T / self.unit_px
        groups = (UPPER_OUTER, LOWER_OUTER, *_BROWS[0], *_BROWS[1], _UPPER_LIDS, _LOWER_LIDS, _EYE_CORNERS)
        handles = sorted({index for group in (*groups, _NOSE, _SKULL, _JAW) for index in group})
        lips = {i for group in (UPPER_INNER, LOWER_INNER, *_UPPER_BETWEEN, *_LOWER_BETWEEN) for i in group}
        self._handles = np.array(handles)
        self._followers = np.array([i for i in range(len(self._face)) if i not in lips.union(handles)])
        # Interpolation is linear in the handles' offsets: precomputed once, as a matrix.
        spread = RBFInterpolator(self._face[self._handles], np.eye(len(handles)), kernel="linear")
        self._spread = spread(self._face[self._followers])

    def mesh_of(self, expression: Expression) -> FloatArray:
        """Return the landmarks of the face with this expression, `(468, 2) float32` pixels."""
        moved = self._face.copy()
        self._move_jaw(moved, expression)
        self._move_brows(moved, expression)
        self._move_lids(moved, expression)
        self._move_mouth(moved, expression)
        offsets = (moved - self._face)[self._handles]
        moved[self._followers] += self._spread @ offsets
        moved[list(_CHEEKS), 1] += expression.cheek_drop
        return np.asarray(moved @ self._axes * self.unit_px + self._origin, np.float32)

    def _move_jaw(self, moved: FloatArray, expression: Expression) -> None:
        jaw = list(_JAW)
        top, chin = self._face[[58, 288], 1].mean(), self._face[152, 1]
        weight = ((self._face[jaw, 1] - top) / (chin - top)).clip(0, 1)
        moved[jaw, 1] += weight * expression.jaw_drop

    def _move_brows(self, moved: FloatArray, expression: Expression) -> None:
        for row in (*_BROWS[0], *_BROWS[1]):
            inner = np.linspace(0, 1, len(row))
            rise = expression.brow_outer_up + inner * (expression.brow_inner_up - expression.brow_outer_up)
            moved[list(row), 1] -= rise

    def _move_lids(self, moved: FloatArray, expression: Expression) -> None:
        upper, lower = list(_UPPER_LIDS), list(_LOWER_LIDS)
        opening = self._face[lower] - self._face[upper]
        raised = min(expression.lower_lid_up, _EYELID_LIMIT)
        moved[upper] += opening * min(expression.eyes_shut, _EYELID_LIMIT - raised)
        moved[lower] -= opening * raised

    def _move_mouth(self, moved: FloatArray, expression: Expression) -> None:
        keep = expression.smile
        for sign, outer, rows, inner in (
            (-1.0, UPPER_OUTER, _UPPER_BETWEEN, UPPER_INNER),
            (1.0, LOWER_OUTER, _LOWER_BETWEEN, LOWER_INNER),
        ):
            height = expression.upper_lip if sign < 0 else expression.lower_lip
            rim = self._lip_rim(inner, expression, sign)
            lip = (self._face[list(outer)] - self._face[list(inner)]) * (expression.mouth_width, height)
            for row in (inner, *rows, outer):
                share = self._share_between(row, inner, outer)
                shaped = rim + share[:, None] * lip
                moved[list(row)] = keep * self._face[list(row)] + (1 - keep) * shaped

    def _lip_rim(self, inner: tuple[int, ...], expression: Expression, sign: float) -> FloatArray:
        """Return the inner edge `(11, 2)` of the upper (`sign` -1) or lower (1) lip, in face units."""
        left, right, top, bottom = (self._face[i] for i in (78, 308, 13, 14))
        centre_x, half = (left[0] + right[0]) / 2, (right[0] - left[0]) / 2
        across = (self._face[list(inner), 0] - centre_x) / half
        line_y = top[1] + _RELAXED_LINE * (bottom[1] - top[1]) + expression.mouth_drop
        opening = sign * expression.gap / 2 * np.sqrt((1 - across**2).clip(0))
        sink = expression.corner_drop * across**2 + (0.5 - _GAP_ABOVE) * expression.gap
        return np.stack([centre_x + across * half * expression.mouth_width, line_y + sink + opening], axis=1)

    def _share_between(self, row: tuple[int, ...], inner: tuple[int, ...], outer: tuple[int, ...]) -> FloatArray:
        """Return how far each point of `row` lies from the inner to the outer edge, 0 to 1."""
        start, whole = self._face[list(inner)], self._face[list(outer)] - self._face[list(inner)]
        along = ((self._face[list(row)] - start) * whole).sum(axis=1) / (whole**2).sum(axis=1)
        return np.asarray(along.clip(0, 1))
