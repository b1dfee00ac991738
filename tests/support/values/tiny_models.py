"""Real ONNX experts of a few bytes, so that the whole program runs in tests without the shipped weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.manifest import EMOTIONS, ExpertSpec, FusionSpec, Manifest, file_sha256
from models.region_registry import REGIONS


def write_tiny_model(path: Path, size_wh: tuple[int, int], says: str, kinds: int = len(EMOTIONS)) -> None:
    """A model that answers `says` the surer the brighter the crop is."""
    weights = np.zeros((1, kinds), np.float32)
    weights[0, EMOTIONS.index(says) if kinds == len(EMOTIONS) else 0] = 0.03
    width, height = size_wh
    nodes = [
        helper.make_node("Cast", ["crops"], ["grey"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["grey"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    crops = helper.make_tensor_value_info("crops", TensorProto.UINT8, ["batch", height, width, 1])
    out = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", kinds])
    graph = helper.make_graph(nodes, "tiny", [crops], [out], [numpy_helper.from_array(weights, "weights")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def write_tiny_weights(
    folder: Path, eyes: str = "anger", lips: str = "happiness", method: str = "mean", **others: str
) -> Manifest:
    """A folder as `models/weights`, whose eyes expert says `eyes`, whose lips expert says `lips`, and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    experts = []
    for region, says in {"eyes": eyes, "lips": lips, **others}.items():
        path = folder / f"{region}.onnx"
        write_tiny_model(path, REGIONS[region].geometry.size_wh, says)
        experts.append(ExpertSpec(region, path.name, file_sha256(path), REGIONS[region].geometry))
    ones = ((1.0,) * len(EMOTIONS),) * len(experts)
    fusion = FusionSpec(method, ones, (0.0,) * len(EMOTIONS), 1.0, ones)
    manifest = Manifest(tuple(experts), fusion, "2026-01-01", {"about": "tiny"}, folder=folder)
    (folder / "manifest.json").write_text(manifest.to_json(), "utf-8")
    return manifest
