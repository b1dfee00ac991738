"""`run_live.py rerun TABLE`."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import run_live
from demo import CLIP_PATH
from realtime.core.config import PipelineConfig
from realtime.core.errors import ConfigError, RecordError
from realtime.core.options import AnalysisOptions, RunOptions
from realtime.reports.table_metadata import read_facts, sidecar_of
from realtime.reports.table_sink import TableOptions
from realtime.rerun.row_comparison import compare_rows
from realtime.session.session import Session


def run(*words: object) -> Result:
    return CliRunner().invoke(run_live.main, [str(word) for word in words])


def made(folder: Path, weights: Path, suffix: str, *options: object) -> Path:
    """A table beside its video."""
    clip, table = folder / "my clip.mp4", folder / f"t{suffix}"
    shutil.copy(CLIP_PATH, clip)
    found = run(clip, "--headless", "--seconds", 0.5, "--weights", weights, "--table", table, *options)
    assert found.exit_code == 0, found.output
    return table


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("options", [(), ("--smooth", "offline", "--max-faces", 2, "--column", "group=A")])
def test_a_run_is_repeated_from_its_table(
    tmp_path: Path, weights: Path, suffix: str, options: tuple[object, ...]
) -> None:
    table = made(tmp_path, weights, suffix, *options)
    before = table.read_bytes()
    found = run("rerun", table, "--weights", weights)
    assert (found.exit_code, found.output.splitlines()[-1]) == (0, "all 15 rows are equal"), found.output
    assert table.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == (2 if suffix == ".parquet" else 3)


def test_rows_that_differ_are_counted_by_column(tmp_path: Path, weights: Path) -> None:
    table = made(tmp_path, weights, ".csv")
    lines = table.read_text().splitlines()
    for number in (2, 5):
        lines[number] = lines[number].replace("happiness", "anger")
    table.write_text("\n".join(lines[:-1]) + "\n")
    found = run("rerun", table, "--weights", weights)
    assert found.exit_code == 1
    assert found.output.splitlines()[-1] == "3 of 15 rows differ: label 2"


def test_a_video_that_was_moved_is_given_and_another_one_refused(tmp_path: Path, weights: Path) -> None:
    table = made(tmp_path, weights, ".csv")
    moved = (tmp_path / "my clip.mp4").rename(tmp_path / "moved.mp4")
    assert "say where" in run("rerun", table, "--weights", weights).output
    assert run("rerun", table, moved, "--weights", weights).exit_code == 0
    moved.write_bytes(moved.read_bytes() + b"x")
    found = run("rerun", table, moved, "--weights", weights)
    assert found.exit_code == 2
    assert "is not the file that was analyzed" in found.output


@pytest.mark.parametrize(
    ("fact", "value", "said"),
    [
        ("source_facts", {"name": "camera 0", "live": True}, "frames that were dropped"),
        ("interventions", [{"calibrate_s": 5, "at_s": 1.0}], "what a person did"),
        ("options", None, "did not note its options"),
    ],
)
def test_what_cannot_be_repeated_is_said(tmp_path: Path, weights: Path, fact: str, value: object, said: str) -> None:
    table = made(tmp_path, weights, ".csv")
    sidecar = sidecar_of(table)
    body = json.loads(sidecar.read_text())
    body["notes"][0][fact] = value
    sidecar.write_text(json.dumps(body))
    found = run("rerun", table, "--weights", weights)
    assert found.exit_code == 2
    assert said in found.output


def test_other_models_are_noted(tmp_path: Path, weights: Path) -> None:
    table = made(tmp_path, weights, ".csv")
    sidecar = sidecar_of(table)
    sidecar.write_text(sidecar.read_text().replace('"manifest_sha256": "', '"manifest_sha256": "0'))
    assert "note: the models are not those of the table" in run("rerun", table, "--weights", weights).output


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_run_that_was_stopped_says_where_and_is_repeated_until_there(
    tmp_path: Path, weights: Path, suffix: str
) -> None:
    clip, table = tmp_path / "my clip.mp4", tmp_path / f"t{suffix}"
    shutil.copy(CLIP_PATH, clip)
    analysis = AnalysisOptions(PipelineConfig(weights=weights))
    session = Session(
        RunOptions(str(clip), analysis, outputs=(TableOptions(table),)),
        on_frame=lambda analysed: session.stop() if analysed.frame.index == 6 else None,
    )
    session.run()
    assert read_facts(table)["stopped_at_s"] == pytest.approx(6 / 30, abs=1e-3)
    found = run("rerun", table, "--weights", weights)
    assert "note: the run was stopped at 0.2 s: it is repeated until then" in found.output
    assert (found.exit_code, found.output.splitlines()[-1]) == (0, "all 7 rows are equal"), found.output


def test_a_run_that_came_to_its_end_was_not_stopped(tmp_path: Path, weights: Path) -> None:
    assert "stopped_at_s" not in read_facts(made(tmp_path, weights, ".csv"))
    assert "stopped_at_s" not in read_facts(made(tmp_path, weights, ".jsonl", "--smooth", "offline"))


def test_ctrl_c_ends_it_with_a_line(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = made(tmp_path, weights, ".csv")

    def interrupted(_: Session) -> None:
        raise KeyboardInterrupt  # as `ending_signals` does, after which it ignores signals until the process ends

    monkeypatch.setattr(Session, "run", interrupted)
    found = run("rerun", table, "--weights", weights)
    assert (found.exit_code, found.output) == (130, "stopped: the rows were not compared\n")


def test_a_row_that_is_missing_counts(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("frame,wall_time\n0,a\n1,a\n")
    second.write_text("frame,wall_time\n0,b\n")
    assert str(compare_rows(first, second)) == "1 of 2 rows differ: they are missing"
    assert str(compare_rows(first, first)) == "all 2 rows are equal"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_value_may_hold_what_ends_a_line_elsewhere(tmp_path: Path, weights: Path, suffix: str) -> None:
    table = made(tmp_path, weights, suffix, "--column", "note=a\u2028b\nc")
    found = run("rerun", table, "--weights", weights)
    assert (found.exit_code, found.output.splitlines()[-1]) == (0, "all 15 rows are equal"), found.output


@pytest.mark.parametrize(
    ("name", "body"), [("a.jsonl", b'{"frame": 0}\n{"fra'), ("a.csv", b"\xff"), ("a.parquet", b"x")]
)
def test_rows_that_cannot_be_read_are_one_line(tmp_path: Path, name: str, body: bytes) -> None:
    (tmp_path / name).write_bytes(body)
    with pytest.raises(RecordError, match="cannot be read"):
        compare_rows(tmp_path / name, tmp_path / name)


def test_without_pyarrow_a_table_in_parquet_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match="needs pyarrow"):
        read_facts(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("versions", 5),
        ("source_facts", {"name": "my clip.mp4", "path": 5}),
        ("options", {"seconds": []}),
        ("options", {"pipeline": {"max_faces": "many"}}),
        ("options", {"pipeline": 5}),
    ],
)
def test_damaged_metadata_are_one_line(tmp_path: Path, weights: Path, fact: str, value: object) -> None:
    table = made(tmp_path, weights, ".csv")
    sidecar = sidecar_of(table)
    body = json.loads(sidecar.read_text())
    body["notes"][0][fact] = value
    sidecar.write_text(json.dumps(body))
    found = run("rerun", table, "--weights", weights)
    assert found.exit_code == 1, found.output
    assert found.output.startswith("error: the metadata of ")
