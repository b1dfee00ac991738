"""The evaluation's page: whole, self-contained, and nothing that others wrote becomes markup."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from models.dataset.labels import hard
from models.evaluate.face_sets import FaceSet, LookedAt
from models.evaluate.report.analysis import analyze
from models.evaluate.report.page import Section, write_report
from models.evaluate.shipped import Answers
from models.manifest import Manifest, load_manifest
from models.region_registry import DEFAULT_REGIONS
from tests.support.pages.report_page import Elements
from tests.support.values.evaluated import faces, said, section
from tests.support.values.tiny_models import write_tiny_weights

pytest.importorskip("sklearn", reason="the train extra is not installed")

EVIL = '<script>alert("1")</script>'


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return load_manifest(write_tiny_weights(tmp_path_factory.mktemp("weights")).folder)


def page(folder: Path, manifest: Manifest, text: str) -> str:
    """The report of two sets with `text` wherever the user's own words come."""
    figures = {"accuracy": 0.5, "macro_f1": 0.25, "log_loss": 1.5, "ece": 0.125}
    scored = replace(manifest, scores={"fusion_on_val": {text: figures}})
    sections = [section(text, [text] * 15 + ["film"] * 5), section("other", otherwise="anger")]
    return write_report(sections, scored, folder, text).read_text("utf-8")


def cells_of(text: str, row: str) -> list[str]:
    """The cells of the first table row with this head, without markup."""
    found = re.search(rf'<tr><th scope="row">{re.escape(row)}</th>(.*?)</tr>', text)
    assert found is not None, row
    return [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", found[1])]


def test_each_set_has_its_row_with_every_figure(tmp_path: Path, manifest: Manifest) -> None:
    """Five sad faces are overlooked, the last neutral one is not found; in the other set they are called angry."""
    text = page(tmp_path, manifest, "votes")
    assert cells_of(text, "votes")[:3] == ["20", "70.0 %", "0.700"]
    assert cells_of(text, "votes")[4:] == ["50.0 % 5 of 10", "0.0 % 0 of 10", "0.250", "85.7 %", "95.0 %"]
    assert cells_of(text, "other")[4:6] == ["0.0 % 0 of 10", "40.0 % 4 of 10"]
    assert cells_of(text, "drawn surgical mask")[:2] == ["20", "60.0 %"]
    assert cells_of(text, "30 to 45 °")[:2] == ["4", "100.0 %"]
    assert cells_of(text, "film")[:2] == ["5", "40.0 %"]
    # The confusion matrix: share and count of each cell, an emotion that does not occur, the face not found.
    assert cells_of(text, "sadness") == ["0", "50 %5", "0", "0", "50 %5", "0", "0"]
    assert cells_of(text, "neutral") == ["0", "0", "0", "0", "90 %9", "0", "10 %1"]
    assert cells_of(text, "93 % to 100 %") == ["19", "100 %", "74 %"]


def test_the_page_is_whole_and_explains_every_column(tmp_path: Path, manifest: Manifest) -> None:
    text = page(tmp_path, manifest, "votes")
    found = Elements(text)
    assert found.open == []
    assert found.self_contained()
    assert "border-collapse: collapse" in text, "the style is in the page"
    assert found.tags.count("svg") == 4
    assert "nan" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    heads = re.search(r"<thead>(.*?)</thead>", text)
    assert heads is not None
    columns = [name.replace("&nbsp;", " ") for name in re.findall(r'<th scope="col">(.*?)</th>', heads[1])]
    told = re.findall(r"<dt>(.*?)</dt>", text)
    assert columns[2:] == told, "each column has its sentence"
    assert "Pictures: votes.csv, column label, split all." in found.text
    assert re.search(r"votes</th><td>50.0 %</td><td>0.250</td><td>1.5000</td><td>0.125", text)


def test_what_is_right_is_framed_and_the_shade_says_how_much(tmp_path: Path, manifest: Manifest) -> None:
    text = page(tmp_path, manifest, "votes")
    row = re.search(r'<th scope="row">neutral</th>(.*?)</tr>', text)
    assert row is not None
    assert re.findall(r'class="(.*?)"', row[1]) == ["s0", "s0", "s0", "s0", "s9 right", "s0", "s1"]


def test_a_set_without_the_two_errors_faces_and_mistakes_is_drawn_too(tmp_path: Path, manifest: Manifest) -> None:
    happy = [hard("a.png", "happiness"), hard("b.png", "happiness")]
    answers = Answers.none(2, DEFAULT_REGIONS)
    answers.detected[:], answers.fused[:, 0] = True, 1
    looked = LookedAt(happy, answers)
    one = Section(FaceSet("happy", None, tmp_path), looked, analyze(looked, manifest.fusion))
    text = write_report([one], manifest, tmp_path / "new").read_text("utf-8")
    dash = "\u2013"
    assert cells_of(text, "happy") == ["2", "100.0 %", "1.000", "1.000", dash, dash, "0.000", "100.0 %", "100.0 %"]
    assert "<p>None.</p>" in text
    assert "half of the face covered" not in text


def test_no_text_of_others_becomes_markup(tmp_path: Path, manifest: Manifest) -> None:
    attacked = Elements(page(tmp_path, manifest, EVIL))
    assert attacked.tags == Elements(page(tmp_path, manifest, "votes")).tags
    assert EVIL in attacked.text


def test_only_the_largest_groups_are_on_the_page(tmp_path: Path, manifest: Manifest) -> None:
    many = [f"person {n // 2}" for n in range(20)]
    looked = LookedAt(faces(), said(20), groups=many)
    analysis = analyze(looked, manifest.fusion)
    hundred = replace(analysis, groups={f"person {n}": analysis.fused for n in range(100)})
    place = FaceSet("faces", None, tmp_path)
    text = write_report([Section(place, looked, hundred)], manifest, tmp_path, "subject").read_text("utf-8")
    assert text.count('<th scope="row">person ') == 40
    assert "60 more are in report.json" in text
