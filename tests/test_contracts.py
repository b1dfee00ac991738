"""Each import-linter contract of pyproject.toml is broken once, in a copy of the packages, and must be refused."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytest.importorskip("importlinter", reason="the contracts need the dev extra")

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("realtime", "models", "export")
FOR_TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from {} import {}"
# File, what is written at its end, and the contracts that this breaks. Files that do not exist are made.
PLANTS = [
    ("realtime/recording/adts.py", "from realtime.serving import address", {"rooms"}),
    ("realtime/overlay/palette.py", FOR_TYPES.format("realtime.reports", "page_template"), {"rooms", "cycles"}),
    ("realtime/attic/__init__.py", "", {"rooms"}),
    ("realtime/app/views/wording.py", "from realtime.app.screens import base", {"desktop", "cycles"}),
    ("realtime/app/attic.py", "", {"desktop"}),
    ("realtime/batch/video_list.py", "from realtime.app.jobs import job", {"rooms", "cycles"}),
    ("realtime/reports/plots/shapes.py", FOR_TYPES.format("realtime.reports", "html_page"), {"report", "cycles"}),
    ("models/train/layers.py", "from models.evaluate import scores", {"models"}),
    ("realtime/core/errors.py", "import models.cli", {"models"}),
    ("realtime/doctor/camera_checks.py", "import realtime", {"face"}),
    ("export/parity.py", "from realtime.core import types", {"export"}),
    ("models/dataset/index.py", "def f():\n    import run_live", {"commands"}),
    ("realtime/smoothing/temporal_filter.py", FOR_TYPES.format("realtime.smoothing", "label_smoother"), {"cycles"}),
    ("models/train/recipe.py", FOR_TYPES.format("models.train", "loop"), {"cycles"}),
    ("realtime/timeline/timeline.py", "import sklearn.metrics", {"training"}),
    ("models/region_crops.py", "from scipy import ndimage", {"training"}),
    ("models/evaluate/scores.py", "import keras", {"evaluation"}),
    ("realtime/core/metrics.py", "import cv2", {"devices"}),
    ("realtime/inference/reliability.py", "import mediapipe", {"mediapipe"}),
    ("realtime/landmarks/detector.py", "import ai_edge_litert", {"mediapipe"}),
    ("realtime/landmarks/box_overlap.py", "import onnxruntime", {"onnxruntime"}),
    ("realtime/timeline/timeline.py", "import av", {"pyav"}),
    ("realtime/batch/video_worker.py", "import ray", {"ray"}),
    ("realtime/doctor/check.py", "from tkinter import ttk", {"tk"}),
    ("realtime/app/jobs/job.py", "import tkinter", {"jobs"}),
    ("realtime/session/keys.py", "import starlette", {"serving"}),
]


def contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    found: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return found


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages' Python files, and of pyproject.toml."""
    folder = tmp_path_factory.mktemp("contracts")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return folder


def broken(tree: Path) -> set[str]:
    """Return the contracts that import-linter finds broken."""
    code = "from importlinter.cli import lint_imports_command as run; run(['--no-logo', '--no-cache'])"
    wide = {**os.environ, "COLUMNS": "200"}  # It breaks lines as a terminal would.
    told = subprocess.run([sys.executable, "-c", code], cwd=tree, env=wide, capture_output=True, text=True, check=False)
    verdicts = {c["id"]: re.search(rf"^{re.escape(c['name'])} (KEPT|BROKEN)", told.stdout, re.M) for c in contracts()}
    assert all(verdicts.values()), told.stdout + told.stderr
    refused = {name for name, verdict in verdicts.items() if verdict is not None and verdict[1] == "BROKEN"}
    assert told.returncode == bool(refused), told.stdout + told.stderr
    return refused


def test_the_house_keeps_every_contract(tree: Path) -> None:
    assert broken(tree) == set()


@pytest.mark.parametrize(("file", "line", "expected"), PLANTS, ids=[f"{f}-{'+'.join(sorted(c))}" for f, _, c in PLANTS])
def test_a_planted_import_is_refused_by_its_contract(tree: Path, file: str, line: str, expected: set[str]) -> None:
    path = tree / file
    before = path.read_text("utf-8") if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{before or ''}\n{line}\n", "utf-8")
    try:
        assert broken(tree) == expected
    finally:
        if before is not None:
            path.write_text(before, "utf-8")
        elif path.name == "__init__.py":
            shutil.rmtree(path.parent)
        else:
            path.unlink()


def test_every_contract_is_broken_by_a_plant() -> None:
    assert {contract["id"] for contract in contracts()} == set().union(*(expected for _, _, expected in PLANTS))


def test_the_contract_of_models_names_every_room_and_file_there() -> None:
    """`exhaustive` says so for realtime; it is not to be had where layers are of several packages."""
    layers = next(contract["layers"] for contract in contracts() if contract["id"] == "models")
    named = {name for layer in layers for name in layer.strip("()").split(" | ")}
    there = {f"models.{path.stem}" for path in (ROOT / "models").glob("*.py") if path.stem != "__init__"}
    there |= {f"models.{path.parent.name}" for path in (ROOT / "models").glob("*/__init__.py")}
    assert there - named == set()
