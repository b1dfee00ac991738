"""The whole program where a process is killed or a disk is full: one line, and what was written stays."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from demo import CLIP_PATH
from run_live import main
from tests.support.pictures.recorded import ROOT, decoded_times, packets, playable_frames

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A disk of a few kB; only an administrator can have one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={request.param}k", "none", str(folder)], capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("there is no `mount` here")
    if done.returncode:
        pytest.skip("a small disk cannot be mounted without being an administrator")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_killed_program_leaves_table_and_recording_up_to_the_last_second(
    weights: Path, tmp_path: Path, suffix: str
) -> None:
    table, part = tmp_path / "t.csv", tmp_path / f"r.part{suffix}"
    command = [sys.executable, "run_live.py", str(CLIP_PATH), "--headless", "--realtime", "--weights", str(weights)]
    exports = ["--record", str(tmp_path / f"r{suffix}"), "--table", str(table)]
    process = subprocess.Popen([*command, *exports], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (table.exists() and table.read_bytes().count(b"\n") > 45):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    written = [float(row["media_time_s"]) for row in csv.DictReader(table.open())]
    got = decoded_times(part)
    assert written[-1] - written[0] - got[-1] < 1.0
    assert packets(part, "audio")[-1][0] > got[-1] - 1.0
    assert not (tmp_path / f"r{suffix}").exists()


@pytest.mark.parametrize("small_disk", [60], indirect=True)
def test_a_full_spool_of_two_passes_is_one_line_and_what_was_analyzed_is_written(
    weights: Path, small_disk: Path, tmp_path: Path
) -> None:
    arguments = [str(CLIP_PATH), "--headless", "--weights", str(weights), "--smooth", "offline", "--table"]
    command = [sys.executable, "run_live.py", *arguments, str(tmp_path / "t.csv")]
    environment = {**os.environ, "TMPDIR": str(small_disk)}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert re.fullmatch(
        r"error: the temporary file of the two passes cannot be written: No space left on device; what was analyzed "
        r"until 0\.\d s is written; let TMPDIR .*\n",
        done.stderr,
    )
    rows = list(csv.DictReader((tmp_path / "t.csv").open()))
    assert 3 < len(rows) < 60
    assert f"table: {tmp_path / 't.csv'}" in done.stdout


@pytest.mark.parametrize(
    ("option", "name", "small_disk"),
    [
        ("--record", "r.mp4", 100),
        ("--record", "r.webm", 200),
        ("--table", "t.csv", 24),
        ("--table", "t.parquet", 60),
        ("--report", "p.html", 12),
    ],
    indirect=["small_disk"],
)
def test_a_full_disk_is_one_line_and_keeps_what_was_written(
    weights: Path, small_disk: Path, option: str, name: str
) -> None:
    target = small_disk / name
    arguments = [CLIP_PATH, "--headless", "--weights", weights, "--seconds", 4, option, target]
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == 1, done.output
    errors = [line for line in done.output.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert str(target) in errors[0]
    assert "No space left on device" in errors[0]
    assert "Traceback" not in done.output
    assert f": {target}\n" not in done.output, "a file that failed is not listed as finished"
    if option == "--record":
        assert playable_frames(small_disk / f"r.part{target.suffix}") > 5
    elif option == "--table":
        kept = target if target.suffix == ".csv" else small_disk / "t.part.jsonl"
        assert kept.read_text().count("\n") > 20
        assert kept.read_bytes().endswith(b"\n")
    else:
        elsewhere = Path(errors[0].split("the page is in ")[1].split(" instead")[0])
        assert "</html>" in elsewhere.read_text("utf-8")
        elsewhere.unlink()


def test_where_two_outputs_fail_both_of_their_part_files_are_named(weights: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="Windows has no limit of a file's size")
    arguments = [str(CLIP_PATH), "--headless", "--weights", str(weights), "--seconds", "1", "--record", "r.mp4"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "run_live.py"), *arguments, "--table", "t.parquet"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000)),
    )
    assert done.returncode == 1
    assert re.fullmatch(r"error: cannot [^\n]*\n", done.stderr)
    said = done.stdout + done.stderr
    for name in ("r.part.mp4", "t.part.jsonl"):
        assert (tmp_path / name).exists()
        assert f"until then is in {name}" in said or f"so far are in {name}" in said


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (RuntimeError("can't start new thread"), "error: the system starts no further thread"),
        (MemoryError(), "error: the memory that the program may use is not enough"),
        (
            ImportError("x.so: failed to map\nsegment"),
            "error: a library cannot be loaded (x.so: failed to map segment)",
        ),
    ],
)
def test_a_system_without_room_is_one_line_and_leaves_no_part(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, line: str
) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "recorder":
            raise error
        start(thread)

    arguments = [CLIP_PATH, "--headless", "--weights", weights, "--record", tmp_path / "out.mp4"]
    monkeypatch.setattr(threading.Thread, "start", refuse)
    done = CliRunner().invoke(main, [str(one) for one in arguments])
    assert done.exit_code == 1
    assert line in done.stderr
    assert "Traceback" not in done.stderr
    if isinstance(error, RuntimeError):
        assert list(tmp_path.iterdir()) == []
