"""Model manifest: experts, geometry, fusion and scores shared by training, export and the live program.

Standard library only, so that reading a manifest never costs an import.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from models.errors import ModelError
from models.new_files import write_whole
from models.region_registry import REGIONS, Geometry, geometry_from_dict, known_names

EMOTIONS = ("happiness", "sadness", "fear", "anger", "neutral", "surprise")
"""The six emotions in the one order that every array, table and file uses."""

MANIFEST_VERSION = 1
WEIGHTS_DIR = Path(__file__).resolve().parent / "weights"
MANIFEST_NAME = "manifest.json"
_HASH_CHUNK_BYTES = 1 << 20
_Numbers = TypeVar("_Numbers", "FusionSpec", "BaselineSpec")


@dataclass(frozen=True, slots=True)
class ExpertSpec:
    """One region expert as shipped.

    Attributes:
        region: `str`, its name, one of `models.region_registry.REGIONS`.
        file: `str`, ONNX file beside the manifest: `(N, H, W, 1) uint8` in, `(N, K) float32` probabilities out.
        sha256: `str`, of that file.
        geometry: how its crops are cut.
        temperature: `float`, logits are divided by it (log-probabilities, up to a constant); fitted on validation.
        trained: recipe, data, date: free-form facts for the model card.
        scores: split or protocol -> figures, as measured.
    """

    region: str
    file: str
    sha256: str
    geometry: Geometry
    temperature: float = 1.0
    trained: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise ModelError(f"the {self.region} expert needs a temperature > 0; received {self.temperature!r}")


@dataclass(frozen=True, slots=True)
class FusionSpec:
    """How the experts' answers become one; every number is fitted on the validation split.

    Attributes:
        method: `str`, "stacked", "log_linear", "success" or "mean".
        weights: `(R, K)` nested tuples, one non-negative weight per region and emotion.
        bias: `(K,)` added to the pooled log-probabilities.
        shift: `(K,)` added too, where the experts say enough: how much more readily each emotion is named than by the
            votes that weights and bias were fitted to.
        temperature: `float`, divides the pooled logits.
        success: `(R, K)`, how often each expert is right when it names each emotion, measured.
        cross: `(R, K, K)`, "stacked" only: weight of an expert's answer for one emotion (row) in each emotion (column).
        alone: `(R,)`, how each expert's answer is read where no other one says anything, or () for as it is.
    """

    method: str
    weights: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]
    temperature: float
    success: tuple[tuple[float, ...], ...]
    cross: tuple[tuple[tuple[float, ...], ...], ...] = ()
    shift: tuple[float, ...] = (0.0,) * len(EMOTIONS)
    alone: tuple[FusionSpec, ...] = ()

    def __post_init__(self) -> None:
        square = all(len(rows) == len(EMOTIONS) and {*map(len, rows)} == {len(EMOTIONS)} for rows in self.cross)
        if len(self.cross) != (len(self.weights) if self.method == "stacked" else 0) or not square:
            raise ModelError(f"stacked fusion, and no other, has one {len(EMOTIONS)}x{len(EMOTIONS)} table per region")
        for name, table in (("weights", self.weights), ("success", self.success)):
            if any(len(row) != len(EMOTIONS) or not all(0 <= v < math.inf for v in row) for row in table):
                raise ModelError(f"fusion {name} need {len(EMOTIONS)} non-negative numbers per region; got {table}")
        if {len(self.bias), len(self.shift)} != {len(EMOTIONS)} or not 0 < self.temperature < math.inf:
            raise ModelError(
                f"fusion needs {len(EMOTIONS)} biases, as many shifts and a temperature > 0; got {self.temperature}"
            )
        if self.alone and [len(one.weights) for one in self.alone] != [1] * len(self.weights):
            raise ModelError(f"fusion needs one `alone` per region ({len(self.weights)}), each for one region, or none")


@dataclass(frozen=True, slots=True)
class Exchange:
    """Two more fusions, fitted to what a passer-by sees and to what was meant; between them one number chooses.

    A slight frown is called neutral by most who see it, and sad or angry by the one who frowns. No fit serves both.

    Attributes:
        default: `float` in (0, 1), the sensitivity at which the manifest's own fusion stands.
        seen: for sensitivity 0.
        meant: for sensitivity 1.
    """

    default: float
    seen: FusionSpec
    meant: FusionSpec

    def __post_init__(self) -> None:
        if not 0 < self.default < 1:
            raise ModelError(f"the default sensitivity must lie between 0 and 1; received {self.default!r}")


@dataclass(frozen=True, slots=True)
class BaselineSpec:
    """What a person's known resting face changes in the answers to their other faces; see `resting_shift`.

    Attributes:
        rest: `(K,)`, the population's resting answer: mean centered log-probabilities of neutral faces.
        gain: `float` in [0, 1], share of a person's difference from it that is subtracted from their answers.
        neutral_step: `float`, added to neutral's log-probability once a rest is known.
    """

    rest: tuple[float, ...]
    gain: float
    neutral_step: float

    def __post_init__(self) -> None:
        finite = math.isfinite(sum(self.rest, self.neutral_step))
        if len(self.rest) != len(EMOTIONS) or not finite or not 0 <= self.gain <= 1:
            raise ModelError(f"a baseline has {len(EMOTIONS)} numbers of rest and a gain of 0 to 1; received {self}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the program ships with: its experts in order, their fusion and where they come from.

    Attributes:
        experts: one per region that runs, one or more, in the order of every `by_region` array.
        fusion: how they are combined.
        created: `str`, ISO date.
        data: what it was trained on and under which terms.
        scores: protocol -> figures of the fused answer.
        folder: where the files lie; not part of the JSON.
        exchange: the fusions for other sensitivities, or `None` if there is only the one.
        baselines: for each fusion, from the least sensitive on, what a known rest changes; () if never fitted.
    """

    experts: tuple[ExpertSpec, ...]
    fusion: FusionSpec
    created: str
    data: Mapping[str, Any]
    scores: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = WEIGHTS_DIR
    exchange: Exchange | None = None
    baselines: tuple[BaselineSpec, ...] = ()

    def __post_init__(self) -> None:
        names = self.regions
        if not names or len(set(names)) < len(names):
            raise ModelError(f"the manifest must name one expert or more, each region once; received {names}")
        if unknown := [name for name in names if name not in REGIONS]:
            raise ModelError(
                f"the manifest may name the regions {known_names()}; received {unknown[0]!r}: add it to "
                "models/region_registry.py, or export again"
            )
        if len(self.fusion.weights) != len(names) or len(self.fusion.success) != len(names):
            raise ModelError(f"fusion must have one row of weights per expert ({len(names)})")

    @property
    def regions(self) -> tuple[str, ...]:
        """The experts' regions, in their order."""
        return tuple(expert.region for expert in self.experts)

    def fusion_at(self, sensitivity: float | None = None) -> FusionSpec:
        """Return the fusion for a sensitivity: 0 is what a passer-by would call a face, 1 what was meant.

        In between, the two nearest of the three fitted fusions are mixed in proportion. `None` is the default.

        Raises:
            ModelError: outside 0 to 1, or the manifest has one fusion only.
        """
        if sensitivity is None:
            return self.fusion
        if self.exchange is None:
            raise ModelError("these weights have one fusion and no sensitivity to choose; fit it with --meant")
        if not 0 <= sensitivity <= 1:
            raise ModelError(f"the sensitivity must lie between 0 and 1; received {sensitivity!r}")
        return _mixed((self.exchange.seen, self.fusion, self.exchange.meant), self.exchange.default, sensitivity)

    def baseline_at(self, sensitivity: float | None = None) -> BaselineSpec | None:
        """Return what a known resting face changes at a sensitivity, mixed as the fusions are."""
        if self.exchange is None or sensitivity is None or len(self.baselines) < 3:
            return self.baselines[len(self.baselines) // 2] if self.baselines else None
        return _mixed(self.baselines, self.exchange.default, sensitivity)

    def to_json(self) -> str:
        """Return the manifest as indented JSON; `load_manifest` reads it back."""
        body = asdict(self)
        body.pop("folder")
        return json.dumps({"version": MANIFEST_VERSION, "emotions": list(EMOTIONS), **body}, indent=1) + "\n"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as lower-case hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def manifest_sha256(folder: Path) -> str:
    """Return the SHA-256 of a folder's manifest, which names every model by its own; "" if there is none."""
    path = folder / MANIFEST_NAME
    return file_sha256(path) if path.is_file() else ""


def verified_file(manifest: Manifest, expert: ExpertSpec) -> Path:
    """Return the path of an expert's ONNX file after checking that it is there and unaltered.

    Raises:
        ModelError: the file is missing, or its SHA-256 is not the manifest's.
    """
    path = manifest.folder / expert.file
    if not path.is_file():
        raise ModelError(f"model file {path} is missing; restore it, or export your own with `python -m export`")
    found = file_sha256(path)
    if found != expert.sha256:
        raise ModelError(
            f"model file {path} is not the one that the manifest names (SHA-256 {found[:12]}…, expected "
            f"{expert.sha256[:12]}…); restore it, or export again with `python -m export`"
        )
    return path


def load_manifest(folder: Path = WEIGHTS_DIR) -> Manifest:
    """Read `manifest.json` from `folder`.

    Raises:
        ModelError: no manifest there, not JSON, another version, other emotions, or fields missing or wrong.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        raise ModelError(f"no {MANIFEST_NAME} in {folder}; make one with `python -m export`, or give another folder")
    try:
        body = json.loads(path.read_text("utf-8"))
        version, emotions = body.pop("version"), tuple(body.pop("emotions"))
        if version != MANIFEST_VERSION:
            raise ModelError(f"{path} has version {version}; this program reads version {MANIFEST_VERSION}")
        if emotions != EMOTIONS:
            raise ModelError(f"{path} must list the emotions {EMOTIONS}; received {emotions}")
        experts = tuple(_expert(item) for item in body.pop("experts"))
        fusion, exchange = _fusion(body.pop("fusion")), _exchange(body.pop("exchange", None))
        rests = tuple(BaselineSpec(**{**one, "rest": tuple(one["rest"])}) for one in body.pop("baselines", ()))
        return Manifest(experts=experts, fusion=fusion, exchange=exchange, baselines=rests, folder=folder, **body)
    except (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is not a manifest that this program reads ({error!r}); export it again") from error


def save_manifest(manifest: Manifest) -> None:
    """Write `manifest.json` into the manifest's folder, whole or not at all."""
    path = manifest.folder / MANIFEST_NAME
    write_whole(path, manifest.to_json().encode())


def _expert(item: Mapping[str, Any]) -> ExpertSpec:
    return ExpertSpec(**{**item, "geometry": geometry_from_dict(item["geometry"])})


def _fusion(item: Mapping[str, Any]) -> FusionSpec:
    tables = {name: tuple(tuple(float(v) for v in row) for row in item[name]) for name in ("weights", "success")}
    cross = tuple(tuple(tuple(map(float, row)) for row in rows) for rows in item.get("cross", ()))
    biases = {name: tuple(map(float, item[name])) for name in ("bias", "shift") if name in item}
    return FusionSpec(**{**item, **tables, **biases, "cross": cross, "alone": (*map(_fusion, item.get("alone", ())),)})


def _exchange(item: Mapping[str, Any] | None) -> Exchange | None:
    return None if item is None else Exchange(float(item["default"]), _fusion(item["seen"]), _fusion(item["meant"]))


def _mixed(three: Sequence[_Numbers], middle: float, at: float) -> _Numbers:
    """Return the mixture, number by number, at a place between values that stand at 0, `middle` and 1."""
    first, second = three[:2] if at <= middle else three[1:]
    share = at / middle if at <= middle else (at - middle) / (1 - middle)

    def mix(one: Any, other: Any) -> Any:
        if isinstance(one, tuple):
            return tuple(mix(a, b) for a, b in zip(one, other, strict=True))
        if isinstance(one, FusionSpec | BaselineSpec):
            return replace(one, **{v.name: mix(getattr(one, v.name), getattr(other, v.name)) for v in fields(one)})
        return one if isinstance(one, str) else (1 - share) * one + share * other

    mixture: _Numbers = mix(first, second)
    return mixture
