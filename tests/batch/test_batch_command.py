"""The command for many videos, as a user runs it."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

import run_live
from models.manifest import EMOTIONS
from realtime.batch.__main__ import main
from realtime.batch.batch_options import BatchOptions
from realtime.batch.person_tally import LABELS, TallyOptions
from realtime.batch.result_store import DONE, VideoResult
from realtime.batch.summary_files import write_summary
from realtime.batch.video_list import Video
from realtime.batch.video_worker import VideoTask, analyze_video
from realtime.core.config import PipelineConfig
from realtime.core.errors import SourceReadError
from realtime.session.session import Session
from tests.support.values.analysed import moment
from tests.support.values.tiny_models import write_tiny_weights

CLIP = Path(__file__).resolve().parents[2] / "demo" / "clip.mp4"


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], subprocess.CompletedProcess[str]]:
    """Three videos, one of them broken, analyzed by two worker processes."""
    folder = tmp_path_factory.mktemp("batch")
    weights = write_tiny_weights(folder / "weights").folder
    videos = folder / "videos"
    (videos / "day <1>").mkdir(parents=True)
    for place in ("one.mp4", "day <1>/two.mp4"):
        (videos / place).write_bytes(CLIP.read_bytes())
    (videos / "broken & cut.mp4").write_bytes(CLIP.read_bytes()[:4000])
    (folder / "list.csv").write_text(
        "file,condition\nvideos/one.mp4,rest\nvideos/day <1>/two.mp4,task\nvideos/broken & cut.mp4,task\n", "utf-8"
    )
    arguments = [str(folder / "list.csv"), "--out", str(folder / "out"), "--weights", str(weights)]
    arguments += ["--seconds", "1.5", "--table", "csv", "--window", "1", "--jobs", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "realtime.batch", *arguments], capture_output=True, text=True, check=False
    )
    return folder, arguments, done


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_last_line_tells_how_much_memory_a_worker_took(batch) -> None:
    _, arguments, done = batch
    told_mb = int(done.stdout.split("at most ")[1].split(" MB per worker")[0])
    assert 50 < told_mb < 2000
    # Nothing was done now, so nothing is told of it.
    assert "per worker" not in CliRunner().invoke(main, arguments).output


def test_a_broken_video_costs_nothing_else_and_is_named_with_its_reason(batch) -> None:
    folder, _, done = batch
    assert done.returncode == 1, done.stderr
    assert "2 of 3 videos done, 1 failed" in done.stdout
    assert "failed: broken & cut: " in done.stdout
    assert "Traceback" not in done.stderr
    assert len({row["frame"] for row in rows(folder / "out" / "one.csv")}) == 45
    assert (folder / "out" / "two.csv-metadata.json").is_file()


def test_the_summary_adds_up_to_what_the_tables_say(batch) -> None:
    folder, _, _ = batch
    summary = {row["video"]: row for row in rows(folder / "out" / "summary.csv")}
    one, table = summary["one"], rows(folder / "out" / "one.csv")
    assert one["condition"] == "rest"
    assert float(one["seconds"]) == pytest.approx(1.5, abs=0.05)
    for label in LABELS:
        said = sum(row["label"] == label for row in table) / len(table)
        assert float(one[f"share_{label}"]) == pytest.approx(said, abs=0.03)
    for emotion in EMOTIONS:
        mean = sum(float(row[f"p_{emotion}"]) for row in table) / len(table)
        assert float(one[f"mean_p_{emotion}"]) == pytest.approx(mean, abs=0.02)
    assert summary["broken & cut"]["status"] == "failed"
    assert summary["broken & cut"]["track"] == ""
    windows = [row for row in rows(folder / "out" / "windows.csv") if row["video"] == "one"]
    assert [(row["start_s"], row["end_s"]) for row in windows] == [("0", "1"), ("1", "2")]
    known = {row["column"] for row in rows(folder / "out" / "codebook.csv") if row["file"] == "summary"}
    assert known == set(one)


def test_the_page_names_every_video_and_escapes_what_it_names(batch) -> None:
    folder, _, _ = batch
    text = (folder / "out" / "summary.html").read_text("utf-8")
    assert "<td>sensitivity</td><td>not given</td>" in text, "in words of people, not of Python"
    assert "<td>learn_rest</td><td>no</td>" in text
    seen: list[str] = []

    class Parser(HTMLParser):
        def handle_data(self, data: str) -> None:
            seen.append(data)

    Parser().feed(text)
    assert {"one", "two", "broken & cut"} <= {one.strip() for one in seen}
    assert "<script" not in text


def test_the_same_command_again_does_nothing_twice(batch) -> None:
    folder, arguments, _ = batch
    before = (folder / "out" / "one.csv").stat().st_mtime_ns
    again = CliRunner().invoke(main, arguments)
    assert again.exit_code == 1
    assert "3 videos were analyzed before; 0 are left" in again.stderr
    assert (folder / "out" / "one.csv").stat().st_mtime_ns == before
    other = CliRunner().invoke(main, [*arguments, "--max-faces", "2"])
    assert other.exit_code == 2
    assert "max_faces 4, now 2" in other.stderr


def test_the_live_program_passes_the_word_batch_on(batch) -> None:
    _, arguments, _ = batch
    again = CliRunner().invoke(run_live.main, ["batch", *arguments])
    assert "3 videos were analyzed before" in again.stderr
    shown = CliRunner().invoke(run_live.main, ["batch", "--help"])
    assert "batch [OPTIONS] IN..." in shown.output


def test_a_killed_batch_goes_on_and_nothing_is_lost_or_twice(batch, tmp_path: Path) -> None:
    _, arguments, _ = batch
    videos = tmp_path / "videos"
    videos.mkdir()
    for number in range(4):
        (videos / f"v{number}.mp4").write_bytes(CLIP.read_bytes())
    out = tmp_path / "out"
    command = [sys.executable, "-m", "realtime.batch", str(videos), "--out", str(out), *arguments[3:]]
    command += ["--jobs", "1", "--seconds", "3"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    limit_s = time.monotonic() + 60
    while not list(out.glob(".batch/results/*.json")) and time.monotonic() < limit_s:
        time.sleep(0.02)
    process.kill()
    process.wait()
    done_before = {path.name for path in out.glob(".batch/results/*.json")}
    assert 1 <= len(done_before) < 4
    # The killed batch's worker ends with it, and so frees its files.
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert f"{len(done_before)} videos were analyzed before" in again.stderr
    counts = {path.name: len(rows(path)) for path in out.glob("v*.csv")}
    assert counts == {f"v{number}.csv": 90 for number in range(4)}
    assert len(rows(out / "summary.csv")) == 4


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_ctrl_c_finishes_what_runs_and_says_how_to_go_on(batch, tmp_path: Path) -> None:
    _, arguments, _ = batch
    videos = tmp_path / "videos"
    videos.mkdir()
    for number in range(3):
        (videos / f"v{number}.mp4").write_bytes(CLIP.read_bytes())
    out = tmp_path / "out"
    command = [sys.executable, "-m", "realtime.batch", str(videos), "--out", str(out), *arguments[3:], "--jobs", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    limit_s = time.monotonic() + 60
    while not list(out.glob(".batch/working/*/*/*")) and time.monotonic() < limit_s:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1, "a script must see that videos are left"
    assert "run the same command again to go on" in errors
    kept = [json.loads(path.read_text("utf-8")) for path in out.glob(".batch/results/*.json")]
    assert 1 <= len(kept) < 3
    assert {one["status"] for one in kept} == {"done"}


def test_a_batch_beside_its_videos_leaves_them_as_they_are(batch, tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    clip.write_bytes(CLIP.read_bytes())
    words = ["batch", str(tmp_path), "--out", str(tmp_path), "--weights", str(batch[0] / "weights"), "--record"]
    found = CliRunner().invoke(run_live.main, [*words, "--overwrite"])
    assert found.exit_code == 2
    assert "never replaces what it reads" in found.output
    assert clip.read_bytes() == CLIP.read_bytes()


@pytest.mark.parametrize(
    ("table", "files"),
    [
        ("one.csv", ["table of a video"]),
        ("conditions.csv", ["conditions"]),
        ("windows.csv", ["windows", "summary"]),
    ],
)
def test_the_codebook_explains_every_column_of_every_table(batch, table: str, files: list[str]) -> None:
    out = batch[0] / "out"
    told = {row["column"]: row["meaning"] for row in rows(out / "codebook.csv") if row["file"] in files}
    assert all(told.get(column) for column in rows(out / table)[0]), table


def test_a_value_that_no_video_can_be_analyzed_with_is_refused_once(batch, tmp_path: Path) -> None:
    _, arguments, _ = batch
    found = CliRunner().invoke(main, [arguments[0], "--out", str(tmp_path / "out"), "--seconds", "nan"])
    assert found.exit_code == 2
    assert "seconds must be above 0" in found.output
    assert not (tmp_path / "out").exists()


def test_no_table_of_another_run_stays_beside_the_summary(batch, tmp_path: Path) -> None:
    _, arguments, _ = batch
    weights, out = arguments[arguments.index("--weights") + 1], tmp_path
    options = BatchOptions(PipelineConfig(weights=Path(weights)), table="csv")
    person = {"track": 1, "first_s": 0, "last_s": 1, "transitions": 0, "spans": [], "reliability": {}}
    person["bins"] = [[0, 1.0, *[0.0] * (len(LABELS) + len(EMOTIONS) - 1)]]
    results = [VideoResult(name, name, DONE, {}, {}, seconds=1.0, people=(person,)) for name in ("a", "b")]
    columns = {"a": {"group": "x"}, "b": {"group": "y"}}
    write_summary(out, results, columns, options, 10)
    assert (out / "conditions.csv").is_file()
    assert (out / "windows.csv").is_file()
    write_summary(out, results[:1], columns, options)
    assert not (out / "conditions.csv").exists()
    assert not (out / "windows.csv").exists()


def test_the_summary_does_not_tell_where_the_videos_are(batch) -> None:
    out = batch[0] / "out"
    for path in (out / "summary.html", *out.glob(".batch/results/*.json")):
        assert str(batch[0]) not in path.read_text("utf-8"), path


def test_what_a_failed_video_left_unfinished_is_kept_where_its_reason_says(tmp_path: Path) -> None:
    task = VideoTask(3, Video(tmp_path / "in.mp4", "day/in"), BatchOptions(), tmp_path / "working", tmp_path / "out")
    (task.working / "3").mkdir(parents=True)
    (task.working / "3" / "in.part.jsonl").write_text("row", "utf-8")
    result = analyze_video(task)
    assert result.status == "failed"
    assert (tmp_path / "out" / "day" / "in.part.jsonl").read_text("utf-8") == "row"


def test_a_video_that_breaks_off_in_the_middle_failed_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(session: Session, on_open: object) -> None:
        tally = next(one.tally for one in session.options.outputs if isinstance(one, TallyOptions))
        tally.add(moment(0.0, {1: "anger"}))
        raise SourceReadError("it broke off")

    monkeypatch.setattr(Session, "run", breaks_off)
    (tmp_path / "in.mp4").write_bytes(b"video")
    task = VideoTask(3, Video(tmp_path / "in.mp4", "in"), BatchOptions(), tmp_path / "working", tmp_path / "out")
    result = analyze_video(task)
    assert (result.status, result.reason, result.frames) == ("failed", "it broke off", 1)


def test_a_worker_knows_nothing_of_the_video_before(batch, tmp_path: Path) -> None:
    weights = batch[0] / "weights"
    options = BatchOptions(PipelineConfig(weights=weights), table="csv", seconds=0.5)
    for number, name in enumerate(("first", "second")):
        analyze_video(VideoTask(number, Video(CLIP, name), options, tmp_path / "working", tmp_path))
    assert (tmp_path / "first.csv").read_text("utf-8") == (tmp_path / "second.csv").read_text("utf-8")
    assert (tmp_path / "first.csv").read_text("utf-8").count("\n") == 16
