"""Pipes: standard input, a FIFO, a device. Read once, played or refused in one line, and never a hang."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from realtime.capture.open_source import FileSource
from realtime.core.errors import SourceOpenError
from realtime.core.options import AnalysisOptions, SmoothingMode
from realtime.session.analyser import Analyser
from tests.support.clocks import LIMIT_S, in_background, until
from tests.support.pictures.made_clips import FAST, read_all, write_clip

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="FIFOs are a Unix thing")

ROOT = Path(__file__).resolve().parents[2]
FRAMES = """
import sys
from realtime.capture.open_source import source_for
source = source_for(sys.argv[1])
try:
    info = source.open()
except Exception as error:
    sys.exit(str(error))
count = 0
while source.read() is not None:
    count += 1
print(info.name, count, info.seekable)
"""


def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "pipe.ts"
    os.mkfifo(path)
    return path


def feed(path: Path, data: bytes, *, hold: threading.Event | None = None) -> None:
    """Write into a FIFO on another thread, and keep it open until `hold` is set."""

    def write() -> None:
        with path.open("wb") as pipe:
            pipe.write(data)
            pipe.flush()
            if hold is not None:
                hold.wait(LIMIT_S)

    in_background(write)


def from_stdin(name: str, data: bytes | None, **given: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", FRAMES, name]
    return subprocess.run(command, input=data, capture_output=True, cwd=ROOT, timeout=60, **given)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("name", ["clip.ts", "clip.mkv", "clip.mp4"])
def test_a_pipe_gives_every_frame_with_the_times_of_the_file(tmp_path: Path, name: str) -> None:
    clip, pipe = write_clip(tmp_path / name, 30, options=FAST if name == "clip.mp4" else {}), fifo(tmp_path)
    from_file = FileSource(str(clip))
    from_file.open()
    wanted, _ = read_all(from_file)
    feed(pipe, clip.read_bytes())
    source = FileSource(str(pipe))
    info = source.open()
    frames, error = read_all(source)
    source.close()
    assert (info.name, info.path, info.seekable, error) == ("pipe.ts", None, False, None)
    assert [frame.media_time_s for frame in frames] == [frame.media_time_s for frame in wanted]
    assert all((a.image_bgr == b.image_bgr).all() for a, b in zip(frames, wanted, strict=True))


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_standard_input_is_a_source(tmp_path: Path, name: str) -> None:
    done = from_stdin(name, write_clip(tmp_path / "clip.ts", 20).read_bytes())
    assert done.stdout.decode() == "standard input 20 False\n", done.stderr


def test_a_file_that_is_redirected_to_standard_input_stays_a_file(tmp_path: Path) -> None:
    with write_clip(tmp_path / "clip.mp4", 20).open("rb") as clip:
        done = from_stdin("-", None, stdin=clip)
    assert done.stdout.decode() == "stdin 20 True\n", done.stderr


def test_a_closed_standard_input_is_one_line() -> None:
    command = f"{sys.executable} -c '{FRAMES}' - <&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, cwd=ROOT, timeout=60)
    assert done.stderr.decode() == "standard input must be open to be read; received a closed one: pipe a video\n"


@pytest.mark.parametrize(
    ("data", "said"), [(b"", "it ended before its first byte"), (b"\0\0\0\x18ftypmp42\0\0", "cannot read its 14 bytes")]
)
def test_a_writer_that_ends_early_is_one_line(tmp_path: Path, data: bytes, said: str) -> None:
    pipe = fifo(tmp_path)
    feed(pipe, data)
    source = FileSource(str(pipe))
    opening = in_background(source.open)
    with pytest.raises(SourceOpenError, match=f"no video comes from pipe.ts: .*{said}"):
        opening.result(LIMIT_S)
    done = from_stdin("-", data)
    assert done.returncode == 1
    assert said in done.stderr.decode()


def test_a_pipe_that_is_cut_gives_what_came_and_says_so(tmp_path: Path) -> None:
    clip, pipe = write_clip(tmp_path / "clip.mp4", 60, noise=True, options=FAST), fifo(tmp_path)
    feed(pipe, clip.read_bytes()[: clip.stat().st_size // 2])
    source = FileSource(str(pipe))
    source.open()
    frames, error = read_all(source)
    source.close()
    assert 20 < len(frames) < 35
    assert "pipe.ts broke off before its end" in str(error)
    assert "see why its writer ended" in str(error)


@pytest.mark.parametrize("feeds", [False, True])
def test_a_writer_that_never_comes_or_falls_silent_is_not_waited_for_without_end(tmp_path: Path, feeds: bool) -> None:
    pipe, hold = fifo(tmp_path), threading.Event()
    if feeds:
        feed(pipe, b"G" * 100, hold=hold)
    source = FileSource(str(pipe), silence_limit_s=0.2)
    opening = in_background(source.open)
    with pytest.raises(SourceOpenError, match=rf"nothing came for 0\.2 s after {100 * feeds} bytes; .*--timeout"):
        opening.result(LIMIT_S)
    hold.set()
    # Not even the thread that waits for a writer is left behind.
    until(lambda: not [one for one in threading.enumerate() if one.name == "capture-pipe"])


def test_waiting_for_a_writer_is_interrupted_at_once(tmp_path: Path) -> None:
    source = FileSource(str(fifo(tmp_path)))
    opening = in_background(source.open)
    until(lambda: [one for one in threading.enumerate() if one.name == "capture-pipe"])
    source.interrupt()
    with pytest.raises(SourceOpenError, match="opening was interrupted"):
        opening.result(LIMIT_S)


def test_offline_smoothing_of_a_pipe_is_refused_in_one_line(tmp_path: Path) -> None:
    pipe = fifo(tmp_path)
    feed(pipe, write_clip(tmp_path / "clip.ts", 20).read_bytes())
    with (
        pytest.raises(Exception, match=r"reads a file twice; received pipe.ts, .*leave --smooth offline out"),
        Analyser(str(pipe), AnalysisOptions(smoothing=SmoothingMode.OFFLINE)),
    ):
        pass


def test_a_device_without_end_is_no_video() -> None:
    opening = in_background(FileSource("/dev/zero").open)
    with pytest.raises(SourceOpenError, match="no video comes from /dev/zero"):
        opening.result(LIMIT_S)


def test_an_animated_webp_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    path.write_bytes(b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0" + bytes(40))
    with pytest.raises(SourceOpenError, match="is an animated WebP, which FFmpeg cannot read; save it as GIF"):
        FileSource(str(path)).open()
