from __future__ import annotations

import json
from collections import defaultdict

import numpy as np
import pytest

pytest.importorskip("tf2onnx", reason="the train extra is not installed")

import keras
import onnxruntime as ort
from click.testing import CliRunner
from onnx import helper

from export.__main__ import _told, main
from export.convert import round_to_half, store_as_half, to_onnx, with_softmax
from export.integer import with_integer_convolutions
from export.parity import LIMIT, largest_difference, seeded_crops
from export.quantize import run, to_int8
from models.errors import ModelError
from models.manifest import ExpertSpec, load_manifest
from models.region_registry import REGIONS
from models.train.layers import StandardizeCrop
from models.train.networks import _dense_layer, _norm_relu, lips_network

SIZE_WH = (32, 16)


def lived_in(network):
    """Give an untrained network's normalisations statistics as after training."""
    rng = np.random.default_rng(0)
    for layer in network.layers:
        if "norm" in layer.name:
            gamma, beta, mean, variance = layer.get_weights()
            noise = rng.uniform(0.5, 2.0, gamma.shape)
            layer.set_weights([gamma * noise, beta + noise / 9, mean + noise / 7, variance * noise])
    return network


@pytest.fixture(scope="module")
def exported():
    network = lived_in(lips_network(SIZE_WH, width=8))
    before = np.asarray(with_softmax(network).predict_on_batch(seeded_crops(SIZE_WH)))
    round_to_half(network)
    served = with_softmax(network)
    return before, served, to_onnx(served)


def test_onnx_takes_uint8_crops_in_any_batch_and_gives_probabilities(exported) -> None:
    _, _, model = exported
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (crops,), (out,) = session.get_inputs(), session.get_outputs()
    assert (crops.name, crops.type, crops.shape[1:]) == ("crops", "tensor(uint8)", [16, 32, 1])
    assert out.shape[1:] == [6]
    for count in (1, 5):
        p = session.run(None, {"crops": seeded_crops(SIZE_WH)[:count]})[0]
        assert p.shape == (count, 6)
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)


def test_parity_holds_in_single_and_in_half_precision_files(exported) -> None:
    _, served, model = exported
    half = store_as_half(model)
    crops = {"seeded": seeded_crops(SIZE_WH)}
    assert largest_difference(served, model, crops) < 1e-5
    assert largest_difference(served, half, crops) < LIMIT
    assert len(half.SerializeToString()) < 0.7 * len(model.SerializeToString())


def test_rounding_to_half_hardly_changes_the_answer(exported) -> None:
    before, served, _ = exported
    after = np.asarray(served.predict_on_batch(seeded_crops(SIZE_WH)))
    assert 0 < np.abs(before - after).max() < 5e-3


def test_a_model_that_differs_is_refused(exported) -> None:
    _, _, model = exported
    other = with_softmax(lived_in(lips_network(SIZE_WH, width=8)))
    with pytest.raises(ModelError, match="in batches of 1 it differs"):
        largest_difference(other, model, {"seeded": seeded_crops(SIZE_WH)})


def test_eight_bits_say_nearly_the_same_in_a_third_of_the_size(exported) -> None:
    _, _, model = exported
    crops = np.random.default_rng(1).integers(0, 256, (96, 16, 32, 1), dtype=np.uint8)
    small = to_int8(model, crops[:64])
    assert len(small.SerializeToString()) < 0.4 * len(model.SerializeToString())
    exact, rounded = run(model, crops[64:]), run(small, crops[64:])
    np.testing.assert_allclose(rounded.sum(axis=1), 1, atol=1e-5)
    assert 0 < np.abs(exact - rounded).mean() < 0.02
    assert run(small, crops[:1]).shape == (1, 6), "any batch"


@pytest.fixture(scope="module")
def dense():
    """A small network with all that DenseNet201 is made of."""
    crops = keras.Input((16, 32, 1))
    x = keras.layers.Conv2D(8, 7, strides=2, padding="same", use_bias=False)(StandardizeCrop()(crops))
    x = _dense_layer(_dense_layer(x, 4, "first"), 4, "second")
    x = keras.layers.Conv2D(8, 1, use_bias=False)(_norm_relu(x, "transition", 1e-5))
    x = _dense_layer(keras.layers.AveragePooling2D(2)(x), 4, "third")
    x = keras.layers.GlobalAveragePooling2D()(_norm_relu(x, "last", 1e-5))
    return to_onnx(with_softmax(lived_in(keras.Model(crops, keras.layers.Dense(6)(x)))))


def test_a_dense_network_has_nothing_but_integer_convolutions_and_no_transpositions_between_them(dense) -> None:
    crops = np.random.default_rng(2).integers(0, 256, (96, 16, 32, 1), dtype=np.uint8)
    small = to_int8(dense, crops[:64])
    counts = {kind: sum(node.op_type == kind for node in small.graph.node) for kind in ("Conv", "QLinearConv", "Relu")}
    # Eight as before, one for each normalisation that no convolution can take in, one for the pooling.
    assert counts == {"Conv": 0, "QLinearConv": 14, "Relu": 0}
    assert sum(node.op_type == "Transpose" for node in small.graph.node) <= 1, "before the last layer"
    exact, rounded = run(dense, crops[64:]), run(small, crops[64:])
    assert 0 < np.abs(exact - rounded).mean() < 0.01
    np.testing.assert_allclose(run(small, crops[:7])[3:4], run(small, crops[3:4]), atol=1e-6)


def test_an_operation_that_cannot_be_rewritten_is_named(dense) -> None:
    strange = type(dense)()
    strange.CopyFrom(dense)
    relu = next(node for node in strange.graph.node if node.op_type == "Relu")
    relu.CopyFrom(helper.make_node("Erf", list(relu.input), list(relu.output), name="strange"))
    with pytest.raises(ValueError, match=r"Erf \(strange\)"):
        with_integer_convolutions(strange, defaultdict(lambda: (-1.0, 1.0)))


def test_the_manifest_names_where_a_training_came_from_and_tells_no_path() -> None:
    recipe = {"start_from": "/home/ada/runs/eyes", "covered_data": ["/home/ada/masks"], "teacher": "/home/ada/said.csv"}
    told = _told({"recipe": {"region": "eyes", **recipe}}, [], "int8", 0.0)["recipe"]
    assert (told["start_from"], told["covered_data"], told["teacher"]) == ("eyes", ["masks"], "said.csv")
    assert "/home" not in json.dumps(told)
    # Trainings from before these options.
    assert _told({"recipe": {}}, [], "int8", 0.0)["recipe"]["teacher"] == ""


def test_one_expert_is_exported_beside_those_that_are_kept(tmp_path, monkeypatch) -> None:
    def exported(region, *_):
        return ExpertSpec(
            region, f"{region}.onnx", "0" * 64, REGIONS[region].geometry, scores={"try": next(tries)}
        ), b""

    for region in REGIONS:
        (tmp_path / region).mkdir()
        (tmp_path / region / "recipe.json").touch()
    tries = iter(range(9))
    monkeypatch.setattr("export.__main__._export_one", exported)
    arguments = ["--weights", str(tmp_path), "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    found = []
    for region in ("lips", "eyes", "lips"):
        done = CliRunner().invoke(main, [*arguments, "--region", region])
        assert done.exit_code == 0, done.output
        found.append([(expert.region, expert.scores["try"]) for expert in load_manifest(tmp_path / "out").experts])
    assert found == [[("lips", 0)], [("lips", 0), ("eyes", 1)], [("lips", 2), ("eyes", 1)]]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert load_manifest(tmp_path / "out").regions == ("eyes", "lips"), "all of them, in the registry's order"


def test_a_missing_training_is_told_before_the_other_one_is_converted(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("export.__main__._export_one", lambda *_: pytest.fail("it converted one first"))
    (tmp_path / "eyes").mkdir()
    (tmp_path / "eyes" / "recipe.json").touch()
    out = tmp_path / "out"
    done = CliRunner().invoke(main, ["--weights", str(tmp_path), "--data", str(tmp_path), "--out", str(out)])
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert f"lips is missing: run `python -m models.train --region lips --data DATA --out {tmp_path / 'lips'}`" in (
        done.output
    )
    assert not out.exists()
