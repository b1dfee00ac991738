"""Tables of answers: two halves of a set, each answered by other weights, are scored as one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from models.dataset.labels import hard
from models.evaluate.__main__ import main
from models.evaluate.answer_table import read_answers, write_answers
from models.evaluate.shipped import Answers
from models.manifest import EMOTIONS, load_manifest
from tests.support.values.tiny_models import write_tiny_weights

REGIONS = ("eyes", "lips")


def written(path: Path, *said: tuple[str, str], by_region: bool = True) -> Path:
    """A table with one row per label and answer; "" as an answer is a face that was not found, "-" no picture."""
    answers = Answers.none(len(said), REGIONS)
    for row, (_, answer) in enumerate(said):
        if answer in EMOTIONS:
            answers.detected[row] = True
            answers.fused[row, EMOTIONS.index(answer)] = 1
            answers.by_region[row, 0, 0] = answers.by_region[row, 1, EMOTIONS.index(answer)] = 1
            answers.reliability[row] = 0.25, 0.75
    missing = {row: "missing" for row, (_, answer) in enumerate(said) if answer == "-"}
    answers = Answers(**{name: getattr(answers, name) for name in answers.__slots__} | {"faults": missing})
    faces = [hard(f"{path.stem}{row}.png", label) for row, (label, _) in enumerate(said)]
    return write_answers(path, faces, answers, by_region)


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    one = written(tmp_path / "a.csv", ("sadness", "anger"), ("neutral", "-"), ("", "anger"), ("fear", ""))
    faces, answers = read_answers([one])
    assert [(face.file, face.label) for face in faces] == [("a0.png", "sadness"), ("a2.png", ""), ("a3.png", "fear")]
    assert answers.detected.tolist() == [True, True, False]
    assert answers.regions == REGIONS
    assert answers.fused[0].tolist() == np.eye(6)[EMOTIONS.index("anger")].tolist()
    assert answers.by_region[0, 0, 0] == answers.by_region[0, 1, EMOTIONS.index("anger")] == 1
    assert answers.reliability.tolist() == [[0.25, 0.75], [0.25, 0.75], [0, 0]]


def test_two_halves_are_scored_as_one_and_kept_in_the_manifest(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="the train extra is not installed")
    women = written(tmp_path / "women.csv", ("sadness", "neutral"), ("neutral", "neutral"), ("", "anger"))
    men = written(tmp_path / "men.csv", ("anger", "anger"), ("neutral", "sadness"), ("happiness", ""))
    weights = write_tiny_weights(tmp_path / "w").folder
    arguments = ["score", str(women), str(men), "--publish", "posed", "--weights", str(weights)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert f"{'fused':16} accuracy 40.00%  macro-F1 0.375  faces 5  found 4 (80.00%)\n" in done.output
    assert "macro recall 0.375  sad or angry called neutral 50.0%  neutral called sad or angry 50.0%" in done.output
    kept = load_manifest(weights).scores["posed"]
    assert list(kept) == ["fused", *REGIONS]
    assert (kept["fused"]["macro_recall"], kept["fused"]["faces"], kept["eyes"]["accuracy"]) == (0.375, 5, 0.0)


def test_experts_that_one_table_lacks_are_not_scored(tmp_path: Path) -> None:
    with_experts = written(tmp_path / "a.csv", ("fear", "fear"))
    without = written(tmp_path / "b.csv", ("fear", "fear"), by_region=False)
    assert read_answers([with_experts, without])[1].regions == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\na.png,fear\n", "must be a table of `models.evaluate shipped`; the column detected is missing"),
        ("GOOD\nx.png,fear,1,nan,0,0,0,0,0\n", "line 2: every answer must be a number (received 'nan')"),
        ("GOOD\nx.png,fear,1,a,0,0,0,0,0\n", "line 2: every answer must be a number (could not convert string"),
        (
            "GOOD\nx.png,fear,0,0,0,0,0,0,0\nx.png,fear,0,0,0,0,0,0,0\n",
            "must be in one table, once; received x.png twice",
        ),
        ("GOOD\n", "has one of the six labels; nothing can be scored"),
        ("GOOD\nx.png,fear,,,,,,,\n", "has one of the six labels; nothing can be scored"),
        ("GOOD\nx.png,disgust,0,0,0,0,0,0,0\n", "has one of the six labels; nothing can be scored"),
    ],
)
def test_other_tables_are_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    head = ",".join(["file", "label", "detected", *(f"p_{emotion}" for emotion in EMOTIONS)])
    (tmp_path / "t.csv").write_text(text.replace("GOOD", head))
    done = CliRunner().invoke(main, ["score", str(tmp_path / "t.csv")])
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert message in done.output
