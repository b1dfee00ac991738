"""Sound follows the clock of the pictures; what does not fit beside them is told."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from realtime.core.protocols import SourceInfo
from realtime.recording.sound_clock import SoundClock
from tests.support.pictures.recorded import picture, record, rerecord

_RATE = 48_000


def tones(seconds: float, first_hz: int = 400) -> np.ndarray:
    """A burst of 50 ms each half second, each 200 Hz higher: tells which moment of the sound one hears."""
    wave = np.zeros(int(seconds * _RATE), np.float32)
    for number in range(int(seconds * 2)):
        at = number * _RATE // 2
        wave[at : at + 2400] = 0.8 * np.sin(2 * np.pi * (first_hz + 200 * number) * np.arange(2400) / _RATE)
    return wave


def heard(path: Path) -> list[tuple[float, int]]:
    """Return where bursts begin, in tenths of a second, and their pitch in hundreds of hertz."""
    wave = np.zeros(20 * _RATE, np.float32)
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=_RATE)
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                at, samples = round(part.pts * part.time_base * _RATE), part.to_ndarray()[0]
                samples, at = samples[max(0, -at) :], max(0, at)
                wave[at : at + len(samples)] = samples
    loud = np.abs(wave).reshape(-1, 480).max(axis=1) > 0.2
    starts = np.flatnonzero(np.diff(loud.astype(int), prepend=0) > 0)
    spectra = (np.abs(np.fft.rfft(wave[start * 480 : start * 480 + 2400], _RATE)) for start in starts)
    return [(round(start / 100, 1), round(int(s.argmax()) / 100)) for start, s in zip(starts, spectra, strict=True)]


def write(path: Path, pictures_s: float, sound_s: float, *, first_s=0.0, sound_first_s=0.0, tracks=1, codec="libx264"):
    """Write a clip of 20 pictures a second with tones; with several tracks each is 1000 Hz above the one before."""
    options = {"mpegts_copyts": "1"} if path.suffix == ".ts" else {}
    with av.open(str(path), "w", container_options=options) as container:
        video = container.add_stream(codec, rate=20, options={"preset": "ultrafast"} if codec == "libx264" else {})
        video.width, video.height = 64, 48
        video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        video.codec_context.max_b_frames = 0
        sounds = [container.add_stream("aac", rate=_RATE) for _ in range(tracks)]
        packets = []
        for number in range(round(pictures_s * 20)):
            frame = av.VideoFrame.from_ndarray(picture(number), format="bgr24")
            frame.pts, frame.time_base = number + round(first_s * 20), Fraction(1, 20)
            packets += video.encode(frame)
        packets += video.encode(None)
        for track, sound in enumerate(sounds):
            sound.layout = "mono"
            wave = tones(sound_s, 400 + 1000 * track)
            for at in range(0, len(wave), 1024):
                frame = av.AudioFrame.from_ndarray(wave[None, at : at + 1024], format="fltp", layout="mono")
                frame.sample_rate, frame.time_base = _RATE, Fraction(1, _RATE)
                frame.pts = at + round(sound_first_s * _RATE)
                packets += sound.encode(frame)
            packets += sound.encode(None)
            if tracks > 1:
                sound.disposition = int(track == tracks - 1)
        for packet in sorted(packets, key=lambda one: one.dts * one.time_base):
            container.mux(packet)
    return path


def joined(tmp_path: Path, second_s: float) -> Path:
    """Write two clips of 2 s end to end, the second with its clock at `second_s`."""
    parts = [write(tmp_path / f"{at_s}.ts", 2, 2, first_s=at_s, sound_first_s=at_s) for at_s in (0.0, second_s)]
    (tmp_path / "in.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    return tmp_path / "in.ts"


_TWICE = [(0.0, 4), (0.5, 6), (1.0, 8), (1.5, 10), (2.0, 4), (2.5, 6), (3.0, 8), (3.5, 10)]


@pytest.mark.parametrize("second_s", [10_000.0, 0.5])
@pytest.mark.parametrize("target", ["out.mp4", "out.webm"])
def test_streams_joined_end_to_end_keep_the_sound_of_both(tmp_path, second_s, target):
    _, notes = rerecord(joined(tmp_path, second_s), tmp_path / target)
    assert heard(tmp_path / target) == _TWICE
    assert not any("left out" in note for note in notes)


def test_after_damaged_first_pictures_the_sound_still_fits(tmp_path):
    path = write(tmp_path / "in.mp4", 2, 2, codec="mjpeg")
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        for packet in itertools.islice(container.demux(video=0), 10):
            data[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    path.write_bytes(data)
    times, notes = rerecord(path, tmp_path / "out.mp4")
    assert len(times) == 30
    assert heard(tmp_path / "out.mp4") == [(0.0, 6), (0.5, 8), (1.0, 10)]
    assert notes == ["0.5 s of the source's sound come before its first picture: left out"]
    unread = SourceInfo(name="in.mp4", live=False, size_wh=(64, 48), fps=20.0, path=str(path))
    record(tmp_path / "again.mp4", times, unread)
    assert heard(tmp_path / "again.mp4") == heard(tmp_path / "out.mp4")


def test_sound_before_and_after_the_pictures_is_told(tmp_path):
    _, notes = rerecord(write(tmp_path / "in.mkv", 2, 6, first_s=1.5), tmp_path / "out.mp4")
    assert heard(tmp_path / "out.mp4")[:4] == [(0.0, 10), (0.5, 12), (1.0, 14), (1.5, 16)]
    assert notes == [
        "1.5 s of the source's sound come before its first picture: left out",
        "2.5 s of the source's sound come after its last picture: left out",
    ]


def test_the_default_sound_track_is_recorded(tmp_path):
    rerecord(write(tmp_path / "in.mkv", 2, 2, tracks=2), tmp_path / "out.mp4")
    assert heard(tmp_path / "out.mp4") == [(0.0, 14), (0.5, 16), (1.0, 18), (1.5, 20)]


def test_a_leap_that_the_pictures_show_later_is_bridged_and_then_taken_from_them():
    clock = [(0.0, 0.0)]
    sound = SoundClock(clock, 0.0, leaps=True)
    assert [sound.origin_s(at_s, 0.5) for at_s in (0.0, 0.5)] == [0.0, 0.0]
    assert sound.origin_s(100.02, 0.5) == pytest.approx(99.02)
    clock.append((1.0, 99.0))
    assert sound.origin_s(100.52, 0.5) == 99.0


def test_a_gap_in_the_sound_of_a_format_whose_clock_does_not_leap_stays_one():
    sound = SoundClock([(0.0, 0.0)], 0.0, leaps=False)
    assert [sound.origin_s(at_s, 0.5) for at_s in (0.0, 60.0)] == [0.0, 0.0]


def clock_of(*origins_s: float, first_s: float = 0.0, leaps: bool = False) -> SoundClock:
    return SoundClock([(10.0 * number, at_s) for number, at_s in enumerate(origins_s)], first_s, leaps=leaps)


def test_sound_is_placed_by_the_clock_of_the_first_picture_and_its_media_time():
    sound = clock_of(5.0, first_s=2.0)
    assert (sound.first_s, sound.end_s) == (None, 0.0)
    assert sound.origin_s(6.5, 0.25) == 7.0
    assert (sound.first_s, sound.end_s) == (-0.5, -0.25)
    assert sound.origin_s(6.75, 0.5) == 7.0
    assert (sound.first_s, sound.end_s) == (-0.5, 0.25)


@pytest.mark.parametrize("gap_s", [-1.0, -0.5, 0.0, 1.0, 5.0, 10.0, 600.0])
def test_gaps_and_overlaps_stay_where_the_clock_does_not_leap(gap_s):
    sound = clock_of(5.0, first_s=2.0)
    sound.origin_s(8.0, 1.0)
    assert sound.origin_s(9.0 + gap_s, 1.0) == 7.0
    assert sound.end_s == pytest.approx(3.0 + gap_s)


@pytest.mark.parametrize(("gap_s", "leaps"), [(-1.01, False), (-500.0, False), (10.01, True), (5000.0, True)])
def test_where_the_clock_leaps_the_sound_goes_on_without_a_gap(gap_s, leaps):
    sound = clock_of(5.0, first_s=2.0, leaps=leaps)
    sound.origin_s(8.0, 1.0)
    assert sound.origin_s(9.0 + gap_s, 1.0) == pytest.approx(7.0 + gap_s)
    assert sound.end_s == pytest.approx(3.0)
    assert sound.origin_s(10.0 + gap_s, 1.0) == pytest.approx(7.0 + gap_s), "and stays there"


@pytest.mark.parametrize(
    ("second_s", "taken"), [(20.0, True), (20.9, True), (19.1, True), (21.1, False), (18.9, False)]
)
def test_the_stretch_of_the_pictures_clock_is_taken_in_which_the_sound_is_continuous(second_s, taken):
    sound = clock_of(0.0, second_s, 90.0)
    sound.origin_s(0.0, 1.0)
    assert sound.origin_s(21.0, 1.0) == (second_s if taken else 0.0)


def test_sound_on_its_own_goes_over_to_the_pictures_clock_only_where_the_two_are_the_same():
    for later_s, origin_s in ((99.1, 99.1), (98.9, 98.9), (99.2, 99.0), (98.8, 99.0)):
        clock = [(0.0, 0.0)]
        sound = SoundClock(clock, 0.0, leaps=True)
        sound.origin_s(0.0, 1.0)
        assert sound.origin_s(100.0, 1.0) == 99.0
        clock.append((1.0, later_s))
        assert sound.origin_s(101.0, 1.0) == pytest.approx(origin_s)


def test_once_on_the_pictures_clock_the_sound_keeps_to_it():
    clock = [(0.0, 0.0)]
    sound = SoundClock(clock, 0.0, leaps=True)
    sound.origin_s(0.0, 1.0)
    sound.origin_s(100.0, 1.0)
    clock.append((1.0, 99.1))
    assert sound.origin_s(101.0, 1.0) == 99.1
    clock.append((2.0, 99.15))
    assert sound.origin_s(102.1, 1.0) == 99.1, "it is not on its own any more"
