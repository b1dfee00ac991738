"""The doctor: every line says how it is and what to do; it never falls over."""

from __future__ import annotations

import errno
import json
import struct
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import realtime.doctor.camera_checks as camera_checks
import realtime.doctor.install_checks as checks
from models.manifest import WEIGHTS_DIR
from realtime.capture.camera import CameraEntry
from realtime.capture.camera_modes import CameraMode, modes_from
from realtime.core.errors import ModelError, SourceOpenError
from realtime.doctor.__main__ import main
from realtime.doctor.check import Check, Status, guarded
from realtime.doctor.self_test import CLIP, self_test
from tests.support.pictures.made_clips import write_clip
from tests.support.values.tiny_models import write_tiny_weights


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def by_name(result: Result) -> dict[str, dict]:
    return {check["name"]: check for check in json.loads(result.output)["checks"]}


@pytest.fixture(autouse=True)
def _no_cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_checks, "list_cameras", list)


def test_json_has_versions_providers_and_models_with_hashes() -> None:
    result = run("--json", "--no-self-test")
    found = by_name(result)
    assert list(found) == [
        "python",
        "packages",
        "libraries",
        "networks",
        "models",
        "providers",
        "display",
        "recordings",
        "cameras",
    ]
    assert result.exit_code == 0, result.output
    assert len(found["models"]["facts"]["eyes.onnx"]["sha256"]) == 64
    assert found["packages"]["facts"]["opencv-contrib-python"].startswith("4.")
    assert found["networks"]["facts"]["face_landmark.tflite"] == 1_242_398
    assert "CPUExecutionProvider" in found["providers"]["facts"]["available"]
    assert all(check["todo"] for check in found.values() if check["status"] != "ok")
    assert str(Path.home()) + "/" not in result.output


def test_recordings_that_killed_runs_left_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert checks.check_recordings(tmp_path).status is Status.OK
    for name in ("talk.part.mp4", "talk.part2.webm", "talk.mp4", "part.mp4", "rows.part.jsonl"):
        (tmp_path / name).touch()
    found = checks.check_recordings(tmp_path)
    assert found.status is Status.NOTE
    assert found.found.endswith("left here by killed runs: talk.part.mp4, talk.part2.webm")
    assert "rename" in found.todo


def test_lines_say_ok_note_or_problem_and_what_to_do() -> None:
    lines = run("--no-self-test").output.splitlines()
    assert lines[0].startswith("ok       python: ")
    camera = next(n for n, line in enumerate(lines) if line.startswith("note     cameras: none found"))
    assert lines[camera + 1].strip().startswith("-> plug one in")
    assert lines[-1] == "all is well"


def test_missing_models_are_a_problem_with_its_way_out_and_code_1(tmp_path: Path) -> None:
    result = run("--json", "--no-self-test", "--weights", str(tmp_path))
    assert result.exit_code == 1
    models = by_name(result)["models"]
    assert models["status"] == "problem"
    assert "no manifest.json" in models["found"]
    assert "python -m export" in models["todo"]
    plain = run("--no-self-test", "--weights", str(tmp_path)).output
    assert "PROBLEM  models: no manifest.json" in plain
    assert plain.splitlines()[-1].startswith("1 of ")


def test_an_altered_model_is_found(tmp_path: Path) -> None:
    folder = write_tiny_weights(tmp_path).folder
    (folder / "eyes.onnx").write_bytes(b"other")
    assert by_name(run("--json", "--no-self-test", "--weights", str(folder)))["models"]["status"] == "problem"


def test_a_check_that_breaks_is_a_problem_and_not_the_end() -> None:
    def broken() -> Check:
        raise RuntimeError("odd")

    found = guarded("x", broken)
    assert (found.status, found.found) == (Status.PROBLEM, "RuntimeError: odd")
    assert found.todo


def test_an_error_of_ours_is_split_into_what_is_and_what_to_do() -> None:
    def refuse() -> Check:
        raise ModelError("model file x is missing; restore it")

    found = guarded("x", refuse)
    assert (found.found, found.todo) == ("model file x is missing", "restore it")


def test_two_opencv_packages_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = checks._version
    monkeypatch.setattr(checks, "_version", lambda name: "4.11" if name == "opencv-python" else plain(name))
    found = checks.check_packages()
    assert found.status is Status.PROBLEM
    assert "opencv-python, opencv-contrib-python" in found.found


@pytest.mark.parametrize("name", ["ai-edge-litert", "jinja2"])
def test_what_the_program_can_do_without_is_a_note(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = checks._version
    there = {name: None, "mediapipe": "0.10.21"}
    monkeypatch.setattr(checks, "_version", lambda asked: there[asked] if asked in there else plain(asked))
    found = checks.check_packages()
    assert found.status is Status.NOTE
    assert found.todo.startswith(f"install {name}")
    assert name not in found.found


def test_with_nothing_that_finds_faces_litert_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = checks._version
    lost = ("ai-edge-litert", "mediapipe")
    monkeypatch.setattr(checks, "_version", lambda asked: None if asked in lost else plain(asked))
    found = checks.check_packages()
    assert (found.status, found.found[:24]) == (Status.PROBLEM, "missing: ai-edge-litert;")


@pytest.mark.parametrize(
    ("version", "status"),
    [((3, 9), Status.PROBLEM), ((3, 13), Status.OK), ((3, 14), Status.NOTE), ((3, 15), Status.PROBLEM)],
)
def test_which_pythons_are_fine(version: tuple[int, int], status: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.sys, "version_info", (*version, 0, "final", 0))
    assert checks.check_python().status is status


def test_a_network_that_is_missing_is_a_problem_with_its_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.landmarks.networks.network_files.FILES_DIR", tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found = guarded("networks", checks.check_networks)
    assert found.status is Status.PROBLEM
    assert found.todo.startswith("run `python scripts/fetch_networks.py`")


def test_a_system_library_that_is_missing_ends_the_checks_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    real = builtins.__import__

    def refuse(name: str, *args: object, **kwargs: object) -> object:
        if name == "realtime.session.session":
            raise ImportError("libGL.so.1: cannot open shared object file")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    found = list(checks.all_checks(WEIGHTS_DIR))
    assert found[-1].name == "libraries"
    assert found[-1].status is Status.PROBLEM
    assert "apt-get install libgl1" in found[-1].todo


def driver(request: int, data: bytes) -> bytes:
    """A camera that offers MJPG in two sizes and YUYV in any size up to 800x600."""
    number = struct.unpack_from("=I", data)[0]
    kind = request & 0xFF
    if kind == 2:
        formats = [b"MJPG", b"YUYV"]
        if number < len(formats):
            return data[:44] + formats[number] + data[48:]
    elif kind == 74 and data[4:8] == b"MJPG":
        sizes = [(1280, 720), (640, 480)]
        if number < len(sizes):
            return struct.pack("=I4sIII24x", number, b"MJPG", 1, *sizes[number])
    elif kind == 74 and number == 0:
        return struct.pack("=I4sIIIIIII8x", 0, b"YUYV", 3, 16, 800, 16, 16, 600, 16)
    elif kind == 75 and data[4:8] == b"MJPG" and number < 2:
        return data[:16] + struct.pack("=III20x", 1, 1, [15, 30][number])
    raise OSError(errno.EINVAL, "no more")


def test_a_driver_s_modes_are_read_with_their_highest_rates() -> None:
    assert modes_from(driver) == [
        CameraMode("MJPG", (1280, 720), 30.0),
        CameraMode("MJPG", (640, 480), 30.0),
        CameraMode("YUYV", (800, 600), 0.0),
    ]


def test_a_driver_that_never_ends_is_left() -> None:
    assert 0 < len(modes_from(lambda request, data: data)) <= 64 * 64


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> dict:
    state: dict = {"fps": 29.8}

    def watch(number: int) -> tuple[tuple[int, int], float]:
        if state["fps"] is None:
            raise SourceOpenError("camera 0 did not open: /dev/video0 is busy; close the other program that uses it")
        return (1280, 720), state["fps"]

    monkeypatch.setattr(camera_checks, "list_cameras", lambda: [CameraEntry(0, "Webcam C920")])
    monkeypatch.setattr(camera_checks, "camera_modes", lambda number: modes_from(driver))
    monkeypatch.setattr(camera_checks, "_watch", watch)
    return state


@pytest.mark.parametrize(
    ("fps", "status", "words"),
    [
        (29.8, Status.OK, "delivers 1280x720 at 29.8 per second; offers 1280x720 at 30, 800x600, 640x480 at 30"),
        (9.0, Status.NOTE, "at 9.0 per second"),
        (None, Status.PROBLEM, "is busy"),
    ],
)
def test_a_camera_says_what_it_offers_and_delivers(camera: dict, fps: float, status: Status, words: str) -> None:
    camera["fps"] = fps
    [found] = camera_checks.check_cameras(open_them=True)
    assert (found.name, found.status) == ("camera 0", status)
    assert found.found.startswith("Webcam C920")
    assert words in found.found
    assert bool(found.todo) == (status is not Status.OK)
    assert len(found.facts["modes"]) == 3


def test_the_self_test_passes_on_the_demo_clip_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = self_test(WEIGHTS_DIR, CLIP, seconds=2.5)
    assert found.status is not Status.PROBLEM, found
    assert found.facts["frames"] == found.facts["frames_with_face"] == 75
    assert found.facts["written"] == ["recording", "table", "report"]
    assert list(tmp_path.iterdir()) == []


def test_the_self_test_finds_that_no_face_is_found(tmp_path: Path) -> None:
    weights = write_tiny_weights(tmp_path / "weights").folder
    found = self_test(weights, write_clip(tmp_path / "grey.mp4"))
    assert found.status is Status.PROBLEM
    assert found.todo


def test_without_the_demo_clip_the_self_test_says_so(tmp_path: Path) -> None:
    assert self_test(WEIGHTS_DIR, tmp_path / "none.mp4").status is Status.NOTE
