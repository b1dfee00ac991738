"""Normalisation and pooling on bytes, each channel on its own grid."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

pytest.importorskip("tf2onnx", reason="the train extra is not installed")

import keras
from keras import layers

from export.channelwise import Normalization
from export.convert import to_onnx, with_softmax
from export.quantize import run, to_int8
from models.train.layers import StandardizeCrop

CROPS = np.random.default_rng(3).integers(0, 256, (96, 16, 32, 1), dtype=np.uint8)


def exported(build):
    """The network whose picture after a first convolution goes through `build`, as float and in eight bits."""
    keras.utils.set_random_seed(4)
    crops = keras.Input((16, 32, 1))
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(StandardizeCrop()(crops))
    features = layers.GlobalAveragePooling2D()(build(x))
    model = to_onnx(with_softmax(keras.Model(crops, layers.Dense(6)(features))))
    return model, to_int8(model, CROPS[:64])


def lived_in_norm(channels: int, largest: float = 1.0) -> layers.Layer:
    rng = np.random.default_rng(channels)
    norm = layers.BatchNormalization(epsilon=1e-5)
    norm.build((None, None, None, channels))
    gamma = rng.uniform(-1, 1, channels) * largest
    gamma[0] = 0.0
    norm.set_weights([gamma, *rng.normal(0, 0.3, (2, channels)), rng.uniform(0.2, 2, channels)])
    return norm


def kinds(model) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def differences(model, small) -> float:
    return float(np.abs(run(model, CROPS[64:]) - run(small, CROPS[64:])).mean())


def test_the_kernel_gives_relu_of_factor_times_value_plus_summand() -> None:
    rng = np.random.default_rng(0)
    factor = np.float32([1.3, -0.4, 0.0, 1e-12, 250.0])
    summand = np.float32([-0.2, 0.9, 0.7, -3.0, 10.0])
    scale, zero = np.float32([0.01, 0.2, 0.5, 1.0, 1e-3]), np.array([0, 255, 128, 7, 90])
    whole, scales, bias = Normalization("x", factor, summand, ("m", "a")).kernel(scale, zero)
    taken = rng.integers(0, 256, (500, 5))
    got = (taken * whole.reshape(-1).astype(np.int64) + bias) * scales.astype(np.float64)
    wanted = (taken - zero) * scale * factor.astype(np.float64) + summand
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=np.abs(factor * scale).max() / 50)
    assert np.abs(whole).max() <= 64
    np.testing.assert_array_equal(np.sign(whole.reshape(-1))[:3], [1, -1, 0])


def test_a_dense_chain_needs_no_floats_although_its_parts_differ_a_hundredfold() -> None:
    def build(x):
        faint = layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
        loud = layers.Conv2D(4, 3, padding="same", kernel_initializer=keras.initializers.RandomNormal(0, 30))(x)
        joined = layers.Concatenate()([layers.Concatenate()([x, faint]), loud])
        norm = lived_in_norm(16)
        gamma, beta, mean, variance = norm.get_weights()
        norm.set_weights([gamma, beta, mean, variance * np.repeat([1, 1, 1, 1e4], 4)])
        y = layers.Conv2D(12, 1, use_bias=False)(layers.ReLU()(norm(joined)))
        return layers.ReLU()(lived_in_norm(12)(layers.AveragePooling2D(2)(y)))

    model, small = exported(build)
    found = kinds(small)
    # One quantizing of the crops, one dequantizing of what is averaged at last; the factors are convolutions.
    assert (found["QuantizeLinear"], found["DequantizeLinear"]) == (1, 1)
    assert found["AveragePool"] == found["Relu"] == 0
    assert found["QLinearConv"] == 4 + 2 + 1
    assert differences(model, small) < 0.003


@pytest.mark.parametrize("what", ["convolution", "average", "second user"])
def test_whoever_else_takes_what_stays_in_bytes_gets_the_right_values(what: str) -> None:
    def build(x):
        joined = layers.Concatenate()([x, 20 * layers.Conv2D(4, 3, padding="same")(x)])
        other = layers.Concatenate()([x, layers.Conv2D(4, 3, padding="same", kernel_initializer="ones")(x)])
        if what == "convolution":
            return layers.Conv2D(6, 3, use_bias=False)(other)
        if what == "average":
            return other
        y = lived_in_norm(12)(joined)
        return layers.Concatenate()([layers.Conv2D(4, 1)(layers.ReLU()(y)), y])

    model, small = exported(build)
    assert differences(model, small) < 0.01


def test_a_padded_pooling_and_a_sum_stay_floats() -> None:
    def build(x):
        pooled = layers.AveragePooling2D(3, strides=1, padding="same")(x)
        y = layers.Conv2D(8, 1)(layers.ReLU()(lived_in_norm(8)(pooled)))
        return layers.Conv2D(4, 1)(layers.ReLU()(lived_in_norm(8)(layers.Add()([x, y]))))

    model, small = exported(build)
    assert kinds(small)["AveragePool"] == 1
    assert kinds(small)["Mul"] == kinds(model)["Mul"]
    assert differences(model, small) < 0.005
