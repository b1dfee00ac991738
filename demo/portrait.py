"""Source portrait of the demo clip, with its face mesh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from realtime.core.errors import DataError
from realtime.core.types import FloatArray, ImageArray
from realtime.landmarks.still_image_finder import StillImageFinder

CANVAS_WH = (640, 480)
MARGIN_PX = 60
"""Picture kept on each side of the canvas, so that a moving camera never sees past it."""

_SCALE = 2.2
_CENTRE_XY = (226.0, 112.0)
_SHARPEN = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A picture with one face.

    Attributes:
        image_bgr: `(H, W, 3) uint8`, the canvas with `MARGIN_PX` more on each side.
        mesh_xyz: `(468, 3) float32`, its face mesh: x and y in pixels, z in the scale of x.
    """

    image_bgr: ImageArray
    mesh_xyz: FloatArray

    @property
    def mesh_xy(self) -> FloatArray:
        """The mesh in the picture, `(468, 2) float32` pixels."""
        return self.mesh_xyz[:, :2]


def load_portrait() -> Portrait:
    """Return the astronaut Eileen Collins, a NASA portrait in the public domain that scikit-image carries.

    Raises:
        DataError: scikit-image is not installed, or no face is found.
    """
    try:
        from skimage import data
    except ImportError as error:
        raise DataError(
            "making the demo clip needs scikit-image for its portrait, and it is not installed; "
            "run `pip install -e .[dev]`"
        ) from error
    picture_rgb: Callable[[], ImageArray] = data.astronaut
    image_bgr = _enlarged(cv2.cvtColor(picture_rgb(), cv2.COLOR_RGB2BGR))
    finder = StillImageFinder()
    try:
        faces = finder.find_mesh(image_bgr)
    finally:
        finder.close()
    if len(faces) != 1:
        raise DataError(f"the portrait must show one face; found {len(faces)}; reinstall scikit-image")
    return Portrait(image_bgr, faces[0])


def _enlarged(image_bgr: ImageArray) -> ImageArray:
    """Return the part around the head, enlarged to the canvas and its margins."""
    width, height = (side + 2 * MARGIN_PX for side in CANVAS_WH)
    shift_x, shift_y = width / 2 - _SCALE * _CENTRE_XY[0], height / 2 - _SCALE * _CENTRE_XY[1]
    matrix = np.array([[_SCALE, 0, shift_x], [0, _SCALE, shift_y]])
    large = cv2.warpAffine(
        image_bgr, matrix, (width, height), flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT_101
    )
    soft = cv2.GaussianBlur(large, (0, 0), 2.0)
    return np.asarray(cv2.addWeighted(large, 1 + _SHARPEN, soft, -_SHARPEN, 0), np.uint8)
