"""Full-frame face detection, near and far."""

from __future__ import annotations

from contextlib import ExitStack

from realtime.core.types import ImageArray
from realtime.landmarks.networks.detection import Detection
from realtime.landmarks.networks.open_network import open_detection_network

# MediaPipe's own thresholds for the two networks.
_NEAR_MIN_SCORE, _FAR_MIN_SCORE = 0.5, 0.6


class Detector:
    """Full-frame face detection by two BlazeFace networks, from near to about five meters. Close it explicitly.

    Two networks, since neither finds all faces: the near-range one finds faces that fill a third of the picture, most
    of which the full-range one misses, and that one finds faces of 40 pixels in 640.

    Args:
        far: also run the full-range network.

    Source: MediaPipe's BlazeFace (Bazarevsky et al. 2019), 128x128 near-range and 192x192 full-range.
    """

    def __init__(self, *, far: bool = True) -> None:
        self._stack = ExitStack()
        self._networks = [open_detection_network(_NEAR_MIN_SCORE, far=False)]
        self._stack.callback(self._networks[0].close)
        if far:
            self._networks.append(open_detection_network(_FAR_MIN_SCORE, far=True))
            self._stack.callback(self._networks[1].close)

    def find(self, image_bgr: ImageArray) -> list[Detection]:
        """Return the near-range detections, then the far ones, each by falling score; some faces come twice."""
        return [face for network in self._networks for face in network.find(image_bgr)]

    def close(self) -> None:
        """Free the networks; a second call does nothing."""
        self._stack.close()
