"""Tables of model card and README: what the manifest keeps, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from models.evaluate.__main__ import main
from models.evaluate.report.published import TABLES, keep_scores, with_tables
from models.manifest import EMOTIONS, Manifest, load_manifest, save_manifest
from tests.support.values.tiny_models import write_tiny_weights

ROOT = Path(__file__).resolve().parents[4]


def figures(accuracy: float, **more: object) -> dict[str, object]:
    by_emotion = {"f1": dict.fromkeys(EMOTIONS, 0.5), "recall": dict.fromkeys(EMOTIONS, 0.4)}
    by_emotion["precision"] = dict.fromkeys(EMOTIONS, 2 / 3)
    errors = {"macro_recall": 0.7, "sad_or_angry_as_neutral": 0.25, "neutral_as_sad_or_angry": None}
    summary = {"faces": 1200, "found": 1194, "accuracy": accuracy, "macro_f1": 0.6, **by_emotion, **errors}
    return {**summary, "ece": 0.0312, "accuracy_on_70_percent": 0.975, **more}


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    folder = write_tiny_weights(tmp_path / "w").folder
    bands = [{"from": 0.0, "to": 10.0, **figures(0.91)}, {"from": 45.0, "to": None, **figures(0.4)}]
    one = {"fused": figures(0.8765), "eyes": figures(0.8), "covered": {"mouth": figures(0.6)}, "by_yaw_deg": bands}
    keep_scores(folder, {"posed": {**one, "confusion": [[1]], "groups": {"a": 1}}, "film": {"fused": figures(0.5)}})
    return load_manifest(folder)


def table(name: str, manifest: Manifest) -> list[str]:
    text = with_tables(f"before\n<!-- table: {name} -->\nold\n<!-- end -->\nafter\n", manifest, Path("page.md"))
    first, mark, *lines = text.splitlines()
    assert (first, mark, lines[-2:]) == ("before", f"<!-- table: {name} -->", ["<!-- end -->", "after"])
    return lines[:-2]


def test_what_is_kept_has_neither_groups_nor_matrices(manifest: Manifest) -> None:
    posed = manifest.scores["posed"]
    assert list(posed) == ["fused", "eyes", "covered", "by_yaw_deg"]
    for one in (posed["eyes"], posed["covered"]["mouth"], posed["by_yaw_deg"][1]):
        assert (one["macro_recall"], "f1" in one, "recall" in one) == (0.7, False, False)
    assert posed["fused"]["recall"]["fear"] == 0.4


def test_each_set_and_answer_has_its_row(manifest: Manifest) -> None:
    head, _, *rows = table("scores", manifest)
    assert head.startswith("| faces | answer | accuracy | macro-F1 | macro recall | sad or angry called neutral |")
    rest = "0.600 | 0.700 | 25.0 % |  | 0.031 | 97.5 % |"
    assert rows == [
        f"| posed (1,200 faces, 99.5 % found) | fused | **87.6 %** | {rest}",
        f"|  | eyes | 80.0 % | {rest}",
        f"| film (1,200 faces, 99.5 % found) | fused | **50.0 %** | {rest}",
    ]
    assert len(table("summary", manifest)) == 4


def test_conditions_are_told_of_sets_that_have_them(manifest: Manifest) -> None:
    _, _, *rows = table("conditions", manifest)
    assert [row.split(" | ")[:2] + row.split(" | ")[4:5] for row in rows] == [
        ["| posed", "as they are", "87.6 %"],
        ["| ", "drawn surgical mask", "60.0 %"],
        ["| ", "turned 0 to 10 degrees", "91.0 %"],
        ["| ", "turned over 45 degrees", "40.0 %"],
    ]


def test_every_table_can_be_written(manifest: Manifest) -> None:
    fitted = {"accuracy": 0.9, "macro_f1": 0.8, "log_loss": 0.3, "ece": 0.02}
    full = replace(manifest, scores={**manifest.scores, "fusion_on_val": {"stacked": fitted}})
    assert table("fusion", full)[2] == "| stacked | 90.0 % | 0.800 | 0.300 | 0.020 |"
    assert table("emotions", full)[2].startswith("| posed | 0.40 / 0.67 |")
    eyes = table("experts", full)[2]
    assert eyes.startswith("| `eyes.onnx` | 48x32 | 0.0 MB | 1.00 |  | `")
    for name in TABLES:
        lines = table(name, full)
        assert {line.count("|") for line in lines} == {lines[0].count("|")}, name


def test_the_command_writes_and_checks(manifest: Manifest, tmp_path: Path) -> None:
    page, arguments = tmp_path / "card.md", ["card", "--weights", str(manifest.folder)]
    page.write_text("<!-- table: summary -->\n<!-- end -->\n\n<!-- table: emotions -->\nold\n<!-- end -->\n")
    stale = CliRunner().invoke(main, [*arguments, "--check", str(page)])
    assert (stale.exit_code, "old" in page.read_text()) == (1, True)
    assert f"run `python -m models.evaluate card {page}`" in stale.output
    assert CliRunner().invoke(main, [*arguments, str(page)]).exit_code == 0
    assert "**50.0 %**" in page.read_text()
    assert "old" not in page.read_text()
    assert CliRunner().invoke(main, [*arguments, "--check", str(page)]).exit_code == 0
    save_manifest(replace(manifest, scores={}))
    assert CliRunner().invoke(main, [*arguments, "--check", str(page)]).exit_code == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "received 0 beginnings, and 0 tables with an end"),
        ("<!-- table: emotions -->\n", "received 1 beginnings, and 0 tables with an end"),
        ("<!-- table: f2 -->\n<!-- end -->\n", "a table must be one of scores, summary,"),
    ],
)
def test_a_page_without_a_table_is_refused(manifest: Manifest, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "page.md").write_text(text)
    done = CliRunner().invoke(main, ["card", str(tmp_path / "page.md"), "--weights", str(manifest.folder)])
    assert done.exit_code == 1
    assert message in done.output
    assert (tmp_path / "page.md").read_text() == text


def test_the_published_tables_are_those_of_the_shipped_manifest() -> None:
    pages = [ROOT / "README.md", ROOT / "models" / "weights" / "MODEL_CARD.md"]
    done = CliRunner().invoke(main, ["card", "--check", *map(str, pages)])
    assert done.exit_code == 0, done.output
