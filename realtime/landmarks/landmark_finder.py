"""Face landmarks, bounding boxes and head pose of a frame."""

from __future__ import annotations

import numpy as np

from realtime.core.types import Faces, FloatArray, Frame
from realtime.landmarks.detector import Detector
from realtime.landmarks.mesh_runner import MeshRunner
from realtime.landmarks.networks.open_network import open_mesh_network
from realtime.landmarks.roi_tracker import RoiTracker

# Pairs of landmarks across the face whose depth difference is its yaw, and along it, its pitch.
_TEMPLE_LEFT, _TEMPLE_RIGHT = 234, 454
_FOREHEAD, _CHIN = 10, 152
# Median over 1,500 FER2013 faces, most of them frontal: in the mesh the chin lies behind the forehead.
_REST_PITCH_DEG = -9.0


class LandmarkFinder:
    """Finds and follows the faces of a video with MediaPipe's face mesh; implements `FaceFinder`.

    Args:
        max_faces: `int`, at most this many faces per frame.
    """

    def __init__(self, max_faces: int = 4) -> None:
        self._following = RoiTracker(MeshRunner(open_mesh_network()), Detector(), max_faces)
        self._epoch = 0

    def find(self, frame: Frame) -> Faces:
        """Return the faces of `frame`, with `track_ids` all 0."""
        if frame.epoch != self._epoch:
            self._epoch = frame.epoch
            self._following.forget()
        return faces_from_mesh(self._following.find(frame.image_bgr, frame.media_time_s))

    def forget(self) -> None:
        """Follow nobody any more: the next frame is of another video."""
        self._epoch = 0
        self._following.forget()

    def close(self) -> None:
        """Free the networks."""
        self._following.close()


def faces_from_mesh(points: FloatArray) -> Faces:
    """Return `Faces` from mesh points, `(N, L, 3)` as `RoiTracker.find` gives them; `track_ids` are 0."""
    if not len(points):
        return Faces.empty()
    landmarks_xy = np.ascontiguousarray(points[:, :, :2])
    # Minimum and maximum over contiguous rows take a seventh of the time of strided columns.
    in_rows = np.ascontiguousarray(landmarks_xy.transpose(0, 2, 1))
    boxes = np.concatenate([in_rows.min(axis=2), in_rows.max(axis=2)], axis=1)
    return Faces(
        boxes_xyxy=boxes.astype(np.float32),
        landmarks_xy=landmarks_xy,
        head_pose_deg=head_pose_deg(points),
        track_ids=np.zeros(len(points), np.int64),
    )


def head_pose_deg(points: FloatArray) -> FloatArray:
    """Return yaw, pitch and roll in degrees, `(N, 3)`, from the mesh's own depth, `points (N, L, 3)`.

    The line between the temples leaves the picture plane by the yaw and turns in it by the roll; the line from
    forehead to chin leaves it by the pitch. Signs as in `Faces.head_pose_deg`.
    """
    across = points[:, _TEMPLE_RIGHT] - points[:, _TEMPLE_LEFT]
    down = points[:, _CHIN] - points[:, _FOREHEAD]
    yaw = np.degrees(np.arctan2(across[:, 2], np.hypot(across[:, 0], across[:, 1])))
    pitch = np.degrees(np.arctan2(-down[:, 2], np.hypot(down[:, 0], down[:, 1]))) - _REST_PITCH_DEG
    roll = np.degrees(np.arctan2(across[:, 1], across[:, 0]))
    return np.asarray(np.stack([yaw, pitch, roll], axis=1), np.float32)
