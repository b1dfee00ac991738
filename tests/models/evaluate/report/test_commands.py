"""`report` on several sets of faces and `confusions` before and after, at the door that the user takes."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from models.evaluate.__main__ import main
from models.evaluate.report import confusion_plot
from models.evaluate.scores import Scores
from models.manifest import load_manifest
from tests.support.values.tiny_models import write_tiny_weights

pytest.importorskip("matplotlib", reason="the train extra is not installed")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, small_face_bgr: np.ndarray) -> Path:
    """Six pictures of one face, four of them called angry, in a table of two sources and in folders."""
    root = tmp_path_factory.mktemp("pictures")
    rows = ["file,label,source"]
    for number in range(6):
        label = "anger" if number < 4 else "neutral"
        (root / label).mkdir(exist_ok=True)
        cv2.imwrite(str(root / label / f"{number}.png"), cv2.convertScaleAbs(small_face_bgr, alpha=0.7 + number / 20))
        rows.append(f"{label}/{number}.png,{label},{'film' if number % 2 else 'posed'}")
    (root / "labels.csv").write_text("\n".join(rows))
    return root


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_weights(tmp_path_factory.mktemp("weights"), eyes="anger", lips="anger").folder


def run(command: str, weights: Path, *more: str) -> Result:
    return CliRunner().invoke(main, [command, "--weights", str(weights), *more])


def of(name: str, pictures: Path) -> list[str]:
    table = str(pictures / "labels.csv") if name != "folders" else "-"
    return ["--of", name, table, str(pictures), "label", "all"]


def test_several_sets_stand_side_by_side_with_their_sources(pictures: Path, weights: Path, tmp_path: Path) -> None:
    sets = [*of("table", pictures), *of("folders", pictures)]
    more = ["--by", "source", "--no-covers", "--publish", "folders", "--out", str(tmp_path)]
    done = run("report", weights, *sets, *more)
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "report.json").read_text())
    assert list(figures) == ["table", "folders"]
    assert figures["table"]["fused"]["accuracy"] == pytest.approx(4 / 6, abs=1e-4)
    assert figures["table"]["fused"]["neutral_as_sad_or_angry"] == 1.0
    assert figures["table"]["groups"]["film"]["faces"] == 3
    assert figures["folders"]["groups"] == {}
    assert figures["folders"]["covered"] == {}
    assert "table: fused            accuracy 66.67%" in done.output
    assert list(load_manifest(weights).scores) == ["folders"]
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count('<table class="matrix">') == 2 + 2 * 2, "each set's fused answer, and its two experts"
    assert page.count("<h3>By source</h3>") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "needs either --of, once for each set of faces, or --root"),
        (("--root", ".", "--of", "a", "-", ".", "label", "all"), "needs either --of, once for each set of faces"),
        (("--root", ".", "--publish", "FER"), "--publish must name one of the sets; received 'FER'"),
        (("--of", "a", "-", ".", "label", "tset"), "the split of a must be train, val, test or all; received 'tset'"),
    ],
)
def test_a_report_of_nothing_is_refused(
    weights: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run("report", weights, *arguments, "--out", str(tmp_path))
    assert (done.exit_code, done.output.count("\n")) == (1, 1), done.output
    assert message in done.output
    assert list(tmp_path.iterdir()) == []


def test_confusions_before_and_after_are_one_picture(
    pictures: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    plain = confusion_plot._draw

    def noted(axis: object, scores: Scores) -> None:
        drawn.append(f"{scores.accuracy:.2f}")
        plain(axis, scores)

    monkeypatch.setattr(confusion_plot, "_draw", noted)
    after = write_tiny_weights(tmp_path / "after", eyes="neutral", lips="neutral").folder
    out = tmp_path / "confusions.png"
    sets = [*of("table", pictures), *of("folders", pictures)]
    done = run("confusions", weights, "--weights", str(after), *sets, "--out", str(out))
    assert done.exit_code == 0, done.output
    assert drawn == ["0.67", "0.67", "0.33", "0.33"]
    image = cv2.imread(str(out))
    assert image.shape[0] > 900
    assert image.shape[1] > 900
    assert "table before     accuracy 66.67%" in done.output
    again = run("confusions", weights, *sets, "--out", str(out))
    assert again.exit_code == 1
    assert "add --overwrite" in again.output
    three = run("confusions", weights, "--weights", str(after), "--weights", str(after), *sets, "--out", "new.png")
    assert "--weights takes one folder, or two: before and after; received 3" in three.output


def test_long_names_of_sets_are_not_cut_at_the_pictures_edge() -> None:
    table = np.zeros((6, 7), np.int64)
    one = Scores(2776, 2776, 0.875, 0.8, {}, table)
    names = ("KDEF", "lfw_expressions", "FER+ 6 validation faces by the majority of ten taggers")
    png = confusion_plot.draw_confusions({"after": dict.fromkeys(names, one)})
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert picture[:, -2:].min() == 255, "something reaches over the edge"
    assert picture[:, :-2].min() < 50
