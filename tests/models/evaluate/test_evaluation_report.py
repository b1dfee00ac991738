"""The evaluation's page: whole, self-contained, and nothing that others wrote becomes markup."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from models.dataset.labels import LabelledFace
from models.evaluate.analysis import analyse
from models.evaluate.report import write_report
from models.evaluate.shipped import Answers
from models.manifest import EMOTIONS, Manifest, load_manifest
from models.region_registry import DEFAULT_REGIONS
from tests.support.report_page import Elements
from tests.support.tiny_models import write_tiny_weights

pytest.importorskip("matplotlib", reason="the train extra is not installed")

EVIL = '<script>alert("1")</script>'


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return load_manifest(write_tiny_weights(tmp_path_factory.mktemp("weights")).folder)


def faces() -> list[LabelledFace]:
    return [LabelledFace(f"{n}.png", EMOTIONS[n % 2], (0.0,) * 6, 1.0, 1.0, "", "", EMOTIONS[n % 2]) for n in range(20)]


def said(right: int) -> Answers:
    """Answers to `faces`: the first `right` are right, the last face is not found, others are called surprised."""
    answers = Answers.none(20, DEFAULT_REGIONS)
    answers.detected[:19] = True
    for row, face in enumerate(faces()):
        answers.fused[row, EMOTIONS.index(face.label if row < right else "surprise")] = 1
    answers.by_region[:] = answers.fused[:, None]
    answers.reliability[:] = 1
    return answers


def page(folder: Path, manifest: Manifest, text: str) -> str:
    """The report with `text` wherever the user's own words come."""
    analysis = analyse(faces(), said(15), {"mouth": said(10)}, manifest.fusion)
    figures = {"accuracy": 0.5, "macro_f1": 0.25, "log_loss": 1.5, "ece": 0.125}
    scored = replace(manifest, scores={"fusion_on_val": {text: figures}})
    analyses, protocols = {text: analysis, f"{text} 2": None}, {text: faces(), f"{text} 2": faces()}
    path = write_report(analyses, protocols, said(15), scored, folder, folder / "out", f"{text}.csv, all splits")
    return path.read_text("utf-8")


def test_the_page_is_whole_and_has_every_figure(tmp_path: Path, manifest: Manifest) -> None:
    text = page(tmp_path, manifest, "votes")
    found = Elements(text)
    assert found.open == []
    assert found.self_contained()
    assert text.count("data:image/png;base64,") == 4
    assert "border-collapse: collapse" in text, "the style is in the page"
    assert found.tags.count("h2") == 3
    assert "<td>fused</td><td>75.00%</td>" in text
    assert "<td>mouth</td><td>50.00%</td><td>25.0 points</td><td>19</td>" in text
    assert "<p>No picture has one of the six labels in this column.</p>" in text
    assert "<td>votes</td><td>50.00%</td><td>0.250</td><td>1.5000</td><td>0.125</td>" in text
    assert "Scored: votes.csv, all splits." in found.text


def test_no_text_of_others_becomes_markup(tmp_path: Path, manifest: Manifest) -> None:
    attacked = Elements(page(tmp_path, manifest, EVIL))
    assert attacked.tags == Elements(page(tmp_path, manifest, "votes")).tags
    assert attacked.text.count(EVIL) == 4, "source, two columns and a method say it as it is"
