"""The script that measures published figures again: which commands it runs, in which order."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "refresh-figures.sh"
_PYTHON = """#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in *exchange*) touch "$OUT/sensitivity.png" ;; esac
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="the script is bash's")
def test_after_a_new_fusion_the_resting_faces_are_chosen_again(tmp_path: Path) -> None:
    # A copy, since it writes into the docs/ beside it.
    script = tmp_path / "scripts" / SCRIPT.name
    for folder in ("scripts", "docs", "data/kdef", "weights"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copyfile(SCRIPT, script)
    (tmp_path / "data/kdef/labels.csv").write_text("file,label,subject\na.jpg,fear,F01\nb.jpg,fear,M01\n")
    python, log = tmp_path / "python", tmp_path / "log"
    python.write_text(_PYTHON)
    python.chmod(0o755)
    weights = str(tmp_path / "weights")
    told = {"PYTHON": str(python), "WEIGHTS": weights, "OUT": str(tmp_path / "out"), "LOG": str(log)}
    subprocess.run(["bash", str(script), str(tmp_path / "data")], env={**os.environ, **told}, check=True)
    commands = log.read_text().splitlines()
    of_weights = [line for line in commands if f"--weights {weights}" in line or line.endswith(weights)]
    modules = [line.split()[1:3] if "models.evaluate" in line else line.split()[1:2] for line in of_weights]
    assert modules == [
        ["models.fit_fusion"],
        ["models.fit_baseline"],
        *(["models.evaluate", what] for what in ("score", "report", "confusions", "exchange", "card")),
    ], "fit_fusion removes what fit_baseline writes, and both must be done before anything is scored"
