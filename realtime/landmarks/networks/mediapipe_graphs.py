"""The networks in MediaPipe's own graphs, for where LiteRT has no wheel; the only file that imports mediapipe."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from realtime.core.types import FloatArray, ImageArray
from realtime.landmarks.networks.detection import Detection
from realtime.landmarks.networks.mediapipe_import import light_imports
from realtime.landmarks.networks.native_log import native_log_hidden
from realtime.landmarks.networks.network_files import LANDMARK_COUNT, MESH, MESH_SIDE_PX

# Both convert an image to the input tensor. The first does no more and takes 0.2 ms less; FaceMesh uses the second.
_CONVERTERS = (
    'calculator: "TensorConverterCalculator"'
    " options { [mediapipe.TensorConverterCalculatorOptions.ext] { zero_center: false } }",
    'calculator: "ImageToTensorCalculator"'
    " options { [mediapipe.ImageToTensorCalculatorOptions.ext] {"
    " output_tensor_width: 192 output_tensor_height: 192 output_tensor_float_range { min: 0.0 max: 1.0 } } }",
)
_NETWORK_GRAPH = """
executor { type: "ApplicationThreadExecutor" }
input_stream: "picture"
output_stream: "landmarks"
output_stream: "presence"
node { CONVERTER input_stream: "IMAGE:picture" output_stream: "TENSORS:input" }
node {
  calculator: "InferenceCalculator"
  input_stream: "TENSORS:input"
  output_stream: "TENSORS:answers"
  options {
    [mediapipe.InferenceCalculatorOptions.ext] {
      model_path: "mediapipe/modules/MODEL"
      delegate { xnnpack { num_threads: 1 } }
    }
  }
}
node {
  calculator: "SplitTensorVectorCalculator"
  input_stream: "answers"
  output_stream: "points"
  output_stream: "score"
  options { [mediapipe.SplitVectorCalculatorOptions.ext] { ranges { begin: 0 end: 1 } ranges { begin: 1 end: 2 } } }
}
node { calculator: "TensorsToFloatsCalculator" input_stream: "TENSORS:points" output_stream: "FLOATS:landmarks" }
node {
  calculator: "TensorsToFloatsCalculator"
  input_stream: "TENSORS:score"
  output_stream: "FLOAT:presence"
  options { [mediapipe.TensorsToFloatsCalculatorOptions.ext] { activation: SIGMOID } }
}
"""


class MeshGraph:
    """MediaPipe's FaceMesh landmark model in a MediaPipe graph: landmarks of the one upright face of a square image.

    The full FaceMesh solution also converts the frame's colors, crops the face and passes each step to other threads;
    the model takes less than half of its time. Here it runs in the calling thread, and `realtime.landmarks.mesh_runner`
    crops faces. `realtime.landmarks.networks.litert_mesh.LiteRtMesh` is faster still, where LiteRT is installed.

    Close it explicitly: leaving a graph to the garbage collector can dead-lock another one.

    Source: Kartynnik et al. 2019, "Real-time facial surface geometry from monocular video on mobile GPUs".
    """

    def __init__(self) -> None:
        with light_imports():
            import mediapipe
            from mediapipe.python import packet_creator, packet_getter
            from mediapipe.python._framework_bindings import calculator_graph, image_frame, resource_util
        resource_util.set_resource_dir(str(Path(mediapipe.__file__).parents[1]))
        self._create, self._getter, self._srgb = packet_creator, packet_getter, image_frame.ImageFormat.SRGB
        self._answers: dict[str, Any] = {}
        self._pictures = 0
        with native_log_hidden():
            self._graph = _first_that_exists(calculator_graph.CalculatorGraph)
            for name in ("landmarks", "presence"):
                self._graph.observe_output_stream(name, self._answers.__setitem__)
            self._graph.start_run({})
            self.find(np.zeros((MESH_SIDE_PX, MESH_SIDE_PX, 3), np.uint8))

    def find(self, face_rgb: ImageArray) -> tuple[FloatArray, float]:
        """Return landmarks, `(468, 3) float32` in pixels of `face_rgb`, and the presence of a face, 0 to 1.

        z is the depth relative to the head's center, in the scale of x; smaller is nearer to the camera.

        Args:
            face_rgb: `(192, 192, 3) uint8`, the face upright and in the middle, about 128 pixels high or wide.
        """
        self._pictures += 1
        packet = self._create.create_image_frame(image_format=self._srgb, data=face_rgb)
        self._graph.add_packet_to_input_stream("picture", packet.at(self._pictures))
        self._graph.wait_until_idle()
        numbers = self._getter.get_float_list(self._answers["landmarks"])
        return np.array(numbers, np.float32).reshape(LANDMARK_COUNT, 3), self._getter.get_float(
            self._answers["presence"]
        )

    def close(self) -> None:
        """Free the graph; a second call does nothing."""
        graph, self._graph = self._graph, None
        if graph is not None:
            # A graph that has failed fails again here; the failure itself was raised where it happened.
            with contextlib.suppress(RuntimeError, ValueError):
                graph.close()


class DetectorGraph:
    """One BlazeFace network in a MediaPipe graph, in the calling thread. Close it explicitly.

    MediaPipe's `FaceDetection` takes a threshold, but its graph has 0.5 (near) and 0.6 (full range) in it. Here the
    same graph is built from its text with another one. `LiteRtDetector` is faster, where LiteRT is installed.

    Args:
        min_score: `float` in [0, 1]; below it a detection is no face.
        far: the full-range network instead of the near-range one.
    """

    def __init__(self, min_score: float, *, far: bool) -> None:
        with light_imports():
            from mediapipe.python import packet_creator, packet_getter
            from mediapipe.python._framework_bindings import calculator_graph, image_frame
            from mediapipe.python.solutions.face_detection import FaceDetection
        self._create, self._getter, self._srgb = packet_creator, packet_getter, image_frame.ImageFormat.SRGB
        self._answers: dict[str, Any] = {}
        self._pictures = 0
        with native_log_hidden():
            made = FaceDetection(model_selection=int(far))
            text = re.sub(r"min_score_thresh: [\d.]+", f"min_score_thresh: {min_score}", made._graph.text_config)
            made.close()
            text = re.sub(r"xnnpack \{[^}]*\}", "xnnpack { num_threads: 1 }", text)
            text = re.sub(r"executor \{[^}]*\}", 'executor { type: "ApplicationThreadExecutor" }', text)
            self._graph: Any = calculator_graph.CalculatorGraph(graph_config=text)
            self._graph.observe_output_stream("detections", self._answers.__setitem__, True)
            self._graph.start_run({})
            self.find(np.zeros((64, 64, 3), np.uint8))

    def find(self, image_bgr: ImageArray) -> list[Detection]:
        """Return the faces of a picture, `(H, W, 3) uint8`, by falling score."""
        self._pictures += 1
        image_rgb = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)
        packet = self._create.create_image_frame(image_format=self._srgb, data=image_rgb)
        self._graph.add_packet_to_input_stream("image", packet.at(self._pictures))
        self._graph.wait_until_idle()
        answer = self._answers.get("detections")
        found = [] if answer is None or answer.is_empty() else self._getter.get_proto_list(answer)
        scale = np.array([image_bgr.shape[1], image_bgr.shape[0]], np.float32)
        faces = []
        for one in sorted(found, key=lambda one: -one.score[0]):
            box, eyes = one.location_data.relative_bounding_box, one.location_data.relative_keypoints[:2]
            corners = [(box.xmin, box.ymin), (box.xmin + box.width, box.ymin + box.height)]
            box_xyxy = (np.array(corners, np.float32) * scale).reshape(4)
            eyes_xy = np.array([(eye.x, eye.y) for eye in eyes], np.float32) * scale
            faces.append(Detection(box_xyxy, eyes_xy, one.score[0]))
        return faces

    def close(self) -> None:
        """Free the graph; a second call does nothing."""
        graph, self._graph = self._graph, None
        if graph is not None:
            with contextlib.suppress(RuntimeError, ValueError):
                graph.close()


def _first_that_exists(make_graph: Callable[..., Any]) -> Any:
    """Return the network's graph with the first converter that this build of MediaPipe has."""
    graph = _NETWORK_GRAPH.replace("MODEL", MESH.path)
    for converter in _CONVERTERS[:-1]:
        with contextlib.suppress(RuntimeError, ValueError):
            return make_graph(graph_config=graph.replace("CONVERTER", converter))
    return make_graph(graph_config=graph.replace("CONVERTER", _CONVERTERS[-1]))
