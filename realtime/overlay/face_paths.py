"""Where faces were and will be: boxes of a video linked over time, for blurring."""

from __future__ import annotations

from collections import deque

from realtime.core.types import FloatArray

Box = tuple[float, float, float, float]
"""Left, top, right and bottom edge in pixels."""

KEEP_S = 1.0
# Boxes of this time around a frame count for it, too: detectors' boxes jitter.
_AROUND_S = 0.1
# Intersection over union with the last box of a path; and of two boxes of one face, found by two models.
_SAME_PATH, _SAME_FACE = 0.15, 0.3
# Longest time that a frame waits for later ones, and for as long again boxes before it count.
_HISTORY_S = 3 * KEEP_S


class FacePaths:
    """Boxes of faces, each linked with the one of the same face before it; frames are added in order of time.

    A box counts for a second before it was found and after it was lost. While a face is followed, its own boxes count,
    so that a moving face drags no long tail of blur behind it.
    """

    def __init__(self) -> None:
        self._paths: list[deque[tuple[float, Box]]] = []

    def add(self, boxes_xyxy: FloatArray, now_s: float) -> None:
        """Add the boxes of one frame, `(N, 4) float32` pixels, at media time `now_s`; some faces may come twice."""
        for path in self._paths:
            while path and now_s - path[0][0] > _HISTORY_S:
                path.popleft()
        self._paths = [path for path in self._paths if path]
        free = [path for path in self._paths if now_s - path[-1][0] <= KEEP_S]
        for box in _merged([(left, top, right, bottom) for left, top, right, bottom in boxes_xyxy.tolist()]):
            best = max(free, key=lambda path: _overlap(path[-1][1], box), default=None)
            if best is None or _overlap(best[-1][1], box) < _SAME_PATH:
                self._paths.append(deque([(now_s, box)]))
            else:
                best.append((now_s, box))
                free.remove(best)

    def at(self, time_s: float) -> list[Box]:
        """Return the boxes to blur in the frame at `time_s`."""
        return [box for box in (_box_at(path, time_s) for path in self._paths) if box is not None]


def _box_at(path: deque[tuple[float, Box]], time_s: float) -> Box | None:
    """Return the hull of a path's boxes around a moment, or of those before and after it; `None` far from all."""
    near = [box for at_s, box in path if abs(at_s - time_s) <= _AROUND_S]
    before = [entry for entry in path if time_s - KEEP_S <= entry[0] <= time_s]
    after = [entry for entry in path if time_s <= entry[0] <= time_s + KEEP_S]
    found = near + [entry[1] for entry in before[-1:] + after[:1]]
    return _hull(found) if found else None


def _hull(boxes: list[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _merged(boxes: list[Box]) -> list[Box]:
    """Return one box per face: the hull of those that lie on each other."""
    faces: list[Box] = []
    for box in boxes:
        same = [face for face in faces if _overlap(face, box) >= _SAME_FACE]
        faces = [face for face in faces if face not in same] + [_hull([*same, box])]
    return faces


def _overlap(a: Box, b: Box) -> float:
    """Return the intersection of two boxes over their union, 0 to 1."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    return wide * high / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - wide * high)
