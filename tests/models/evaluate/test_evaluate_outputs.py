"""Files of `models.evaluate`: what it may replace, and what Ctrl-C keeps."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from models.evaluate import shipped as shipped_module
from models.evaluate.__main__ import main
from models.evaluate.occlusions import Cover
from realtime.landmarks.still_image_finder import StillImageFinder
from tests.support.values.tiny_models import write_tiny_weights

PICTURES = 20


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, small_face_bgr: np.ndarray) -> Path:
    """A few pictures of one face, with a table."""
    root = tmp_path_factory.mktemp("labelled")
    for number in range(PICTURES):
        cv2.imwrite(str(root / f"{number}.png"), small_face_bgr)
    rows = [["file", "label"], *([f"{number}.png", "happy"] for number in range(PICTURES))]
    with (root / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return root


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_weights(tmp_path_factory.mktemp("weights"), eyes="happiness").folder


def evaluate(command: str, labelled: Path, weights: Path, out: Path, *more: str) -> Result:
    arguments = [command, "--labels", str(labelled / "labels.csv"), "--root", str(labelled), "--out", str(out)]
    return CliRunner().invoke(main, [*arguments, "--weights", str(weights), *more])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as stream:
        return list(csv.DictReader(stream))


def test_the_labels_are_never_replaced_and_other_files_only_with_leave(
    labelled: Path, weights: Path, tmp_path: Path
) -> None:
    labels, old, page = labelled / "labels.csv", tmp_path / "old.csv", tmp_path / "report.html"
    before = labels.read_bytes()
    for path in (old, page):
        path.write_text("precious")
    for command, out, more in (
        ("shipped", labels, ()),
        ("shipped", labels, ("--overwrite",)),
        ("shipped", old, ()),
        ("report", tmp_path, ()),
    ):
        done = evaluate(command, labelled, weights, out, *more)
        assert (done.exit_code, done.output.count("\n")) == (1, 1), done.output
        assert done.output.startswith("error: --out ")
    assert labels.read_bytes() == before
    assert old.read_text() == page.read_text() == "precious"
    assert evaluate("shipped", labelled, weights, old, "--overwrite").exit_code == 0
    assert len(rows_of(old)) == PICTURES


def test_ctrl_c_keeps_the_answers_so_far(
    labelled: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    plain = shipped_module._look

    def stopped(finder: StillImageFinder, root: Path, file: str, row: int, cover: Cover | None) -> object:
        looked.append(file)
        if len(looked) == PICTURES:
            raise KeyboardInterrupt
        return plain(finder, root, file, row, cover)

    monkeypatch.setattr(shipped_module, "_look", stopped)
    done = evaluate("shipped", labelled, weights, tmp_path / "p.csv")
    assert done.exit_code == 130
    assert f"stopped after 16 of 20 pictures: what is said of them is in {tmp_path / 'p.part.csv'}\n" in done.output
    assert [row["detected"] for row in rows_of(tmp_path / "p.part.csv")] == ["1"] * 16
    assert [path.name for path in tmp_path.iterdir()] == ["p.part.csv"]
