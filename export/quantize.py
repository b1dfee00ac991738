"""Static int8 quantization of the experts, calibrated on real crops."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader
from onnxruntime.quantization.calibrate import MinMaxCalibrater

from export.integer import with_integer_convolutions

_BATCH = 64


class _Crops(CalibrationDataReader):  # type: ignore[misc]
    """Feeds real crops to ONNX Runtime's calibration, which records the range of every tensor."""

    def __init__(self, crops: npt.NDArray[np.uint8]) -> None:
        self._batches = iter([{"crops": crops[at : at + _BATCH]} for at in range(0, len(crops), _BATCH)])

    def get_next(self) -> dict[str, Any] | None:
        return next(self._batches, None)


def to_int8(model: onnx.ModelProto, crops: npt.NDArray[np.uint8]) -> onnx.ModelProto:
    """Return the model with convolutions, and what can stay in bytes between them, in eight bits; the rest in float32.

    Args:
        model: as `export.convert.to_onnx` makes it.
        crops: `(N, H, W, 1) uint8`, real ones, whose ranges set the scales.
    """
    with tempfile.TemporaryDirectory() as folder:
        plain, watched = Path(folder) / "plain.onnx", Path(folder) / "watched.onnx"
        onnx.save(model, plain)
        calibration = MinMaxCalibrater(plain, op_types_to_calibrate=["Conv", "Relu"], augmented_model_path=watched)
        calibration.augment_graph()
        calibration.create_inference_session()
        calibration.collect_data(_Crops(crops))
        found = calibration.compute_data()
    ranges = {name: _edges(found[name].range_value) for name in found.keys()}  # noqa: SIM118 - no dictionary
    return with_integer_convolutions(model, ranges)


def _edges(low_high: tuple[Any, Any]) -> tuple[float, float]:
    low, high = (float(np.asarray(edge).ravel()[0]) for edge in low_high)
    return low, high


def run(model: onnx.ModelProto, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the model's probabilities, `(N, 6) float32`."""
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    parts = [session.run(None, {"crops": crops[at : at + _BATCH]})[0] for at in range(0, len(crops), _BATCH)]
    return np.concatenate(parts)
