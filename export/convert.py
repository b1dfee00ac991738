"""Keras to ONNX conversion with scaling and softmax inside the graph: uint8 crops in, probabilities out."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import onnx
import tensorflow as tf  # noqa: TID251 - export is one of the two places that may
import tf2onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


def with_softmax(network: keras.Model) -> keras.Model:
    """Return the served model: `(N, H, W, 1) uint8` crops to `(N, 6) float32` probabilities."""
    crops = keras.Input(network.input_shape[1:], dtype="uint8", name="crops")
    logits = network(keras.ops.cast(crops, "float32"), training=False)
    return keras.Model(crops, keras.layers.Softmax(dtype="float32", name="probabilities")(logits))


def round_to_half(network: keras.Model) -> None:
    """Round every kernel to the nearest half-precision number, in place: what the stored file will hold.

    The converter multiplies the scale of a normalization into the convolution before it, which would spoil the
    rounding; so that scale is moved there first and what is left of it is 1.
    """
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            convolution = layer.input._keras_history.operation
            if isinstance(convolution, keras.layers.Conv2D) and len(convolution._outbound_nodes) == 1:
                _move_scale(layer, convolution)
    network.set_weights([_rounded(weight) for weight in network.get_weights()])


def _move_scale(normalization: keras.layers.BatchNormalization, convolution: keras.layers.Conv2D) -> None:
    """Multiply the normalization's scale into the convolution's kernel; the two together stay the same function."""
    if convolution.use_bias or not (normalization.scale and normalization.center):
        return
    gamma, beta, mean, variance = normalization.get_weights()
    deviation = np.sqrt(variance + normalization.epsilon)
    scale = gamma / deviation
    convolution.set_weights([convolution.get_weights()[0] * scale])
    normalization.set_weights([deviation, beta, mean * scale, variance])


def to_onnx(served: keras.Model) -> onnx.ModelProto:
    """Convert with tf2onnx; the batch stays free."""
    signature = [tf.TensorSpec((None, *served.input_shape[1:]), tf.uint8, name="crops")]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def serve(crops: Any) -> Any:
        return {"probabilities": served(crops, training=False)}

    model: onnx.ModelProto = tf2onnx.convert.from_function(serve, input_signature=signature, opset=OPSET)[0]
    return model


def store_as_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the same model with its kernels stored in half precision.

    Each is followed by a cast to float32, which ONNX Runtime folds when it loads the file: half the size on disk,
    the same arithmetic and speed.
    """
    smaller = onnx.ModelProto()
    smaller.CopyFrom(model)
    graph, casts = smaller.graph, []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or not _is_kernel(values):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], name=f"{name}_cast", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(smaller)
    return smaller


def _rounded(weight: Any) -> Any:
    values = np.asarray(weight)
    return values.astype(np.float16).astype(values.dtype) if _is_kernel(values) else values


def _is_kernel(values: Any) -> bool:
    """Return whether these weights are stored in half precision.

    Biases and normalizations, which the converter may give further dimensions of length 1, stay as they are: they are
    small, and they multiply everything.
    """
    return bool(np.count_nonzero(np.asarray(values.shape) > 1) > 1)
