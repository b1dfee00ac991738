"""Sources of every shape: turned, of varying rate, without a length, starting late, with B-frames."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest

from realtime.recording.video_recorder import FORMATS
from tests.support.pictures.made_clips import SIZE_WH, write_clip
from tests.support.pictures.recorded import decoded_times, loudness, make_source, packets, rerecord, video_length_s


def first_picture(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.asarray(next(container.decode(video=0)).to_ndarray(format="bgr24"))


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_turned_source_is_recorded_upright(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / "phone.mp4", 4)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 4 + 20 + 16
    struct.pack_into(">9i", data, matrix, 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    times, _ = rerecord(path, tmp_path / f"out{suffix}")
    image = first_picture(tmp_path / f"out{suffix}")
    assert image.shape[:2] == SIZE_WH
    blue, _, red = (int(value) for value in image[8, -24])
    assert red > 180 > 80 > blue
    assert decoded_times(tmp_path / f"out{suffix}") == pytest.approx(times, abs=1e-3)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_rate_that_varies_is_kept(tmp_path: Path, suffix: str) -> None:
    steps_ms = [0, 33, 66, 100, 500, 510, 900, 2400, 2433, 3000]
    write_clip(tmp_path / "in.mkv", len(steps_ms), times=[700 + step for step in steps_ms])
    times, notes = rerecord(tmp_path / "in.mkv", tmp_path / f"out{suffix}")
    assert notes == []
    assert times == pytest.approx([step / 1000 for step in steps_ms], abs=2e-3)
    assert decoded_times(tmp_path / f"out{suffix}") == pytest.approx(times, abs=1e-3)


@pytest.mark.parametrize("name", ["in.mp4", "in.mkv", "in.ts"])
def test_b_frames_and_a_first_time_that_is_not_0(tmp_path: Path, name: str) -> None:
    with av.open(str(tmp_path / name), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"bf": "3", "b-adapt": "0"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=48_000, layout="mono")
        for number in range(50):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 4 * number, np.uint8), format="bgr24")
            frame.pts = 75 + number
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for number in range(94):
            tone = np.sin(np.arange(number * 1024, (number + 1) * 1024) / 20)[None].astype(np.float32)
            part = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            part.sample_rate, part.pts = 48_000, 3 * 48_000 + number * 1024
            container.mux(sound.encode(part))
        container.mux(sound.encode(None))
    times, notes = rerecord(tmp_path / name, tmp_path / "out.mp4")
    assert notes == []
    assert times == pytest.approx([number / 25 for number in range(50)], abs=2e-3)
    assert decoded_times(tmp_path / "out.mp4") == pytest.approx(times, abs=1e-3)
    assert video_length_s(tmp_path / "out.mp4") == pytest.approx(2.0, abs=0.002)
    first = decoded_times(tmp_path / name)[0]
    header = 7 if name == "in.ts" else 0  # broadcasts repeat before each packet what a file says once
    wanted = {data[header:]: at - first for at, data in packets(tmp_path / name, "audio")}
    got = packets(tmp_path / "out.mp4", "audio")
    assert len(got) > 85
    for at, data in got:
        assert at == pytest.approx(wanted[data], abs=2e-3)
    assert loudness(tmp_path / "out.mp4")[5:180].min() > 0.5


def test_a_source_that_does_not_say_its_length_is_recorded_whole(tmp_path: Path) -> None:
    info = make_source(tmp_path / "in.mkv", seconds=2.0)
    data = bytearray((tmp_path / "in.mkv").read_bytes())
    # As its writer leaves it when it is killed: no length of the segment, none of the film.
    at = data.index(b"\x18\x53\x80\x67") + 4
    data[at : at + 8] = b"\x01" + b"\xff" * 7
    at = data.index(b"\x44\x89\x88")
    data[at : at + 2] = b"\xec\x89"
    data[at + 2] = 0x88
    (tmp_path / "in.mkv").write_bytes(data)
    with av.open(str(info.path)) as container:
        assert container.streams.video[0].duration is None
    times, notes = rerecord(tmp_path / "in.mkv", tmp_path / "out.mp4")
    assert notes == []
    assert len(times) == 40
    assert decoded_times(tmp_path / "out.mp4") == pytest.approx(times, abs=1e-3)
    assert packets(tmp_path / "out.mp4", "audio")[-1][0] > 1.9


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_recorded_can_be_a_source_again(tmp_path: Path, suffix: str) -> None:
    make_source(tmp_path / "in.mp4", seconds=1.5)
    times, _ = rerecord(tmp_path / "in.mp4", tmp_path / f"once{suffix}")
    again, notes = rerecord(tmp_path / f"once{suffix}", tmp_path / f"twice{suffix}")
    assert notes == []
    assert again == pytest.approx(times, abs=2e-3)
    sound = [[data for _, data in packets(tmp_path / f"{name}{suffix}", "audio")] for name in ("once", "twice")]
    assert sound[0][-20:] == sound[1][-20:]
