"""The wheel: what is in it, installed into an environment of its own, run from another folder, and taken away again."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from demo import CLIP_PATH

ROOT = Path(__file__).resolve().parents[1]
UV = shutil.which("uv") or shutil.which(ROOT / ".uv" / "bin" / "uv")
pytestmark = [pytest.mark.skipif(UV is None, reason="needs uv"), pytest.mark.timeout(600)]
OURS = {"realtime", "models", "export", "run_live.py"}


def told(*command: str | Path, cwd: Path, code: int = 0) -> str:
    """Run a command without this project on its path, and return its output."""
    alone = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    told(UV or "", "build", "--quiet", "--wheel", "--out-dir", folder, ROOT, cwd=folder)
    [made] = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel; what it depends on is that of this one."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    told(UV or "", "venv", "--quiet", "--python", sys.executable, folder, cwd=folder.parent)
    told(UV or "", "pip", "install", "-q", "--python", folder, "--no-deps", wheel, cwd=folder.parent)
    (packages_of(folder) / "dependencies.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    return folder


def packages_of(environment: Path) -> Path:
    return Path(sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)}))


def test_the_wheel_holds_all_that_a_run_needs_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        [about] = [name for name in names if name.endswith(".dist-info/METADATA")]
        facts = Parser().parsestr(packed.read(about).decode("utf-8"))
    assert {name.partition("/")[0] for name in names} == OURS | {about.partition("/")[0]}
    networks = "realtime/landmarks/networks/files"
    assert names >= {f"{networks}/{name}" for name in ("face_landmark.tflite", "LICENSE", "NOTICE")}
    assert names >= {f"{networks}/face_detection_{kind}.tflite" for kind in ("short_range", "full_range_sparse")}
    assert names >= {"models/weights/eyes.onnx", "models/weights/lips.onnx", "models/weights/manifest.json"}
    assert names >= {"realtime/doctor/clip.mp4", "realtime/py.typed", "models/weights/MODEL_CARD.md"}
    assert any(name.startswith("realtime/serving/static/") for name in names)
    assert any(name.startswith("realtime/reports/templates/") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.endswith(".part")]
    base = [need for need in facts.get_all("Requires-Dist") or [] if "extra ==" not in need]
    named = {need.split(";")[0].split("=")[0].split("<")[0].split(">")[0].strip() for need in base}
    assert named.isdisjoint({"jax", "jaxlib", "sentencepiece", "sounddevice", "matplotlib", "pyarrow", "tensorflow"})
    assert [need for need in base if need.startswith("mediapipe") and "darwin" not in need] == []


def test_it_runs_from_another_folder_and_goes_without_a_trace(environment: Path, tmp_path: Path) -> None:
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    where = told(scripts / "python", "-c", "import realtime, run_live; print(realtime.__file__)", cwd=tmp_path)
    assert Path(where.strip()).parent.parent == packages_of(environment)
    version = next(packages_of(environment).glob("emotion_live-*.dist-info")).name.split("-")[1].removesuffix(".dist")
    assert told(scripts / "emotion-live", "--version", cwd=tmp_path).split() == ["emotion-live", version]
    told(scripts / "emotion-live", CLIP_PATH, "--headless", "--seconds", "0.5", "--table", "rows.csv", cwd=tmp_path)
    with (tmp_path / "rows.csv").open(encoding="utf-8") as rows:
        assert {row["label"] for row in csv.DictReader(rows)} == {"happiness"}
    checks = json.loads(told(scripts / "emotion-live-doctor", "--json", "--no-self-test", cwd=tmp_path))["checks"]
    assert {check["name"] for check in checks if check["status"] == "problem"} == set()
    assert "zoom" in told(scripts / "emotion-live-app", "--help", cwd=tmp_path)
    clip = "from realtime.doctor.self_test import CLIP; print(CLIP.is_file(), CLIP)"
    assert told(scripts / "python", "-c", clip, cwd=tmp_path).startswith(f"True {packages_of(environment)}")

    told(UV or "", "pip", "uninstall", "-q", "--python", environment, "emotion-live", cwd=tmp_path)
    left = {path.name for path in packages_of(environment).iterdir()}
    assert not {name for name in left if name in OURS or name.startswith("emotion_live")}
    assert not [path.name for path in scripts.glob("emotion-live*")]


@pytest.mark.parametrize(("stranger", "ours"), [("models", "realtime"), ("realtime", "models")])
def test_a_stranger_in_the_place_of_a_package_is_named(stranger: str, ours: str, tmp_path: Path) -> None:
    (tmp_path / stranger).mkdir()
    (tmp_path / stranger / "__init__.py").touch()
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    code = f"import sys; sys.path[:0] = {path.split(os.pathsep)!r}; import {ours}"
    said = told(sys.executable, "-c", code, cwd=tmp_path, code=1).splitlines()[-1]
    assert said.startswith(f"ImportError: emotion-live needs its own package `{stranger}`, in {ROOT}")
    assert str(tmp_path / stranger) in said
    command = f"import sys; sys.path[:0] = {path.split(os.pathsep)!r}; import run_live"
    said = told(sys.executable, "-c", command, cwd=tmp_path, code=1).splitlines()
    assert said[0].startswith(f"error: emotion-live needs its own package `{stranger}`"), "one line and no trace"
