"""Models that are missing, cut, altered or of another shape, and stages that fail in mid-run."""

from __future__ import annotations

import functools
import hashlib
import json
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faults.clips import clip_bytes
from benchmarks.faults.trial import Place, Trial, with_outputs
from models.manifest import MANIFEST_NAME, WEIGHTS_DIR

_WILD = (None, "x", "", -1, 0, 1e400, float("nan"), [], {}, True, 1e30, -1e-30, ["a"], [[[]]])
_FRAMES = 12


def broken_model(rng: random.Random, place: Place) -> Trial:
    """Return a trial of a folder of models with a fault."""
    folder = place.inputs / "weights"
    folder.mkdir()
    for name in ("eyes.onnx", "lips.onnx", MANIFEST_NAME):
        shutil.copyfile(WEIGHTS_DIR / name, folder / name)
    about = rng.choice((_cut_file, _altered_file, _vouched_for, _vouched_for, _without, _wild_value, _wild_value))(
        rng, folder
    )
    return _on_clip(rng, place, about, ["--weights", str(folder)])


def failing_stage(rng: random.Random, place: Place) -> Trial:
    """Return a trial in which a provider, an expert or the landmarks fail."""
    about, prepare = rng.choice((_provider, _expert, _expert, _landmarks, _landmark_model))(rng)
    more = ["--provider", about.split()[-1]] if about.startswith("provider") else []
    trial = _on_clip(rng, place, about, more)
    trial.prepare = prepare or trial.prepare
    return trial


def _on_clip(rng: random.Random, place: Place, about: str, more: list[str]) -> Trial:
    path = place.inputs / "clip.mp4"
    path.write_bytes(clip_bytes("mp4, H.264"))
    extra = rng.choice(([], [], ["--smooth", "offline"], ["--sensitivity", "0.5"]))
    return with_outputs(Trial(about, str(path), place, [*more, *extra]), rng)


def _any_file(rng: random.Random, folder: Path) -> Path:
    return rng.choice(sorted(folder.iterdir()))


def _cut_file(rng: random.Random, folder: Path) -> str:
    path = _any_file(rng, folder)
    data = path.read_bytes()
    keep = rng.choice((0, 1, rng.randrange(len(data))))
    path.write_bytes(data[:keep])
    return f"{path.name} is cut after {keep} bytes"


def _altered_file(rng: random.Random, folder: Path) -> str:
    path = _any_file(rng, folder)
    data, count = bytearray(path.read_bytes()), rng.choice((1, 10, 1000))
    for _ in range(count):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(data)
    return f"{count} bytes of {path.name} altered"


def _vouched_for(rng: random.Random, folder: Path) -> str:
    """Alter weights, and have the manifest vouch for them."""
    name = rng.choice(("eyes", "lips"))
    path = folder / f"{name}.onnx"
    data, count = bytearray(path.read_bytes()), rng.choice((1, 30, 1000, 100_000))
    start = rng.choice((0, 1000, len(data) // 2))
    for _ in range(count):
        data[rng.randrange(start, len(data))] = rng.choice((rng.randrange(256), 0xFF, 0x7F))
    path.write_bytes(data)
    manifest = json.loads((folder / MANIFEST_NAME).read_text("utf-8"))
    for expert in manifest["experts"]:
        if expert["file"] == path.name:
            expert["sha256"] = hashlib.sha256(data).hexdigest()
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest), "utf-8")
    return f"{count} bytes of {path.name} behind {start} altered, and the manifest has its hash"


def _without(rng: random.Random, folder: Path) -> str:
    path = _any_file(rng, folder)
    path.unlink()
    if rng.random() < 0.3:
        path.mkdir()
        return f"{path.name} is a folder"
    return f"{path.name} is missing"


def _wild_value(rng: random.Random, folder: Path) -> str:
    """Put a wild value into the manifest, or leave one out."""
    path = folder / MANIFEST_NAME
    manifest = json.loads(path.read_text("utf-8"))
    inside, trail = manifest, []
    while True:
        key = rng.choice(sorted(inside)) if isinstance(inside, dict) else rng.randrange(len(inside))
        trail.append(str(key))
        deeper = isinstance(inside[key], (dict, list)) and inside[key] and rng.random() < 0.8
        if not deeper:
            break
        inside = inside[key]
    value = rng.choice(_WILD)
    if rng.random() < 0.2:
        del inside[key]
        said = "missing"
    else:
        inside[key] = value
        said = repr(value)
    path.write_text(json.dumps(manifest), "utf-8")
    return f"the manifest's {'.'.join(trail)} is {said}"


def _provider(rng: random.Random) -> tuple[str, Callable[[], None] | None]:
    name = rng.choice(("cuda", "openvino", "tensorrt", "coreml", "directml"))
    if rng.random() < 0.4:
        return f"provider that is not there: {name}", None
    return f"provider that is there and cannot start: {name}", functools.partial(_claim, name, rng.random() < 0.5)


def _claim(name: str, raises: bool) -> None:
    """Have ONNX Runtime claim a provider, and fail or fall back when it is used."""
    import onnxruntime

    from realtime.inference.execution_providers import PROVIDERS

    plain_list, plain = onnxruntime.get_available_providers(), onnxruntime.InferenceSession

    def session(path: str, options: Any, providers: list[str]) -> Any:
        if raises and providers[0] != PROVIDERS["cpu"]:
            raise RuntimeError("CUDA failure 35: CUDA driver version is insufficient\nfor CUDA runtime version")
        return plain(path, options, providers=[PROVIDERS["cpu"]])

    onnxruntime.get_available_providers = lambda: [PROVIDERS[name], *plain_list]
    onnxruntime.InferenceSession = session


def _failing(method: Callable[..., Any], at: int, how: str, wild: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return `method`, failing from call `at` on."""
    calls = [0]

    def act(*given: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] <= at:
            return method(*given, **named)
        if how == "raises":
            raise RuntimeError("Non-zero status code returned while running node\nand a second line")
        if how == "has no memory":
            raise MemoryError
        if how == "is slow" and calls[0] == at + 1:
            time.sleep(2)
        answer = method(*given, **named)
        return wild(answer) if how.startswith("says") else answer

    return act


def _expert(rng: random.Random) -> tuple[str, Callable[[], None]]:
    how = rng.choice(("raises", "has no memory", "is slow", "says NaN", "says nothing", "says zeros", "says infinity"))
    at = rng.randrange(2 * _FRAMES // 8 + 1)

    def wild(answer: np.ndarray) -> np.ndarray:
        if how == "says nothing":
            return answer[:, :0]
        return np.full_like(answer, {"says NaN": np.nan, "says zeros": 0.0}.get(how, np.inf))

    def prepare() -> None:
        from realtime.inference.classifier import RegionExpert

        RegionExpert.probabilities = _failing(RegionExpert.probabilities, at, how, wild)  # type: ignore[method-assign]

    return f"an expert {how} from call {at} on", prepare


def _landmarks(rng: random.Random) -> tuple[str, Callable[[], None]]:
    how = rng.choice(("raises", "has no memory", "is slow", "says NaN", "says infinity", "says far away"))
    at = rng.randrange(_FRAMES)
    value = {"says NaN": np.nan, "says infinity": np.inf}.get(how, 1e9)

    def prepare() -> None:
        from realtime.landmarks.networks.litert_mesh import LiteRtMesh

        LiteRtMesh.find = _failing(  # type: ignore[method-assign]
            LiteRtMesh.find, at, how, lambda answer: _filled(answer, value)
        )

    return f"the landmark model {how} from call {at} on", prepare


def _filled(answer: Any, value: float) -> Any:
    """Return the same structure with every float array filled with `value`."""
    if isinstance(answer, np.ndarray):
        return np.full_like(answer, value) if answer.dtype.kind == "f" else answer
    if isinstance(answer, tuple):
        return tuple(_filled(one, value) for one in answer)
    if isinstance(answer, list):
        return [_filled(one, value) for one in answer]
    return answer


def _landmark_model(rng: random.Random) -> tuple[str, Callable[[], None]]:
    error = rng.choice(
        (FileNotFoundError(2, "No such file or directory"), RuntimeError("bad\nmodel"), ImportError("x"))
    )

    def prepare() -> None:
        from realtime.landmarks import landmark_finder

        def broken(*_: object) -> None:
            raise error

        name = rng.choice(("open_mesh_network", "Detector"))
        setattr(landmark_finder, name, broken)

    return f"the landmark model does not load: {type(error).__name__}", prepare
