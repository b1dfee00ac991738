"""Where the networks' files come from, and what is said where they are missing."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from models.errors import ModelError
from realtime.landmarks.networks import network_files
from realtime.landmarks.networks.mediapipe_graphs import DetectorGraph
from realtime.landmarks.networks.network_files import FAR, MESH, NETWORK_FILES, NetworkFile, network_bytes
from realtime.landmarks.networks.open_network import open_detection_network, open_mesh_network
from tests.support.backends import needs_litert, needs_mediapipe


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of the files, without any."""
    monkeypatch.setattr(network_files, "FILES_DIR", tmp_path)
    return tmp_path


@pytest.fixture
def _no_mediapipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    monkeypatch.setitem(sys.modules, "mediapipe.python", None)


@pytest.mark.parametrize("file", NETWORK_FILES, ids=[file.name for file in NETWORK_FILES])
def test_a_network_is_here_and_whole(file: NetworkFile) -> None:
    assert network_bytes(file)[4:8] == b"TFL3"


@needs_mediapipe
def test_without_a_file_of_its_own_the_one_of_the_package_is_taken(empty: Path) -> None:
    assert not list(empty.iterdir())
    assert network_bytes(MESH)[4:8] == b"TFL3"


@pytest.mark.usefixtures("_no_mediapipe")
def test_a_network_that_is_nowhere_is_one_line_with_the_way_out(empty: Path) -> None:
    with pytest.raises(ModelError, match=r"face_landmark\.tflite.*does not; run `python scripts/fetch_networks\.py`"):
        network_bytes(MESH)
    with pytest.raises(ModelError, match=r"face_landmark\.tflite"):
        open_mesh_network()


@pytest.mark.usefixtures("_no_mediapipe")
def test_an_altered_network_is_not_run(empty: Path) -> None:
    (empty / FAR.name).write_bytes(b"other")
    with pytest.raises(ModelError, match="SHA-256 differs"):
        network_bytes(FAR)


@needs_mediapipe
def test_an_altered_file_gives_way_to_the_packages(empty: Path) -> None:
    (empty / FAR.name).write_bytes(b"other")
    assert network_bytes(FAR)[4:8] == b"TFL3"


@pytest.mark.usefixtures("_no_mediapipe")
def test_with_neither_litert_nor_mediapipe_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    for make in (open_mesh_network, lambda: open_detection_network(0.5, far=True)):
        with pytest.raises(ModelError, match=r"neither can be imported .* install ai-edge-litert"):
            make()


@needs_mediapipe
def test_without_litert_mediapipes_graphs_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    network = open_detection_network(0.5, far=False)
    assert network.find(np.zeros((64, 64, 3), np.uint8)) == []
    network.close()
    assert isinstance(network, DetectorGraph)


@needs_litert
@needs_mediapipe
def test_a_missing_file_is_not_hidden_by_a_fallback_that_lacks_it_too(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_files.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"does not; run"):
        open_mesh_network()
