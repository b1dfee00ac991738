"""The whole program where nobody reads what it says, and where a signal ends it: its files are complete."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo import CLIP_PATH
from realtime.reports.table_metadata import read_facts
from tests.support.pictures.recorded import ROOT, decoded_times

pytestmark = pytest.mark.timeout(90)


def command(weights: Path, folder: Path, *more: str) -> list[str]:
    outputs = ["--record", str(folder / "o.mp4"), "--table", str(folder / "t.csv"), "--report", str(folder / "p.html")]
    return [sys.executable, "run_live.py", str(CLIP_PATH), "--headless", "--weights", str(weights), *outputs, *more]


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "t.csv").open() as stream:
        return list(csv.DictReader(stream))


def check_complete(folder: Path, frames: int) -> None:
    assert len({row["frame"] for row in rows_of(folder)}) == frames
    assert len(decoded_times(folder / "o.mp4")) == frames
    assert (folder / "p.html").read_text("utf-8").rstrip().endswith("</html>")
    assert sorted(path.name for path in folder.iterdir()) == ["o.mp4", "p.html", "t.csv", "t.csv-metadata.json"]


# A signal at a frame that is known, and then more of them.
SIGNALLED = """
import os, signal, sys
from realtime.session.two_pass import TwoPass
from realtime.session.session import Session
import run_live
room, number, at = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
def signalled(owner, name, count):
    plain = getattr(owner, name)
    def act(self, *given):
        if at:
            plain(self, *given)
        # At 0 before anything is analyzed: a fast machine has a frame at the first call.
        if count(self) >= at:
            os.kill(os.getpid(), number)
    setattr(owner, name, act)
if room == "first pass":
    signalled(TwoPass, "_analyse", lambda one: len(one._times_s))
else:
    signalled(Session, "_give_out", lambda one: one.spans.frames)
run_live.main(sys.argv[4:])
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("room", ["first pass", "run"])
def test_a_signal_finishes_the_files(weights: Path, tmp_path: Path, name: str, room: str) -> None:
    more = ["--smooth", "offline"] if room == "first pass" else []
    words = [sys.executable, "-c", SIGNALLED, room, str(int(getattr(signal, name))), "20"]
    words += command(weights, tmp_path, *more)[2:]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    check_complete(tmp_path, 20)
    assert f"recording: {tmp_path / 'o.mp4'}" in done.stdout
    assert ("stopped: what was analyzed until 0.6 s" in done.stdout) == (room == "first pass")
    assert read_facts(tmp_path / "t.csv")["stopped_at_s"] == pytest.approx(19 / 30, abs=1e-3)
    assert "at 0.6 s, before the source&#39;s end" in (tmp_path / "p.html").read_text()


def test_a_run_that_fails_or_is_stopped_early_keeps_the_files_of_an_earlier_one(weights: Path, tmp_path: Path) -> None:
    for name in ("o.mp4", "t.csv", "p.html"):
        (tmp_path / name).write_text("precious")
    missing = [word if word != str(weights) else str(tmp_path) for word in command(weights, tmp_path, "--overwrite")]
    assert subprocess.run(missing, cwd=ROOT, capture_output=True).returncode == 1
    words = [sys.executable, "-c", SIGNALLED, "first pass", str(int(signal.SIGTERM)), "0"]
    words += command(weights, tmp_path, "--overwrite", "--smooth", "offline")[2:]
    assert subprocess.run(words, cwd=ROOT, capture_output=True).returncode == 0
    assert [path.read_text() for path in sorted(tmp_path.iterdir())] == ["precious"] * 3


def test_a_failed_run_puts_its_files_beside_those_of_an_earlier_one(weights: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(CLIP_PATH.read_bytes()[: CLIP_PATH.stat().st_size // 2])
    for name in ("o.mp4", "t.csv", "p.html"):
        (tmp_path / name).write_text("precious")
    words = [word if word != str(CLIP_PATH) else str(cut) for word in command(weights, tmp_path, "--overwrite")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    for what, name in (("recording", "o.mp4"), ("table", "t.csv"), ("report", "p.html")):
        path = tmp_path / name
        assert path.read_text() == "precious"
        place = path.with_name(f"{path.stem}-2{path.suffix}")
        assert f"{path} is kept, because the run failed; the {what} is {place}" in done.stdout
        assert f"{what}: {place}" in done.stdout
        assert place.stat().st_size > 1000


def test_a_reader_that_goes_away_costs_no_file(weights: Path, tmp_path: Path) -> None:
    more = ["--smooth", "offline", "--seconds", "1"]
    process = subprocess.Popen(command(weights, tmp_path, *more), cwd=ROOT, stdout=subprocess.PIPE, stderr=-1)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    assert process.wait() == 0
    check_complete(tmp_path, 30)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_standard_output_and_error_on_a_full_disk_cost_no_file(weights: Path, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command(weights, tmp_path, "--seconds", "1"), cwd=ROOT, stdout=full, stderr=full)
    assert done.returncode == 0
    check_complete(tmp_path, 30)


def test_without_any_standard_stream_the_files_are_complete(weights: Path, tmp_path: Path) -> None:
    words = " ".join(f"'{word}'" for word in command(weights, tmp_path, "--seconds", "1"))
    done = subprocess.run(["sh", "-c", f"exec {words} 0<&- >&- 2>&-"], cwd=ROOT)
    assert done.returncode == 0
    check_complete(tmp_path, 30)


# A model takes longer to load than the end of a run waits; what the interpreter does at its own end is told.
BUSY = """
import atexit, sys, time
from realtime.pipeline.pipeline import Pipeline
from realtime.session import build_pipeline
import run_live
Pipeline.__init__.__kwdefaults__["join_s"] = 0.1
build_pipeline.RegionClassifier = lambda config: time.sleep(60)
atexit.register(print, "the interpreter took its leave", flush=True)
run_live.main(sys.argv[1:])
"""


def test_a_thread_that_is_still_in_native_code_does_not_abort_the_end(weights: Path, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.mp4"
    nothing.write_bytes(b"no video")
    words = [sys.executable, "-c", BUSY, str(nothing), "--headless"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "still busy when the run ended: " in done.stdout
    assert "classify; they end with the program" in done.stdout
    assert "took its leave" not in done.stdout
    # Also while MediaPipe, which is being loaded, may not write there.
    assert done.stderr.startswith(f"error: {nothing} is not a video")


# A signal when the part file of the recording is there, and its sink does not know of it yet; or while it is finished.
OPENING = """
import os, signal, sys
from realtime.recording import recording_sink
import run_live
plain = recording_sink.VideoRecorder
class Signalled(plain):
    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        if sys.argv[1] == "opened":
            os.kill(os.getpid(), signal.SIGTERM)
    def close(self):
        if sys.argv[1] == "closed":
            os.kill(os.getpid(), signal.SIGTERM)
        super().close()
recording_sink.VideoRecorder = Signalled
run_live.main(sys.argv[2:])
"""


@pytest.mark.parametrize("when", ["opened", "closed"])
def test_a_signal_while_outputs_are_opened_or_closed_leaves_no_part_behind(
    weights: Path, tmp_path: Path, when: str
) -> None:
    words = [sys.executable, "-c", OPENING, when, *command(weights, tmp_path, "--seconds", "0.5")[2:]]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir() if ".part" in path.name] == []
    assert (tmp_path / "o.mp4").exists() == (when == "closed")


# A signal while ONNX Runtime is imported; half initialized it would abort the process at its end.
IMPORTING = """
import atexit, os, signal, sys
import run_live
class Signals:
    def find_spec(self, name, *_):
        if name == "onnxruntime":
            os.kill(os.getpid(), signal.SIGTERM)
sys.meta_path.insert(0, Signals())
atexit.register(lambda: print("whole:", hasattr(sys.modules.get("onnxruntime"), "InferenceSession"), flush=True))
run_live.main(sys.argv[1:])
"""


def test_a_signal_waits_while_a_library_is_imported(weights: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-c", IMPORTING, *command(weights, tmp_path)[2:]]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "whole: True\n", "")
    assert list(tmp_path.iterdir()) == []
