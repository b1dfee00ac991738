"""What a recording survives."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from realtime.core.errors import ConfigError, RecordError
from realtime.core.protocols import SourceInfo
from realtime.recording import formats
from realtime.recording import video_recorder as recorder_module
from realtime.recording.part_writer import PartWriter
from realtime.recording.video_recorder import FORMATS, VideoRecorder
from tests.support.pictures.recorded import (
    LIVE,
    ROOT,
    decoded_times,
    irregular_times,
    make_source,
    packets,
    picture,
    playable_frames,
    record,
)


def test_bad_targets_are_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.mp4, \.mkv, \.webm, \.mov; received out\.avi"):
        VideoRecorder(tmp_path / "out.avi", LIVE)
    with pytest.raises(RecordError, match="there is no folder"):
        VideoRecorder(tmp_path / "missing" / "out.mp4", LIVE)
    (tmp_path / "old.mp4").write_bytes(b"old")
    with pytest.raises(RecordError, match="exists already"):
        VideoRecorder(tmp_path / "old.mp4", LIVE, overwrite=False)
    source = SourceInfo(name="old.mp4", live=False, size_wh=(64, 48), fps=20.0, path=str(tmp_path / "old.mp4"))
    with pytest.raises(ConfigError, match="cannot replace the file"):
        VideoRecorder(tmp_path / "old.mp4", source)
    assert (tmp_path / "old.mp4").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_missing_encoder_is_refused_with_those_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "has_encoder", lambda name: name == "libvpx-vp9")
    with pytest.raises(ConfigError) as caught:
        VideoRecorder(tmp_path / "out.mp4", LIVE)
    assert "needs the encoder libx264 or libopenh264" in str(caught.value)
    assert "it has .webm with libvpx-vp9" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    record(tmp_path / "out.webm", irregular_times(5))
    monkeypatch.setattr(formats, "has_encoder", lambda name: name == "libopenh264")
    record(tmp_path / "out.mp4", irregular_times(5))
    assert len(decoded_times(tmp_path / "out.mp4")) == 5


def test_an_unwritable_folder_is_named_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr("models.new_files.os.open", refuse)  # root may write anywhere: a mode would not do
    with pytest.raises(RecordError) as caught:
        VideoRecorder(tmp_path / "out.mp4", LIVE)
    assert str(tmp_path / "out.mp4") in str(caught.value)
    assert "Permission denied" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_killed_run_left_is_not_overwritten_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "out.part.mp4").write_bytes(b"precious")
    (tmp_path / "another.part.mp4").write_bytes(b"somebody else's")
    notes = record(tmp_path / "out.mp4", irregular_times(5))
    assert len(notes) == 1
    assert f"{tmp_path / 'out.part.mp4'} is what a run that was ended by force left" in notes[0]
    assert (tmp_path / "out.part.mp4").read_bytes() == b"precious"
    assert len(decoded_times(tmp_path / "out.mp4")) == 5


def test_a_part_file_that_another_run_writes_is_not_told_to_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "out.part.mp4").write_bytes(b"the beginning")
    recorder = VideoRecorder(tmp_path / "out.mp4", LIVE)
    os.utime(tmp_path / "out.part.mp4", (1, 1))
    recorder.write_picture(picture(0), 0.0)
    recorder.close()
    assert recorder.notes == []


def test_an_existing_file_is_replaced_only_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_bytes(b"old")
    recorder = VideoRecorder(tmp_path / "out.mp4", LIVE)
    recorder.write_picture(picture(0), 0.0)
    assert (tmp_path / "out.mp4").read_bytes() == b"old"
    recorder.close()
    assert len(decoded_times(tmp_path / "out.mp4")) == 1


def test_a_file_that_appeared_meanwhile_is_kept_and_told(tmp_path: Path) -> None:
    first, second = (VideoRecorder(tmp_path / "out.mp4", LIVE, overwrite=False) for _ in range(2))
    for count, recorder in ((1, first), (2, second)):
        for number in range(count):
            recorder.write_picture(picture(number), number / 20)
        recorder.close()
    assert (first.written, second.written) == (tmp_path / "out.mp4", tmp_path / "out-2.mp4")
    assert [len(decoded_times(tmp_path / name)) for name in ("out.mp4", "out-2.mp4")] == [1, 2]
    assert any(f"{tmp_path / 'out.mp4'} is kept, because it appeared" in note for note in second.notes)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_recording_onto_a_link_leaves_the_link(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    link = tmp_path / "out.mp4"
    link.symlink_to(tmp_path / "folder" / "real.mp4")
    with pytest.raises(RecordError, match="exists already"):
        VideoRecorder(link, LIVE, overwrite=False)
    record(link, irregular_times(5))
    assert link.is_symlink()
    assert len(decoded_times(tmp_path / "folder" / "real.mp4")) == 5


def test_a_part_file_is_not_written_through_a_planted_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    for name in ("out.part.mp4", "out.part2-final.mp4"):
        (tmp_path / name).symlink_to(tmp_path / "precious")
    record(tmp_path / "out.mp4", irregular_times(5))
    assert (tmp_path / "precious").read_text() == "precious"
    assert len(decoded_times(tmp_path / "out.mp4")) == 5


def test_if_rewriting_fails_the_fragmented_file_takes_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(recorder_module, "with_index_in_front", full)
    notes = record(tmp_path / "out.mp4", irregular_times(20))
    assert "No space left" in notes[0]
    assert len(decoded_times(tmp_path / "out.mp4")) == 20
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]


def test_a_slow_encoder_makes_write_picture_wait_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = PartWriter.write

    def slow(self: object, image: np.ndarray, time_s: float) -> None:
        time.sleep(0.01)
        plain(self, image, time_s)  # type: ignore[arg-type]

    monkeypatch.setattr(PartWriter, "write", slow)
    recorder = VideoRecorder(tmp_path / "out.mp4", LIVE)
    for number in range(40):
        recorder.write_picture(picture(number), number / 30)
        assert number + 1 - recorder.frames_written <= 10
    recorder.close()
    assert len(decoded_times(tmp_path / "out.mp4")) == 40


def test_on_a_slow_machine_little_of_the_source_waits_to_be_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = PartWriter.write
    written: list[float] = []

    def slow(self: PartWriter, image: np.ndarray, time_s: float) -> None:
        time.sleep(0.03)
        plain(self, image, time_s)
        written.append(time_s)

    monkeypatch.setattr(PartWriter, "write", slow)
    recorder = VideoRecorder(tmp_path / "out.mkv", LIVE)
    for number in range(8):
        recorder.write_picture(picture(number), number / 2)
        assert number <= len(written) + 1  # at two pictures a second one is as much as may be lost
    recorder.close()
    assert decoded_times(tmp_path / "out.mkv") == pytest.approx([number / 2 for number in range(8)], abs=1e-3)


CHILD = """
import sys, time, signal, resource
from pathlib import Path
import numpy as np
from realtime.core.errors import RecordError
from realtime.recording.part_writer import PartWriter
from realtime.recording.video_recorder import FORMATS, VideoRecorder
from realtime.core.protocols import SourceInfo
source = sys.argv[2] or None
info = SourceInfo(name="x", live=source is None, size_wh=(64, 48), fps=20.0, path=source)
recorder = VideoRecorder(Path(sys.argv[1]), info)
limit = int(sys.argv[3])
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
noise = np.random.default_rng(1)
try:
    for number in range(60):
        image = noise.integers(0, 255, (48, 64, 3), dtype=np.uint8)
        recorder.write_picture(image, number / 20)
    while not limit and recorder.frames_written < 60:
        time.sleep(0.01)
    if not limit:
        print("written", flush=True)
        time.sleep(60)
    recorder.close()
except RecordError as error:
    print(error, flush=True)
    recorder.close()
    sys.exit(3)
"""


def child(target: Path, source: str = "", limit_bytes: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(target), source, str(limit_bytes)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_kill_9_leaves_all_but_the_last_second_with_sound(tmp_path: Path, suffix: str) -> None:
    codec = "libvorbis" if suffix == ".webm" else "aac"
    info = make_source(tmp_path / "in.mkv", seconds=3.0, codec=codec)
    process = child(tmp_path / f"out{suffix}", source=str(info.path))
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "written"
    process.send_signal(signal.SIGKILL)
    process.wait()
    part = tmp_path / f"out.part{suffix}"
    got = decoded_times(part)
    assert got[-1] > 2.4
    assert np.abs(np.array(got) - np.arange(len(got)) / 20).max() < 1e-3
    sound = packets(part, "audio")
    assert sound[-1][0] > 1.5
    first = decoded_times(tmp_path / "in.mkv")[0]
    original = [data for t, data in packets(tmp_path / "in.mkv", "audio") if t >= first]
    assert [data for _, data in sound] == original[: len(sound)]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_full_disk_is_an_error_in_one_line_and_leaves_a_playable_file(tmp_path: Path, suffix: str) -> None:
    process = child(tmp_path / f"out{suffix}", limit_bytes=80_000)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert said.count("\n") == 1
    assert str(tmp_path / f"out{suffix}") in said
    assert str(tmp_path / f"out.part{suffix}") in said
    assert playable_frames(tmp_path / f"out.part{suffix}") >= 10
