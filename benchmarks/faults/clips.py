"""Clean clips in 14 formats, from the demo clip: a face of 320x240 for about a second, with sound where it fits."""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from demo import CLIP_PATH

SIZE_WH = (320, 240)
_SECONDS = 1.2
_SOUND_RATE = 48_000


@dataclass(frozen=True, slots=True)
class ClipFormat:
    """How a clip is encoded and packed.

    Attributes:
        suffix: of its file.
        codec: of its pictures.
        sound: codec of its sound, "" without.
        container: FFmpeg's name where the suffix does not tell.
        pixels: FFmpeg's name of their format.
        fps: `int`, pictures a second; MPEG-2 has none below 24.
        options: of the container.
        codec_options: of the encoder.
    """

    suffix: str
    codec: str
    sound: str = ""
    container: str | None = None
    pixels: str = "yuv420p"
    fps: int = 10
    options: dict[str, str] = field(default_factory=dict)
    codec_options: dict[str, str] = field(default_factory=dict)


_FAST = {"preset": "ultrafast"}
CLIP_FORMATS = {
    "mp4, H.264": ClipFormat(".mp4", "libx264", "aac", options={"movflags": "faststart"}, codec_options=_FAST),
    "mp4 in fragments, H.265": ClipFormat(
        ".mp4",
        "libx265",
        "aac",
        options={"movflags": "frag_keyframe+empty_moov"},
        codec_options={**_FAST, "x265-params": "log-level=none"},
    ),
    "mkv, VP9": ClipFormat(".mkv", "libvpx-vp9", "libopus", codec_options={"deadline": "realtime", "cpu-used": "8"}),
    "webm, VP8": ClipFormat(".webm", "libvpx", "libopus", codec_options={"deadline": "realtime", "cpu-used": "8"}),
    "mkv, AV1": ClipFormat(".mkv", "libaom-av1", "libopus", codec_options={"cpu-used": "8", "usage": "realtime"}),
    "avi, MPEG-4": ClipFormat(".avi", "mpeg4", "libmp3lame"),
    "avi, MJPEG": ClipFormat(".avi", "mjpeg", "pcm_s16le", pixels="yuvj420p"),
    "mov, ProRes": ClipFormat(".mov", "prores", "pcm_s16le", pixels="yuv422p10le"),
    "ts, H.264": ClipFormat(".ts", "libx264", "aac", codec_options=_FAST),
    "mpg, MPEG-2": ClipFormat(".mpg", "mpeg2video", "mp2", fps=25),
    "flv, Sorenson": ClipFormat(".flv", "flv", "", pixels="yuv420p"),
    "wmv, WMV2": ClipFormat(".wmv", "wmv2", "libmp3lame"),
    "gif": ClipFormat(".gif", "gif", pixels="rgb8"),
    "raw H.264": ClipFormat(".h264", "libx264", container="h264", codec_options=_FAST),
}
"""What the faulty files are made from."""


@functools.cache
def clip_bytes(name: str) -> bytes:
    """Return the whole clip of `CLIP_FORMATS[name]`; made once for all campaigns."""
    made = CLIP_FORMATS[name]
    path = _folder() / f"{made.codec}-{made.container or 'file'}{made.suffix}"
    return _cached(path, made, _SECONDS)


@functools.cache
def long_clip() -> bytes:
    """Return four seconds of H.264 with sound in an mp4."""
    made = CLIP_FORMATS["mp4, H.264"]
    return _cached(_folder() / "long.mp4", made, 4.0)


@functools.cache
def pictures_bgr() -> list[np.ndarray]:
    """Return a second of pictures, `(240, 320, 3) uint8`, as a camera would deliver them."""
    return [frame.to_ndarray(format="bgr24") for frame in _pictures(30, 1.0)]


@functools.cache
def jpegs() -> list[bytes]:
    """Return the same pictures as JPEG files."""
    with av.open(str(_written(_folder() / "jpegs.avi", CLIP_FORMATS["avi, MJPEG"], _SECONDS))) as clip:
        return [bytes(packet) for packet in clip.demux(video=0) if packet.size]


def _folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"emotion-live-fault-clips-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else: delete it, or set TMPDIR")
    return folder


def _cached(path: Path, made: ClipFormat, seconds: float) -> bytes:
    return _written(path, made, seconds).read_bytes()


def _written(path: Path, made: ClipFormat, seconds: float) -> Path:
    if not path.exists():
        unfinished = path.with_name(f"{os.getpid()}-{path.name}")
        _write(unfinished, made, seconds)
        unfinished.replace(path)
    return path


def _write(path: Path, made: ClipFormat, seconds: float) -> None:
    with av.open(str(path), "w", format=made.container, container_options=made.options) as container:
        video = container.add_stream(made.codec, rate=made.fps, options=made.codec_options)
        video.width, video.height, video.pix_fmt = *SIZE_WH, made.pixels
        video.codec_context.thread_count, video.codec_context.gop_size, video.bit_rate = 1, 10, 400_000
        sound = container.add_stream(made.sound, rate=_SOUND_RATE) if made.sound else None
        for number, frame in enumerate(_pictures(made.fps, seconds)):
            picture = frame.reformat(*SIZE_WH, format=made.pixels)
            picture.pts, picture.time_base = number, Fraction(1, made.fps)
            container.mux(video.encode(picture))
            if sound is not None:
                container.mux(sound.encode(_tone(number, made.fps)))
        container.mux(video.encode(None))
        if sound is not None:
            container.mux(sound.encode(None))


def _tone(number: int, fps: int) -> av.AudioFrame:
    count = _SOUND_RATE // fps
    at = np.arange(number * count, (number + 1) * count)
    wave = (9000 * np.sin(at * (2 * np.pi * 440 / _SOUND_RATE))).astype(np.int16)[None]
    frame = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = _SOUND_RATE, Fraction(1, _SOUND_RATE), number * count
    return frame


def _pictures(fps: int, seconds: float) -> Iterator[av.VideoFrame]:
    """Yield the demo clip's pictures, small, at another rate; without threads, so that the process can fork."""
    wanted = iter([number / fps for number in range(round(seconds * fps))])
    with av.open(str(CLIP_PATH)) as clip, contextlib.suppress(StopIteration):
        stream = clip.streams.video[0]
        stream.codec_context.thread_count = 1
        due_s = next(wanted)
        for frame in clip.decode(stream):
            while frame.time is not None and frame.time >= due_s - 1e-6:
                yield frame.reformat(*SIZE_WH)
                due_s = next(wanted)
