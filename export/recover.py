"""Shipped integer experts back to Keras weights: `python -m export.recover --region eyes --data DATA --out RUN`.

The float weights of the shipped experts are not kept; eight bits of them are, and that is enough to go on training
from: the recovered network says what the integer graph says, but for the rounding of what lies between its
convolutions.

A graph for running has the normalizations' scales folded into convolutions and their statistics are gone. Training
needs them, since it normalizes by each batch's own; so they are measured on real crops, and scale and shift are set
such that the network's answers stay the same.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import numpy.typing as npt

from models.cli import fail_in_one_line
from models.errors import DataError, ModelError
from models.manifest import WEIGHTS_DIR, ExpertSpec, load_manifest, verified_file
from models.region_registry import REGIONS

if TYPE_CHECKING:
    import keras
    import onnx

_FOLDER = click.Path(file_okay=False, path_type=Path)
_STATISTICS_CROPS = 1024
_BATCH = 64
FloatArray = npt.NDArray[np.float32]


@click.command(help=__doc__)
@click.option("--region", type=click.Choice(tuple(REGIONS)), required=True)
@click.option("--data", type=_FOLDER, required=True, help="Folder that `models.dataset build` made.")
@click.option("--weights", type=_FOLDER, default=WEIGHTS_DIR, help="Folder with manifest.json and models.")
@click.option("--out", type=_FOLDER, required=True, help="Folder to make: `models.train --start-from` reads it.")
@fail_in_one_line
def main(region: str, data: Path, weights: Path, out: Path) -> None:
    """Write the Keras weights of one shipped expert as if it had just been trained, and say how near they come."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Here, so that without the train extra a line says what is missing.
    import onnx

    from export.quantize import run
    from models.dataset.crop_set import load_crops

    if (out / "recipe.json").exists():
        raise DataError(f"{out} holds a training already; choose another --out")
    manifest = load_manifest(weights)
    spec = next((expert for expert in manifest.experts if expert.region == region), None)
    if spec is None:
        raise DataError(f"{weights} has no expert for {region}; it has {', '.join(manifest.regions)}")
    train, val = (load_crops(data, region, split) for split in ("train", "val"))
    if val.geometry != spec.geometry:
        raise DataError(f"{spec.file} takes other crops than {data} holds; build the data set with this version")
    model = onnx.load(verified_file(manifest, spec))
    shown = train.crops[:: max(1, len(train) // _STATISTICS_CROPS)]
    network = recovered(model, spec, augmented(shown, spec))
    crops = val.without_border()
    said, wanted = probabilities(network, crops), run(model, crops)
    same = float((said.argmax(axis=1) == wanted.argmax(axis=1)).mean())
    click.echo(f"{region}: same answer on {same:.2%}, mean difference {np.abs(said - wanted).mean():.4f}")
    out.mkdir(parents=True, exist_ok=True)
    network.save_weights(out / "best.weights.h5")
    facts = {key: spec.trained[key] for key in ("recipe", "geometry", "faces")}
    (out / "recipe.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


def recovered(model: onnx.ModelProto, spec: ExpertSpec, crops: npt.NDArray[np.uint8]) -> keras.Model:
    """Return the Keras network, logits out, that an integer graph was written from.

    Args:
        model: as `export.integer.with_integer_convolutions` writes it.
        spec: the expert's entry in the manifest, whose recipe names the network.
        crops: `(N, H, W, 1) uint8` as training sees them, on which the normalizations' statistics are measured.

    Raises:
        ModelError: the graph lacks one of the network's layers.
    """
    from models.train.checkpoint import build_network

    graph = IntegerGraph(model)
    network = build_network(spec.trained["recipe"], spec.geometry.size_wh)
    for layer in network.layers:
        try:
            _fill(layer, graph)
        except ValueError as error:
            raise ModelError(
                f"{spec.file} holds another network than its recipe says: {layer.name} ({error})"
            ) from error
    _measure_statistics(network, crops)
    return network


def _fill(layer: Any, graph: IntegerGraph) -> None:
    """Give one layer its weights; a normalization only scales and shifts until its statistics are measured."""
    kind = type(layer).__name__
    if kind == "Conv2D":
        layer.set_weights([graph.kernel(layer.name)])
    elif kind == "Dense":
        layer.set_weights(graph.last())
    elif kind == "FusedBatchNormalization":
        factor, summand = graph.normalization(layer.name.removesuffix("_norm"))
        ones = np.ones_like(summand)
        layer.set_weights([ones * factor * np.sqrt(1 + layer.epsilon), summand, 0 * ones, ones])


def _measure_statistics(network: keras.Model, crops: npt.NDArray[np.uint8]) -> None:
    """Give each normalization the mean and variance of what it takes, and a scale and shift that undo the change."""
    import keras

    norms = [layer for layer in network.layers if type(layer).__name__ == "FusedBatchNormalization"]
    inside = keras.Model(network.inputs, [layer.input for layer in norms])
    sums = [np.zeros((2, layer.input.shape[-1])) for layer in norms]
    places = [0] * len(norms)
    for at in range(0, len(crops), _BATCH):
        for number, values in enumerate(inside.predict_on_batch(crops[at : at + _BATCH].astype(np.float32))):
            flat = np.asarray(values, np.float64).reshape(-1, values.shape[-1])
            sums[number] += [flat.sum(axis=0), (flat**2).sum(axis=0)]
            places[number] += len(flat)
    for layer, (total, squares), count in zip(norms, sums, places, strict=True):
        gamma, beta, mean, variance = layer.get_weights()
        factor = gamma / np.sqrt(variance + layer.epsilon)
        summand = beta - factor * mean
        mean = total / count
        variance = np.maximum(squares / count - mean**2, 0)
        layer.set_weights([factor * np.sqrt(variance + layer.epsilon), summand + factor * mean, mean, variance])


class IntegerGraph:
    """Reads float weights out of an integer graph.

    Args:
        model: as `export.integer.with_integer_convolutions` writes it.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        from onnx import numpy_helper

        self._constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self._nodes = list(model.graph.node)
        self._maker = {name: node for node in self._nodes for name in node.output}

    def kernel(self, layer: str) -> FloatArray:
        """Return a convolution's kernel, `(H, W, in, out)`."""
        return _kernel_last(self._constants, self._convolution(layer))

    def normalization(self, name: str) -> tuple[Any, FloatArray]:
        """Return factor and summand per channel of the normalization before the ReLU called `name`."""
        relu = f"/{name}_relu_1/"
        node = next((node for node in self._nodes if relu in node.output[0] and node.op_type == "QLinearConv"), None)
        if node is None:
            return self._in_floats(name)
        inputs = node.input
        scales = self._constants[inputs[4]].astype(np.float64)
        bias = self._constants[inputs[8]].astype(np.float64)
        if "_factor" not in inputs[3]:
            # Folded into the convolution before it, of which only the summand is left.
            return 1.0, np.asarray(bias * scales * self._constants[inputs[1]], np.float32)
        factor = self._constants[inputs[3]].reshape(-1) * scales
        scale, zero = self._grid(inputs[0])
        return np.asarray(factor / scale, np.float32), np.asarray(bias * scales + factor * zero, np.float32)

    def last(self) -> list[FloatArray]:
        """Return kernel and bias of the last layer."""
        multiply = next(node for node in self._nodes if node.op_type == "MatMul")
        kernel = self._constants[multiply.input[1]]
        add = next(node for node in self._nodes if multiply.output[0] in node.input)
        # The converter leaves a bias of zeros out.
        bias = self._constants[add.input[1]] if add.op_type == "Add" else np.zeros(kernel.shape[1], np.float32)
        return [kernel, bias]

    def _in_floats(self, name: str) -> tuple[FloatArray, FloatArray]:
        norm = f"/{name}_norm_1/"
        pair = [node for node in self._nodes if norm in node.output[0] and node.op_type in ("Mul", "Add")]
        if [node.op_type for node in pair] != ["Mul", "Add"]:
            raise ModelError(f"the graph has no normalization {name}; only experts of `python -m export` can be read")
        factor, summand = (self._constants[node.input[1]].reshape(-1) for node in pair)
        return factor, summand

    def _convolution(self, layer: str) -> Any:
        """Return the convolution of a layer: under its own name, or under that of the ReLU behind it."""
        own, behind = f"/{layer}_1/", f"/{layer.removesuffix('_conv1')}_2_relu_1/"
        for node in self._nodes:
            named = own in node.output[0] or (layer.endswith("_conv1") and behind in node.output[0])
            if named and node.op_type == "QLinearConv" and "_factor" not in node.input[3]:
                return node
        raise ModelError(f"the graph has no convolution {layer}; only experts of `python -m export` can be read")

    def _grid(self, name: str) -> tuple[Any, Any]:
        """Return scale and zero point per channel of a tensor of bytes."""
        node = self._maker[name]
        if node.op_type == "Concat":
            scales, zeros = zip(*(self._grid(part) for part in node.input), strict=True)
            return np.concatenate(scales), np.concatenate(zeros)
        channels = len(self._constants[node.input[3]])
        scale, zero = (self._constants[one].astype(np.float64) for one in node.input[6:8])
        return np.full(channels, scale), np.full(channels, zero)


def _kernel_last(constants: dict[str, npt.NDArray[Any]], node: onnx.NodeProto) -> FloatArray:
    whole, scales = constants[node.input[3]], constants[node.input[4]]
    return np.asarray((whole * scales[:, None, None, None]).transpose(2, 3, 1, 0), np.float32)


def augmented(crops: npt.NDArray[np.uint8], spec: ExpertSpec, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Return crops with a border as training sees them, `(N, H, W, 1) uint8`."""
    from models.dataset.crop_set import Augmentation, augment

    rng, how = np.random.default_rng(seed), Augmentation()
    return np.stack([augment(crop, spec.geometry.size_wh, how, rng) for crop in crops])


def probabilities(network: keras.Model, crops: npt.NDArray[np.uint8]) -> FloatArray:
    """Return a network's probabilities, `(N, 6) float32`."""
    from export.convert import with_softmax

    return np.asarray(with_softmax(network).predict(crops, batch_size=256, verbose=0), np.float32)


if __name__ == "__main__":
    main()
