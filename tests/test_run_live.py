"""The command as a user runs it, with tiny experts, on the clip that ships with the project."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import pytest
from click.testing import CliRunner, Result

from demo import CLIP_PATH
from realtime.inference.classifier import RegionClassifier
from run_live import main

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_file_becomes_a_video_and_a_table_of_the_same_length(weights: Path, tmp_path: Path) -> None:
    video, table = tmp_path / "out.mp4", tmp_path / "out.csv"
    done = run(CLIP_PATH, "--headless", "--record", video, "--table", table, "--weights", weights, "--seconds", 2)
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(table.open()))
    assert [int(row["frame"]) for row in rows] == list(range(60))
    assert {row["track"] for row in rows} == {"1"}
    assert float(rows[-1]["media_time_s"]) == pytest.approx(59 / 30, abs=0.002)
    with av.open(str(video)) as container:
        frames = sum(1 for _ in container.decode(video=0))
        assert frames == 60
        assert float(container.duration / av.time_base) == pytest.approx(2.0, abs=0.1)
        assert container.streams.audio, "the sound of the source is kept"
    assert "person 1: happiness" in done.output
    assert "60 frames, 60 with a face, none dropped; provider cpu" in done.output


def test_a_file_played_like_a_camera_is_paced_and_says_its_latency(weights: Path) -> None:
    done = run(CLIP_PATH, "--headless", "--realtime", "--weights", weights, "--seconds", 2)
    assert done.exit_code == 0, done.output
    assert "capture to display: p50" in done.output


def test_a_classifier_that_is_too_slow_holds_nothing_up_and_nothing_pretends(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, table = RegionClassifier.classify, tmp_path / "out.csv"

    def slow(self: RegionClassifier, batch: Any) -> Any:
        time.sleep(0.2)
        return own(self, batch)

    monkeypatch.setattr(RegionClassifier, "classify", slow)
    done = run(CLIP_PATH, "--headless", "--realtime", "--table", table, "--weights", weights, "--seconds", 3)
    assert done.exit_code == 0, done.output
    assert "shown with earlier emotions, because the classifier was busy" in done.output
    rows = [row for row in csv.DictReader(table.open()) if row["emotion_age_s"]]
    old = [row for row in rows if float(row["emotion_age_s"]) > 0]
    measured = [row for row in rows if row["raw_happiness"]]
    assert len(old) > len(measured) > 0, "five frames pass while one is looked at"
    assert {row["label"] for row in old} <= {"happiness", "uncertain"}
    numbers = [int(row["frame"]) for row in rows]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.mp4",), "none.mp4"),
        (("77",), "camera 77"),
        (("http://user:secret@127.0.0.1:9/x",), "127.0.0.1:9"),
    ],
)
def test_a_source_that_does_not_open_ends_in_one_line_and_code_1(
    weights: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run(*arguments, "--headless", "--weights", weights)
    assert done.exit_code == 1
    assert done.output.startswith("error: ")
    assert done.output.count("\n") == 1
    assert message in done.output
    assert "secret" not in done.output


def test_missing_models_end_in_one_line_and_code_1(tmp_path: Path) -> None:
    done = run(CLIP_PATH, "--headless", "--weights", tmp_path)
    assert done.exit_code == 1
    assert "error: no manifest.json" in done.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("--max-faces", 0),
        ("--provider", "gpu"),
        ("--smoothing-ms", -1),
        ("--smoothing-ms", "nan"),
        ("--sensitivity", 1.5),
        ("--seconds", "nan"),
        ("--unknown",),
        ("--record", "x.gif"),
        ("--table", "x.doc"),
        ("--report", "x.pdf"),
        ("--clip-seconds", 0),
        ("--clip-seconds", "nan"),
        ("--speed", 0.1),
        ("--speed", 17),
        ("--speed", "nan"),
        ("--speed", 2, "--realtime"),
    ],
)
def test_wrong_options_end_with_code_2(weights: Path, tmp_path: Path, arguments: tuple[object, ...]) -> None:
    done = run(CLIP_PATH, "--headless", "--weights", weights, *arguments)
    assert done.exit_code == 2


@pytest.mark.parametrize(("option", "name"), [("--record", "x.mp4"), ("--table", "x.csv"), ("--report", "x.html")])
def test_an_output_place_that_does_not_exist_ends_with_code_1(
    weights: Path, tmp_path: Path, option: str, name: str
) -> None:
    target = tmp_path / "none" / name
    done = run(CLIP_PATH, "--headless", "--weights", weights, option, target)
    assert done.exit_code == 1
    assert str(target.parent) in done.output


def test_speed_without_a_window_is_told_to_mean_nothing(weights: Path) -> None:
    done = run(CLIP_PATH, "--headless", "--weights", weights, "--seconds", 0.2, "--speed", 2)
    assert done.exit_code == 0, done.output
    assert "--speed is how fast a window plays" in done.output


def test_a_clip_without_a_face_is_a_normal_run(weights: Path, tmp_path: Path) -> None:
    from tests.support.pictures.made_clips import write_clip

    clip = write_clip(tmp_path / "grey.mp4")
    done = run(clip, "--headless", "--weights", weights, "--table", tmp_path / "t.csv")
    assert done.exit_code == 0, done.output
    assert "no face was seen" in done.output
    assert len(list(csv.DictReader((tmp_path / "t.csv").open()))) > 0


def test_what_was_analysed_before_a_source_broke_is_kept(weights: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    content = CLIP_PATH.read_bytes()
    cut.write_bytes(content[: int(len(content) * 0.5)])
    done = run(cut, "--headless", "--weights", weights, "--table", tmp_path / "t.csv", "--record", tmp_path / "r.mp4")
    assert done.exit_code == 1
    rows = list(csv.DictReader((tmp_path / "t.csv").open()))
    with av.open(str(tmp_path / "r.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == len(rows) > 30


def test_cameras_are_listed_or_their_absence_is_said() -> None:
    done = run("--list-cameras")
    assert done.exit_code == 0
    assert done.output.strip()


def test_help_shows_examples_and_keys() -> None:
    done = run("--help")
    assert done.exit_code == 0
    for word in ("Examples", "space", "--record", "--provider"):
        assert word in done.output


def test_the_live_program_never_imports_tensorflow(weights: Path) -> None:
    code = (
        "import sys; from run_live import main\n"
        f"arguments = [{str(CLIP_PATH)!r}, '--headless', '--seconds', '0.2', '--weights', {str(weights)!r}]\n"
        "main(arguments, standalone_mode=False)\n"
        "print(sorted({'tensorflow', 'keras', 'matplotlib', 'sklearn', 'jax', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"
    assert done.stderr == "", "nothing but the program's own lines reaches the user"


def test_the_demo_writes_what_it_promises_with_the_shipped_models_and_the_base_install(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "for name in ('tensorflow', 'keras', 'scipy', 'skimage', 'onnx', 'sklearn'):\n"
        "    sys.modules[name] = None\n"  # as where only the base install is
        "from demo.__main__ import main\n"
        f"main(['--headless', '--out', {str(tmp_path)!r}], standalone_mode=False)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=110)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "emotions.csv").open()))
    assert len(rows) == 360
    with av.open(str(tmp_path / "annotated.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 360
    smile = [row["label"] for row in rows if 0.5 < float(row["media_time_s"]) < 2.0]
    assert smile.count("happiness") > 0.8 * len(smile), "the plain portrait smiles broadly"
    assert "person 1: happiness" in done.stdout
    assert str(tmp_path / "annotated.mp4") in done.stdout


def test_a_source_that_does_not_open_leaves_the_table_of_an_earlier_run(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("precious")
    done = run("none.mp4", "--headless", "--weights", weights, "--table", tmp_path / "t.csv", "--overwrite")
    assert done.exit_code == 1
    assert "none.mp4" in done.output
    assert (tmp_path / "t.csv").read_text() == "precious"


EXPORTS = [("--record", "r.mp4"), ("--table", "t.csv"), ("--table", "t.parquet"), ("--report", "p.html")]


@pytest.mark.parametrize(("option", "name"), EXPORTS)
def test_a_file_that_exists_is_refused_in_one_line_unless_overwrite_says_so(
    weights: Path, tmp_path: Path, option: str, name: str
) -> None:
    target = tmp_path / name
    target.write_text("precious")
    arguments = (CLIP_PATH, "--headless", "--weights", weights, "--seconds", 0.2, option, target)
    refused = run(*arguments)
    assert (refused.exit_code, refused.output.count("\n")) == (1, 1)
    assert f"{target}: it exists already; add --overwrite" in refused.output
    assert target.read_text() == "precious"
    done = run(*arguments, "--overwrite")
    assert done.exit_code == 0, done.output
    assert target.read_bytes() != b"precious"


@pytest.mark.parametrize(("answers", "code"), [("y\ny\n", 0), ("y\nn\n", 1)])
def test_a_terminal_is_asked_about_every_file_that_exists(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: str, code: int
) -> None:
    table, page = tmp_path / "t.csv", tmp_path / "p.html"
    for target in (table, page):
        target.write_text("precious")
    monkeypatch.setattr("realtime.arguments.file_arguments._on_terminal", lambda: True)
    arguments = [CLIP_PATH, "--headless", "--weights", weights, "--seconds", 0.2, "--table", table, "--report", page]
    done = CliRunner().invoke(main, [str(argument) for argument in arguments], input=answers)
    assert done.exit_code == code, done.output
    assert f"{page} exists already; replace it?" in done.output
    kept = [target.read_text() == "precious" for target in (table, page)]
    assert kept == [code == 1, code == 1]


def test_a_report_is_written_with_the_clips_that_were_asked_for(weights: Path, tmp_path: Path) -> None:
    page = tmp_path / "p.html"
    done = run(CLIP_PATH, "--headless", "--weights", weights, "--seconds", 2, "--report", page, "--clip-seconds", 0.5)
    assert done.exit_code == 0, done.output
    assert f"report: {page}" in done.output
    text = page.read_text("utf-8")
    assert "One label per clip of 0.5 s" in text
    assert text.count('<tr><th scope="row">0.') == 2
    assert "<b>In words:</b> happiness 0.0 to " in text


def test_frames_that_a_damaged_file_loses_are_told(weights: Path, tmp_path: Path) -> None:
    content = bytearray(CLIP_PATH.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40_000] = bytes(range(250)) * 160
    (tmp_path / "damaged.mp4").write_bytes(content)
    done = run(tmp_path / "damaged.mp4", "--headless", "--weights", weights)
    assert "damaged packets" in done.output


def test_a_second_ctrl_c_does_not_break_the_finishing(weights: Path, tmp_path: Path) -> None:
    options = ["--headless", "--realtime", "--weights", str(weights), "--record", str(tmp_path / "r.mp4")]
    command = [sys.executable, "run_live.py", str(CLIP_PATH), *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size > 10_000 for path in tmp_path.iterdir()):
        assert time.monotonic() < deadline, "nothing was recorded"
        time.sleep(0.05)
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"recording: {tmp_path / 'r.mp4'}" in output
    assert [path.name for path in tmp_path.iterdir()] == ["r.mp4"]


@pytest.mark.parametrize("width", [80, 100])
def test_help_fits_the_terminal_and_calls_the_program_as_it_was_called(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = CliRunner().invoke(main, ["--help"], prog_name="emotion-live").output
    assert "Usage: emotion-live" in text
    assert "emotion-live clip.mp4 --table" in text
    assert "run_live.py" not in text
    assert "python run_live.py clip.mp4" in CliRunner().invoke(main, ["--help"], prog_name="run_live.py").output
    assert max(map(len, text.splitlines())) <= width
