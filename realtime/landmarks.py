"""Frame -> Faces: landmarks in pixels, boxes and head pose."""

from __future__ import annotations

import cv2
import numpy as np

from realtime.following import Following
from realtime.mesh import Detector, Mesh
from realtime.types import Faces, FloatArray, Frame, ImageArray

# Pairs of landmarks across the face whose depth difference is its yaw, and along it, its pitch.
_TEMPLE_LEFT, _TEMPLE_RIGHT = 234, 454
_FOREHEAD, _CHIN = 10, 152
# The median over 1,500 faces of FER2013, most of which look into the camera: the chin lies behind the forehead.
_REST_PITCH_DEG = -9.0
_SMALL_IMAGE_PX = 160
_ENLARGED_PX = 224
# A second mesh on the neck or jacket of somebody covers 40 % of the first; heads side by side far less.
_SAME_FACE_OVERLAP = 0.35
_LENIENT_CONFIDENCE = 0.02
# (padding as a share of the longer side, lenient), in the order in which they are tried: on 1,500 faces of FER2013's
# validation split the first finds 95.5 %, the first two 99.1 %.
_ATTEMPTS = ((0.25, False), (0.4, True), (0.1, True), (0.0, True), (1.0, True))


class LandmarkFinder:
    """Finds the faces of a video's frames; implements `stages.FaceFinder`.

    Args:
        max_faces: `int`, at most this many faces per frame.
    """

    def __init__(self, max_faces: int = 4) -> None:
        self._following = Following(lambda: Mesh(max_faces=1, tracking=True), Detector(), max_faces)
        self._epoch = 0

    def find(self, frame: Frame) -> Faces:
        """Return the faces of `frame`, with `track_ids` all 0."""
        if frame.epoch != self._epoch:
            self._epoch = frame.epoch
            self._following.forget()
        return faces_from_mesh(self._following.find(frame.image_bgr, frame.media_time_s))

    def close(self) -> None:
        """Free the landmarker."""
        self._following.close()


class ImageFaceFinder:
    """Finds the one face of a single picture, however small; for data sets and evaluation.

    A small picture that its face fills is enlarged and padded first: the detector was made for faces with some
    surroundings. Where the first way finds nothing, other paddings and a lower detector threshold are tried.
    """

    def __init__(self) -> None:
        self._strict = Mesh(max_faces=1, tracking=False)
        self._lenient: Mesh | None = None

    def find(self, image_bgr: ImageArray) -> Faces:
        """Return no face or one face, in the pixels of `image_bgr`."""
        for attempt, (padding, lenient) in enumerate(_ATTEMPTS):
            if attempt == 0 and min(image_bgr.shape[:2]) > _SMALL_IMAGE_PX:
                padding = 0.0
            prepared, scale, offset_px = _enlarge(image_bgr, padding)
            points = self._mesh(lenient).find(prepared)
            if len(points):
                points[:, :, :2] -= offset_px
                return faces_from_mesh(points / np.float32(scale))
        return Faces.empty()

    def _mesh(self, lenient: bool) -> Mesh:
        if not lenient:
            return self._strict
        if self._lenient is None:
            self._lenient = Mesh(max_faces=1, tracking=False, min_confidence=_LENIENT_CONFIDENCE)
        return self._lenient

    def close(self) -> None:
        """Free the landmarkers."""
        self._strict.close()
        if self._lenient is not None:
            self._lenient.close()


def _enlarge(image_bgr: ImageArray, padding: float) -> tuple[ImageArray, float, float]:
    """Scale so that picture and padding make about `_ENLARGED_PX`, if it is smaller; pad by repeating the edge.

    Returns:
        The picture, its scale against the original and the padding's width in scaled pixels.
    """
    longer = max(image_bgr.shape[:2])
    scale = max(1.0, _ENLARGED_PX / longer)
    if scale > 1.0:
        image_bgr = np.asarray(cv2.resize(image_bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    pad_px = round(padding * longer * scale)
    if pad_px:
        sides = (pad_px, pad_px, pad_px, pad_px)
        image_bgr = np.asarray(cv2.copyMakeBorder(image_bgr, *sides, cv2.BORDER_REPLICATE), np.uint8)
    return image_bgr, scale, float(pad_px)


def faces_from_mesh(points: FloatArray) -> Faces:
    """Return `Faces` from mesh points, `(N, L, 3)` as `Mesh.find` gives them; `track_ids` are 0.

    FaceMesh sometimes follows one face twice: of two that overlap the first is kept.
    """
    if not len(points):
        return Faces.empty()
    landmarks_xy = np.ascontiguousarray(points[:, :, :2])
    boxes = np.concatenate([landmarks_xy.min(axis=1), landmarks_xy.max(axis=1)], axis=1)
    kept = _distinct(boxes)
    points, landmarks_xy, boxes = points[kept], landmarks_xy[kept], boxes[kept]
    return Faces(
        boxes_xyxy=boxes.astype(np.float32),
        landmarks_xy=landmarks_xy,
        head_pose_deg=head_pose_deg(points),
        track_ids=np.zeros(len(points), np.int64),
    )


def _distinct(boxes_xyxy: FloatArray) -> list[int]:
    """Return the rows of `boxes_xyxy`, `(N, 4)`, that do not overlap an earlier one that is kept."""
    kept: list[int] = []
    for row, box in enumerate(boxes_xyxy):
        if all(_overlap(box, boxes_xyxy[other]) < _SAME_FACE_OVERLAP for other in kept):
            kept.append(row)
    return kept


def _overlap(a: FloatArray, b: FloatArray) -> float:
    """Return how much of the smaller of two boxes lies in the other, 0 to 1."""
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    smaller = min(float(np.prod(a[2:] - a[:2])), float(np.prod(b[2:] - b[:2])))
    return float(np.prod(np.maximum(sides, 0))) / max(smaller, 1e-6)


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
