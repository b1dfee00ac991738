"""The whole program where nobody reads what it says, and where a signal ends it: its files are complete."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from demo import CLIP_PATH
from tests.support.recorded import ROOT, decoded_times

pytestmark = pytest.mark.timeout(90)


def command(weights: Path, folder: Path, *more: str) -> list[str]:
    outputs = ["--record", str(folder / "o.mp4"), "--table", str(folder / "t.csv"), "--report", str(folder / "p.html")]
    return [sys.executable, "run_live.py", str(CLIP_PATH), "--headless", "--weights", str(weights), *outputs, *more]


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "t.csv").open() as stream:
        return list(csv.DictReader(stream))


def check_complete(folder: Path, frames: int) -> None:
    assert len({row["frame"] for row in rows_of(folder)}) == frames
    assert len(decoded_times(folder / "o.mp4")) == frames
    assert (folder / "p.html").read_text("utf-8").rstrip().endswith("</html>")
    assert sorted(path.name for path in folder.iterdir()) == ["o.mp4", "p.html", "t.csv", "t.csv-metadata.json"]


def test_a_reader_that_goes_away_costs_no_file(weights: Path, tmp_path: Path) -> None:
    more = ["--smooth", "offline", "--seconds", "1"]
    process = subprocess.Popen(command(weights, tmp_path, *more), cwd=ROOT, stdout=subprocess.PIPE, stderr=-1)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    assert process.wait() == 0
    check_complete(tmp_path, 30)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_standard_output_and_error_on_a_full_disk_cost_no_file(weights: Path, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command(weights, tmp_path, "--seconds", "1"), cwd=ROOT, stdout=full, stderr=full)
    assert done.returncode == 0
    check_complete(tmp_path, 30)


def test_without_any_standard_stream_the_files_are_complete(weights: Path, tmp_path: Path) -> None:
    words = " ".join(f"'{word}'" for word in command(weights, tmp_path, "--seconds", "1"))
    done = subprocess.run(["sh", "-c", f"exec {words} 0<&- >&- 2>&-"], cwd=ROOT)
    assert done.returncode == 0
    check_complete(tmp_path, 30)
