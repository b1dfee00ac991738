"""Lays the face mesh on a place in a frame: cuts the face out upright, asks the network, maps its points back."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from realtime.core.types import FloatArray, ImageArray
from realtime.landmarks.mediapipe_models import MESH_SIDE_PX, Detection

_IMAGE_LEFT_CORNER, _IMAGE_RIGHT_CORNER = 33, 263  # outer eye corners
# What the network was trained on: squares half as large again as the face is high or wide.
_SURROUNDINGS = 1.5


Box = tuple[float, float, float, float]


class FaceRoi(NamedTuple):
    """A square in a frame that holds one face: its centre, side and turn, clockwise, in pixels and radians."""

    x_px: float
    y_px: float
    side_px: float
    angle_rad: float


class NetworkLike(Protocol):
    """What is asked of `realtime.landmarks.litert_mesh.LiteRtMesh`."""

    def find(self, face_rgb: ImageArray) -> tuple[FloatArray, float]:
        """Return landmarks, `(L, 3)` in pixels of the picture, and the face's presence, 0 to 1."""

    def close(self) -> None:
        """Free the network."""


class MeshRunner:
    """Lays the mesh on places in frames.

    The geometry is that of FaceMesh's own graph: the same network on the same squares gives the same landmarks, to a
    thousandth of the eyes' distance.
    """

    def __init__(self, network: NetworkLike) -> None:
        self._network = network

    def lay(self, image_bgr: ImageArray, place: FaceRoi) -> tuple[FloatArray, float]:
        """Return landmarks, `(L, 3) float32`, x and y in the frame's pixels and z in the scale of x, and the presence.

        Args:
            image_bgr: `(H, W, 3) uint8`; outside it its edge is repeated.
            place: where the face is expected.
        """
        side = MESH_SIDE_PX
        step = max(place.side_px, 1.0) / side
        along, down = step * math.cos(place.angle_rad), step * math.sin(place.angle_rad)
        middle = side / 2
        origin_x = place.x_px - middle * along + middle * down
        origin_y = place.y_px - middle * down - middle * along
        # From the square's pixels to the frame's.
        back = np.array([[along, -down, origin_x], [down, along, origin_y]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        face_bgr = cv2.warpAffine(image_bgr, back, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        found, presence = self._network.find(np.asarray(cv2.cvtColor(face_bgr, cv2.COLOR_BGR2RGB), np.uint8))
        points = np.empty_like(found)
        points[:, :2] = found[:, :2] @ back[:, :2].T.astype(np.float32) + back[:, 2].astype(np.float32)
        points[:, 2] = found[:, 2] * np.float32(step)
        return points, presence

    def close(self) -> None:
        """Free the network."""
        self._network.close()


def box_of_mesh(points: FloatArray) -> Box:
    """Return the bounding box, xyxy pixels, of one face's landmarks, `(L, 3)`."""
    # numpy takes a seventh of the time for the least of numbers that lie side by side.
    in_rows = np.ascontiguousarray(points[:, :2].T)
    left, top = in_rows.min(axis=1).tolist()
    right, bottom = in_rows.max(axis=1).tolist()
    return left, top, right, bottom


def roi_of_mesh(points: FloatArray, box_xyxy: Box | None = None) -> FaceRoi:
    """Return where the face of a mesh, `(L, 3)`, is to be expected next; `box_xyxy` is its box, if known already."""
    along = points[_IMAGE_RIGHT_CORNER, :2] - points[_IMAGE_LEFT_CORNER, :2]
    return _place(box_xyxy or box_of_mesh(points), along)


def roi_of_detection(detection: Detection) -> FaceRoi:
    """Return where the mesh of a face that a detector sees is to be laid."""
    left, top, right, bottom = detection.box_xyxy.tolist()
    return _place((left, top, right, bottom), detection.eyes_xy[1] - detection.eyes_xy[0])


def _place(box_xyxy: Box, along: FloatArray) -> FaceRoi:
    left, top, right, bottom = box_xyxy
    side_px = _SURROUNDINGS * max(right - left, bottom - top)
    return FaceRoi((left + right) / 2, (top + bottom) / 2, side_px, math.atan2(float(along[1]), float(along[0])))
