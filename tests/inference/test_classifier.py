from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.manifest import EMOTIONS, file_sha256
from models.region_registry import REGIONS
from realtime.core.config import PipelineConfig
from realtime.core.errors import ConfigError, ModelError
from realtime.core.types import Faces
from realtime.inference.classifier import RegionClassifier
from realtime.inference.execution_providers import provider_chain, running_line
from tests.support.fakes import make_faces, make_frame
from tests.support.values.tiny_models import write_tiny_model, write_tiny_weights


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models that disagree: the eyes' expert says anger, the lips' happiness."""
    return write_tiny_weights(tmp_path_factory.mktemp("weights")).folder


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Bright and dark patches, coarse enough to be seen in a crop."""
    patches = np.random.default_rng(0).integers(100, 256, (48, 64, 3), dtype=np.uint8)
    # With a camera's noise: even patches would be a drawing.
    noise = np.random.default_rng(1).integers(0, 5, (240, 320, 3), dtype=np.uint8)
    return np.ascontiguousarray(np.kron(patches - 5, np.ones((5, 5, 1), np.uint8)) + noise)


def test_each_expert_speaks_for_its_region_and_the_fusion_for_both(weights: Path, picture: np.ndarray) -> None:
    classifier = RegionClassifier(PipelineConfig(weights=weights))
    (emotions,) = classifier.classify([(make_frame(image=picture), make_faces([(160, 120)], 60))])
    said = [EMOTIONS[int(row.argmax())] for row in emotions.by_region[0]]
    assert said == ["anger", "happiness"]
    assert emotions.raw.shape == (1, 6)
    np.testing.assert_allclose(emotions.raw.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(emotions.reliability[0], 1.0)
    assert classifier.provider == "cpu"


def test_an_expert_whose_answers_are_no_numbers_is_named(tmp_path: Path, picture: np.ndarray) -> None:
    folder = write_tiny_weights(tmp_path).folder
    # Weights that are damaged before the manifest vouches for them, or that a provider cannot run.
    lips, manifest = folder / "lips.onnx", folder / "manifest.json"
    before = file_sha256(lips)
    lips.write_bytes(lips.read_bytes().replace(np.float32(0.03).tobytes(), np.float32(np.nan).tobytes()))
    manifest.write_text(manifest.read_text().replace(before, file_sha256(lips)))
    classifier = RegionClassifier(PipelineConfig(weights=folder))
    with pytest.raises(ModelError, match=r"no numbers from lips: .* export it again, or use --provider cpu"):
        classifier.classify([(make_frame(image=picture), make_faces([(160, 120)], 60))])


def test_a_batch_says_of_each_face_what_it_says_alone(weights: Path, picture: np.ndarray) -> None:
    classifier = RegionClassifier(PipelineConfig(weights=weights))
    dark = (picture // 2).astype(np.uint8)
    batch = [
        (make_frame(0, image=picture), make_faces([(90, 120), (230, 120)], 50)),
        (make_frame(1, image=picture), Faces.empty()),
        (make_frame(2, image=dark), make_faces([(160, 120)], 60)),
    ]
    together = classifier.classify(batch)
    assert [len(emotions) for emotions in together] == [2, 0, 1]
    for item, emotions in zip(batch, together, strict=True):
        (alone,) = classifier.classify([item])
        np.testing.assert_allclose(alone.raw, emotions.raw, atol=1e-6)
        np.testing.assert_allclose(alone.by_region, emotions.by_region, atol=1e-6)
    assert together[0].raw[0].max() > together[2].raw[0].max(), "the tiny experts are surer of bright crops"


@pytest.mark.parametrize(
    ("pose", "eye_distance", "reason"),
    [((60, 0, 0), 60, "turned"), ((0, -60, 0), 60, "turned"), ((0, 0, 0), 7, "small")],
)
def test_what_cannot_be_trusted_is_uncertain_and_says_why(
    weights: Path, picture: np.ndarray, pose: tuple[float, float, float], eye_distance: float, reason: str
) -> None:
    faces = make_faces([(160, 120)], eye_distance)
    faces = Faces(faces.boxes_xyxy, faces.landmarks_xy, np.array([pose], np.float32), faces.track_ids)
    (emotions,) = RegionClassifier(PipelineConfig(weights=weights)).classify([(make_frame(image=picture), faces)])
    assert (emotions.labels, emotions.reasons) == (("uncertain",), (reason,))
    assert emotions.raw.max() < 0.25, "nearly flat"


@pytest.mark.parametrize(("grey", "reason"), [(128, "hidden"), (None, "blurred")])
def test_flat_and_blurred_regions_are_not_trusted(weights: Path, grey: int | None, reason: str) -> None:
    noise = np.random.default_rng(0).normal(size=(240, 320)).astype(np.float32)
    soft = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 20), None, 0, 255, cv2.NORM_MINMAX)
    image = np.repeat((soft if grey is None else np.full_like(soft, grey))[:, :, None], 3, axis=2)
    classifier = RegionClassifier(PipelineConfig(weights=weights))
    (emotions,) = classifier.classify([(make_frame(image=image.astype(np.uint8)), make_faces([(160, 120)], 60))])
    assert emotions.reliability.max() < 0.25
    assert emotions.raw.max() < 0.35
    assert emotions.labels == ("uncertain",)
    assert emotions.reasons == (reason,)


def test_a_region_outside_the_picture_is_hidden(weights: Path, picture: np.ndarray) -> None:
    classifier = RegionClassifier(PipelineConfig(weights=weights))
    (emotions,) = classifier.classify([(make_frame(image=picture), make_faces([(160, 232)], 60))])
    eyes, lips = emotions.reliability[0]
    assert eyes > 0.8
    assert lips == 0
    assert EMOTIONS[int(emotions.raw[0].argmax())] == "anger", "only the eyes are seen, and they decide"


def test_temperature_of_the_manifest_is_applied(tmp_path: Path, picture: np.ndarray) -> None:
    write_tiny_weights(tmp_path)
    item = (make_frame(image=picture), make_faces([(160, 120)], 60))
    (sharp,) = RegionClassifier(PipelineConfig(weights=tmp_path)).classify([item])
    path = tmp_path / "manifest.json"
    body = json.loads(path.read_text())
    body["experts"][0]["temperature"] = 4.0
    path.write_text(json.dumps(body))
    (flat,) = RegionClassifier(PipelineConfig(weights=tmp_path)).classify([item])
    assert flat.by_region[0, 0].max() < sharp.by_region[0, 0].max()
    np.testing.assert_allclose(flat.by_region[0, 1], sharp.by_region[0, 1], atol=1e-6)


def replace_model(
    folder: Path, content: bytes | None, *, kinds: int = 6, size_wh: tuple[int, int] | None = None
) -> None:
    write_tiny_weights(folder)
    if content is None:
        write_tiny_model(folder / "eyes.onnx", size_wh or REGIONS["eyes"].geometry.size_wh, "fear", kinds)
    else:
        (folder / "eyes.onnx").write_bytes(content)
    path = folder / "manifest.json"
    body = json.loads(path.read_text())
    body["experts"][0]["sha256"] = file_sha256(folder / "eyes.onnx")
    path.write_text(json.dumps(body))


def test_models_of_another_shape_or_none_at_all_are_refused(tmp_path: Path) -> None:
    config = PipelineConfig(weights=tmp_path)
    for options, message in (
        ({"content": b"no model"}, "no model that ONNX Runtime can load"),
        ({"content": None, "kinds": 7}, r"must take uint8 \(N, 32, 48, 1\)"),
        ({"content": None, "size_wh": (40, 40)}, r"received .*40"),
    ):
        replace_model(tmp_path, **options)  # type: ignore[arg-type]
        with pytest.raises(ModelError, match=message) as raised:
            RegionClassifier(config)
        assert "\n" not in str(raised.value)


def test_providers() -> None:
    here = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    assert provider_chain("auto", here) == ["CPUExecutionProvider"], "the experts are written for it"
    assert provider_chain("auto", ["CPUExecutionProvider"]) == ["CPUExecutionProvider"]
    assert provider_chain("cuda", here) == here
    assert running_line("auto", "cpu") == running_line("cpu", "cpu") == "provider cpu"
    assert "cuda could not be loaded" in running_line("cuda", "cpu")
    with pytest.raises(ConfigError, match="no openvino provider, only cpu, cuda"):
        provider_chain("openvino", here)
    with pytest.raises(ConfigError, match="received 'gpu'"):
        provider_chain("gpu", here)
