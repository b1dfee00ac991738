"""Rewrites a float ONNX graph with int8 convolutions in NHWC layout for ONNX Runtime's CPU kernels.

The usual way, pairs of QuantizeLinear and DequantizeLinear that the runtime fuses when it loads the file, leaves more
work around the convolutions of a DenseNet than in them: tensors are quantized twice, transposed between layouts, and
each normalization is multiplied and added in rows of six to 24 values. Here the layout is channels-last from the first
convolution to the last, saturation at zero point 0 replaces ReLU, and nothing is quantized twice. Tensors between two
convolutions of a DenseNet stay in bytes (`export/channelwise.py`).

`com.microsoft.QLinearConv` with `channels_last` is ONNX Runtime's own operator for CPUs; other providers leave it to
the CPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from export.channelwise import Chains, mean_kernel

Ranges = Mapping[str, tuple[float, float]]
"""Tensor -> smallest and largest value on real crops."""

_MICROSOFT = "com.microsoft"
# Seven bits: without VNNI, x86 adds two 8-bit products in 16 bits, which saturates silently for 8-bit weights.
_LARGEST_WEIGHT = 63
_LEVELS = 255
_TO_LAST, _TO_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]  # permutations NCHW -> NHWC and back


def with_integer_convolutions(model: onnx.ModelProto, ranges: Ranges) -> onnx.ModelProto:
    """Return the model with all convolutions in eight bits, one scale per output channel.

    Args:
        model: as `export.convert.to_onnx` makes it: before the first convolution channels are last, after it first.
        ranges: of every tensor that a convolution takes or gives.

    Raises:
        ValueError: the graph has an operation that is not supported here.
    """
    graph = _Rewriting(model, ranges)
    graph.rewrite()
    result = onnx.ModelProto()
    result.CopyFrom(model)
    del result.graph.node[:], result.graph.initializer[:], result.graph.value_info[:]
    result.graph.node.extend(graph.nodes)
    # Without the constants that only old nodes use: the float kernels would make the file several times as large.
    used = {name for node in graph.nodes for name in node.input}
    result.graph.initializer.extend(
        numpy_helper.from_array(values, name) for name, values in graph.constants.items() if name in used
    )
    result.opset_import.append(helper.make_opsetid(_MICROSOFT, 1))
    onnx.checker.check_model(result)
    return result


class _Rewriting:
    """State of one rewriting; `_float`, `_byte` and `_own_byte` emit a tensor's nodes when it is first needed."""

    def __init__(self, model: onnx.ModelProto, ranges: Ranges) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, npt.NDArray[Any]] = {
            tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer
        }
        self._old, self._ranges = model.graph, ranges
        self._users: dict[str, list[onnx.NodeProto]] = {}
        for node in self._old.node:
            for name in node.input:
                self._users.setdefault(name, []).append(node)
        self._maker = {name: node for node in self._old.node for name in node.output}
        self._chains = Chains(self._old, dict(self.constants))
        # Old tensor -> its new name, per representation. A grid is scale and zero point of a tensor's bytes.
        self._floats: dict[str, str] = {}
        self._bytes: dict[str, str] = {}  # one grid for all channels
        self._own_bytes: dict[str, str] = {}  # each channel on the grid of the convolution that made it

    def rewrite(self) -> None:
        """Write every node of the old graph, in order."""
        first = next(at for at, node in enumerate(self._old.node) if node.op_type == "Conv")
        for node in self._old.node[:first]:
            self._before(node)
        flat: set[str] = set()  # after the global pooling, without spatial dimensions: copied unchanged
        for node in self._old.node[first:]:
            if flat.intersection(node.input):
                self.nodes.append(node)
                flat.update(node.output)
            elif node.op_type in ("GlobalAveragePool", "ReduceMean"):
                self._pool_all(node)
                flat.update(node.output)
            elif not self._waits(node):
                self._write(node)

    def _waits(self, node: onnx.NodeProto) -> bool:
        """Return whether a node is emitted only on demand, or never."""
        name = node.output[0]
        if name in self._chains.normalizations or name in self._chains.inside:
            return True
        return node.op_type != "Conv" and self._chains.in_bytes(name)

    def _before(self, node: onnx.NodeProto) -> None:
        """Copy a node before the first convolution, without the change of layout."""
        # With a single channel NHWC and NCHW are the same bytes, so the converter's step to NCHW is left out.
        if node.op_type in ("Reshape", "Transpose") and self._users[node.output[0]][0].op_type == "Conv":
            self._floats[node.output[0]] = self._floats.get(node.input[0], node.input[0])
            return
        self.nodes.append(node)

    def _write(self, node: onnx.NodeProto) -> None:
        write = {
            "Conv": self._convolve,
            "Relu": self._rectify,
            "Concat": self._concatenate,
            "AveragePool": self._pool,
            "MaxPool": self._pool,
            "Add": self._combine,
            "Mul": self._combine,
            "Sub": self._combine,
        }.get(node.op_type)
        if write is None:
            raise ValueError(f"{node.op_type} ({node.name}) cannot be written with channels last; add it to integer.py")
        write(node)

    def _constant(self, name: str, values: Any) -> str:
        self.constants[name] = values
        return name

    def _add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"{kind}_{len(self.nodes)}", **attributes))
        return output

    def _scale(self, name: str) -> tuple[float, int]:
        """Return scale and zero point of a tensor's bytes."""
        # The range includes 0, so that the convolutions' zero padding is exact.
        low, high = self._ranges[name]
        low, high = min(low, 0.0), max(high, 0.0)
        # With zero point 0, saturation of the unsigned bytes is the ReLU.
        if self._maker[name].op_type == "Relu":
            low = 0.0
        scale = max(high - low, 1e-6) / _LEVELS
        return scale, round(-low / scale)

    def _scale_names(self, name: str) -> list[str]:
        scale, zero = self._scale(name)
        return [self._constant(f"{name}_scale", np.float32(scale)), self._constant(f"{name}_zero", np.uint8(zero))]

    def _float(self, name: str) -> str:
        """Return the tensor as floats, channels last."""
        if name in self._floats:
            return self._floats[name]
        if name in self._bytes or name in self._chains.normalizations:
            inputs, kept = [self._byte(name), *self._scale_names(name)], {}
        else:
            scale, zero = self._grid(name)
            grid = [self._constant(f"{name}_scales", scale), self._constant(f"{name}_zeros", zero.astype(np.uint8))]
            inputs, kept = [self._own_byte(name), *grid], {"axis": 3}
        self._floats[name] = self._add("DequantizeLinear", inputs, f"{name}_last", **kept)
        return self._floats[name]

    def _byte(self, name: str) -> str:
        """Return the tensor as bytes, channels last."""
        if name in self._chains.normalizations and name not in self._bytes:
            self._bytes[name] = self._normalize(name)
        elif name not in self._bytes:
            maker = self._maker[name]
            # The ReLU's input is quantized on the ReLU's grid, which clips it at 0.
            values = self._float(maker.input[0] if maker.op_type == "Relu" else name)
            self._bytes[name] = self._add("QuantizeLinear", [values, *self._scale_names(name)], f"{name}_bytes")
        return self._bytes[name]

    def _own_byte(self, name: str) -> str:
        """Return a tensor that `Chains` leaves in bytes, each channel on the grid of the convolution that made it."""
        maker = self._maker[name]
        if maker.op_type == "Conv":
            return self._byte(name)
        if name not in self._own_bytes:
            if maker.op_type == "Concat":
                # No requantization: the consumer takes one grid per channel.
                parts = [self._own_byte(part) for part in maker.input]
                self._own_bytes[name] = self._add("Concat", parts, f"{name}_own", axis=3)
            else:
                self._own_bytes[name] = self._pool_bytes(maker)
        return self._own_bytes[name]

    def _grid(self, name: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Return scale and zero point of each channel of what `_own_byte` returns, `(C,)` each."""
        maker = self._maker[name]
        if maker.op_type == "Concat":
            scales, zeros = zip(*(self._grid(part) for part in maker.input), strict=True)
            return np.concatenate(scales), np.concatenate(zeros)
        if maker.op_type == "AveragePool":
            return self._grid(maker.input[0])
        scale, zero = self._scale(name)
        channels = len(self.constants[maker.input[1]])
        return np.full(channels, scale, np.float32), np.full(channels, zero)

    def _normalize(self, name: str) -> str:
        one = self._chains.normalizations[name]
        # The channels' grids are folded into kernel and bias, so the input is declared with scale 1 and zero point 0.
        kernel, scales, bias = one.kernel(*self._grid(one.source))
        taken = [self._own_byte(one.source), self._constant("one", np.float32(1)), self._constant("zero", np.uint8(0))]
        base = f"{name}_factor"
        inputs = [*taken, *self._kernel_names(base, kernel, scales), *self._scale_names(name)]
        inputs.append(self._constant(f"{base}_bias", bias))
        return self._add_convolution(inputs, f"{name}_bytes", kernel_shape=[1, 1], group=len(kernel))

    def _pool_bytes(self, node: onnx.NodeProto) -> str:
        """Emit average pooling as a depthwise convolution; the output keeps the input's grids."""
        name, out = node.input[0], node.output[0]
        kernel, scales = mean_kernel(node, len(self._grid(name)[0]))
        # A mean does not depend on the grid if input and output have the same one: any grid may be declared here, and
        # the output is valid on each channel's own.
        grid = self._scale_names(name)
        inputs = [self._own_byte(name), *grid, *self._kernel_names(f"{out}_mean", kernel, scales), *grid]
        strides = next((list(one.ints) for one in node.attribute if one.name == "strides"), [1, 1])
        return self._add_convolution(
            inputs, f"{out}_own", kernel_shape=list(kernel.shape[2:]), strides=strides, group=len(kernel)
        )

    def _kernel_names(
        self, base: str, kernel: npt.NDArray[np.int8], scales: npt.NDArray[np.float32]
    ) -> tuple[str, str, str]:
        return (
            self._constant(base, kernel),
            self._constant(f"{base}_scale", scales),
            self._constant(f"{base}_zero", np.zeros(len(kernel), np.int8)),
        )

    def _add_convolution(self, inputs: list[str], output: str, **kept: Any) -> str:
        return self._add("QLinearConv", inputs, output, domain=_MICROSOFT, channels_last=1, **kept)

    def _rectify(self, node: onnx.NodeProto) -> None:
        """Emit a ReLU if a consumer needs floats, unless the convolution before it has written its bytes."""
        users = self._users[node.output[0]]
        if any(user.op_type != "Conv" for user in users) and node.output[0] not in self._bytes:
            self._floats[node.output[0]] = self._add("Relu", [self._float(node.input[0])], f"{node.output[0]}_last")

    def _convolve(self, node: onnx.NodeProto) -> None:
        users = self._users[node.output[0]]
        # A ReLU that is the only consumer is merged: the convolution writes the ReLU's output directly.
        into = users[0].output[0] if len(users) == 1 and users[0].op_type == "Relu" else node.output[0]
        in_scale, _ = self._scale(node.input[0])
        kernel = self.constants[node.input[1]]
        largest = np.abs(kernel).reshape(len(kernel), -1).max(axis=1)
        # Symmetric per output channel; the floor is for channels whose weights are all 0.
        scales = (np.maximum(largest, 1e-8) / _LARGEST_WEIGHT).astype(np.float32)
        whole = np.round(kernel / scales[:, None, None, None]).astype(np.int8)
        base = f"{node.output[0]}_kernel"
        inputs = [
            self._byte(node.input[0]),
            *self._scale_names(node.input[0]),
            *self._kernel_names(base, whole, scales),
            *self._scale_names(into),
        ]
        if len(node.input) > 2:
            # QLinearConv defines the bias as int32 with scale input scale times weight scale.
            bias = np.round(self.constants[node.input[2]] / (in_scale * scales)).astype(np.int32)
            inputs.append(self._constant(f"{base}_bias", bias))
        kept = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        self._bytes[into] = self._add_convolution(inputs, f"{into}_bytes", **kept)

    def _concatenate(self, node: onnx.NodeProto) -> None:
        parts = [self._float(name) for name in node.input]
        self._floats[node.output[0]] = self._add("Concat", parts, f"{node.output[0]}_last", axis=3)

    def _combine(self, node: onnx.NodeProto) -> None:
        """Emit an element-wise operation; constants per channel, `(C, 1, 1)`, become `(C,)`, to broadcast in NHWC."""
        inputs = []
        for name in node.input:
            if name in self.constants:
                values = self.constants[name]
                if values.size not in (1, values.shape[-3] if values.ndim >= 3 else 1):
                    raise ValueError(f"{node.name} has a constant {values.shape} that is not one value per channel")
                inputs.append(self._constant(f"{name}_last", values.reshape(-1)))
            else:
                inputs.append(self._float(name))
        self._floats[node.output[0]] = self._add(node.op_type, inputs, f"{node.output[0]}_last")

    def _pool(self, node: onnx.NodeProto) -> None:
        """Emit a pooling that is not a convolution, in NCHW between two transpositions: ONNX has no NHWC pooling."""
        name, out = node.input[0], node.output[0]
        first = self._add("Transpose", [self._float(name)], f"{name}_first", perm=_TO_FIRST)
        kept = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        pooled = self._add(node.op_type, [first], f"{out}_first", **kept)
        self._floats[out] = self._add("Transpose", [pooled], f"{out}_last", perm=_TO_LAST)

    def _pool_all(self, node: onnx.NodeProto) -> None:
        keep = next((one.i for one in node.attribute if one.name == "keepdims"), 1)
        if keep:
            # The nodes after it were converted for `(N, C, 1, 1)`.
            mean = self._add("ReduceMean", [self._float(node.input[0])], f"{node.output[0]}_last", axes=[1, 2])
            self._add("Transpose", [mean], node.output[0], perm=_TO_FIRST)
        else:
            self._add("ReduceMean", [self._float(node.input[0])], node.output[0], axes=[1, 2], keepdims=0)
