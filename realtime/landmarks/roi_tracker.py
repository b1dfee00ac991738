"""Detect-then-track: follows each face by its landmarks' ROI, with full-frame detection a few times a second.

FaceMesh with room for four faces runs its near-range detector in every frame in which fewer are found. Here near-range
and full-range detection run when a face is lost, and else a few times a second; in between, each face costs one
inference of the landmark model on its last ROI.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from realtime.core.config import FOUND_ANEW_EVERY_S
from realtime.core.types import FloatArray, ImageArray
from realtime.landmarks.box_overlap import share_of_smaller
from realtime.landmarks.mesh_runner import Box, FaceRoi, box_of_mesh, roi_of_detection, roi_of_mesh
from realtime.landmarks.networks.detection import Detection
from realtime.landmarks.networks.network_files import LANDMARK_COUNT

# Media seconds between two full-frame detections: while faces are followed and there is room for more; and while there
# is no face, or one was lost shortly before, since somebody who was hidden or turned away comes back.
LOOK_EVERY_S = 0.4
LOOK_WHEN_MISSING_EVERY_S = 0.1
_MISSED_FOR_S = 2.0
# A false second face on somebody's neck or jacket covers 40 % of the first; heads side by side overlap far less.
_SAME_FACE_OVERLAP = 0.35
# Presence score below which the landmarks are not those of a face.
_PRESENT = 0.5
# A new face with less than this may be upside down; turned by half a circle it then has a higher score, at least the
# second. Of 119 upright press photographs none had a higher one turned, of 83 upside-down ones each had.
_SURELY_UPRIGHT, _PRESENT_TURNED = 0.9999, 0.9
# Passes of the landmark model on a new face, each on the ROI from the one before: the detector's box is coarse.
_FIRST_LOOKS = 3


class _Seen(NamedTuple):
    """Landmarks of one face, `(L, 3)`, their bounding box, xyxy pixels, and the presence score."""

    points: FloatArray
    box_xyxy: Box
    presence: float


class MeshRunnerLike(Protocol):
    """Interface of `realtime.landmarks.mesh_runner.MeshRunner`."""

    def run(self, image_bgr: ImageArray, place: FaceRoi) -> tuple[FloatArray, float]:
        """Return `(L, 3)` landmarks, x and y in pixels, and the presence score."""

    def close(self) -> None:
        """Free the graph."""


class DetectorLike(Protocol):
    """Interface of `realtime.landmarks.detector.Detector`."""

    def find(self, image_bgr: ImageArray) -> Sequence[Detection]:
        """Return the faces of a whole frame, near-range ones first, by falling confidence."""

    def close(self) -> None:
        """Free the graph."""


class RoiTracker:
    """Follows up to `max_faces` faces of one video.

    Args:
        mesh: runs the landmark model on an ROI.
        detector: finds faces of all sizes in a whole frame.
        max_faces: `int`, faces per frame at most.
    """

    def __init__(self, mesh: MeshRunnerLike, detector: DetectorLike, max_faces: int) -> None:
        self._mesh, self._detector, self._max_faces = mesh, detector, max_faces
        self._places: list[FaceRoi] = []
        self._size: tuple[int, ...] = ()
        self._looked_s = self._lost_s = -math.inf
        self._stretch: int | None = None

    def find(self, image_bgr: ImageArray, media_time_s: float) -> FloatArray:
        """Return the landmarks of every face, `(N, L, 3) float32`: x and y in pixels, z in the scale of x.

        Args:
            image_bgr: `(H, W, 3) uint8`.
            media_time_s: `float`, the frame's time in seconds.
        """
        # ROIs are in pixels of one frame size; some streams change theirs.
        if image_bgr.shape != self._size:
            self._size = image_bgr.shape
            self.forget()
        found = self._follow(image_bgr)
        lost = len(found) < len(self._places)
        due = self._due(media_time_s, lost, bool(found)) and len(found) < self._max_faces
        anew = self._anew_due(media_time_s)
        if due or anew:
            self._looked_s = media_time_s
            detections = self._detector.find(image_bgr)
            if anew:
                found = [self._found_anew(image_bgr, face, detections) for face in found]
            found += self._look_around(image_bgr, found, detections)
        self._places = [roi_of_mesh(face.points, face.box_xyxy) for face in found]
        return np.stack([face.points for face in found]) if found else np.zeros((0, LANDMARK_COUNT, 3), np.float32)

    def forget(self) -> None:
        """Drop all ROIs, so that the next frame is detected anew; used after a seek."""
        self._places = []
        self._looked_s = self._lost_s = -math.inf
        self._stretch = None

    def close(self) -> None:
        """Free all graphs; a second call does nothing."""
        try:
            self._mesh.close()
        finally:
            self._detector.close()

    def _due(self, now_s: float, lost: bool, any_found: bool) -> bool:
        """Return whether full-frame detection is due; a jump back in time counts as a long wait."""
        if lost:
            self._lost_s = now_s
        missing = not any_found or 0 <= now_s - self._lost_s < _MISSED_FOR_S
        every_s = LOOK_WHEN_MISSING_EVERY_S if missing else LOOK_EVERY_S
        # Tolerance: frames of a 10 fps video may be 99.9 ms apart.
        return lost or not 0 <= now_s - self._looked_s < every_s - 0.005

    def _anew_due(self, now_s: float) -> bool:
        """Return whether this is the first frame of another stretch of the video, whose faces are found anew."""
        before, self._stretch = self._stretch, math.floor(now_s / FOUND_ANEW_EVERY_S)
        return before not in (None, self._stretch)

    def _follow(self, image_bgr: ImageArray) -> list[_Seen]:
        """Return every face that is still found in its ROI; of ROIs that converged on one face only the first."""
        found: list[_Seen] = []
        for place in self._places:
            face = self._run_mesh(image_bgr, place)
            if face and not _known(face.box_xyxy, found):
                found.append(face)
        return found

    def _found_anew(self, image_bgr: ImageArray, face: _Seen, detections: Sequence[Detection]) -> _Seen:
        """Return a face that is followed as it would be found now; as it is followed, where it would not be found."""
        for detection in detections:
            if _known(detection.box_xyxy.tolist(), [face]):
                again = self._start(image_bgr, roi_of_detection(detection))
                return again if again and _known(again.box_xyxy, [face]) else face
        return face

    def _look_around(self, image_bgr: ImageArray, known: list[_Seen], detections: Sequence[Detection]) -> list[_Seen]:
        found: list[_Seen] = []
        for detection in detections:
            if len(known) + len(found) >= self._max_faces:
                break
            # Checked before the landmark model runs, which costs more, and after it: its ROI may move to a neighbor.
            if _known(detection.box_xyxy.tolist(), known + found):
                continue
            face = self._start(image_bgr, roi_of_detection(detection))
            if face and not _known(face.box_xyxy, known + found):
                found.append(face)
        return found

    def _start(self, image_bgr: ImageArray, place: FaceRoi) -> _Seen | None:
        """Return the landmarks of a new detection, or None where the landmark model sees no face.

        The detector also finds faces that are upside down, but takes their mouths for eyes.
        """
        face = self._settle(image_bgr, place)
        if face is None or face.presence < _SURELY_UPRIGHT:
            turned = self._settle(image_bgr, place._replace(angle_rad=place.angle_rad + math.pi))
            if turned is not None and turned.presence > max(_PRESENT_TURNED, face.presence if face else 0.0):
                return turned
        return face

    def _settle(self, image_bgr: ImageArray, place: FaceRoi) -> _Seen | None:
        face = self._run_mesh(image_bgr, place)
        for _ in range(_FIRST_LOOKS - 1):
            face = face and self._run_mesh(image_bgr, roi_of_mesh(face.points, face.box_xyxy))
        return face

    def _run_mesh(self, image_bgr: ImageArray, place: FaceRoi) -> _Seen | None:
        points, presence = self._mesh.run(image_bgr, place)
        return _Seen(points, box_of_mesh(points), presence) if presence >= _PRESENT else None


def _known(box_xyxy: Sequence[float], faces: list[_Seen]) -> bool:
    """Return whether a box overlaps one of the faces: more than a third of the smaller lies in the larger."""
    return any(share_of_smaller(box_xyxy, face.box_xyxy) > _SAME_FACE_OVERLAP for face in faces)
