"""Follows each face of a video in a window of its own, and looks through the whole frame now and then for others.

FaceMesh asked for four faces looks for the missing three in every frame, with a detector for faces that fill much of
it. Here detectors for near and for far faces look when a face is lost, and else a few times a second; between, each
face costs one mesh, and the mesh of a small face is laid on the part of the frame around it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

from realtime.boxes import intersection_over_union, share_of_smaller
from realtime.types import FloatArray, ImageArray

# Media seconds between two looks through the whole frame while there is room for more faces; while there is none, and
# for some seconds after one was lost: somebody who was hidden or turned away comes back.
LOOK_EVERY_S = 0.4
LOOK_WHEN_MISSING_EVERY_S = 0.1
_MISSED_FOR_S = 2.0
_WINDOW_FACES = 3.0  # side of a window in sizes of its face
_TIGHT_FACES = 1.8  # of one that must leave out somebody who sits close by
# Intersection over union of a face's window and the one it would get now, below which it gets it: when the face is 0.9
# faces off the middle, or a third larger or smaller.
_STALE_OVERLAP = 0.55
_SAME_FACE_OVERLAP = 0.35


class MeshLike(Protocol):
    """What is asked of `realtime.mesh.Mesh`."""

    def find(self, image_bgr: ImageArray) -> FloatArray:
        """Return `(N, L, 3)` landmarks, x and y in pixels."""

    def close(self) -> None:
        """Free the graph."""


class DetectorLike(Protocol):
    """What is asked of `realtime.mesh.Detector`."""

    def find(self, image_bgr: ImageArray) -> FloatArray:
        """Return `(N, 4)` boxes, xyxy pixels, the surest first."""

    def close(self) -> None:
        """Free the graph."""


class _Follower:
    """One mesh and the window that it is laid on, xyxy whole pixels."""

    def __init__(self, mesh: MeshLike) -> None:
        self.mesh = mesh
        self.window_xyxy = (0, 0, 0, 0)

    def start(self, image_bgr: ImageArray, box_xyxy: FloatArray) -> FloatArray:
        """Move to a face and return its landmarks, `(1, L, 3)`, or `(0, L, 3)` if the mesh sees none there.

        A mesh expects the face where it was in the window before, and takes some frames to come back from a wrong
        place: it is made to forget first. Where it falls on somebody else in the window, a tighter one is tried.
        """
        points = np.zeros((0, 0, 3), np.float32)
        for faces in (_WINDOW_FACES, _TIGHT_FACES):
            self.window_xyxy = window_around(box_xyxy, image_bgr.shape[1], image_bgr.shape[0], faces)
            self.forget()
            self._look(image_bgr)
            # From the detector's guess to where the mesh would have been after some frames.
            points = self._look(image_bgr)
            if not len(points) or _known(box_xyxy, [points]):
                break
        return points

    def forget(self) -> None:
        """Expect the face nowhere: a mesh that has seen nothing looks for it."""
        self.mesh.find(np.zeros((64, 64, 3), np.uint8))

    def follow(self, image_bgr: ImageArray) -> FloatArray:
        """Return the landmarks in the next frame, as `start`; moves the window after the face."""
        points = self._look(image_bgr)
        if len(points):
            box = box_of(points[0])
            wanted = window_around(box, image_bgr.shape[1], image_bgr.shape[0])
            if intersection_over_union(wanted, self.window_xyxy) < _STALE_OVERLAP:
                points = self.start(image_bgr, box)
        return points

    def _look(self, image_bgr: ImageArray) -> FloatArray:
        left, top, right, bottom = self.window_xyxy
        points = self.mesh.find(image_bgr[top:bottom, left:right])
        points[:, :, 0] += left
        points[:, :, 1] += top
        return points


class Following:
    """Up to `max_faces` followers of one video.

    Args:
        make_mesh: makes a tracking mesh for one face; called as faces appear, never more than `max_faces` times.
        detector: finds faces of all sizes in a whole frame.
        max_faces: `int`.
    """

    def __init__(self, make_mesh: Callable[[], MeshLike], detector: DetectorLike, max_faces: int) -> None:
        self._make_mesh, self._detector, self._max_faces = make_mesh, detector, max_faces
        self._active: list[_Follower] = []
        self._idle: list[_Follower] = []
        self._size: tuple[int, ...] = ()
        self._looked_s = self._lost_s = -math.inf

    def find(self, image_bgr: ImageArray, media_time_s: float) -> FloatArray:
        """Return the landmarks of every face, `(N, L, 3) float32`: x and y in pixels, z in the scale of x.

        Args:
            image_bgr: `(H, W, 3) uint8`.
            media_time_s: `float`, the frame's time in seconds.
        """
        if image_bgr.shape != self._size:
            self._size = image_bgr.shape
            self.forget()
        before = len(self._active)
        found = self._follow(image_bgr)
        lost = len(self._active) < before
        if len(self._active) < self._max_faces and self._due(media_time_s, lost):
            self._looked_s = media_time_s
            found += self._look_around(image_bgr, found)
        return np.concatenate(found) if found else np.zeros((0, 468, 3), np.float32)

    def forget(self) -> None:
        """Look for faces anew in the next frame, not where they were: after a seek nobody is there any more."""
        for follower in self._active:
            follower.forget()
        self._idle += self._active
        self._active = []
        self._looked_s = self._lost_s = -math.inf

    def close(self) -> None:
        """Free all graphs; a second call does nothing."""
        for follower in self._active + self._idle:
            follower.mesh.close()
        self._active, self._idle = [], []
        self._detector.close()

    def _due(self, now_s: float, lost: bool) -> bool:
        """Tell whether to look through the whole frame; a jump back in time counts as a long wait."""
        if lost:
            self._lost_s = now_s
        missing = not self._active or 0 <= now_s - self._lost_s < _MISSED_FOR_S
        every_s = LOOK_WHEN_MISSING_EVERY_S if missing else LOOK_EVERY_S
        # Frames of 10 per second come 99.9 ms apart as often as 100.1.
        return lost or not 0 <= now_s - self._looked_s < every_s - 0.005

    def _follow(self, image_bgr: ImageArray) -> list[FloatArray]:
        """Follow every face; those that are lost, or run into another one's face, are given up."""
        found: list[FloatArray] = []
        kept: list[_Follower] = []
        for follower in self._active:
            points = follower.follow(image_bgr)
            if len(points) and not _known(box_of(points[0]), found):
                found.append(points)
                kept.append(follower)
            else:
                self._idle.append(follower)
        self._active = kept
        return found

    def _look_around(self, image_bgr: ImageArray, known: list[FloatArray]) -> list[FloatArray]:
        found: list[FloatArray] = []
        for box in self._detector.find(image_bgr):
            if len(self._active) >= self._max_faces:
                break
            if _known(box, known + found):
                continue
            follower = self._idle.pop() if self._idle else _Follower(self._make_mesh())
            points = follower.start(image_bgr, box)
            if len(points) and not _known(box_of(points[0]), known + found):
                found.append(points)
                self._active.append(follower)
            else:
                self._idle.append(follower)
        return found


def window_around(
    box_xyxy: FloatArray, width_px: int, height_px: int, faces: float = _WINDOW_FACES
) -> tuple[int, int, int, int]:
    """Return the window, xyxy, for a face's box: `faces` of it wide, moved inside the frame, no larger than it."""
    left, top, right, bottom = (float(edge) for edge in box_xyxy)
    side = faces * max(right - left, bottom - top, 8.0)
    wide, high = min(round(side), width_px), min(round(side), height_px)
    x = min(max(round((left + right - wide) / 2), 0), width_px - wide)
    y = min(max(round((top + bottom - high) / 2), 0), height_px - high)
    return x, y, x + wide, y + high


def box_of(points: FloatArray) -> FloatArray:
    """Return the bounding box, `(4,)` xyxy pixels, of one face's landmarks, `(L, 3)`."""
    return np.concatenate([points[:, :2].min(axis=0), points[:, :2].max(axis=0)])


def _known(box_xyxy: FloatArray, faces: list[FloatArray]) -> bool:
    """Tell whether a box lies on one of the faces, each `(1, L, 3)`: more than a third of the smaller in the other."""
    box = box_xyxy.tolist()
    return any(share_of_smaller(box, box_of(points[0]).tolist()) > _SAME_FACE_OVERLAP for points in faces)
