"""The recorder: every written file is decoded again."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from realtime import recorder as recorder_module
from realtime.errors import ConfigError, RecordError
from realtime.recorder import VideoRecorder
from realtime.stages import SourceInfo

LIVE = SourceInfo(name="camera 0", live=True, size_wh=(64, 48), fps=30.0)
ROOT = Path(__file__).resolve().parents[1]


def picture(number: int, size_wh: tuple[int, int] = (64, 48)) -> np.ndarray:
    image = np.full((size_wh[1], size_wh[0], 3), 40, np.uint8)
    image[:, : 1 + number % size_wh[0]] = (200, 100, 30)
    return image


def irregular_times(count: int, first_s: float = 0.0) -> list[float]:
    gaps = np.random.default_rng(7).uniform(0.011, 0.13, count)
    return [first_s, *(first_s + np.cumsum(gaps)[:-1]).tolist()]


def record(path: Path, times_s: list[float], info: SourceInfo = LIVE, size_wh: tuple[int, int] = (64, 48)) -> list[str]:
    recorder = VideoRecorder(path, info)
    for number, time_s in enumerate(times_s):
        recorder.write_picture(picture(number, size_wh), time_s)
    recorder.close()
    assert recorder.frames_written == len(times_s)
    return recorder.notes


def decoded_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


def playable_frames(path: Path) -> int:
    """Count as a player does: up to the place where the disk was full."""
    count = 0
    with av.open(str(path)) as container, contextlib.suppress(av.FFmpegError):
        for _ in container.decode(video=0):
            count += 1
    return count


def packets(path: Path, kind: str) -> list[tuple[float, bytes]]:
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        return [(float(p.pts * p.time_base), bytes(p)) for p in container.demux(stream) if p.pts is not None]


def video_length_s(path: Path) -> float:
    with av.open(str(path)) as container:
        last = max((p for p in container.demux(video=0) if p.pts is not None), key=lambda p: p.pts)
        return float((last.pts + last.duration) * last.time_base)


def make_source(path: Path, seconds: float = 3.0, codec: str = "aac", sound_delay_s: float = 0.0) -> SourceInfo:
    """Write a clip of 20 pictures a second with a sine as its sound."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=20, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream(codec, rate=44100, bit_rate=96_000)
        for number in range(round(seconds * 20)):
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture(number), format="bgr24")))
        container.mux(video.encode(None))
        for start in range(0, round(seconds * 44100), 1024):
            wave = np.sin(np.arange(start, start + 1024) * (2 * np.pi * 440 / 44100))
            floats = audio.codec_context.format.name == "fltp"
            samples = np.tile(wave.astype(np.float32), (2, 1)) if floats else (wave * 9000).astype(np.int16)
            samples = samples if floats else np.repeat(samples, 2)[None]
            sound = av.AudioFrame.from_ndarray(samples, format="fltp" if floats else "s16", layout="stereo")
            sound.sample_rate, sound.time_base = 44100, Fraction(1, 44100)
            sound.pts = start + round(sound_delay_s * 44100)
            container.mux(audio.encode(sound))
        container.mux(audio.encode(None))
    return SourceInfo(name=path.name, live=False, size_wh=(64, 48), fps=20.0, path=str(path))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_every_picture_keeps_its_own_time_and_the_file_its_length(tmp_path: Path, suffix: str) -> None:
    times = irregular_times(60, first_s=12.5)  # recording began in the middle of a run
    assert record(tmp_path / f"out{suffix}", times) == []
    got = decoded_times(tmp_path / f"out{suffix}")
    assert len(got) == 60
    assert np.abs(np.array(got) - (np.array(times) - 12.5)).max() < 1e-3
    assert [p.name for p in tmp_path.iterdir()] == [f"out{suffix}"]
    if suffix != ".mkv":  # Matroska states no length per picture
        wanted_s = times[-1] - 12.5 + (times[-1] - times[-2])
        assert video_length_s(tmp_path / f"out{suffix}") == pytest.approx(wanted_s, abs=1e-3)


def test_the_finished_mp4_has_its_index_in_front_and_key_frames_every_second(tmp_path: Path) -> None:
    record(tmp_path / "out.mp4", irregular_times(60))
    content = (tmp_path / "out.mp4").read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")
    assert b"moof" not in content
    with av.open(str(tmp_path / "out.mp4")) as container:
        keys = [float(p.pts * p.time_base) for p in container.demux(video=0) if p.pts is not None and p.is_keyframe]
    assert len(keys) >= 4
    assert max(np.diff(keys)) < 1.14


def test_times_that_stand_still_or_turn_back_stay_in_order(tmp_path: Path) -> None:
    record(tmp_path / "out.mp4", [0.0, 0.04, 0.04, 0.03, 0.1])
    got = decoded_times(tmp_path / "out.mp4")
    assert len(got) == 5
    assert all(a < b for a, b in itertools.pairwise(got))


def test_odd_sizes_are_padded_and_colours_survive(tmp_path: Path) -> None:
    image = np.zeros((49, 65, 3), np.uint8)
    image[:] = (30, 60, 200)
    recorder = VideoRecorder(tmp_path / "out.mp4", LIVE)
    recorder.write_picture(image, 0.0)
    recorder.close()
    with av.open(str(tmp_path / "out.mp4")) as container:
        got = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert got.shape == (50, 66, 3)
    assert np.abs(got.astype(int) - (30, 60, 200)).max() <= 6


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_sound_is_copied_byte_for_byte_and_in_step(tmp_path: Path, suffix: str) -> None:
    info = make_source(tmp_path / "in.mp4")
    times = decoded_times(tmp_path / "in.mp4")
    assert record(tmp_path / f"out{suffix}", times, info) == []
    # What starts before the first picture is the encoder's run-in.
    wanted = [(t, data) for t, data in packets(tmp_path / "in.mp4", "audio") if 0 <= t < 3.0]
    got = packets(tmp_path / f"out{suffix}", "audio")
    assert [data for _, data in got] == [data for _, data in wanted]
    assert np.abs(np.array([t for t, _ in got]) - [t for t, _ in wanted]).max() < 1e-3
    if suffix == ".mp4":
        assert video_length_s(tmp_path / "out.mp4") == pytest.approx(3.0, abs=1e-3)


def test_sound_starts_and_stops_with_a_recording_of_the_middle(tmp_path: Path) -> None:
    info = make_source(tmp_path / "in.mp4", seconds=4.0)
    times = [t for t in decoded_times(tmp_path / "in.mp4") if 1.5 <= t < 2.5]
    record(tmp_path / "out.mp4", times, info)
    wanted = [(t - 1.5, data) for t, data in packets(tmp_path / "in.mp4", "audio") if 1.5 <= t < 2.5]
    got = packets(tmp_path / "out.mp4", "audio")
    assert [data for _, data in got] == [data for _, data in wanted]
    assert np.abs(np.array([t for t, _ in got]) - [t for t, _ in wanted]).max() < 1e-3


def test_sound_that_begins_late_stays_late(tmp_path: Path) -> None:
    info = make_source(tmp_path / "in.mp4", seconds=3.0, sound_delay_s=1.2)
    record(tmp_path / "out.mp4", decoded_times(tmp_path / "in.mp4"), info)
    assert packets(tmp_path / "out.mp4", "audio")[0][0] == pytest.approx(1.2, abs=0.03)
    assert decoded_times(tmp_path / "out.mp4")[0] == 0.0


def test_sound_that_the_container_refuses_is_left_out_with_a_note(tmp_path: Path) -> None:
    info = make_source(tmp_path / "in.wmv", codec="wmav2")
    notes = record(tmp_path / "out.mp4", irregular_times(10), info)
    assert len(notes) == 1
    assert "wmav2" in notes[0]
    assert "\n" not in notes[0]
    assert len(decoded_times(tmp_path / "out.mp4")) == 10


def test_a_vanished_source_costs_the_sound_only(tmp_path: Path) -> None:
    info = SourceInfo(name="gone.mp4", live=False, size_wh=(64, 48), fps=20.0, path=str(tmp_path / "gone.mp4"))
    notes = record(tmp_path / "out.mp4", irregular_times(10), info)
    assert "sound" in notes[0]
    assert len(decoded_times(tmp_path / "out.mp4")) == 10


def test_without_a_picture_no_file_is_left(tmp_path: Path) -> None:
    notes = record(tmp_path / "out.mp4", [])
    assert "no picture" in notes[0]
    assert list(tmp_path.iterdir()) == []


def test_close_any_number_of_times_and_then_nothing_more(tmp_path: Path) -> None:
    recorder = VideoRecorder(tmp_path / "out.mp4", LIVE)
    recorder.write_picture(picture(0), 0.0)
    recorder.close()
    recorder.close()
    with pytest.raises(RecordError, match="is closed"):
        recorder.write_picture(picture(1), 0.1)
    assert not any(thread.name == "recorder" for thread in threading.enumerate())


def test_bad_targets_are_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.mp4, \.mkv, \.mov; received out\.avi"):
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


def test_an_unwritable_folder_is_named_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "open", refuse)  # root may write anywhere: a mode would not do
    with pytest.raises(RecordError) as caught:
        VideoRecorder(tmp_path / "out.mp4", LIVE)
    assert str(tmp_path / "out.mp4") in str(caught.value)
    assert "Permission denied" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_killed_run_left_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out.part.mp4").write_bytes(b"precious")
    record(tmp_path / "out.mp4", irregular_times(5))
    assert (tmp_path / "out.part.mp4").read_bytes() == b"precious"
    assert len(decoded_times(tmp_path / "out.mp4")) == 5


def test_an_existing_file_is_replaced_only_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_bytes(b"old")
    recorder = VideoRecorder(tmp_path / "out.mp4", LIVE)
    recorder.write_picture(picture(0), 0.0)
    assert (tmp_path / "out.mp4").read_bytes() == b"old"
    recorder.close()
    assert len(decoded_times(tmp_path / "out.mp4")) == 1


def test_if_rewriting_fails_the_fragmented_file_takes_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(recorder_module, "_remux", full)
    notes = record(tmp_path / "out.mp4", irregular_times(20))
    assert "No space left" in notes[0]
    assert len(decoded_times(tmp_path / "out.mp4")) == 20
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]
    with pytest.raises(RecordError, match=r"out\.part\.mp4"):
        record(tmp_path / "out.mkv", irregular_times(20))


def test_a_slow_encoder_makes_write_picture_wait_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = recorder_module._PartWriter.write

    def slow(self: object, image: np.ndarray, time_s: float) -> None:
        time.sleep(0.01)
        plain(self, image, time_s)  # type: ignore[arg-type]

    monkeypatch.setattr(recorder_module._PartWriter, "write", slow)
    recorder = VideoRecorder(tmp_path / "out.mp4", LIVE)
    for number in range(40):
        recorder.write_picture(picture(number), number / 30)
        assert number + 1 - recorder.frames_written <= 10
    recorder.close()
    assert len(decoded_times(tmp_path / "out.mp4")) == 40


CHILD = """
import sys, time, signal, resource
from pathlib import Path
import numpy as np
from realtime.errors import RecordError
from realtime.recorder import VideoRecorder
from realtime.stages import SourceInfo
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


def test_kill_9_leaves_all_but_the_last_second_with_sound(tmp_path: Path) -> None:
    info = make_source(tmp_path / "in.mp4", seconds=3.0)
    process = child(tmp_path / "out.mp4", source=str(info.path))
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "written"
    process.send_signal(signal.SIGKILL)
    process.wait()
    part = tmp_path / "out.part.mp4"
    got = decoded_times(part)
    assert got[-1] > 2.0
    assert np.abs(np.array(got) - np.arange(len(got)) / 20).max() < 1e-3
    sound = packets(part, "audio")
    assert sound[-1][0] > 1.5
    original = [data for t, data in packets(tmp_path / "in.mp4", "audio") if t >= 0]
    assert [data for _, data in sound] == original[: len(sound)]


def test_a_full_disk_is_an_error_in_one_line_and_leaves_a_playable_file(tmp_path: Path) -> None:
    process = child(tmp_path / "out.mp4", limit_bytes=80_000)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert said.count("\n") == 1
    assert str(tmp_path / "out.mp4") in said
    assert str(tmp_path / "out.part.mp4") in said
    assert playable_frames(tmp_path / "out.part.mp4") >= 10


@pytest.mark.parametrize("name", ["smile_to_neutral_720p.mp4", "face_then_none_hevc.mov", "several_people_cuts.mp4"])
def test_a_real_clip_keeps_its_times(tmp_path: Path, name: str) -> None:
    folder = os.environ.get("EMOTION_TEST_DATA")
    if not folder:
        pytest.skip("EMOTION_TEST_DATA is not set: no real clips")
    clip = Path(folder) / "videos" / name
    recorder, times, first = None, [], 0.0
    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            first = frame.time if number == 0 else first
            if number < 40:
                continue
            image = frame.to_ndarray(format="bgr24")
            if recorder is None:
                size_wh = (image.shape[1], image.shape[0])
                info = SourceInfo(name=name, live=False, size_wh=size_wh, fps=30.0, path=str(clip))
                recorder = VideoRecorder(tmp_path / "out.mp4", info)
            times.append(frame.time - first)
            recorder.write_picture(image, times[-1])
            if len(times) == 60:
                break
    assert recorder is not None
    recorder.close()
    assert recorder.notes == []
    got = decoded_times(tmp_path / "out.mp4")
    assert np.abs(np.array(got) - (np.array(times) - times[0])).max() < 1e-3
    start_s, end_s = first + times[0], first + times[-1]
    wanted = [(t - start_s, data) for t, data in packets(clip, "audio") if start_s - 1e-5 <= t < end_s]
    sound = [item for item in packets(tmp_path / "out.mp4", "audio") if item[0] < end_s - start_s - 0.03]
    assert [data for _, data in sound] == [data for _, data in wanted][: len(sound)]
    if wanted:
        assert np.abs(np.array([a[0] - b[0] for a, b in zip(sound, wanted, strict=False)])).max() < 1e-3
