"""Video files as a frame source: every frame, its time, upright, and a clear word when something is wrong."""

import os
import struct

import av
import numpy as np
import pytest

from realtime.capture.frame_index_reader import length_s
from realtime.capture.frames.media_times import ArrivalTimes, MediaTimes
from realtime.capture.open_source import FileSource, source_for
from realtime.core.errors import SourceReadError
from tests.support.clocks import LIMIT_S, FakeClock, in_background, until
from tests.support.pictures.made_clips import SIZE_WH, opened, read_all, write_clip
from tests.support.pictures.recorded import rerecord


def test_a_file_address_is_a_path(tmp_path):
    path = write_clip(tmp_path / "a clip #1.mp4", 3)
    source = source_for(path.as_uri())
    assert source.open().path == str(path)
    source.close()


def test_a_colon_in_a_name_is_no_protocol(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "x.mkv", 3).rename(tmp_path / "12:30.mkv")
    source, info = opened("12:30.mkv")
    assert len(read_all(source)[0]) == 3
    assert info.name == "12:30.mkv"
    source.close()


# ---- files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov", "a.avi", "a.flv", "a.ts", "a.webm"])
def test_every_frame_comes_once_in_order_at_its_time(tmp_path, name):
    codec = {"a.webm": "libvpx", "a.flv": "flv1", "a.ts": "mpeg2video"}.get(name, "mpeg4")
    source, info = opened(write_clip(tmp_path / name, codec=codec))
    frames, error = read_all(source)
    source.close()
    assert error is None
    assert [frame.index for frame in frames] == list(range(30))
    assert [frame.media_time_s for frame in frames] == pytest.approx([i / 30 for i in range(30)], abs=0.002)
    greys = [float(frame.image_bgr[60:, 60:].mean()) for frame in frames]
    assert greys == pytest.approx([8 * i for i in range(30)], abs=8)
    assert (info.size_wh, info.live, info.name) == (SIZE_WH, False, name)
    assert info.fps == pytest.approx(30, abs=0.01)
    assert info.frame_count in {30, None}
    assert info.path == str(tmp_path / name)


def test_mp4_tells_its_frame_count_and_frames_stay_their_own(tmp_path):
    source, info = opened(write_clip(tmp_path / "a.mp4"), clock=iter(range(100)).__next__)
    frames, _ = read_all(source)
    assert info.frame_count == 30
    assert [frame.captured_at_s for frame in frames] == list(range(30))
    assert frames[0].image_bgr[60:, 60:].mean() < 8 < frames[5].image_bgr[60:, 60:].mean()
    assert all(frame.image_bgr.flags.c_contiguous for frame in frames)


def test_variable_rate_times_are_honoured_and_start_at_zero(tmp_path):
    times = [500, 533, 567, 900, 905, 2000, 2001, 4000]
    source, _ = opened(write_clip(tmp_path / "vfr.mkv", len(times), times=times))
    frames, error = read_all(source)
    assert error is None
    assert [frame.media_time_s for frame in frames] == pytest.approx([(t - 500) / 1000 for t in times], abs=0.0011)


@pytest.mark.parametrize(
    ("matrix", "corner_yx"),
    [((0, 1, -1, 0), (8, -24)), ((-1, 0, 0, -1), (-24, -16)), ((0, -1, 1, 0), (-8, 24))],
)
def test_a_turned_recording_comes_upright(tmp_path, matrix, corner_yx):
    """Phones store landscape pictures and note in the track header how to turn them."""
    path = write_clip(tmp_path / "phone.mp4", 4)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 16
    a, b, c, d = (value << 16 for value in matrix)
    struct.pack_into(">9i", data, at, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    source, info = opened(path)
    frames, _ = read_all(source)
    expected_wh = SIZE_WH if matrix[0] else SIZE_WH[::-1]
    assert info.size_wh == expected_wh
    assert frames[0].size_wh == expected_wh
    blue, _, red = (int(value) for value in frames[0].image_bgr[corner_yx])
    assert red > 180 > 80 > blue


def test_an_interrupted_file_ends_and_closing_twice_is_fine(tmp_path):
    source, _ = opened(write_clip(tmp_path / "a.mp4"))
    assert source.read() is not None
    source.interrupt()
    source.interrupt()
    assert source.read() is None
    source.close()
    source.close()


def test_reading_before_opening_says_so(tmp_path):
    with pytest.raises(SourceReadError, match=r"call open\(\) first"):
        FileSource(str(write_clip(tmp_path / "a.mp4", 2))).read()


# ---- times ---------------------------------------------------------------------------------------------------------


def test_times_that_are_missing_repeated_or_start_again_still_grow():
    times = MediaTimes(0.1)
    placed = [times.place(t) for t in (5.0, 5.1, None, 5.15, 5.3, 0.0, 0.1)]
    assert placed == pytest.approx([0, 0.1, 0.2, 0.201, 0.3, 0.4, 0.5])
    assert MediaTimes(0.1).place(None) == pytest.approx(0)


def test_a_live_senders_times_are_used_only_while_they_are_sane():
    times = ArrivalTimes(tolerance_s=1)
    assert times.place(100.0, 7.0) == 0
    assert times.place(100.5, 7.6) == pytest.approx(0.5)
    assert times.place(190.0, 8.0) == pytest.approx(1.0)
    assert times.place(102.0, 9.5) == pytest.approx(2.5)
    assert ArrivalTimes(trusted=False).place(3.0, 9.0) == 0


def test_realtime_delivers_when_a_camera_would_and_late_frames_at_once(tmp_path):
    clock = FakeClock()
    source, info = opened(write_clip(tmp_path / "a.mp4", 10), realtime=True, clock=clock, wait=clock.sleep)
    assert info.live
    delivered = []
    for i in range(10):
        frame = source.read()
        delivered.append(clock.now_s)
        assert frame.captured_at_s == pytest.approx(50 + i / 30, abs=0.001)
        if i == 3:
            clock.now_s += 0.1
    early = [50 + i / 30 for i in range(4)]
    late = [50.2, 50.2, 50.2, 50 + 7 / 30, 50 + 8 / 30, 50 + 9 / 30]
    assert delivered == pytest.approx(early + late, abs=0.001)


def test_realtime_loses_what_a_camera_would_lose_and_never_all(tmp_path):
    clock = FakeClock()
    source, _ = opened(write_clip(tmp_path / "a.mp4", 60), realtime=True, clock=clock, wait=clock.sleep)
    assert source.read().index == 0
    clock.now_s += 0.5
    frame = source.read()
    assert clock.now_s - frame.captured_at_s == pytest.approx(0.1, abs=0.01)
    assert source.dropped == frame.index - 1 == 11
    clock.now_s += 100
    assert source.read() is not None


def test_realtime_waiting_is_interrupted(tmp_path):
    waits = []
    clock = FakeClock()
    source, _ = opened(write_clip(tmp_path / "slow.mkv", 2, times=[0, 60_000]), realtime=True, clock=clock)
    plain = source._wait
    source._wait = lambda seconds: waits.append(seconds) or plain(seconds)
    assert source.read() is not None
    reading = in_background(source.read)
    until(lambda: waits)
    source.interrupt()
    assert reading.result(LIMIT_S) is None
    assert waits == [60]


# ---- real clips ----------------------------------------------------------------------------------------------------


def test_a_phone_recording_of_variable_rate_keeps_its_times(real_data):
    path = real_data / "videos" / "face_then_none_hevc.mov"
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stamps = sorted(float(p.pts * p.time_base) for p in container.demux(stream) if p.pts is not None)
    source, info = opened(path)
    frames, error = read_all(source)
    assert error is None
    assert len(frames) == info.frame_count == len(stamps)
    assert [frame.media_time_s for frame in frames] == pytest.approx([t - stamps[0] for t in stamps], abs=1e-6)
    gaps = np.diff([frame.media_time_s for frame in frames])
    assert gaps.max() > 2 * gaps.min()


# ---- names and titles ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [b"caf\xe9.mp4", b"clip.mp4 ", b" clip.mp4", b"a" * 251 + b".mp4"])
def test_any_name_that_a_file_can_have_opens(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    write_clip(tmp_path / "a.mp4", 3).rename(path)
    source = source_for(str(path))
    assert source.open().name == path.name
    assert len(read_all(source)[0]) == 3
    source.close()


def test_spaces_around_a_name_that_no_file_has_are_left_out(tmp_path):
    source = source_for(f" {write_clip(tmp_path / 'a.mp4', 3)} ")
    assert source.open().name == "a.mp4"
    source.close()


def test_a_title_that_is_not_utf_8_costs_nothing(tmp_path):
    with av.open(str(write_clip(tmp_path / "a.mp4", 3))) as clip, av.open(str(tmp_path / "a.mkv"), "w") as container:
        container.metadata["title"] = "CAFEQQQQ"
        copy = container.add_stream_from_template(clip.streams.video[0])
        for packet in clip.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                container.mux(packet)
    data = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(data.replace(b"CAFEQQQQ", b"CAF\xe9QQQQ"))
    source, _ = opened(tmp_path / "a.mkv")
    assert len(read_all(source)[0]) == 3
    source.close()
    assert rerecord(tmp_path / "a.mkv", tmp_path / "out.mp4")[1] == []
    assert length_s(str(tmp_path / "a.mkv")) == pytest.approx(0.1, abs=0.01)
