"""MediaPipe's face mesh and detector in two small classes: the only file that imports mediapipe, without TensorFlow."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import types
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from realtime.types import FloatArray, ImageArray

LANDMARK_COUNT = 468
# One landmark in protobuf's wire format: field 1 of 15 bytes, in it fields 1 to 3, each a float of four bytes.
_PACKED = np.dtype(
    [("head", "u1", 3), ("x", "<f4"), ("y_tag", "u1"), ("y", "<f4"), ("z_tag", "u1"), ("z", "<f4")], align=False
)
_PACKED_HEAD = np.array([0x0A, 0x0F, 0x0D], np.uint8)
# MediaPipe's notes come with the first face; a progress bar must not wait for one for ever.
_QUIET_PICTURES = 30


class Mesh:
    """One FaceMesh graph. Close it explicitly: leaving it to the garbage collector can dead-lock another one.

    Args:
        max_faces: `int`, at most this many faces are returned.
        tracking: `bool`, whether a face found in one picture is looked for at that place in the next (video).
        min_confidence: `float` in [0, 1]; below it a detection, or a mesh laid on it, is no face.

    Source: Kartynnik et al. 2019, "Real-time facial surface geometry from monocular video on mobile GPUs".
    """

    def __init__(self, *, max_faces: int, tracking: bool, min_confidence: float = 0.5) -> None:
        self._quiet_pictures = _QUIET_PICTURES
        face_mesh = _face_mesh_class()
        with _quiet_stderr():
            self._graph = face_mesh(
                static_image_mode=not tracking,
                max_num_faces=max_faces,
                refine_landmarks=False,
                min_detection_confidence=min_confidence,
                min_tracking_confidence=min_confidence,
            )
            # The graph starts on threads of its own: only a picture makes sure that it has.
            self._graph.process(np.zeros((64, 64, 3), np.uint8))

    def find(self, image_bgr: ImageArray) -> FloatArray:
        """Return the landmarks of every face, `(N, 468, 3) float32`: x and y in pixels, z in the scale of x.

        z is the depth relative to the head's centre; smaller is nearer to the camera.
        """
        image_rgb = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)
        image_rgb.flags.writeable = False  # spares mediapipe a copy
        with _quiet_stderr() if self._quiet_pictures > 0 else contextlib.nullcontext():
            found = self._graph.process(image_rgb).multi_face_landmarks or []
        self._quiet_pictures = 0 if found else self._quiet_pictures - 1
        height, width = image_bgr.shape[:2]
        points = np.empty((len(found), LANDMARK_COUNT, 3), np.float32)
        for row, face in enumerate(found):
            points[row] = _landmarks(face)
        points *= np.array([width, height, width], np.float32)
        return points

    def close(self) -> None:
        """Free the graph; a second call does nothing."""
        graph, self._graph = self._graph, None
        if graph is not None:
            graph.close()


class Detector:
    """Finds faces from near to about five metres in a whole frame. Close it explicitly, as a mesh.

    Two detectors, since neither sees all: the near-range one finds the faces that fill a third of the picture, of which
    the full-range one misses most, and that one finds faces of 40 pixels in 640.

    Args:
        min_confidence: `float` in [0, 1]; below it a detection is no face.

    Source: MediaPipe's BlazeFace (Bazarevsky et al. 2019), 128x128 near-range and 192x192 full-range.
    """

    def __init__(self, min_confidence: float = 0.5) -> None:
        with _light_imports():
            from mediapipe.python.solutions.face_detection import FaceDetection
        self._graphs: list[Any] = []
        with _quiet_stderr():
            for model in (0, 1):
                graph = FaceDetection(model_selection=model, min_detection_confidence=min_confidence)
                graph.process(np.zeros((64, 64, 3), np.uint8))
                self._graphs.append(graph)

    def find(self, image_bgr: ImageArray) -> FloatArray:
        """Return boxes, `(N, 4) float32` xyxy pixels, near faces first, the surest first; some faces have two."""
        image_rgb = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)
        image_rgb.flags.writeable = False
        shares: list[tuple[float, float, float, float]] = []
        for graph in self._graphs:
            found = sorted(graph.process(image_rgb).detections or [], key=lambda one: -one.score[0])
            boxes = [one.location_data.relative_bounding_box for one in found]
            shares += [(box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height) for box in boxes]
        height, width = image_bgr.shape[:2]
        return np.array(shares, np.float32).reshape(-1, 4) * np.array([width, height, width, height], np.float32)

    def close(self) -> None:
        """Free the graphs; a second call does nothing."""
        graphs, self._graphs = self._graphs, []
        for graph in graphs:
            graph.close()


def _landmarks(face: Any) -> FloatArray:
    """Return the points of one face, `(L, 3)`, as MediaPipe gives them.

    Reading 468 messages one by one takes as long as a tenth of the mesh; their bytes, all alike, are read at once.
    """
    packed = np.frombuffer(face.SerializeToString(), np.uint8)
    if packed.size == LANDMARK_COUNT * _PACKED.itemsize:
        rows = packed.view(_PACKED)
        if (rows["head"] == _PACKED_HEAD).all() and (rows["y_tag"] == 0x15).all() and (rows["z_tag"] == 0x1D).all():
            return np.stack([rows["x"], rows["y"], rows["z"]], axis=1)
    # A coordinate of exactly 0 is left out of the bytes.
    return np.array([(point.x, point.y, point.z) for point in face.landmark], np.float32)


def _face_mesh_class() -> Any:
    with _light_imports():
        from mediapipe.python.solutions.face_mesh import FaceMesh
    return FaceMesh


_stderr_lock = threading.Lock()


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Send the process's stderr to nowhere for a moment.

    MediaPipe's C++ writes notes for its developers there, past every log level, when a graph starts and when it first
    sees a face; users took them for errors. Python's own errors are exceptions and not lost.
    """
    with _stderr_lock:
        sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # a program without stderr, such as a windowed one
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(nowhere)
            os.close(kept)


@contextlib.contextmanager
def _light_imports() -> Iterator[None]:
    """Hide TensorFlow and matplotlib while mediapipe is imported.

    mediapipe imports both if it finds them, for a documentation decorator and for plots that FaceMesh never draws:
    seconds of start-up. What was imported before stays as it was.
    """
    os.environ.setdefault("GLOG_minloglevel", "2")
    plot = types.ModuleType("matplotlib.pyplot")
    parent = types.ModuleType("matplotlib")
    parent.pyplot = plot  # type: ignore[attr-defined]
    stand_ins: dict[str, types.ModuleType | None] = {
        "tensorflow": None,
        "matplotlib": parent,
        "matplotlib.pyplot": plot,
    }
    hidden = {name: module for name, module in stand_ins.items() if name not in sys.modules}
    sys.modules.update(hidden)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
