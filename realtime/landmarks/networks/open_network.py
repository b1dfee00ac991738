"""Opens each network in LiteRT, or in MediaPipe's graphs where LiteRT does not run."""

from __future__ import annotations

from models.errors import ModelError
from realtime.landmarks.networks.litert_detector import LiteRtDetector
from realtime.landmarks.networks.litert_mesh import LiteRtMesh
from realtime.landmarks.networks.mediapipe_graphs import DetectorGraph, MeshGraph

_NEITHER = (
    "faces are found by LiteRT or MediaPipe, and neither can be imported ({}); install ai-edge-litert, or where it has "
    "no wheel mediapipe==0.10.21"
)


def open_mesh_network() -> LiteRtMesh | MeshGraph:
    """Return the landmark network in the fastest way that works on this machine.

    Raises:
        ModelError: there is no way.
    """
    try:
        return LiteRtMesh()
    except (ImportError, OSError) as reason:
        try:
            return MeshGraph()
        except ImportError:
            raise ModelError(_NEITHER.format(reason)) from reason


def open_detection_network(min_score: float, *, far: bool) -> LiteRtDetector | DetectorGraph:
    """Return one detection network in the fastest way that works on this machine.

    Args:
        min_score: `float` in [0, 1]; below it a detection is no face.
        far: the full-range network instead of the near-range one.

    Raises:
        ModelError: there is no way.
    """
    try:
        return LiteRtDetector(min_score, far=far)
    except (ImportError, OSError) as reason:
        try:
            return DetectorGraph(min_score, far=far)
        except ImportError:
            raise ModelError(_NEITHER.format(reason)) from reason
