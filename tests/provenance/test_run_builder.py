"""What outputs say of how they were made, at every door: command line, session, desktop program, embedding."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest

import realtime
from demo import CLIP_PATH
from realtime.app.jobs.analyse import Analysis, AnalysisJob
from realtime.app.jobs.save import SaveJob
from realtime.app.jobs.save_kinds import Kind
from realtime.core.config import PipelineConfig, SmoothingConfig
from realtime.core.options import AnalysisOptions, FaceStyle, PictureOptions, RunOptions, SmoothingMode
from realtime.core.version import VERSION
from realtime.provenance.source_facts import first_megabyte_sha256
from realtime.recording.recording_sink import RecordingOptions
from realtime.reports.report_sink import ReportOptions
from realtime.reports.table_metadata import read_facts
from realtime.reports.table_sink import TableOptions
from realtime.session.session import Session


def facts_of(weights: Path, table: Path, **how: object) -> dict[str, object]:
    columns = how.pop("columns", {})
    full_paths = bool(how.pop("full_paths", False))
    how.setdefault("pipeline", PipelineConfig(weights=weights))
    analysis = AnalysisOptions(seconds=0.2, **how)  # type: ignore[arg-type]
    outputs = (TableOptions(table),)
    Session(
        RunOptions(str(CLIP_PATH), analysis, outputs=outputs, columns=columns, full_paths=full_paths)  # type: ignore[arg-type]
    ).run()
    return read_facts(table)


def test_a_table_tells_source_options_models_and_versions(weights: Path, tmp_path: Path) -> None:
    facts = facts_of(weights, tmp_path / "t.csv")
    source = facts["source_facts"]
    assert source["name"] == CLIP_PATH.name  # type: ignore[index]
    assert source["sha256_of_first_megabyte"] == first_megabyte_sha256(CLIP_PATH)  # type: ignore[index]
    assert source["bytes"] == CLIP_PATH.stat().st_size  # type: ignore[index]
    assert set(facts["models"]["files"]) == {"eyes.onnx", "lips.onnx"}  # type: ignore[index]
    assert facts["versions"]["emotion-live"] == VERSION  # type: ignore[index]
    assert (facts["ran_on"], facts["frames"]) == ("cpu", 6)
    assert str(CLIP_PATH.parent) not in json.dumps(facts), "folders are nobody's business"


def test_two_runs_that_differ_differ_there(weights: Path, tmp_path: Path) -> None:
    usual = facts_of(weights, tmp_path / "0.csv")
    changes: list[dict[str, object]] = [
        {"smoothing": SmoothingMode.OFFLINE},
        {"calibrate_s": 1.0},
        {"pipeline": PipelineConfig(weights=weights, max_faces=2)},
        {"pipeline": PipelineConfig(weights=weights, smoothing=SmoothingConfig(time_constant_ms=100))},
        {"pipeline": PipelineConfig(weights=weights, provider="cpu")},
    ]
    for number, change in enumerate(changes, 1):
        assert facts_of(weights, tmp_path / f"{number}.csv", **change)["options"] != usual["options"], change
    assert facts_of(weights, tmp_path / "same.csv")["options"] == usual["options"]


def test_a_table_tells_that_its_run_hid_faces(weights: Path, tmp_path: Path) -> None:
    assert "faces" not in facts_of(weights, tmp_path / "t.csv")
    analysis = AnalysisOptions(seconds=0.1, pipeline=PipelineConfig(weights=weights))
    hidden = PictureOptions(faces=FaceStyle.ON_BLACK)
    outputs = (TableOptions(tmp_path / "hidden.csv"),)
    Session(RunOptions(str(CLIP_PATH), analysis, hidden, outputs=outputs)).run()
    assert read_facts(tmp_path / "hidden.csv")["faces"] == "on black"


def test_the_folder_is_told_only_where_it_is_asked_for(weights: Path, tmp_path: Path) -> None:
    facts = facts_of(weights, tmp_path / "t.parquet", full_paths=True)
    assert facts["source_facts"]["path"] == str(Path(CLIP_PATH).resolve())  # type: ignore[index]


def test_report_and_recording_tell_it_too(weights: Path, tmp_path: Path) -> None:
    video, page = tmp_path / "o.mp4", tmp_path / "o.html"
    analysis = AnalysisOptions(pipeline=PipelineConfig(weights=weights, max_faces=2), seconds=0.3)
    outputs = (RecordingOptions(video), ReportOptions(page))
    Session(RunOptions(str(CLIP_PATH), analysis, outputs=outputs, columns={"group": "A"})).run()
    text = page.read_text("utf-8")
    assert "max_faces 2" in text
    assert "seconds 0.3" in text
    assert "Column group" in text
    assert first_megabyte_sha256(CLIP_PATH)[:16] in text
    with av.open(str(video)) as container:
        told = json.loads(container.metadata["comment"])
    assert told["options"]["pipeline"]["max_faces"] == 2
    assert told["source_facts"]["name"] == CLIP_PATH.name


def test_a_calibration_by_hand_is_told(weights: Path, tmp_path: Path) -> None:
    with realtime.Analyser(str(CLIP_PATH), AnalysisOptions(pipeline=PipelineConfig(weights=weights))) as run:
        frames = iter(run)
        at_s = next(frames).media_time_s
        run.calibrate(2)
        facts = realtime.run_facts(run)
    assert facts["interventions"] == [{"calibrate_s": 2, "at_s": at_s}]
    assert facts["options"]["smoothing"] == "live"
    assert facts["source_facts"]["bytes"] == CLIP_PATH.stat().st_size


def test_the_desktop_program_s_files_tell_it_too(weights: Path, tmp_path: Path) -> None:
    said: list[object] = []
    AnalysisJob(str(CLIP_PATH), PipelineConfig(weights=weights), lambda _, event: said.append(event)).work()
    analysis = next(event for event in said if isinstance(event, Analysis))
    SaveJob(analysis, Kind.TABLE, tmp_path / "t.csv", FaceStyle.AS_THEY_ARE, lambda *_: None).work()
    facts = read_facts(tmp_path / "t.csv")
    assert facts["options"]["smoothing"] == "offline"
    assert facts["source_facts"]["sha256_of_first_megabyte"] == first_megabyte_sha256(CLIP_PATH)


@pytest.mark.parametrize("column", ["group", "=A", "group=A,group=B"])
def test_a_column_without_name_or_value_is_refused(column: str) -> None:
    from click.testing import CliRunner

    import run_live

    words = [word for one in column.split(",") for word in ("--column", one)]
    found = CliRunner().invoke(run_live.main, ["clip.mp4", "--headless", *words])
    assert found.exit_code == 2
    assert "NAME=VALUE" in found.output
