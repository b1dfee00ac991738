"""Setting up takes the networks out of a wheel that pip downloads: checked, once, and with one line where it cannot."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from models.errors import ModelError
from realtime.landmarks.networks.network_files import FAR, FILES_DIR, MESH, NETWORK_FILES, is_whole, network_bytes

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "fetch_networks.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fetch_networks", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


@pytest.fixture
def commands(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A pip that puts a wheel with the networks where it is told to, and what it was asked."""
    asked: list[list[str]] = []

    def pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        folder = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(folder / "mediapipe-0.10.21-cp312.whl", "w") as wheel:
            for file in NETWORK_FILES:
                wheel.writestr(f"mediapipe/modules/{file.path}", network_bytes(file))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(script.subprocess, "run", pip)
    return asked


def test_what_is_missing_or_altered_is_fetched_and_no_more(
    script: ModuleType, commands: list[list[str]], tmp_path: Path
) -> None:
    assert {path.name for path in script.fetch(tmp_path)} == {file.name for file in NETWORK_FILES}
    assert all(is_whole(tmp_path / file.name, file) for file in NETWORK_FILES)
    assert script.fetch(tmp_path) == []
    assert len(commands) == 1
    assert {"--require-hashes", "--no-deps", "download"} <= set(commands[0])
    (tmp_path / FAR.name).write_bytes(b"other")
    assert script.fetch(tmp_path) == [tmp_path / FAR.name]
    assert is_whole(tmp_path / FAR.name, FAR)
    assert {path.name for path in tmp_path.iterdir()} == {file.name for file in NETWORK_FILES}


def test_other_bytes_than_the_networks_are_refused(
    script: ModuleType, commands: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "NETWORK_FILES", [MESH._replace(sha256="0" * 64)])
    with pytest.raises(ModelError, match="must have the SHA-256 0000"):
        script.fetch(tmp_path)
    assert not (tmp_path / MESH.name).exists()


def test_without_a_network_pips_last_word_is_told_in_one_line(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "WARNING: retrying\nERROR: no matching distribution\n")

    monkeypatch.setattr(script.subprocess, "run", pip)
    with pytest.raises(ModelError) as told:
        script.fetch(tmp_path)
    assert "cannot be downloaded (ERROR: no matching distribution); connect" in str(told.value)
    assert str(FILES_DIR) in str(told.value)
    assert "\n" not in str(told.value)
