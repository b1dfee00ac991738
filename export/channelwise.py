"""Depthwise integer convolutions for batch normalization with ReLU and for average pooling.

Each layer of a DenseNet normalizes the concatenation of all earlier outputs again: multiply, add and quantize, each
over floats of up to 900 channels, take longer than the convolution after them. A depthwise convolution does the three
in one step on bytes. Every channel may have its own scale and zero point, since these are folded into kernel and bias,
so that bytes with different quantization parameters are concatenated as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper

_ONE = 64  # the quantized factor: exact, since the channel's scale absorbs the rest
_LARGEST_BIAS = 2**30


@dataclass(frozen=True, slots=True, eq=False)
class Normalization:
    """`relu(source * factor + summand)`, one factor and summand per channel, as the converter writes it.

    Attributes:
        source: the tensor that is normalized.
        factor: `(C,) float32`.
        summand: `(C,) float32`.
        inside: the tensors between source and ReLU, which have no other consumer.
    """

    source: str
    factor: npt.NDArray[np.float32]
    summand: npt.NDArray[np.float32]
    inside: tuple[str, str]

    def kernel(
        self, scale: npt.NDArray[Any], zero: npt.NDArray[Any]
    ) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32], npt.NDArray[np.int32]]:
        """Return kernel `(C, 1, 1, 1)`, its scales and the bias, each `(C,)`, for bytes taken as the integers they are.

        Args:
            scale: `(C,)`, of the source's bytes.
            zero: `(C,)`, their zero points.
        """
        factor = self.factor * scale.astype(np.float64)
        summand = self.summand - factor * zero
        # The lower limit keeps the bias within 32 bits where a factor is close to zero.
        least = np.maximum(np.abs(summand) / _LARGEST_BIAS, 1e-20)
        scales = np.maximum(np.abs(factor) / _ONE, least).astype(np.float32)
        whole = np.round(factor / scales).astype(np.int8).reshape(-1, 1, 1, 1)
        return whole, scales, np.round(summand / scales).astype(np.int32)


def mean_kernel(pool: onnx.NodeProto, channels: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return average pooling as a depthwise kernel `(C, 1, H, W)` and its scales `(C,)`."""
    height_width = helper.get_node_attr_value(pool, "kernel_shape")
    kernel = np.full((channels, 1, *height_width), _ONE, np.int8)
    return kernel, np.full(channels, 1.0 / (_ONE * np.prod(height_width)), np.float32)


class Chains:
    """Finds the tensors of a graph that can stay in bytes from one convolution to the next."""

    def __init__(self, graph: onnx.GraphProto, constants: Mapping[str, npt.NDArray[Any]]) -> None:
        self._constants = constants
        self._maker = {name: node for node in graph.node for name in node.output}
        self._uses: dict[str, int] = {}
        for name in (name for node in graph.node for name in node.input):
            self._uses[name] = self._uses.get(name, 0) + 1
        found = {node.output[0]: self._normalization(node) for node in graph.node if node.op_type == "Relu"}
        self.normalizations = {name: one for name, one in found.items() if one}
        """ReLU's output -> what it computes."""
        self.inside = {name for one in self.normalizations.values() for name in one.inside}
        """Tensors that need not be written at all."""

    def in_bytes(self, name: str) -> bool:
        """Return whether this tensor holds a convolution's bytes, pooled, concatenated or unchanged."""
        node = self._maker.get(name)
        if node is None or node.op_type not in ("Conv", "Concat", "AveragePool"):
            return False
        if node.op_type == "AveragePool":
            return self._maker[node.input[0]].op_type == "Conv" and _is_plain(node)
        if node.op_type == "Concat" and [one.i for one in node.attribute if one.name == "axis"] != [1]:
            return False
        return node.op_type == "Conv" or all(self.in_bytes(part) for part in node.input)

    def _normalization(self, relu: onnx.NodeProto) -> Normalization | None:
        add = self._with_constant(relu.input[0], "Add")
        multiply = self._with_constant(add.input[0], "Mul") if add else None
        if add is None or multiply is None or not self.in_bytes(multiply.input[0]):
            return None
        factor, summand = (self._constants[node.input[1]].reshape(-1) for node in (multiply, add))
        if factor.shape != summand.shape:
            return None
        return Normalization(multiply.input[0], factor, summand, (multiply.output[0], add.output[0]))

    def _with_constant(self, name: str, kind: str) -> onnx.NodeProto | None:
        """Return who makes this tensor, if that is such an operation with a constant, for one user only."""
        node: onnx.NodeProto | None = self._maker.get(name)
        if node is None or node.op_type != kind or node.input[1] not in self._constants or self._uses[name] > 1:
            return None
        return node


def _is_plain(pool: onnx.NodeProto) -> bool:
    """Return whether a pooling has no padding."""
    kept = {one.name: helper.get_attribute_value(one) for one in pool.attribute}
    padded = any(kept.get("pads", ())) or kept.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID")
    return not padded and not kept.get("ceil_mode", 0) and set(kept.get("dilations", ())) <= {1}
