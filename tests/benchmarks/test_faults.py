"""The first 48 faults of the campaign, always the same ones, and what its judge must notice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="the campaign forks, which Windows cannot")

from benchmarks.faults.campaign import kind_of, kinds, summary, table
from benchmarks.faults.judge import faults_of
from benchmarks.faults.trial import Outcome, Place, Trial, save_hashes
from tests.support.pictures.made_clips import write_clip
from tests.support.pictures.recorded import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the campaign reads /proc")
TIMES_S = [number / 30 for number in range(60)]


def ended(code: int = 0, err: str = "", out: str = "", times_s: list[float] = TIMES_S, hung: bool = False) -> Outcome:
    return Outcome(code, out, err, times_s, wall_s=1.0, cpu_s=1.0, hung=hung)


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """A run that wrote what it was to write."""
    place = Place.under(tmp_path / "place")
    (place.out / "notes.txt").write_text("precious")
    made = Trial("nothing is wrong", "clip.mp4", place, record=place.out / "out.mp4", table=place.out / "out.csv")
    save_hashes(made)
    write_clip(made.record, 60)
    rows = [f"{number},{time_s:.6f}" for number, time_s in enumerate(TIMES_S)]
    made.table.write_text("\n".join(["frame,media_time_s", *rows, ""]))
    return made


def test_an_orderly_run_passes(trial: Trial) -> None:
    assert faults_of(trial, ended()) == []
    assert faults_of(trial, ended(1, "error: the file broke off; copy it again\n")) == []


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (ended(hung=True), "hung"),
        (ended(-11), "exit code -11"),
        (ended(1, "Traceback (most recent call last):\nerror: x\n"), "noise"),
        (ended(1), "no one line"),
        (ended(1, "error: x\nerror: y\n"), "no one line"),
        (ended(0, "[h264] damaged\n"), "and yet"),
        (ended(times_s=[*TIMES_S, 2.0]), "60, and 61 frames were handed over"),
        (ended(1, "error: cannot record to out.mp4: full\n", times_s=[*TIMES_S, 4.0]), "2.03 s of 4.00 s lost"),
    ],
)
def test_a_disorderly_end_or_lost_frames_are_noticed(trial: Trial, outcome: Outcome, told: str) -> None:
    assert told in "; ".join(faults_of(trial, outcome))


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("notes.txt", "changed", "notes.txt was changed"),
        ("out.csv", "frame,media_time_s\n0,0.0", "its last line is not complete"),
        ("out.csv", "frame,media_time_s\n0,nan\n", "no numbers: media_time_s"),
        ("out.mp4", "no video", "out.mp4 does not play"),
        ("out.part.mkv", "rest", "out.part.mkv is left behind"),
        ("out.html", "<html>", "out.html ends with"),
    ],
)
def test_files_that_are_wrong_are_noticed(trial: Trial, name: str, text: str, told: str) -> None:
    (trial.place.out / name).write_text(text)
    assert told in "; ".join(faults_of(trial, ended()))


def test_a_thousand_seeds_have_each_kind_as_often_as_it_says() -> None:
    drawn = [kind_of(seed) for seed in range(5, 1005)]
    assert {name: drawn.count(name) for name in kinds()} == {name: count for name, (count, _) in kinds().items()}


def test_of_a_seed_that_was_run_again_the_last_result_counts() -> None:
    one = {"seed": 7, "kind": "camera", "failed": ["hung"], "cpu_s": 1.0}
    figures = summary([one, {**one, "seed": 8}, {**one, "failed": []}])
    assert figures["kinds"]["camera"] == {"passed": 1, "failed": 1}
    assert [told["seed"] for told in figures["failures"]] == [8]
    assert "| camera | 1 | 1 |" in table(figures)
    assert "seed 8, camera: hung" in table(figures)


@pytest.mark.timeout(300)
def test_the_first_faults_of_the_campaign_pass(weights: Path, tmp_path: Path) -> None:
    out = tmp_path / "faults.json"
    command = [sys.executable, "-m", "benchmarks.faults.campaign", "--count", "48", "--seed", "1", "--jobs", "4"]
    command += ["--weights", str(weights), "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    figures = json.loads(out.read_text("utf-8"))
    assert figures["failures"] == [], done.stdout
    assert (figures["done"], done.returncode) == (48, 0)
