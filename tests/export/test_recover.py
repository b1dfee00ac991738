"""Keras weights read back out of the integer graphs that ship."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras", reason="the train extra is not installed")

import onnx

from export.convert import to_onnx, with_softmax
from export.quantize import run, to_int8
from export.recover import recovered
from models.errors import ModelError
from models.manifest import ExpertSpec
from models.region_registry import Geometry
from models.train.networks import lips_network
from realtime.inference.fusion import softmax
from tests.export.test_export import lived_in

GEOMETRY = Geometry((33, 263), 1.0, 0.5, 0.0, (32, 16), (32, 16))
SPEC = ExpertSpec(
    "lips", "lips.onnx", "0", GEOMETRY, trained={"recipe": {"region": "lips", "dropout": 0.1, "width": 8}}
)


@pytest.fixture(scope="module")
def shipped() -> tuple[onnx.ModelProto, np.ndarray]:
    """A small lips expert in eight bits, and crops with something to see."""
    rng = np.random.default_rng(3)
    ramps = np.linspace(0, 255, 32)[None, None, :, None] * rng.uniform(0, 1, (256, 1, 1, 1))
    crops = np.clip(ramps + rng.normal(0, 40, (256, 16, 32, 1)), 0, 255).astype(np.uint8)
    return to_int8(to_onnx(with_softmax(lived_in(lips_network((32, 16), 0.1, 8)))), crops), crops


def test_the_recovered_network_says_what_the_integer_graph_says(shipped) -> None:
    model, crops = shipped
    network = recovered(model, SPEC, crops)
    said = softmax(np.asarray(network.predict_on_batch(crops.astype(np.float32))))
    assert np.abs(said - run(model, crops)).mean() < 0.01
    again = to_int8(to_onnx(with_softmax(network)), crops)
    assert np.abs(run(again, crops) - run(model, crops)).mean() < 0.01


def test_its_normalizations_have_the_statistics_of_real_crops_so_that_training_can_go_on(shipped) -> None:
    """In training each batch is normalized by its own statistics: with the stored ones right, the answer stays."""
    model, crops = shipped
    network = recovered(model, SPEC, crops)
    for layer in network.layers:
        if type(layer).__name__ == "Dropout":
            layer.rate = 0.0
    resting = softmax(np.asarray(network(crops.astype(np.float32), training=False)))
    training = softmax(np.asarray(network(crops.astype(np.float32), training=True)))
    assert np.abs(resting - training).mean() < 0.01


def test_a_graph_that_lacks_a_layer_is_refused_by_name(shipped) -> None:
    model, crops = shipped
    other = ExpertSpec(
        "eyes",
        "eyes.onnx",
        "0",
        Geometry((33,), 1.0, 1.0, 0.0, (32, 32), (32, 32)),
        trained={"recipe": {"region": "eyes", "dropout": 0.1, "width": 4}},
    )
    with pytest.raises(ModelError, match=r"eyes\.onnx holds another network than its recipe says: stem"):
        recovered(model, other, crops)
