"""Runs the landmark model on a rotated ROI and maps the points back."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from realtime.core.types import FloatArray, ImageArray
from realtime.landmarks.networks.detection import Detection
from realtime.landmarks.networks.network_files import MESH_SIDE_PX

_IMAGE_LEFT_CORNER, _IMAGE_RIGHT_CORNER = 33, 263  # outer eye corners
# The landmark model was trained on squares 1.5 times as large as the face's longer side.
_SURROUNDINGS = 1.5


Box = tuple[float, float, float, float]


class FaceRoi(NamedTuple):
    """Rotated square ROI around one face: center and side in pixels, clockwise rotation in radians."""

    x_px: float
    y_px: float
    side_px: float
    angle_rad: float


class NetworkLike(Protocol):
    """Interface of the landmark model, as implemented by `LiteRtMesh` and `MeshGraph`."""

    def find(self, face_rgb: ImageArray) -> tuple[FloatArray, float]:
        """Return landmarks, `(L, 3)` in pixels of the crop, and the presence score, 0 to 1."""

    def close(self) -> None:
        """Free the network."""


class MeshRunner:
    """Runs the landmark model on rotated ROIs of a frame.

    The geometry is that of FaceMesh's own graph: the same model on the same squares gives the same landmarks, to a
    thousandth of the distance between the eyes.
    """

    def __init__(self, network: NetworkLike) -> None:
        self._network = network

    def run(self, image_bgr: ImageArray, place: FaceRoi) -> tuple[FloatArray, float]:
        """Return landmarks, `(L, 3) float32`, x and y in the frame's pixels and z in the scale of x, and the presence.

        Args:
            image_bgr: `(H, W, 3) uint8`; replicated at its edges where the ROI reaches outside.
            place: the ROI in which a face is expected.
        """
        side = MESH_SIDE_PX
        step = max(place.side_px, 1.0) / side
        along, down = step * math.cos(place.angle_rad), step * math.sin(place.angle_rad)
        middle = side / 2
        origin_x = place.x_px - middle * along + middle * down
        origin_y = place.y_px - middle * down - middle * along
        # Affine map from pixels of the square crop to pixels of the frame; also used to map the landmarks back.
        back = np.array([[along, -down, origin_x], [down, along, origin_y]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        face_bgr = cv2.warpAffine(image_bgr, back, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        found, presence = self._network.find(np.asarray(cv2.cvtColor(face_bgr, cv2.COLOR_BGR2RGB), np.uint8))
        if not np.isfinite(found).all():
            # No face: it would spread into the next frame's ROI.
            return found, 0.0
        points = np.empty_like(found)
        points[:, :2] = found[:, :2] @ back[:, :2].T.astype(np.float32) + back[:, 2].astype(np.float32)
        points[:, 2] = found[:, 2] * np.float32(step)
        return points, presence

    def close(self) -> None:
        """Free the network."""
        self._network.close()


def box_of_mesh(points: FloatArray) -> Box:
    """Return the bounding box, xyxy pixels, of one face's landmarks, `(L, 3)`."""
    # Minimum and maximum over contiguous rows take a seventh of the time of strided columns.
    in_rows = np.ascontiguousarray(points[:, :2].T)
    left, top = in_rows.min(axis=1).tolist()
    right, bottom = in_rows.max(axis=1).tolist()
    return left, top, right, bottom


def roi_of_mesh(points: FloatArray, box_xyxy: Box | None = None) -> FaceRoi:
    """Return the next frame's ROI from a face's landmarks, `(L, 3)`; `box_xyxy` is their box, if already computed."""
    along = points[_IMAGE_RIGHT_CORNER, :2] - points[_IMAGE_LEFT_CORNER, :2]
    return _place(box_xyxy or box_of_mesh(points), along)


def roi_of_detection(detection: Detection) -> FaceRoi:
    """Return the ROI for the landmark model from a face detection."""
    left, top, right, bottom = detection.box_xyxy.tolist()
    return _place((left, top, right, bottom), detection.eyes_xy[1] - detection.eyes_xy[0])


def _place(box_xyxy: Box, along: FloatArray) -> FaceRoi:
    left, top, right, bottom = box_xyxy
    side_px = _SURROUNDINGS * max(right - left, bottom - top)
    return FaceRoi((left + right) / 2, (top + bottom) / 2, side_px, math.atan2(float(along[1]), float(along[0])))
