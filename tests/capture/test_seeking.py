"""A file that is sent elsewhere shows the frame of that moment, whatever its key frames, clock and container."""

from __future__ import annotations

import bisect

import numpy as np
import pytest

from realtime.core.errors import SourceReadError
from tests.support.pictures.made_clips import cut, number_of, opened, read_all, write_clip, write_numbered

STEADY_MS = [round(i * 1000 / 30) for i in range(300)]
SLOW_OPEN = {"x264-params": "open-gop=1:bframes=3:keyint=100:min-keyint=100:scenecut=0"}
LONG = {"x264-params": "keyint=1000:min-keyint=1000:scenecut=0:bframes=2"}


def uneven_ms(count=400, start=700):
    """Times as of a phone that stutters: steps of 8 to 120 ms and a hole of four seconds."""
    steps = np.random.default_rng(5).integers(8, 120, count)
    steps[count // 2] = 4000
    return [start, *(start + np.cumsum(steps[:-1])).tolist()]


KINDS = {
    "long_gop.mp4": {"times": STEADY_MS, "codec_options": LONG},
    "open_gop.mp4": {"times": STEADY_MS, "codec_options": SLOW_OPEN},
    "uneven.mp4": {"times": uneven_ms(), "codec_options": SLOW_OPEN},
    "uneven.mkv": {"times": uneven_ms(), "codec_options": LONG},
    "no_index.mkv": {"times": uneven_ms(), "options": {"live": "1"}, "codec_options": SLOW_OPEN},
    "fragments.mp4": {"times": STEADY_MS, "options": {"movflags": "frag_keyframe+empty_moov"}, "gop": 60},
    "broadcast.ts": {"times": STEADY_MS, "codec_options": SLOW_OPEN},
    "old.avi": {"times": STEADY_MS, "codec": "mpeg4", "gop": 100},
    "browser.webm": {"times": uneven_ms(150), "codec": "libvpx", "gop": 120, "options": {"live": "1"}},
    "old.flv": {"times": STEADY_MS, "codec": "flv1", "gop": 50},
    "bare.h264": {"times": STEADY_MS, "codec_options": SLOW_OPEN},
}
WANTED = (0.5, 0.0, 0.93, 0.34, 0.35, 0.36, 0.99, 0.1, 0.6)


@pytest.mark.parametrize("name", KINDS)
def test_a_seek_lands_on_the_frame_of_that_moment_and_goes_on_from_there(tmp_path, name):
    made = dict(KINDS[name])
    path = write_numbered(tmp_path / name, made.pop("times"), **made)
    source, info = opened(path)
    assert info.seekable
    frames, _ = read_all(source)
    times = [frame.media_time_s for frame in frames]
    numbers = [number_of(frame.image_bgr) for frame in frames]
    assert numbers == list(range(len(made.get("times", times))))
    for share in WANTED:
        wanted_s = share * times[-1]
        source.seek(wanted_s)
        landed = bisect.bisect_right(times, wanted_s + 0.0006) - 1
        for number in range(landed, min(landed + 3, len(times))):
            frame = source.read()
            assert number_of(frame.image_bgr) == number, f"wanted {wanted_s:.3f} s"
            assert frame.media_time_s == pytest.approx(times[number], abs=0.002)
    source.close()


def test_every_frame_can_be_reached_by_its_own_time(tmp_path):
    path = write_numbered(tmp_path / "uneven.mp4", uneven_ms(120), codec_options=SLOW_OPEN)
    source, _ = opened(path)
    times = [frame.media_time_s for frame in read_all(source)[0]]
    for number in np.random.default_rng(1).permutation(len(times))[:40].tolist():
        source.seek(times[number])
        assert number_of(source.read().image_bgr) == number
    source.close()


def test_times_outside_the_file_mean_its_ends_and_then_it_ends(tmp_path):
    source, info = opened(write_numbered(tmp_path / "a.mp4", STEADY_MS, codec_options=LONG))
    assert info.duration_s == pytest.approx(10, abs=0.05)
    source.seek(-3)
    assert number_of(source.read().image_bgr) == 0
    source.seek(1e6)
    frame = source.read()
    assert (number_of(frame.image_bgr), frame.index) == (299, 299)
    assert source.read() is None
    source.seek(5.0)
    frame = source.read()
    assert (number_of(frame.image_bgr), frame.index) == (150, 150)
    source.close()


def test_joined_recordings_whose_clock_starts_again_are_found_by_decoding(tmp_path):
    part = write_numbered(tmp_path / "part.ts", STEADY_MS[:100], codec_options=SLOW_OPEN).read_bytes()
    path = tmp_path / "joined.ts"
    path.write_bytes(part + part)
    source, _ = opened(path)
    times = [frame.media_time_s for frame in read_all(source)[0]]
    assert len(times) == 200
    for number in (150, 20, 199, 101):
        source.seek(times[number])
        frame = source.read()
        assert (number_of(frame.image_bgr), frame.index) == (number % 100, number)
    source.close()


def test_a_cut_off_file_can_be_looked_through_and_still_says_that_it_broke_off(tmp_path):
    whole = write_clip(tmp_path / "a.mp4", 90, options={"movflags": "faststart"}, noise=True)
    source, _ = opened(cut(whole))
    frames, error = read_all(source)
    assert error is not None
    source.seek(frames[10].media_time_s)
    again, error = read_all(source)
    assert [frame.media_time_s for frame in again] == pytest.approx([f.media_time_s for f in frames[10:]], abs=1e-6)
    assert "broke off" in str(error)
    source.close()


def test_damaged_packets_are_counted_once_however_often_they_are_read(tmp_path):
    content = bytearray(write_clip(tmp_path / "a.mp4", 90, noise=True).read_bytes())
    middle = len(content) // 2
    content[middle : middle + 30_000] = b"\xff" * 30_000
    (tmp_path / "b.mp4").write_bytes(content)
    source, _ = opened(tmp_path / "b.mp4")
    read_all(source)
    damaged = source.damaged_packets
    assert damaged > 0
    source.seek(0)
    read_all(source)
    assert source.damaged_packets == damaged
    source.close()


def test_a_file_that_plays_like_a_camera_says_that_it_cannot_be_sent_elsewhere(tmp_path):
    _, info = opened(write_clip(tmp_path / "a.mp4", 3), realtime=True)
    assert not info.seekable


def test_seeking_needs_an_open_file_that_is_still_there(tmp_path):
    path = write_numbered(tmp_path / "bare.h264", STEADY_MS[:60])
    source, _ = opened(path)
    path.unlink()
    with pytest.raises(SourceReadError, match="must stay readable"):
        source.seek(1.9)
    source.close()
    with pytest.raises(SourceReadError, match=r"call open\(\) first"):
        source.seek(0)


@pytest.mark.parametrize("name", ["face_then_none_hevc.mov", "several_people_cuts.mp4", "signing_1.mkv"])
def test_real_clips_are_looked_through_frame_by_frame(real_data, name):
    source, _ = opened(real_data / "videos" / name)
    frames = read_all(source)[0]
    for number in (len(frames) - 1, len(frames) // 2, 3, 0, len(frames) // 3):
        source.seek(frames[number].media_time_s)
        frame = source.read()
        assert frame.media_time_s == pytest.approx(frames[number].media_time_s, abs=0.001)
        np.testing.assert_array_equal(frame.image_bgr, frames[number].image_bgr)
    source.close()
