"""Which sound a recording carries as it is, which is encoded anew, and that both stay in step."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from realtime.recording import source_audio as sound_module
from tests.support.pictures.recorded import (
    decoded_times,
    irregular_times,
    loudness,
    make_source,
    packets,
    record,
    rerecord,
)


def sound_codec(path: Path) -> str:
    with av.open(str(path)) as container:
        return str(container.streams.audio[0].codec_context.codec.canonical_name)


def tone_starts(loud: np.ndarray) -> np.ndarray:
    """Where the second and the third tone of `beeps` begin, in hundredths of a second."""
    starts = np.flatnonzero((loud[1:] > 0.1) & (loud[:-1] <= 0.1)) + 1
    return np.array([starts[starts > least][0] for least in (60, 160)])


@pytest.mark.parametrize(
    ("source", "codec", "target"),
    [
        ("in.mp4", "libmp3lame", "out.mp4"),
        ("in.mkv", "libvorbis", "out.webm"),
        ("in.mkv", "pcm_s16le", "out.mkv"),
        ("in.mkv", "pcm_s16le", "out.mov"),
        ("in.mkv", "ac3", "out.mkv"),
    ],
)
def test_sound_that_fits_is_copied(tmp_path: Path, source: str, codec: str, target: str) -> None:
    make_source(tmp_path / source, seconds=1.5, codec=codec)
    _, notes = rerecord(tmp_path / source, tmp_path / target)
    assert notes == []
    assert sound_codec(tmp_path / target) == sound_codec(tmp_path / source)
    got = [data for _, data in packets(tmp_path / target, "audio")]
    wanted = [data for _, data in packets(tmp_path / source, "audio")]
    assert len(got) > 0.9 * len(wanted) - 3
    if codec != "pcm_s16le":  # mov and mkv cut it into packets of different sizes
        first = wanted.index(got[0])
        assert got == wanted[first : first + len(got)]


@pytest.mark.parametrize(
    ("source", "codec", "target", "becomes"),
    [
        ("in.wmv", "wmav2", "out.mp4", "aac"),
        ("in.mkv", "libvorbis", "out.mp4", "aac"),
        ("in.mkv", "pcm_s16le", "out.mp4", "aac"),
        ("in.mkv", "ac3", "out.mp4", "aac"),
        ("in.mp4", "aac", "out.webm", "opus"),
        ("in.mp4", "libmp3lame", "out.webm", "opus"),
    ],
)
def test_sound_that_does_not_fit_is_encoded_anew_in_step_and_said_in_a_line(
    tmp_path: Path, source: str, codec: str, target: str, becomes: str
) -> None:
    make_source(tmp_path / source, seconds=3.0, codec=codec, beeps=True)
    times, notes = rerecord(tmp_path / source, tmp_path / target)
    assert len(notes) == 1
    assert "\n" not in notes[0]
    assert f"recorded as {becomes} instead" in notes[0]
    assert codec.removeprefix("lib").removesuffix("lame") in notes[0]
    assert sound_codec(tmp_path / target) == becomes
    assert decoded_times(tmp_path / target) == pytest.approx(times, abs=1e-3)
    before, after = loudness(tmp_path / source), loudness(tmp_path / target)
    before = before[round(100 * decoded_times(tmp_path / source)[0]) :]
    assert np.abs(tone_starts(after) - tone_starts(before)).max() <= 2
    assert after[5:40].min() > 0.1
    assert after[255:285].max() < 0.05
    assert len(after) == pytest.approx(300, abs=7)


def test_sound_encoded_anew_begins_with_the_recording(tmp_path: Path) -> None:
    info = make_source(tmp_path / "in.mkv", seconds=4.0, codec="pcm_s16le", beeps=True)
    record(tmp_path / "out.mp4", [1.75 + number / 20 for number in range(30)], info)
    loud = loudness(tmp_path / "out.mp4")
    assert loud[5:22].max() < 0.05
    assert loud[28:70].min() > 0.1
    assert len(loud) == pytest.approx(150, abs=7)


def test_a_gap_in_sound_that_is_encoded_anew_stays_a_gap(tmp_path: Path) -> None:
    make_source(tmp_path / "whole.mkv", seconds=3.0, codec="pcm_s16le")
    with av.open(str(tmp_path / "whole.mkv")) as whole, av.open(str(tmp_path / "in.mkv"), "w") as holed:
        streams = {stream.index: holed.add_stream_from_template(stream) for stream in whole.streams}
        for packet in whole.demux():
            in_gap = packet.stream.type == "audio" and packet.dts is not None and 1.0 < packet.pts / 1000 < 1.5
            if packet.dts is not None and not in_gap:
                packet.stream = streams[packet.stream_index]
                holed.mux(packet)
    rerecord(tmp_path / "in.mkv", tmp_path / "out.mp4")
    loud = loudness(tmp_path / "out.mp4")
    assert loud[110:140].max() < 0.05
    assert loud[160:250].min() > 0.1


def test_without_an_encoder_for_it_the_sound_is_left_out_with_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise ValueError("no codec aac")

    monkeypatch.setattr(sound_module, "AudioEncoder", missing)
    info = make_source(tmp_path / "in.mkv", codec="pcm_s16le")
    notes = record(tmp_path / "out.mp4", irregular_times(10), info)
    assert len(notes) == 1
    assert "pcm_s16le" in notes[0]
    assert "goes on without it" in notes[0]
    assert len(decoded_times(tmp_path / "out.mp4")) == 10


def test_a_source_without_sound_needs_no_word(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "in.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=20)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode(None))
    _, notes = rerecord(tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert notes == []
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_a_colon_in_the_source_and_in_the_recording_is_no_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_source(tmp_path / "in.mp4", seconds=1.0)
    Path("in.mp4").rename("12:30.mp4")
    _, notes = rerecord(Path("12:30.mp4"), Path("13:00.mp4"))
    assert notes == []
    assert packets(tmp_path / "13:00.mp4", "audio")


def test_sound_that_is_refused_midway_costs_the_sound_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source(tmp_path / "in.ts", seconds=1.5)
    monkeypatch.setattr(sound_module, "audio_config", lambda packet: b"")  # the muxer then misses what it needs
    times, notes = rerecord(tmp_path / "in.ts", tmp_path / "out.mp4")
    assert len(notes) == 1
    assert "its packets are refused" in notes[0]
    assert decoded_times(tmp_path / "out.mp4") == pytest.approx(times, abs=1e-3)
    assert len(times) == 30
