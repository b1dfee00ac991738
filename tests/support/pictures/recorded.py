"""Recordings made and read back, for tests of the recorder."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from realtime.capture.video_file import FileSource
from realtime.core.protocols import SourceInfo
from realtime.recording.video_recorder import VideoRecorder

LIVE = SourceInfo(name="camera 0", live=True, size_wh=(64, 48), fps=30.0)
ROOT = Path(__file__).resolve().parents[3]


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


def make_source(
    path: Path, seconds: float = 3.0, codec: str = "aac", sound_delay_s: float = 0.0, beeps: bool = False
) -> SourceInfo:
    """Write a clip of 20 pictures a second with a sine as its sound, in the first half of each second if `beeps`."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=20, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream(codec, rate=44100, bit_rate=96_000)
        for number in range(round(seconds * 20)):
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture(number), format="bgr24")))
        container.mux(video.encode(None))
        for start in range(0, round(seconds * 44100), 1024):
            at = np.arange(start, start + 1024)
            wave = np.sin(at * (2 * np.pi * 440 / 44100)) * (at / 44100 % 1 < 0.5 if beeps else 1)
            floats = audio.codec_context.format.name == "fltp"
            samples = np.tile(wave.astype(np.float32), (2, 1)) if floats else (wave * 9000).astype(np.int16)
            samples = samples if floats else np.repeat(samples, 2)[None]
            sound = av.AudioFrame.from_ndarray(samples, format="fltp" if floats else "s16", layout="stereo")
            sound.sample_rate, sound.time_base = 44100, Fraction(1, 44100)
            sound.pts = start + round(sound_delay_s * 44100)
            container.mux(audio.encode(sound))
        container.mux(audio.encode(None))
    return SourceInfo(name=path.name, live=False, size_wh=(64, 48), fps=20.0, path=str(path))


def rerecord(source: Path, target: Path) -> tuple[list[float], list[str]]:
    """Record every picture of a file as a run does; return the times that were asked for, and the notes."""
    reader = FileSource(str(source))
    recorder, times = VideoRecorder(target, reader.open()), []
    while (frame := reader.read()) is not None:
        times.append(frame.media_time_s)
        recorder.write_picture(frame.image_bgr, frame.media_time_s)
    reader.close()
    recorder.close()
    return times, recorder.notes


def loudness(path: Path, step_s: float = 0.01) -> np.ndarray:
    """Return how loud the sound is in steps from the file's 0 on."""
    found: dict[int, float] = {}
    at_s = 0.0
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=48_000)
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                samples = np.abs(part.to_ndarray()[0])
                at_s = at_s if part.pts is None else float(part.pts * part.time_base)
                times = at_s + np.arange(len(samples)) / 48_000
                for step, value in zip((times / step_s).astype(int).tolist(), samples.tolist(), strict=True):
                    found[step] = max(found.get(step, 0.0), value)
                at_s += len(samples) / 48_000
    return np.array([found.get(step, 0.0) for step in range(max(found) + 1)])
