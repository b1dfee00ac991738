"""Face-mesh landmark model in LiteRT."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from realtime.core.types import FloatArray, ImageArray
from realtime.landmarks.networks.litert import open_interpreter
from realtime.landmarks.networks.network_files import LANDMARK_COUNT, MESH


class LiteRtMesh:
    """MediaPipe's FaceMesh landmark model in LiteRT's interpreter; `MeshGraph` gives the same numbers, more slowly.

    Runs in the calling thread; for one thread at a time.

    Source: Kartynnik et al. 2019, "Real-time facial surface geometry from monocular video on mobile GPUs".

    Raises:
        ImportError, OSError: LiteRT is not installed, or does not load here.
        ModelError: the network's file is missing or altered.
    """

    def __init__(self) -> None:
        self._interpreter: Any = open_interpreter(MESH)
        self._input = self._interpreter.tensor(self._interpreter.get_input_details()[0]["index"])
        self._points, self._score = (port["index"] for port in self._interpreter.get_output_details()[:2])

    def find(self, face_rgb: ImageArray) -> tuple[FloatArray, float]:
        """Return landmarks, `(468, 3) float32` in pixels of `face_rgb`, and the presence of a face, 0 to 1.

        z is the depth relative to the head's center, in the scale of x; smaller is nearer to the camera.

        Args:
            face_rgb: `(192, 192, 3) uint8`, the face upright and in the middle, about 128 pixels high or wide.
        """
        # Written into the input tensor in place; the interpreter refuses to run while such a view is kept alive.
        np.multiply(face_rgb, np.float32(1 / 255), out=self._input()[0], dtype=np.float32)
        self._interpreter.invoke()
        points = np.asarray(self._interpreter.get_tensor(self._points), np.float32)
        score = float(self._interpreter.get_tensor(self._score).item())
        # Sigmoid by way of tanh, which cannot overflow.
        return points.reshape(LANDMARK_COUNT, 3), (1 + math.tanh(score / 2)) / 2

    def close(self) -> None:
        """Free the network; a second call does nothing."""
        self._interpreter = self._input = None
