"""Files with several tracks: the default one, another one that is asked for, and one that is not there."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner

from realtime.capture.open_source import source_for
from realtime.core.errors import ConfigError, SourceOpenError
from realtime.core.protocols import Tracks
from run_live import main
from tests.support.pictures.made_clips import opened, read_all
from tests.support.pictures.recorded import ROOT

_SIZES_WH = ((32, 24), (64, 48))
_RATE = 48_000
_TONES_HZ = (400, 1600)


@pytest.fixture
def two_of_each(tmp_path: Path) -> Path:
    return write(tmp_path / "two.mkv")


def write(path: Path, default: int = 1) -> Path:
    """Write two picture tracks of different size and two sounds, a second of each."""
    with av.open(str(path), "w") as container:
        videos = [container.add_stream("ffv1", rate=30) for _ in _SIZES_WH]
        sounds = [container.add_stream("pcm_s16le", rate=_RATE, layout="mono") for _ in _TONES_HZ]
        for video, (video.width, video.height) in zip(videos, _SIZES_WH, strict=True):
            video.pix_fmt = "yuv420p"
        for kind in (videos, sounds):
            kind[1 - default].disposition, kind[default].disposition = 0, 1
        for number in range(30):
            for video in videos:
                picture = av.VideoFrame(video.width, video.height, "yuv420p")
                picture.pts, picture.time_base = number, Fraction(1, 30)
                container.mux(video.encode(picture))
            times = (np.arange(1600) + 1600 * number) / _RATE
            for sound, tone_hz in zip(sounds, _TONES_HZ, strict=True):
                wave = (9000 * np.sin(2 * np.pi * tone_hz * times)).astype(np.int16)
                frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
                frame.sample_rate, frame.pts, frame.time_base = _RATE, 1600 * number, Fraction(1, _RATE)
                container.mux(sound.encode(frame))
        for stream in (*videos, *sounds):
            container.mux(stream.encode(None))
    return path


def tone_hz(path: Path) -> int:
    """The loudest frequency of a recording's sound."""
    with av.open(str(path)) as container:
        wave = np.concatenate([frame.to_ndarray().mean(axis=0) for frame in container.decode(audio=0)])
    return round(int(np.abs(np.fft.rfft(wave[9600:33600])).argmax()) * _RATE / 24000 / 100) * 100


@pytest.mark.parametrize("default", [0, 1])
def test_the_default_tracks_are_taken_and_named(tmp_path: Path, default: int) -> None:
    source, info = opened(write(tmp_path / "two.mkv", default))
    source.close()
    assert info.size_wh == _SIZES_WH[default]
    assert info.findings.notes == [
        f"the file has 2 picture tracks: number {default + 1} is analyzed (the file's default)",
        f"the file has 2 sound tracks: number {default + 1} is recorded (the file's default)",
    ]


@pytest.mark.parametrize("number", [1, 2])
def test_another_picture_track_is_taken_where_it_is_asked_for(two_of_each: Path, number: int) -> None:
    source, info = opened(two_of_each, tracks=Tracks(video=number))
    frames, error = read_all(source)
    source.seek(0.5)
    again = source.read()
    source.close()
    assert error is None
    assert info.size_wh == again.size_wh == _SIZES_WH[number - 1]
    assert {frame.size_wh for frame in frames} == {_SIZES_WH[number - 1]}
    assert info.findings.notes[0] == f"the file has 2 picture tracks: number {number} is analyzed (as asked for)"


@pytest.mark.parametrize(
    ("asked", "heard_hz"), [([], 1600), (["--audio-track", "1"], 400), (["--audio-track", "2"], 1600)]
)
@pytest.mark.parametrize("smooth", ["live", "offline"])
def test_a_run_records_the_tracks_that_are_asked_for(
    two_of_each: Path, weights: Path, tmp_path: Path, asked: list[str], heard_hz: int, smooth: str
) -> None:
    out = tmp_path / "out.mp4"
    arguments = [str(two_of_each), "--headless", "--weights", str(weights), "--record", str(out), "--smooth", smooth]
    done = CliRunner().invoke(main, [*arguments, *asked, "--video-track", "1"])
    assert done.exit_code == 0, done.output
    assert tone_hz(out) == heard_hz
    with av.open(str(out)) as container:
        picture = next(container.decode(video=0))
    assert (picture.width, picture.height) == _SIZES_WH[0]


def test_a_number_that_is_not_there_is_one_line_with_those_that_are(two_of_each: Path) -> None:
    for tracks, wanted in (
        (
            Tracks(video=3),
            "--video-track must be a track of {}; received 3: it has 1 (ffv1 32x24), 2 (ffv1 64x48 default)",
        ),
        (
            Tracks(audio=9),
            "--audio-track must be a track of {}; received 9: it has 1 (pcm_s16le 48000 Hz), "
            "2 (pcm_s16le 48000 Hz default)",
        ),
    ):
        with pytest.raises(SourceOpenError) as caught:
            opened(two_of_each, tracks=tracks)
        assert str(caught.value) == wanted.format(two_of_each)


def test_sound_that_is_asked_for_of_a_silent_file_is_missed(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, [str(ROOT / "demo" / "none.mp4"), "--audio-track", "0"])
    assert done.exit_code == 2
    assert "--audio-track" in done.output
    silent = tmp_path / "silent.mkv"
    with av.open(str(silent), "w") as container:
        video = container.add_stream("ffv1", rate=30)
        (video.width, video.height), video.pix_fmt = _SIZES_WH[0], "yuv420p"
        container.mux(video.encode(av.VideoFrame(32, 24, "yuv420p")))
        container.mux(video.encode(None))
    with pytest.raises(SourceOpenError, match="received 1: it has no audio track, leave it out"):
        opened(silent, tracks=Tracks(audio=1))


def test_only_files_have_tracks_to_choose_from() -> None:
    for source in ("0", 0, "rtsp://camera.local/stream", [np.zeros((8, 8, 3), np.uint8)]):
        with pytest.raises(ConfigError, match="only a file's tracks can be chosen"):
            source_for(source, tracks=Tracks(video=1))
    with pytest.raises(ConfigError, match="tracks count from 1; received 0"):
        Tracks(audio=0)
