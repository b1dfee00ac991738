"""Region experts in ONNX Runtime: one session each, batched over the faces and frames of a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime as ort

from models.manifest import EMOTIONS, ExpertSpec, Manifest, load_manifest, verified_file
from models.region_crops import cut_region
from realtime.core.config import PipelineConfig
from realtime.core.errors import ModelError
from realtime.core.types import UNCERTAIN, Emotions, Faces, FloatArray, Frame, ImageArray
from realtime.inference.execution_providers import provider_chain, short_name
from realtime.inference.fusion import fuse, tempered
from realtime.inference.reliability import (
    NO_CLEAR_EXPRESSION,
    REASONS,
    photographed,
    region_quality,
    reliability_and_reason,
    without_covered,
)

_SILENT = 3  # ONNX Runtime's log level "error"


def available_providers() -> list[str]:
    """Return the execution providers that this install of ONNX Runtime has, by its own names."""
    return list(ort.get_available_providers())


class RegionExpert:
    """ONNX Runtime session of one region expert: crops in, calibrated probabilities out.

    Args:
        manifest: where the file lies.
        spec: which expert.
        config: provider and threads.

    Raises:
        ModelError: the file is missing, altered, or its inputs or outputs are not what the manifest says.
    """

    def __init__(self, manifest: Manifest, spec: ExpertSpec, config: PipelineConfig) -> None:
        self.spec = spec
        path = verified_file(manifest, spec)
        options = ort.SessionOptions()
        options.intra_op_num_threads = config.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _SILENT
        # Spinning threads would steal the second core from the landmarker.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = provider_chain(config.provider, ort.get_available_providers())
        try:
            self._session: Any = ort.InferenceSession(str(path), options, providers=providers)
        except Exception as error:
            reason = str(error).splitlines()[0]
            raise ModelError(f"{path} is no model that ONNX Runtime can load ({reason}); export it again") from error
        self.provider = short_name(self._session.get_providers()[0])
        self._input_name = self._checked()

    def _checked(self) -> str:
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        width, height = self.spec.geometry.size_wh
        fits = (
            len(inputs) == 1
            and len(outputs) == 1
            and inputs[0].type == "tensor(uint8)"
            and list(inputs[0].shape[1:]) == [height, width, 1]
            and list(outputs[0].shape[1:]) == [len(EMOTIONS)]
        )
        if not fits:
            received = [(port.type, port.shape) for port in (*inputs, *outputs)]
            raise ModelError(
                f"{self.spec.file} must take uint8 (N, {height}, {width}, 1) and give (N, {len(EMOTIONS)}); "
                f"received {received}: export it with `python -m export`"
            )
        return str(inputs[0].name)

    def probabilities(self, crops: ImageArray) -> FloatArray:
        """Return `(N, K) float32` for crops `(N, H, W, 1) uint8`, after the expert's temperature."""
        if not len(crops):
            return np.zeros((0, len(EMOTIONS)), np.float32)
        raw = np.asarray(self._session.run(None, {self._input_name: crops})[0], np.float32)
        return raw if self.spec.temperature == 1.0 else tempered(raw, self.spec.temperature)


class RegionClassifier:
    """Cuts the crops of a batch, runs each expert once and fuses their outputs; implements `EmotionClassifier`.

    Args:
        config: weights, provider, threads, and the limit of reliability below which a face is "uncertain".

    Attributes:
        provider: `str`, the execution provider that really runs.
        regions: tuple of `str`, the experts' regions in the manifest's order.

    Raises:
        ModelError: manifest or model files do not fit.
        ConfigError: the provider is not available.
    """

    def __init__(self, config: PipelineConfig) -> None:
        self._manifest = load_manifest(config.weights)
        self._fusion = self._manifest.fusion_at(config.sensitivity)
        self._min_reliability = config.smoothing.min_reliability
        self._min_confidence = config.smoothing.min_confidence
        self._experts = [RegionExpert(self._manifest, spec, config) for spec in self._manifest.experts]
        self.provider = self._experts[0].provider
        self.regions = self._manifest.regions

    def classify(self, batch: Sequence[tuple[Frame, Faces]]) -> list[Emotions]:
        """Return one value per frame of `batch`, fused, each frame for itself."""
        count = sum(len(faces) for _, faces in batch)
        by_region = np.zeros((count, len(self._experts), len(EMOTIONS)), np.float32)
        quality = np.zeros((count, len(self._experts), 4), np.float32)
        for column, expert in enumerate(self._experts):
            crops = self._cut(batch, expert, quality[:, column])
            by_region[:, column] = expert.probabilities(crops)
        if not np.isfinite(by_region).all():
            raise _no_numbers(self.regions, by_region)
        # A drawing has no fine detail, as a blurred face has none.
        real = np.concatenate(
            [np.ones(0, np.float32), *(photographed(faces, frame.image_bgr) for frame, faces in batch)]
        )
        quality[:, :, REASONS.index("blurred")] *= real[:, None]
        trusted = [reliability_and_reason(face) for face in without_covered(quality, by_region)]
        reliability = np.zeros(by_region.shape[:2], np.float32)
        for row, (values, _) in enumerate(trusted):
            reliability[row] = values
        fused = fuse(by_region, reliability, self._fusion)
        reasons = [reason for _, reason in trusted]
        results, start = [], 0
        for _, faces in batch:
            rows = slice(start, start + len(faces))
            start += len(faces)
            results.append(self._emotions(fused[rows], by_region[rows], reliability[rows], reasons[rows]))
        return results

    def _cut(self, batch: Sequence[tuple[Frame, Faces]], expert: RegionExpert, quality: FloatArray) -> ImageArray:
        """Return one region's crops of all faces, and write their quality, `(N, 4)`, into `quality`."""
        geometry = expert.spec.geometry
        crops = np.empty((len(quality), geometry.size_wh[1], geometry.size_wh[0], 1), np.uint8)
        at = 0
        for frame, faces in batch:
            for row in range(len(faces)):
                crops[at] = cut_region(frame.image_bgr, faces.landmarks_xy[row], geometry)
                quality[at] = region_quality(faces, row, crops[at], geometry, frame.size_wh)
                at += 1
        return crops

    def _emotions(
        self, fused: FloatArray, by_region: FloatArray, reliability: FloatArray, reasons: Sequence[str]
    ) -> Emotions:
        labels, why = [], []
        for row, reason in enumerate(reasons):
            trusted = float(reliability[row].max()) >= self._min_reliability
            clear = float(fused[row].max()) >= self._min_confidence
            labels.append(EMOTIONS[int(fused[row].argmax())] if trusted and clear else UNCERTAIN)
            why.append("" if trusted and clear else NO_CLEAR_EXPRESSION if trusted else reason)
        return Emotions(fused, by_region, reliability, tuple(labels), fused, tuple(why), regions=self.regions)

    def close(self) -> None:
        """Free the sessions."""
        self._experts.clear()


def _no_numbers(regions: Sequence[str], by_region: FloatArray) -> ModelError:
    """Return the error of experts whose answers, `(N, R, K)`, are not all finite."""
    wild = [region for column, region in enumerate(regions) if not np.isfinite(by_region[:, column]).all()]
    return ModelError(
        f"experts must answer with probabilities; received values that are no numbers from {', '.join(wild)}: the "
        "model is damaged or --provider cannot run it; export it again, or use --provider cpu"
    )
