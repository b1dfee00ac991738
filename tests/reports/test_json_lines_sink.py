"""Rows on standard output: one JSON object per line while the run goes on, and no run that outlives its reader."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from demo import CLIP_PATH
from realtime.core.errors import ConfigError, RecordError
from realtime.reports.json_lines_sink import JsonLinesOptions
from realtime.reports.table_schema import COLUMNS
from run_live import main
from tests.support.fakes import make_run
from tests.support.pages.live_page import INFO
from tests.support.pictures.recorded import ROOT
from tests.support.values.analysed import moment
from tests.support.values.tiny_models import write_tiny_weights


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_weights(tmp_path_factory.mktemp("weights"), eyes="happiness").folder


class Controls:
    stopped = False

    def stop(self) -> None:
        self.stopped = True


def test_each_frame_is_out_before_the_next_one() -> None:
    stream = io.StringIO()
    sink = JsonLinesOptions(stream).sink()
    sink.open(make_run(INFO))
    for number in range(3):
        sink.write(moment(number / 10, {1: "fear", 2: "anger"}))
        assert stream.getvalue().count("\n") == 2 * (number + 1)
    sink.close()
    sink.close()
    rows = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert all(list(row) == [*(column.name for column in COLUMNS), "source"] for row in rows)
    assert [row["label"] for row in rows] == ["fear", "anger"] * 3
    assert all(row["wall_time"] for row in rows), "a live run says when"
    assert sink.written is None


def test_a_reader_that_goes_away_ends_the_run_with_one_line() -> None:
    class Gone(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError(32, "Broken pipe")

    said: list[str] = []
    controls = Controls()
    sink = JsonLinesOptions(Gone()).sink()
    sink.open(make_run(INFO, notify=said.append, controls=controls))
    for number in range(3):
        sink.write(moment(number / 10, {1: "fear"}))
    sink.close()
    assert controls.stopped
    assert len(said) == 1
    assert "Broken pipe" in said[0]


def test_a_full_disk_behind_the_stream_is_an_error() -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    sink = JsonLinesOptions(Full()).sink()
    sink.open(make_run(INFO))
    with pytest.raises(RecordError, match="No space left"):
        sink.write(moment(0.0, {1: "fear"}))
    sink.close()


def test_a_closed_standard_output_is_refused_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(ConfigError, match="closed here"):
        JsonLinesOptions().check()


def test_standard_output_has_rows_and_nothing_else_and_they_are_those_of_a_table(weights: Path, tmp_path: Path) -> None:
    arguments = [str(CLIP_PATH), "--headless", "--weights", str(weights), "--seconds", "0.5"]
    done = CliRunner().invoke(main, [*arguments, "--table", "-"])
    assert done.exit_code == 0, done.output
    CliRunner().invoke(main, [*arguments, "--table", str(tmp_path / "t.jsonl")])
    assert done.stdout == (tmp_path / "t.jsonl").read_text()
    assert "15 frames" in done.stderr


def test_head_ends_the_run_and_its_recording_is_whole(weights: Path, tmp_path: Path) -> None:
    video = tmp_path / "r.mp4"
    command = [sys.executable, "run_live.py", str(CLIP_PATH), "--headless", "--weights", str(weights)]
    process = subprocess.Popen(
        [*command, "--table", "-", "--record", str(video)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["frame"] == 0
    process.stdout.close()
    said = process.stderr.read()
    assert process.wait(60) == 0, said
    assert "rows cannot be written any more" in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert f"recording: {video}" in said
