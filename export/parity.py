"""Numerical parity of the exported ONNX model with the Keras model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import keras
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

from models.errors import ModelError

LIMIT = 1e-4
BATCHES = (1, 2, 7)
ImageArray = npt.NDArray[np.uint8]


def largest_difference(served: keras.Model, model: onnx.ModelProto, crop_sets: Mapping[str, ImageArray]) -> float:
    """Return the largest difference between any two probabilities, over every set of crops and batch size.

    Args:
        served: Keras model, `(N, H, W, 1) uint8` to `(N, 6) float32`.
        model: the same as ONNX.
        crop_sets: name -> `(N, H, W, 1) uint8`, at least 7 crops each.

    Raises:
        ModelError: the difference is above `LIMIT`; names set and batch.
    """
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    worst = 0.0
    for label, crops in crop_sets.items():
        if len(crops) < max(BATCHES):
            raise ModelError(f"parity needs {max(BATCHES)} {label} crops or more; received {len(crops)}")
        for size in BATCHES:
            for batch in _batches(crops, size):
                wanted = np.asarray(served.predict_on_batch(batch))
                got = session.run(None, {name: batch})[0]
                difference = float(np.abs(wanted - got).max())
                if not difference < LIMIT:
                    raise ModelError(
                        f"the exported model must agree with Keras within {LIMIT:g}; on {label} crops in batches of "
                        f"{size} it differs by {difference:.2g}: nothing was written"
                    )
                worst = max(worst, difference)
    return worst


def seeded_crops(size_wh: tuple[int, int], count: int = 14, seed: int = 7) -> ImageArray:
    """Return random crops and the extremes, all black and all white, `(count, H, W, 1) uint8`."""
    crops = np.random.default_rng(seed).integers(0, 256, (count, size_wh[1], size_wh[0], 1), dtype=np.uint8)
    crops[0], crops[1] = 0, 255
    return crops


def _batches(crops: ImageArray, size: int) -> Iterator[ImageArray]:
    for start in range(0, len(crops) - size + 1, size):
        yield crops[start : start + size]
