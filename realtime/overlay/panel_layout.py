"""Label placement: panels beside faces, inside the picture, with little overlap and little motion between frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from realtime.core.types import FloatArray, IntArray
from realtime.smoothing.track_memory import TrackMemory

Rect = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are the first ones outside."""

_Floats = npt.NDArray[np.float64]

# Costs of a place, as shares of the panel's area that is covered. A panel over a panel hides two answers, one over
# another face hides what the picture is about; one over its own face costs least.
_COST_PANEL, _COST_RESERVED, _COST_OTHER_FACE, _COST_OWN_FACE = 8.0, 4.0, 3.0, 2.0
# A face that is only touched costs, too: a panel further away is better than one on a face.
_COST_TOUCH = 2.0
_COST_PER_PREFERENCE = 0.01
_COST_AWAY = 0.35
_COST_MOVE = 0.3
_EASE = 0.35
_GRID_STEPS = 6
_KEEP_FRAMES = 59


def place_panels(
    boxes_xyxy: FloatArray,
    panel_wh: tuple[int, int],
    picture_wh: tuple[int, int],
    gap_px: int,
    reserved: Sequence[Rect] = (),
    last_xy: _Floats | None = None,
) -> IntArray:
    """Place each face's panel greedily at the position of least overlap cost.

    In this order of preference: right of the face, left, below, above, anywhere near; the place with the least cover
    of other panels, reserved areas and faces wins. Faces that have had a panel choose first, then large ones.

    Args:
        boxes_xyxy: `(N, 4) float32` pixels.
        panel_wh: size of every panel in pixels.
        picture_wh: size of the picture in pixels.
        gap_px: `int`, distance between face and panel, and from the picture's edge where there is room.
        reserved: areas that belong to something else, such as the line of facts.
        last_xy: `(N, 2)`, where the panels were in the last frame, NaN where a face had none.

    Returns:
        `(N, 2) int64`, the panels' left and top. Every panel that is not larger than the picture is inside it.
    """
    boxes = np.asarray(boxes_xyxy, np.float64)
    last = np.full((len(boxes), 2), np.nan) if last_xy is None else np.asarray(last_xy, np.float64)
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0), axis=1)
    order = np.lexsort((-areas, np.isnan(last[:, 0])))
    fixed = np.array(reserved, np.float64).reshape(-1, 4)
    placed = np.zeros((len(boxes), 2), np.int64)
    taken: list[_Floats] = []
    for row in order:
        others = np.delete(boxes, row, axis=0)
        panels = np.array(taken, np.float64).reshape(-1, 4)
        weighted = ((panels, _COST_PANEL), (fixed, _COST_RESERVED), (others, _COST_OTHER_FACE))
        target = _best(boxes, row, last[row], panel_wh, picture_wh, gap_px, weighted)
        placed[row] = _eased(target, last[row], panel_wh, picture_wh, gap_px, np.concatenate([panels, fixed, boxes]))
        taken.append(_rects(placed[row : row + 1].astype(np.float64), panel_wh)[0])
    return placed


def overlap_px(rects: npt.ArrayLike, others: npt.ArrayLike) -> _Floats:
    """Return the shared area of each of `rects (A, 4)` with each of `others (B, 4)`, `(A, B)` square pixels."""
    first, second = np.asarray(rects, np.float64)[:, None], np.asarray(others, np.float64).reshape(-1, 4)[None]
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(first[..., :2], second[..., :2])
    return np.asarray(np.prod(np.maximum(sides, 0.0), axis=-1), np.float64)


class PlaceMemory:
    """Last panel position of each track, kept over a few frames without its face."""

    def __init__(self) -> None:
        self._places: TrackMemory[tuple[int, int]] = TrackMemory(_KEEP_FRAMES)
        self._frame = 0

    def recall(self, track_ids: IntArray) -> _Floats:
        """Return the last places, `(N, 2)`, NaN for a new id and for id 0, which is nobody's."""
        nowhere = (np.nan, np.nan)
        rows = [self._places.get(key) or nowhere for key in track_ids.tolist()]
        return np.array(rows, np.float64).reshape(-1, 2)

    def store(self, track_ids: IntArray, placed_xy: IntArray) -> None:
        """Keep the places of one more frame and forget those of people long gone."""
        self._frame += 1
        for key, (x, y) in zip(track_ids.tolist(), placed_xy.tolist(), strict=True):
            if key:
                self._places.put(key, (x, y), self._frame)
        self._places.forget(self._frame)


def _rects(corners: _Floats, size_wh: tuple[int, int]) -> _Floats:
    return np.concatenate([corners, corners + np.array(size_wh, np.float64)], axis=1)


def _clamp(corners: _Floats, size_wh: tuple[int, int], picture_wh: tuple[int, int], margin_px: int) -> _Floats:
    """Move corners so that the panels are inside; keep the margin as far as there is room for it."""
    room = np.maximum(np.array(picture_wh, np.float64) - size_wh, 0.0)
    margin = np.minimum(margin_px, np.floor(room / 2))
    return np.asarray(np.clip(corners, margin, room - margin), np.float64)


def _candidates(box: _Floats, size_wh: tuple[int, int], picture_wh: tuple[int, int], gap_px: int) -> _Floats:
    """Return the places to try, `(C, 2)`, best first; the last `_GRID_STEPS` squared lie all over the picture."""
    width, height = size_wh
    left, top, right, bottom = box
    middle_x, middle_y = (left + right - width) / 2, (top + bottom - height) / 2
    beside = [(x, y) for y in (top, middle_y, bottom - height) for x in (right + gap_px, left - gap_px - width)]
    stacked = [(x, y) for x in (middle_x, left, right - width) for y in (bottom + gap_px, top - gap_px - height)]
    steps = np.linspace(0.0, 1.0, _GRID_STEPS)
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2) * (np.array(picture_wh) - size_wh)
    return _clamp(np.concatenate([np.array(beside + stacked), grid]), size_wh, picture_wh, gap_px)


def _best(
    boxes: _Floats,
    row: int,
    last: _Floats,
    size_wh: tuple[int, int],
    picture_wh: tuple[int, int],
    gap_px: int,
    weighted: Sequence[tuple[_Floats, float]],
) -> _Floats:
    """Return the corner of the cheapest place for the panel of the face in row `row` of `boxes`."""
    box = boxes[row]
    corners = _candidates(box, size_wh, picture_wh, gap_px)
    rects = _rects(corners, size_wh)
    area, diagonal = float(size_wh[0] * size_wh[1]), float(np.hypot(*size_wh))
    cost = np.arange(len(corners), dtype=np.float64) * _COST_PER_PREFERENCE
    # What lies all over the picture is ranked by distance alone.
    cost[-_GRID_STEPS * _GRID_STEPS :] = _COST_PER_PREFERENCE * (len(corners) - _GRID_STEPS * _GRID_STEPS)
    away = np.maximum(np.maximum(box[:2] - rects[:, 2:], rects[:, :2] - box[2:]).max(axis=1) - gap_px, 0.0)
    cost += _COST_AWAY * away / diagonal + _COST_OWN_FACE * overlap_px(rects, box)[:, 0] / area
    cost += _COST_TOUCH * overlap_px(rects, boxes).any(axis=1)
    for obstacles, weight in weighted:
        if len(obstacles):
            cost += weight * overlap_px(rects, obstacles).sum(axis=1) / area
    if not np.isnan(last[0]):
        cost += _COST_MOVE * np.minimum(np.linalg.norm(corners - last, axis=1) / diagonal, 1.0)
    return np.asarray(corners[int(np.argmin(cost))], np.float64)


def _eased(
    target: _Floats,
    last: _Floats,
    size_wh: tuple[int, int],
    picture_wh: tuple[int, int],
    gap_px: int,
    obstacles: _Floats,
) -> IntArray:
    """Return the target, or a place on the way to it from `last`: small moves are ignored, larger ones softened."""
    goal = np.rint(target)
    distance = np.abs(target - last)
    # A jump across the picture is another scene: sliding there would show the panel away from any face.
    if np.isnan(last[0]) or bool((distance > size_wh).any()):
        return goal.astype(np.int64)
    step = np.where(distance <= gap_px / 2, 0.0, (target - last) * _EASE)
    eased = np.rint(_clamp((last + step)[None], size_wh, picture_wh, 0))
    if len(obstacles) and overlap_px(_rects(eased, size_wh), obstacles).any():
        return goal.astype(np.int64)
    return np.asarray(eased[0], np.int64)
