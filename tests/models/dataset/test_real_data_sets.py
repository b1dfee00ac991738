"""Data sets as they come from real life, at the door that the user takes: the commands."""

from __future__ import annotations

import csv
import json
import os
import unicodedata
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from models.dataset.__main__ import main as dataset
from models.evaluate.__main__ import main as evaluate
from models.fit_fusion import main as fit
from models.workers import usable_cores
from tests.support.pictures.made_pictures import picture, plain_picture, png_header
from tests.support.values.tiny_models import write_tiny_weights

NFC, NFD = (unicodedata.normalize(form, "zoé.png") for form in ("NFC", "NFD"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, small_face_bgr: np.ndarray) -> Path:
    """Four faces in different light, a picture that promises 40000 x 40000 pixels, and a damaged one."""
    root = tmp_path_factory.mktemp("real")
    for number, name in enumerate(("a.png", "sub/b.png", NFD, "d.png")):
        picture(root / name, cv2.convertScaleAbs(small_face_bgr, alpha=0.7 + number * 0.1))
    (root / "bomb.png").write_bytes(png_header(40000, 40000))
    (root / "text.png").write_text("not a picture")
    return root


def table(folder: Path, *rows: str, head: str = "file,label") -> Path:
    path = folder / "table.csv"
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return path


def said(command: object, *arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(command, [str(argument) for argument in arguments])  # type: ignore[arg-type]
    assert done.exit_code == code, done.output
    return done.output


def test_pictures_that_are_found_under_other_spellings_are_scored_and_the_others_counted(
    root: Path, weights: Path, tmp_path: Path
) -> None:
    rows = (".\\a.png;happy", "sub\\b.png;happy", f"{NFC};sad", "gone.png;happy", "bomb.png;happy", "text.png;happy")
    labels = table(tmp_path, "d.png;Hapiness", *rows, head="sep=;\n File ; LABEL ")
    output = said(
        evaluate, "shipped", "--labels", labels, "--root", root, "--out", tmp_path / "p.csv", "--weights", weights
    )
    assert "1 of 7 pictures left out: not found in the folder of the pictures (first: gone.png)" in output
    assert "1 of 7 pictures left out: of more than 268 megapixels (first: bomb.png)" in output
    assert "1 of 7 pictures left out: no readable picture (first: text.png)" in output
    assert "1 pictures left out: their label is none of the six emotions (Hapiness 1)" in output
    assert "accuracy 66.67%" in output, "two of the three that were read, whatever could not be read"
    assert "faces 3  found 3" in output
    written = list(csv.DictReader((tmp_path / "p.csv").open(encoding="utf-8")))
    assert [row["detected"] for row in written] == ["1", "1", "1", "1", "", "", ""]
    assert {row["p_fear"] for row in written[4:]} == {""}


def test_a_copy_is_scored_once_and_answered_each_time(root: Path, weights: Path, tmp_path: Path) -> None:
    for name, source in (("a", "a"), ("b", "a"), ("c", "a"), ("d", "d")):
        (tmp_path / f"{name}.png").write_bytes((root / f"{source}.png").read_bytes())
    labels = table(tmp_path, "a.png,disgust", "b.png,happy", "c.png,happy", "d.png,sad")
    output = said(
        evaluate, "shipped", "--labels", labels, "--root", tmp_path, "--out", tmp_path / "p.csv", "--weights", weights
    )
    assert "2 pictures left out of the scores: copies of others by content" in output
    assert "accuracy 50.00%" in output
    assert "faces 2  found 2" in output
    assert [row["detected"] for row in csv.DictReader((tmp_path / "p.csv").open())] == ["1"] * 4


def test_the_report_scores_what_could_be_read(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    folder = write_tiny_weights(tmp_path / "weights", eyes="happiness", lips="happiness").folder
    labels = table(
        tmp_path,
        "gone.png,fear,fear",
        "a.png,happy,fear",
        "sub/b.png,sad,happy",
        ".\\a.png,fear,fear",
        head="file,label,other",
    )
    both = ["--label-column", "label", "--label-column", "other", "--no-covers"]
    where = ["--labels", labels, "--root", root, "--out", tmp_path / "page", "--weights", folder]
    assert "1 of 4 pictures left out" in said(evaluate, "report", *where, *both)
    figures = json.loads((tmp_path / "page" / "report.json").read_text("utf-8"))
    assert [figures[name]["fused"]["faces"] for name in ("label", "other")] == [2, 2]
    assert [figures[name]["fused"]["accuracy"] for name in ("label", "other")] == [0.5, 0.5]


def built(out: Path, *arguments: object) -> tuple[str, dict[str, str]]:
    output = said(dataset, "build", "--out", out, "--workers", 1, *arguments)
    return output, {row["file"]: row["split"] for row in csv.DictReader((out / "index.csv").open(encoding="utf-8"))}


def test_a_copy_is_built_once_and_on_the_side_that_tests(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "pictures" / "copy.png"
    copy.parent.mkdir()
    for name in ("a.png", "d.png"):
        (copy.parent / name).write_bytes((root / name).read_bytes())
    copy.write_bytes((root / "a.png").read_bytes())
    labels = table(tmp_path, "a.png,fear,train", "copy.png,fear,test", "d.png,fear,train", head="file,label,split")
    output, index = built(tmp_path / "out", "--labels", labels, "--root", copy.parent)
    assert index == {"copy.png": "test", "d.png": "train"}
    assert "1 pictures left out: copies of others by content (1 were in another split, 0 had" in output


def test_a_build_counts_what_it_cannot_read_and_takes_it_once_it_is_there(
    root: Path, tmp_path: Path, small_face_bgr: np.ndarray
) -> None:
    for name in ("a.png", "bomb.png"):
        (tmp_path / name).write_bytes((root / name).read_bytes())
    labels = table(tmp_path, "bomb.png,fear,train", "a.png,fear,train", "late.png,fear,train", head="file,label,split")
    output, index = built(tmp_path / "out", "--labels", labels, "--root", tmp_path)
    assert index == {"a.png": "train"}
    assert "train        1       1  100.0%" in output, "what cannot be read is no face that was not found"
    assert "1 of 3 pictures left out: of more than 268 megapixels (first: bomb.png)" in output
    assert "1 of 3 pictures left out: not found in the folder of the pictures (first: late.png)" in output
    picture(tmp_path / "late.png", cv2.convertScaleAbs(small_face_bgr, alpha=1.1))
    _, index = built(tmp_path / "out", "--labels", labels, "--root", tmp_path)
    assert set(index) == {"a.png", "late.png"}


def test_nothing_is_fitted_on_a_copy_of_what_is_tested(tmp_path: Path) -> None:
    rows = []
    for number in range(60):
        plain_picture(tmp_path / f"{number}.png", number)
        plain_picture(tmp_path / f"again {number}.png", number)
        rows += [f"{number}.png,fear,val", f"again {number}.png,fear,{'test' if number < 20 else 'val'}"]
    labels = table(tmp_path, *rows, head="file,label,split")
    folder = write_tiny_weights(tmp_path / "weights").folder
    output = said(fit, "--labels", labels, "--root", tmp_path, "--weights", folder, code=1)
    assert "60 pictures left out: copies of others by content (20 were in another split, 0 had another" in output
    assert "received 40" in output


def test_arrange_finds_other_spellings_and_counts_labels(root: Path, tmp_path: Path) -> None:
    labels = table(tmp_path, "sub\\b.png;happy", f"{NFC};sad", "._a.png;sad", "d.png;contemp", head="File;Label")
    output = said(dataset, "arrange", "--labels", labels, "--root", root, "--out", tmp_path / "out")
    assert (tmp_path / "out" / "happiness" / "sub_b.png").is_file()
    assert (tmp_path / "out" / "sadness" / NFC).is_file()
    assert "1 files skipped: left by the system" in output
    assert "their label is none of the six emotions (contemp 1)" in output


def test_workers_are_the_cores_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 96)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {3, 7, 11}, raising=False)
    assert usable_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert usable_cores() == 64, "the most that --workers takes"
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1
