"""BlazeFace detection networks in LiteRT."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from realtime.core.types import FloatArray, ImageArray
from realtime.landmarks.networks.anchors import anchor_centers, decoded, merged
from realtime.landmarks.networks.detection import Detection
from realtime.landmarks.networks.litert import open_interpreter
from realtime.landmarks.networks.network_files import FAR, NEAR

# Per layer the stride in pixels and the anchors per cell; three layers of MediaPipe's description share a stride of 16.
_NEAR_LAYERS, _FAR_LAYERS = ((8, 2), (16, 6)), ((4, 1),)


class LiteRtDetector:
    """One BlazeFace network on a whole picture; `DetectorGraph` gives the same faces, more slowly.

    Runs in the calling thread; for one thread at a time.

    Args:
        min_score: `float` in [0, 1]; below it a detection is no face.
        far: the full-range network instead of the near-range one.

    Source: Bazarevsky et al. 2019, "BlazeFace: sub-millisecond neural face detection on mobile GPUs".

    Raises:
        ImportError, OSError: LiteRT is not installed, or does not load here.
        ModelError: the network's file is missing or altered.
    """

    def __init__(self, min_score: float, *, far: bool) -> None:
        file, layers = (FAR, _FAR_LAYERS) if far else (NEAR, _NEAR_LAYERS)
        self._interpreter: Any = open_interpreter(file)
        self._input = self._interpreter.tensor(self._interpreter.get_input_details()[0]["index"])
        self._numbers, self._logits = (port["index"] for port in self._interpreter.get_output_details()[:2])
        self._side_px, self._anchors = file.side_px, anchor_centers(file.side_px, layers)
        self._min_score = min_score

    def find(self, image_bgr: ImageArray) -> list[Detection]:
        """Return the faces of a picture, `(H, W, 3) uint8`, by falling score."""
        picture_rgb = cv2.cvtColor(_square(image_bgr, self._side_px), cv2.COLOR_BGR2RGB)
        # Written into the input tensor in place; the interpreter refuses to run while such a view is kept alive.
        np.multiply(picture_rgb, np.float32(2 / 255), out=self._input()[0], dtype=np.float32)
        np.subtract(self._input()[0], np.float32(1), out=self._input()[0])
        self._interpreter.invoke()
        numbers = self._interpreter.get_tensor(self._numbers)[0]
        logits = self._interpreter.get_tensor(self._logits)[0, :, 0]
        found = merged(*decoded(numbers, logits, self._anchors, self._side_px, self._min_score))
        height, width = image_bgr.shape[:2]
        side = max(height, width)
        offset = np.array([(width - side) / 2, (height - side) / 2], np.float32)
        return [
            Detection((box.reshape(2, 2) * side + offset).reshape(4), eyes * side + offset, score)
            for box, eyes, score in found
        ]

    def close(self) -> None:
        """Free the network; a second call does nothing."""
        self._interpreter = self._input = None


def _square(image_bgr: ImageArray, side_px: int) -> ImageArray:
    """Return a picture scaled to a square, with black bars.

    The matrix is computed as MediaPipe does, by way of four corners: its rounding decides which of two neighboring
    samples OpenCV takes, and with a rounder matrix boxes differ by up to a pixel and a half.
    """
    height, width = image_bgr.shape[:2]
    longer = max(height, width)
    corners: FloatArray = np.asarray(cv2.boxPoints(((width / 2, height / 2), (longer, longer), 0.0)), np.float32)
    target = np.array([[0, side_px], [0, 0], [side_px, 0], [side_px, side_px]], np.float32)
    to_square = cv2.getPerspectiveTransform(corners, target)
    # Black outside is OpenCV's default.
    return np.asarray(cv2.warpPerspective(image_bgr, to_square, (side_px, side_px), flags=cv2.INTER_LINEAR), np.uint8)
