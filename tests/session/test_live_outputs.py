"""The live page and the virtual camera as a run uses them, from the command's options on."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner, Result

from demo import CLIP_PATH
from realtime.core.config import PipelineConfig
from realtime.core.options import AnalysisOptions, FaceStyle, PictureOptions, RunOptions, SmoothingMode
from realtime.serving.page_sink import PageOptions
from realtime.serving.virtual_camera_sink import VirtualCameraOptions
from realtime.session.session import Session
from run_live import main
from tests.support.clocks import FakeClock
from tests.support.fakes import FakeCamera
from tests.support.pictures.made_clips import write_clip

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(60)


def run(*arguments: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=env)


def started(weights: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """The command as a process, and the address that it says."""
    command = [sys.executable, "run_live.py", str(CLIP_PATH), "--headless", "--weights", str(weights), *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("watch at "):
            return process, line.split()[2].split("?")[0].rstrip("/")
    pytest.fail(f"the command ended with {process.wait()} before it served")


def test_a_run_can_be_watched_and_ctrl_c_ends_it_cleanly(weights: Path, tmp_path: Path) -> None:
    process, home = started(weights, "--serve", "127.0.0.1:0", "--table", str(tmp_path / "t.csv"))
    with urllib.request.urlopen(f"{home}/events", timeout=10) as events:
        lines = iter(events.readline, b"")
        assert next(lines) == b"event: hello\n"
        assert json.loads(next(lines)[6:])["source"] == CLIP_PATH.name
        moment = next(json.loads(line[6:]) for line in lines if line.startswith(b'data: {"t"'))
        assert [person["id"] for person in moment["people"]] == [1]
    # What it serves is a stream that the program itself can open.
    with av.open(f"{home}/picture.mjpeg", format="mpjpeg", timeout=10) as pictures:
        picture = next(pictures.decode(video=0)).to_ndarray(format="bgr24")
    with av.open(str(CLIP_PATH)) as clip:
        assert picture.shape == next(clip.decode(video=0)).to_ndarray(format="bgr24").shape
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert "table:" in said
    assert len((tmp_path / "t.csv").read_text().splitlines()) > 1


@pytest.mark.parametrize("smoothing", [SmoothingMode.LIVE, SmoothingMode.OFFLINE])
def test_nobody_watching_costs_no_drawing(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, smoothing: SmoothingMode
) -> None:
    import realtime.overlay.output_painter as painter_module

    def never(*_: object, **__: object) -> None:
        pytest.fail("a picture was drawn for nobody")

    monkeypatch.setattr(painter_module.Overlay, "draw", never)
    clip = write_clip(tmp_path / "clip.mp4", 30)
    said: list[str] = []
    clock = FakeClock(0.0)
    analysis = AnalysisOptions(pipeline=PipelineConfig(weights=weights), smoothing=smoothing)
    options = RunOptions(str(clip), analysis, outputs=(PageOptions("127.0.0.1:0"),))
    Session(options, notify=said.append, clock=clock, sleep=clock.sleep).run()
    assert clock.now_s == pytest.approx(29 / 30, abs=0.01), "a file that is served plays at its own speed"
    assert [line for line in said if line.startswith("watch at http://127.0.0.1:")]


@pytest.mark.parametrize(("faces", "black"), [(FaceStyle.AS_THEY_ARE, False), (FaceStyle.ON_BLACK, True)])
def test_the_virtual_camera_shows_what_a_recording_shows(
    weights: Path,
    tmp_path: Path,
    cameras: list[FakeCamera],
    faces: FaceStyle,
    black: bool,
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 20)
    said: list[str] = []
    analysis = AnalysisOptions(pipeline=PipelineConfig(weights=weights))
    options = RunOptions(str(clip), analysis, PictureOptions(faces), (VirtualCameraOptions(),))
    Session(options, notify=said.append).run()
    assert "virtual camera: /dev/video9" in said
    [camera] = cameras
    assert camera.closed_by
    assert 10 <= len(camera.sent) <= 24, "one picture per frame of the source, about"
    with av.open(str(clip)) as container:
        first = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert camera.sent[0].shape == first.shape
    assert (not camera.sent[0].any()) == black
    if not black:
        assert np.abs(camera.sent[0].astype(int) - first).mean() < 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--serve", "8080"), "--serve must be HOST:PORT"),
        (("--serve", "0.0.0.0:0"), "add --serve-token auto"),
        (("--serve", "127.0.0.1:0", "--serve-token", "abc"), "a token must have 16 or more"),
        (("--serve-token", "long-enough-token"), "--serve-token is for a page"),
    ],
)
def test_options_that_cannot_work_end_in_one_line_and_code_2(
    weights: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run(CLIP_PATH, "--headless", "--weights", weights, *arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert done.output.startswith("error: ")
    assert done.output.count("\n") == 1


def test_a_port_in_use_ends_in_one_line_before_anything_is_analysed(weights: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run(CLIP_PATH, "--headless", "--weights", weights, "--serve", where)
    assert done.exit_code == 1
    assert done.output.startswith(f"error: cannot serve the page on {where}: ")
    assert done.output.count("\n") == 1


def test_without_the_web_library_the_way_to_it_is_said(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "realtime.serving.page_server", raising=False)
    done = run(CLIP_PATH, "--headless", "--weights", weights, "--serve", "127.0.0.1:0")
    assert done.exit_code == 2
    assert done.output == (
        "error: --serve needs a package that is missing here (uvicorn): pip install 'emotion-live[serve]', "
        "or make setup-serve\n"
    )


def test_the_token_may_come_from_the_environment_and_is_never_shown(weights: Path) -> None:
    token = "from-the-environment"
    done = run(
        CLIP_PATH, "--headless", "--weights", weights, "--serve", "0.0.0.0:0", "--seconds", 0.3,
        env={"EMOTION_LIVE_SERVE_TOKEN": token},
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "/?token=TOKEN, with your token" in done.output
    assert token not in done.output
    assert token not in repr(RunOptions(outputs=(PageOptions("0.0.0.0:0", token),)))
