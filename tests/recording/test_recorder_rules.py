"""Each rule of the recorder alone: what it refuses, what it says, and what stands where when it is done."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import av
import numpy as np
import pytest

from realtime.core.errors import ConfigError, RecordError
from realtime.core.protocols import SourceInfo
from realtime.recording import video_recorder
from realtime.recording.part_writer import PartWriter
from realtime.recording.video_recorder import VideoRecorder
from tests.support.clocks import LIMIT_S, Gate, in_background, until
from tests.support.pictures.recorded import LIVE, decoded_times, picture, record

pytestmark = pytest.mark.timeout(60)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("shape", "dtype"), [((48, 64), np.uint8), ((48, 64, 4), np.uint8), ((48, 64, 3), np.float32), ((3,), np.uint8)]
)
def test_what_is_no_picture_is_refused_and_the_recording_goes_on(tmp_path: Path, shape, dtype) -> None:
    recorder = VideoRecorder(tmp_path / "out.mkv", LIVE)
    with pytest.raises(ValueError, match="image_bgr") as refused:
        recorder.write_picture(np.zeros(shape, dtype), 0.0)
    assert str(refused.value) == f"image_bgr must be (H, W, 3) uint8; received {shape} {np.dtype(dtype)}"
    recorder.write_picture(picture(0), 0.0)
    recorder.close()
    assert len(decoded_times(tmp_path / "out.mkv")) == 1


def test_a_recorder_says_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "out.mkv"
    recorder = VideoRecorder(path, LIVE)
    assert (recorder.overwrite, recorder.written, recorder.notes, recorder.frames_written) == (True, None, [], 0)
    assert names(tmp_path) == ["out.part.mkv"]
    for number in range(3):
        recorder.write_picture(picture(number), number / 20)
    recorder.close()
    assert (recorder.written, recorder.notes, recorder.frames_written) == (path, [], 3)
    with pytest.raises(RecordError) as closed:
        recorder.write_picture(picture(3), 0.2)
    assert str(closed.value) == f"the recording {path} is closed; start another one"


def test_a_recording_without_a_picture_says_so(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_bytes(b"old")
    recorder = VideoRecorder(tmp_path / "out.mp4", LIVE)
    recorder.close()
    assert recorder.notes == [f"no picture was recorded; {tmp_path / 'out.mp4'} was not written"]
    assert (recorder.written, names(tmp_path)) == (None, ["out.mp4"])


def test_the_file_that_is_played_is_never_the_recording(tmp_path: Path) -> None:
    (tmp_path / "in.mp4").write_bytes(b"film")
    (tmp_path / "same.mp4").symlink_to(tmp_path / "in.mp4")
    info = SourceInfo(name="in.mp4", live=False, size_wh=(64, 48), fps=20.0, path=str(tmp_path / "in.mp4"))
    for name in ("in.mp4", "same.mp4"):
        with pytest.raises(ConfigError) as refused:
            VideoRecorder(tmp_path / name, info)
        assert str(refused.value) == (
            f"a recording cannot replace the file that it is made from, {tmp_path / name}; give another name"
        )
    with pytest.raises(RecordError, match=r"cannot write the recording .*: it exists already"):
        VideoRecorder(tmp_path / "in.mp4", LIVE, overwrite=False)


def test_a_part_that_cannot_be_created_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(video_recorder, "create_part", refuse)
    with pytest.raises(RecordError) as refused:
        VideoRecorder(tmp_path / "out.mp4", LIVE)
    assert str(refused.value) == (
        f"cannot record to {tmp_path / 'out.mp4'}: Permission denied; give a folder that can be written"
    )


def failing(monkeypatch: pytest.MonkeyPatch, after: int = 1, error: Exception | None = None) -> None:
    """Let a disk be full after so many pictures."""
    plain, count = PartWriter.write, [0]

    def write(self: PartWriter, image_bgr: np.ndarray, time_s: float) -> None:
        count[0] += 1
        if count[0] > after:
            raise error or OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        plain(self, image_bgr, time_s)

    monkeypatch.setattr(PartWriter, "write", write)


def fill(recorder: VideoRecorder, count: int = 500) -> None:
    for number in range(count):
        recorder.write_picture(picture(number), number / 20)


def test_a_failure_is_told_once_with_what_is_kept_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, after=5)
    path = tmp_path / "out.mkv"
    recorder = VideoRecorder(path, LIVE)
    line = (
        f"cannot record to {path}: No space left on device; what was recorded until then is in "
        f"{tmp_path / 'out.part.mkv'}; free some space or give another folder"
    )
    for _ in range(2):
        with pytest.raises(RecordError) as failed:
            fill(recorder)
        assert str(failed.value) == line
        assert isinstance(failed.value.__cause__, OSError)
    recorder.close()
    assert (recorder.written, recorder.frames_written, names(tmp_path)) == (None, 5, ["out.part.mkv"])


def test_a_failure_that_no_picture_came_to_hear_of_is_told_at_the_end_once(tmp_path, monkeypatch) -> None:
    failing(monkeypatch, after=0)
    recorder = VideoRecorder(tmp_path / "out.mkv", LIVE)
    recorder.write_picture(picture(0), 0.0)
    with pytest.raises(RecordError, match="No space left on device"):
        recorder.close()
    recorder.close()


def test_a_part_that_is_gone_is_not_promised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, after=0)
    recorder = VideoRecorder(tmp_path / "out.mkv", LIVE)
    (tmp_path / "out.part.mkv").unlink()
    recorder._pictures.put((picture(0), 0.0))
    recorder._unwritten.append(0.0)
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    with pytest.raises(RecordError) as failed:
        recorder.close()
    assert str(failed.value) == (
        f"cannot record to {tmp_path / 'out.mkv'}: No space left on device; free some space or give another folder"
    )


def test_who_waits_for_a_slow_encoder_is_woken_by_its_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, plain = Gate(), PartWriter.write

    def write(self: PartWriter, image_bgr: np.ndarray, time_s: float) -> None:
        gate()
        if time_s > 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        plain(self, image_bgr, time_s)

    monkeypatch.setattr(PartWriter, "write", write)
    recorder = VideoRecorder(tmp_path / "out.mkv", LIVE)
    recorder.write_picture(picture(0), 0.0)
    waiting = in_background(lambda: [recorder.write_picture(picture(1), 1.0), recorder.write_picture(picture(2), 2.0)])
    until(lambda: gate.reached == 1)
    assert not waiting.done(), "a second of the source would be lost if the process were killed now"
    gate.open()
    gate.let(5)
    with pytest.raises(RecordError, match="Input/output error"):
        waiting.result(LIMIT_S)
        recorder.write_picture(picture(3), 3.0)


@pytest.mark.parametrize("far_s", [5.31, 4.69])
def test_three_tenths_of_a_second_may_wait_to_be_encoded_and_no_more(tmp_path, monkeypatch, far_s: float) -> None:
    gate, plain = Gate(), PartWriter.write
    monkeypatch.setattr(PartWriter, "write", lambda self, image, time_s: [gate(), plain(self, image, time_s)])
    recorder = VideoRecorder(tmp_path / "out.mkv", LIVE)
    for time_s in (5.0, 5.1, 5.3):
        recorder.write_picture(picture(0), time_s)
    waiting = in_background(lambda: recorder.write_picture(picture(1), far_s))
    until(lambda: len(recorder._progress._waiters) == 1)
    assert not waiting.done()
    gate.open()
    gate.let(4)
    waiting.result(LIMIT_S)
    recorder.close()
    assert recorder.frames_written == 4


def test_what_a_killed_run_left_is_told_with_what_to_do(tmp_path: Path) -> None:
    for name in ("out.part.mkv", "out.part2.webm", "other.part.mkv", "out.part.csv"):
        (tmp_path / name).write_bytes(b"left")
    notes = record(tmp_path / "out.mkv", [0.0, 0.1])
    assert notes == [
        f"{tmp_path / name} is what a run that was ended by force left: it plays; rename it to keep it, or delete it"
        for name in ("out.part.mkv", "out.part2.webm")
    ]


def test_a_left_over_part_that_is_gone_meanwhile_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "out.part.mkv").write_bytes(b"left")
    recorder = VideoRecorder(tmp_path / "out.mkv", LIVE)
    (tmp_path / "out.part.mkv").unlink()
    recorder.write_picture(picture(0), 0.0)
    recorder.close()
    assert recorder.notes == []


@pytest.mark.parametrize(
    ("replaces", "failed", "why"),
    [(False, False, "because it appeared while this ran"), (True, True, "because the run failed")],
)
def test_an_old_file_that_stays_is_told_with_the_new_ones_name(tmp_path: Path, replaces, failed, why) -> None:
    path = tmp_path / "out.mkv"
    recorder = VideoRecorder(path, LIVE, overwrite=replaces)
    path.write_bytes(b"old")
    recorder.write_picture(picture(0), 0.0)
    if failed:
        recorder.overwrite = False
    recorder.close()
    other = tmp_path / "out-2.mkv"
    assert recorder.notes == [f"{path} is kept, {why}; the recording is {other}"]
    assert (recorder.written, path.read_bytes(), len(decoded_times(other))) == (other, b"old", 1)


def test_the_written_name_is_the_users_where_a_link_stands_there(tmp_path: Path) -> None:
    (tmp_path / "link.mkv").symlink_to(tmp_path / "real.mkv")
    recorder = VideoRecorder(tmp_path / "link.mkv", LIVE)
    assert names(tmp_path) == ["link.mkv", "real.part.mkv"]
    recorder.write_picture(picture(0), 0.0)
    recorder.close()
    assert recorder.written == tmp_path / "link.mkv"
    assert names(tmp_path) == ["link.mkv", "real.mkv"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), ValueError("odd")])
def test_a_copy_that_fails_leaves_the_recording_slow_to_seek_in(tmp_path, monkeypatch, error) -> None:
    copies = []

    def copy(part: Path, finished: Path, kind: object) -> None:
        copies.append((part.name, finished.name, kind))
        raise error

    monkeypatch.setattr(video_recorder, "with_index_in_front", copy)
    notes = record(tmp_path / "out.mp4", [0.0, 0.1])
    why = "No space left on device" if isinstance(error, OSError) else "odd"
    assert notes == [f"{tmp_path / 'out.mp4'} is complete but slow to seek in: rewriting it failed ({why})"]
    assert copies == [("out.part.mp4", "out.part-final.mp4", video_recorder.FORMATS[".mp4"])]
    assert (names(tmp_path), len(decoded_times(tmp_path / "out.mp4"))) == (["out.mp4"], 2)


def test_a_copy_that_cannot_be_begun_is_told_likewise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    recorder = VideoRecorder(tmp_path / "out.mp4", LIVE)
    monkeypatch.setattr(video_recorder, "create_first_free", refuse)
    recorder.write_picture(picture(0), 0.0)
    recorder.close()
    assert recorder.notes == [
        f"{tmp_path / 'out.mp4'} is complete but slow to seek in: rewriting it failed (Disk quota exceeded)"
    ]
    assert len(decoded_times(tmp_path / "out.mp4")) == 1


def test_odd_pictures_get_the_even_size_that_is_needed_and_no_more(tmp_path: Path) -> None:
    for size_wh, wanted in (((64, 48), (64, 48)), ((65, 48), (66, 48)), ((64, 49), (64, 50))):
        path = tmp_path / f"{size_wh[0]}-{size_wh[1]}.mkv"
        record(path, [0.0], size_wh=size_wh)
        with av.open(str(path)) as container:
            context = container.streams.video[0].codec_context
            assert (context.width, context.height) == wanted
