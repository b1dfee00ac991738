"""A third region, added by one entry in the registry and named by a manifest, passes through the whole program."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from demo import CLIP_PATH
from models.manifest import EMOTIONS, Manifest
from models.region_crops import region_corners
from models.region_registry import REGIONS
from realtime.core.config import PipelineConfig
from realtime.core.types import Analysed, Emotions
from realtime.inference.classifier import RegionClassifier
from realtime.inference.fusion import fuse
from realtime.overlay.face_facts import FaceFacts
from realtime.overlay.face_panel import Level, PanelPainter
from realtime.overlay.overlay import Overlay
from realtime.overlay.palette import EMOTION_COLOURS_BGR
from realtime.overlay.text import text_width_px
from realtime.pipeline.live_queue import LiveQueue
from realtime.reports.table_schema import columns_of, rows_of, with_measured
from realtime.reports.table_writer import open_table
from realtime.serving.page_state import state_of
from realtime.smoothing.carry_forward import CarryForward
from realtime.timeline.analysis_results import AnalysisResults
from run_live import main
from tests.support.fakes import BROWS, THREE, make_faces, make_frame, three_experts
from tests.support.pictures.drawn_faces import HUD, analysed, changed_box, plain
from tests.support.values.table_rows import FORMATS
from tests.support.values.table_rows import analysed as tabled
from tests.support.values.tiny_models import write_tiny_weights


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGIONS, BROWS.name, BROWS)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return write_tiny_weights(tmp_path / "weights", eyes="anger", lips="happiness", brows="fear")


@pytest.fixture
def measured(manifest: Manifest) -> Analysed:
    """One face, bright and coarse enough for every expert to speak."""
    patches = np.random.default_rng(0).integers(100, 250, (48, 64, 3), dtype=np.uint8)
    noise = np.random.default_rng(1).integers(0, 5, (240, 320, 3), dtype=np.uint8)
    frame = make_frame(image=np.ascontiguousarray(np.kron(patches, np.ones((5, 5, 1), np.uint8)) + noise))
    faces = make_faces([(160, 120)], 60).with_track_ids(np.array([1]))
    (emotions,) = RegionClassifier(PipelineConfig(weights=manifest.folder)).classify([(frame, faces)])
    return Analysed(frame, faces, emotions)


def test_every_expert_is_asked_and_fused(manifest: Manifest, measured: Analysed) -> None:
    emotions = measured.emotions
    assert emotions.regions == THREE
    assert [EMOTIONS[int(row.argmax())] for row in emotions.by_region[0]] == ["anger", "happiness", "fear"]
    np.testing.assert_allclose(emotions.reliability, 1.0)
    np.testing.assert_array_equal(emotions.raw, fuse(emotions.by_region, emotions.reliability, manifest.fusion))
    assert emotions.raw[0, EMOTIONS.index("fear")] > 2 * emotions.raw[0, EMOTIONS.index("sadness")]
    (person,) = measured.people
    assert (tuple(person.by_region), tuple(person.reliability)) == (THREE, THREE)
    assert max(person.by_region["brows"], key=person.by_region["brows"].__getitem__) == "fear"


def test_the_command_runs_it_and_writes_its_columns(manifest: Manifest, tmp_path: Path) -> None:
    written = {suffix: tmp_path / f"out{suffix}" for suffix in (".csv", ".mp4", ".html")}
    options = ["--headless", "--weights", str(manifest.folder), "--seconds", "0.2", "--smooth", "offline"]
    outputs = ["--table", str(written[".csv"]), "--record", str(written[".mp4"]), "--report", str(written[".html"])]
    done = CliRunner().invoke(main, [str(CLIP_PATH), *options, *outputs])
    assert done.exit_code == 0, done.output
    rows = read(written[".csv"])
    assert len(rows) == 6
    assert all(max(EMOTIONS, key=lambda emotion: float(row[f"brows_{emotion}"])) == "fear" for row in rows)
    assert "Model of the brows" in written[".html"].read_text("utf-8")
    lines = CliRunner().invoke(main, [str(CLIP_PATH), *options, "--table", "-"])
    assert [list(json.loads(line)) for line in lines.stdout.splitlines()] == [list(row) for row in rows]


@pytest.mark.parametrize("says", [{"brows": "fear"}, {"lips": "fear", "eyes": "fear"}])
def test_a_manifest_may_name_any_regions_in_any_order(tmp_path: Path, says: dict[str, str]) -> None:
    folder = tmp_path / "two"
    body = json.loads(write_tiny_weights(folder, **{"eyes": "fear", "lips": "fear", "brows": "fear"}).to_json())
    experts = {expert["region"]: expert for expert in body["experts"]}
    body["experts"] = [experts[name] for name in says]
    for table in ("weights", "success"):
        body["fusion"][table] = body["fusion"][table][: len(says)]
    (folder / "manifest.json").write_text(json.dumps(body))
    classifier = RegionClassifier(PipelineConfig(weights=folder))
    (emotions,) = classifier.classify([(make_frame(), make_faces())])
    assert (classifier.regions, emotions.by_region.shape) == (tuple(says), (1, len(says), 6))


def test_the_panel_has_a_line_more_and_the_picture_an_outline_more() -> None:
    before, value = plain(), analysed(plain(), [[200, 200, 400, 440]])
    three = three_experts(value, "happiness", "happiness", "fear")
    heights = []
    for one in (value, three):
        _, top, _, bottom = changed_box(Overlay().draw(one, None)[:, 420:], before[:, 420:])
        heights.append(bottom - top)
    cap_px = round(720 * 0.0135)
    painter = PanelPainter(("eyes", "lips"), cap_px), PanelPainter(THREE, cap_px)
    line_px = painter[1].size_wh(Level.FULL)[1] - painter[0].size_wh(Level.FULL)[1]
    assert heights[1] - heights[0] == line_px > cap_px
    corners = region_corners(three.faces.landmarks_xy[0], BROWS.geometry)
    middle_x, edge_y = corners[:2].mean(axis=0).round().astype(int)
    fear = np.array(EMOTION_COLOURS_BGR["fear"], int)
    drawn = [Overlay().draw(one, None, landmarks=True)[edge_y, middle_x] for one in (value, three)]
    # Lines are smoothed, so that their color is not met exactly.
    assert np.abs(drawn[0] - fear).max() > 40
    assert np.abs(drawn[1] - fear).max() < 20


def test_the_compact_panel_shows_every_expert_and_their_squares_do_not_touch() -> None:
    painter = PanelPainter(THREE, 10)
    value = three_experts(analysed(plain(), [[0, 0, 9, 9]]), "anger", "happiness", "fear")
    picture = plain((600, 200), 0)
    painter.draw(picture, Level.COMPACT, 0, 0, FaceFacts.of(value.emotions, 0, 1))
    width = painter.size_wh(Level.COMPACT)[0]
    # The squares end one padding, nine pixels, before the right edge.
    column, says = picture[:, width - 9 - 5], ("anger", "happiness", "fear")
    rows = [np.flatnonzero((column == EMOTION_COLOURS_BGR[name]).all(axis=1)) for name in says]
    assert [len(found) for found in rows] == [10, 10, 10]
    assert rows[0][-1] + 1 < rows[1][0]
    assert rows[1][-1] + 1 < rows[2][0]


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (("happiness", "happiness", "happiness"), "eyes, lips and brows agree"),
        (("happiness", "fear", "happiness"), "eyes and brows outweigh lips"),
        (("fear", "happiness", "fear"), "lips outweigh eyes and brows"),
    ],
)
def test_the_page_names_every_expert_in_its_verdict(says: tuple[str, ...], why: str) -> None:

    (person,) = state_of(three_experts(analysed(plain(), [[0, 0, 9, 9]]), *says), HUD).people
    assert person["why"] == why


def test_more_regions_and_longer_titles_widen_the_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    nose = dataclasses.replace(BROWS, name="nose", title="nose")
    monkeypatch.setitem(REGIONS, "nose", nose)
    full_px = PanelPainter((*THREE, "nose"), 10).size_wh(Level.FULL)[0]
    assert text_width_px("eyes, lips and brows outweigh nose", 10) < full_px - 2 * 9
    monkeypatch.setitem(REGIONS, "nose", dataclasses.replace(nose, title="nose and cheeks"))
    wide_px, usual_px = (PanelPainter(regions, 10).size_wh(Level.COMPACT)[0] for regions in ((*THREE, "nose"), THREE))
    assert wide_px > usual_px, "the title, its meter and its square stand beside the six columns"


@pytest.mark.parametrize("suffix", FORMATS)
def test_tables_have_columns_for_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    table = open_table(path, regions=THREE)
    table.write(three_experts(tabled(0, 0), "anger", "happiness", "fear"))
    table.write(three_experts(tabled(1, 1), "anger", "happiness", "fear"))
    with pytest.raises(ValueError, match="received \\('eyes', 'lips'\\)"):
        table.write(tabled(2, 1))
    table.close()
    names = [column.name for column in columns_of(THREE)]
    at = names.index("brows_happiness")
    assert names[at - 1] == "lips_surprise"
    assert names[-4:] == ["reliability_eyes", "reliability_lips", "reliability_brows", "emotion_age_s"]
    rows = read(path)
    assert [list(row) for row in rows] == [names, names]
    assert rows[0]["brows_fear"] in (None, "")
    assert (float(rows[1]["brows_fear"]), float(rows[1]["reliability_brows"])) == (0.9, 1.0)
    if suffix == ".csv":
        described = json.loads(path.with_name("out.csv-metadata.json").read_text())["tableSchema"]["columns"]
        assert [column["name"] for column in described] == names
        assert described[at]["dc:description"] == "the brows expert's own answer, this frame alone"
        assert described[names.index("p_fear")]["dc:description"].startswith("fused from all 3 regions")


def read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return list(pyarrow.parquet.read_table(path).to_pylist())
    lines = path.read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines] if path.suffix == ".jsonl" else list(csv.DictReader(lines))


def test_a_late_answer_fills_the_rows_that_were_written_without_it() -> None:
    value = three_experts(tabled(0, 1), "anger", "happiness", "fear")
    aged = dataclasses.replace(Emotions.not_yet(1, THREE), age_s=np.array([0.5], np.float32))
    unknown = Analysed(value.frame, value.faces, aged)
    names = [column.name for column in columns_of(THREE)]
    (before,) = rows_of(unknown, None)
    (row,) = with_measured([before], value.emotions)
    cells = dict(zip(names, row, strict=True))
    assert dict(zip(names, before, strict=True))["brows_fear"] is None
    assert (cells["brows_fear"], cells["reliability_brows"]) == (0.9, 1.0)
    assert (cells["label"], cells["emotion_age_s"]) == ("uncertain", 0.5), "what was shown stays"


def test_a_frame_that_goes_ahead_of_a_busy_classifier_knows_the_experts(measured: Analysed) -> None:
    clock = iter(np.arange(0.0, 9.0, 0.1).tolist())
    line = LiveQueue(clock=lambda: next(clock))
    first, second, third = (make_frame(index) for index in range(3))
    line.arrive(first, measured.faces)
    line.ask()
    line.answer(measured.emotions)
    assert line.next() is not None
    line.arrive(second, measured.faces)
    line.ask()
    line.arrive(third, measured.faces)
    ahead = line.next()
    assert ahead is not None
    assert ahead.answer_follows
    assert (ahead.emotions.regions, ahead.emotions.by_region.shape) == (THREE, (1, 3, 6))
    carry = CarryForward(lambda _, emotions, __: emotions)
    carry.update(measured)
    carried = carry.update(ahead).emotions
    assert carried.regions == THREE
    np.testing.assert_array_equal(carried.by_region, measured.emotions.by_region)


def test_what_the_desktop_program_keeps_has_it(measured: Analysed) -> None:
    results = AnalysisResults()
    assert results.people() == []
    results.add(measured)
    results.smooth(PipelineConfig().smoothing)
    kept = results.analysed(0, measured.frame).emotions
    assert kept.regions == THREE
    np.testing.assert_array_equal(kept.by_region, measured.emotions.by_region)
