"""Sound of a video: the one of the present picture, silence where there is none, and one line that says why."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from realtime.app.jobs.sound import Silent, Sound
from realtime.app.jobs.sound_device import LATENCY_S, open_sound_device
from realtime.capture.frames.sound_samples import RATE, SoundSamples
from realtime.core.errors import OutletError, SourceOpenError
from tests.support.clocks import until
from tests.support.pages.app_driver import Driver
from tests.support.pictures.made_clips import write_clip
from tests.support.values.analysed import analysis_of

pytestmark = pytest.mark.timeout(60)
SECONDS = 4


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Four seconds whose samples are the milliseconds since the first picture, which comes 0.2 s after the sound."""
    path = tmp_path_factory.mktemp("sound") / "clip.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=30)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=RATE, layout="stereo")
        for number in range(30 * SECONDS):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts, frame.time_base = number + 6, Fraction(1, 30)
            container.mux(video.encode(frame))
            ms = number * 1600 + np.arange(1600)
            values = np.repeat((ms // 48 - 200).astype(np.int16), 2)[None]
            sound = av.AudioFrame.from_ndarray(values, format="s16", layout="stereo")
            sound.sample_rate, sound.pts, sound.time_base = RATE, number * 1600, Fraction(1, RATE)
            container.mux(audio.encode(sound))
        container.mux(video.encode(None))
    return path


def left(piece: bytes) -> np.ndarray:
    return np.frombuffer(piece, np.int16)[::2]


class Ear:
    """A device that asks when the test says so, at the time that the test says."""

    def __init__(self, clip: Path) -> None:
        self.now_s: float | None = None
        self.closed = False
        self.events: list[object] = []
        self.sound = Sound(str(clip), lambda: self.now_s, lambda _, event: self.events.append(event), lambda _: self)

    def close(self) -> None:
        self.closed = True

    def hear(self, count: int = 480) -> np.ndarray:
        return left(self.sound.fill(count))

    def hear_once_there(self) -> np.ndarray:
        """What is heard as soon as it is decoded; the clock stands still meanwhile."""
        heard: list[np.ndarray] = []

        def something() -> bool:
            # Listening moves on, and the next question brings it back.
            heard.append(self.hear(2400))
            return heard[-1].min() > 0

        until(something)
        return heard[-1]


@pytest.fixture
def ear(clip: Path) -> Iterator[Ear]:
    ear = Ear(clip)
    ear.sound.start()
    yield ear
    ear.sound.cancel()
    until(lambda: not ear.sound.alive)
    assert ear.closed


@pytest.mark.parametrize("times_s", [(1.0,), (0.3, 3.0, 0.5)])
def test_the_sound_is_that_of_the_picture_also_after_jumps(ear: Ear, times_s: tuple[float, ...]) -> None:
    for ear.now_s in times_s:
        heard = ear.hear_once_there()
        assert heard[0] == pytest.approx(1000 * (ear.now_s + LATENCY_S), abs=51)
        assert np.diff(heard).max() <= 1, "without a gap"


def test_the_sound_goes_on_without_a_gap_though_the_clock_trembles(ear: Ear) -> None:
    ear.now_s = 1.0
    ear.hear_once_there()
    # Listening until it was there has moved on by one or two pieces: the clock trembles around where that is.
    began_s, heard = ear.sound._now / RATE - LATENCY_S, []
    for number in range(40):
        until(lambda: ear.sound._end > ear.sound._now + 4800)
        ear.now_s = began_s + 0.01 * number + (0.02 if number % 2 else -0.02)
        heard.append(ear.hear())
    assert np.diff(np.concatenate(heard)).max() <= 1
    assert np.diff(np.concatenate(heard)).min() >= 0


def test_what_stands_still_or_is_muted_is_silent(ear: Ear) -> None:
    ear.now_s = 1.0
    ear.hear_once_there()
    ear.sound.muted = True
    assert not ear.hear().any()
    ear.sound.muted, ear.now_s = False, None
    assert not ear.hear().any()


def test_after_its_end_there_is_silence(ear: Ear) -> None:
    ear.now_s = SECONDS - 0.5
    assert ear.hear_once_there()[0] > 0
    ear.now_s = SECONDS + 10.0
    for _ in range(5):
        assert not ear.hear().any()
    ear.now_s = 0.5
    assert ear.hear_once_there()[0] == pytest.approx(560, abs=51)


def test_a_video_without_sound_is_said_to_have_none(tmp_path: Path) -> None:
    ear = Ear(write_clip(tmp_path / "clip.mp4", 5))
    ear.sound.work()
    assert ear.events == [Silent("this video has no sound")]
    with pytest.raises(SourceOpenError, match="open it again"):
        SoundSamples(str(tmp_path / "gone.mp4"))


class Speakers:
    """Stands in for the miniaudio package."""

    class MiniaudioError(Exception):
        pass

    class SampleFormat:
        SIGNED16 = 2

    def __init__(self, backend: str = "PulseAudio", error: str = "") -> None:
        self.backend, self.error = backend, error
        self.asked: dict[str, object] = {}
        self.closed = False

    def PlaybackDevice(self, **asked: object) -> Speakers:  # noqa: N802
        if self.error:
            raise self.MiniaudioError(self.error)
        self.asked = asked
        return self

    def start(self, pieces) -> None:
        self.pieces = pieces

    def close(self) -> None:
        self.closed = True


def test_the_loudspeakers_are_asked_for_what_is_decoded_and_given_it(monkeypatch) -> None:
    speakers = Speakers()
    monkeypatch.setitem(sys.modules, "miniaudio", speakers)
    device = open_sound_device(lambda count: bytes([7]) * 4 * count)
    assert (speakers.asked["sample_rate"], speakers.asked["nchannels"]) == (RATE, 2)
    assert [speakers.pieces.send(count) for count in (3, 1)] == [bytes([7]) * 12, bytes([7]) * 4]
    device.close()
    assert speakers.closed


@pytest.mark.parametrize(
    ("package", "says"),
    [
        (None, "pip install miniaudio"),
        (Speakers("Null"), "has no loudspeaker"),
        (Speakers(error="failed to init device"), "failed to init device"),
    ],
)
def test_a_machine_that_cannot_play_says_so_in_one_line(monkeypatch, package: object, says: str) -> None:
    monkeypatch.setitem(sys.modules, "miniaudio", package)
    with pytest.raises(OutletError, match=says) as caught:
        open_sound_device(lambda count: b"")
    assert "\n" not in str(caught.value)


def test_the_player_plays_mutes_and_says_why_there_is_no_sound(
    drive: Driver, monkeypatch, clip: Path, tmp_path
) -> None:
    speakers = Speakers()
    monkeypatch.setitem(sys.modules, "miniaudio", speakers)
    drive.app.show_player(analysis_of(clip))
    player = drive.app.screen
    drive.until(lambda: hasattr(speakers, "pieces"))
    drive.until(lambda: left(speakers.pieces.send(4800)).any())
    drive.press("m")
    assert not left(speakers.pieces.send(4800)).any()
    assert player.sound._button.cget("text") == "Sound on"
    drive.press("space")
    drive.app.show_player(analysis_of(write_clip(tmp_path / "mute.mp4", 30)))
    drive.until(lambda: speakers.closed)
    button = drive.app.screen.sound._button
    drive.until(lambda: button.cget("text") == "No sound…")
    button.invoke()
    drive.until(lambda: drive.boxes)
    assert drive.boxes == [("No sound", "this video has no sound")]
