"""Container, video encoder and audio codecs of each recording format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import av

from realtime.core.errors import ConfigError

# What players understand in these, which is less than FFmpeg would write (Vorbis, PCM in mp4).
_MP4_SOUND = frozenset({"aac", "mp3", "alac", "opus", "flac"})
_MOV_SOUND = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be"})

_MP4_OPEN = {
    # frag_discont and use_editlist: each track's first fragment has its own time, so that sound may begin late.
    # skip_trailer: after FFmpeg's index of fragments nobody learns that a full disk lost the last of them.
    "movflags": "frag_keyframe+empty_moov+default_base_moof+frag_discont+skip_trailer",
    "use_editlist": "1",
    "movie_timescale": "90000",
    "frag_duration": "250000",
    "flush_packets": "1",
    # Audio that ends before the video must not make the muxer buffer the video in memory.
    "max_interleave_delta": "500000",
}
_MATROSKA_OPEN = {"cluster_time_limit": "250", "flush_packets": "1", "max_interleave_delta": "500000"}
_MP4_INDEX_IN_FRONT = {"movflags": "faststart", "movie_timescale": "90000"}


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder of pictures.

    Attributes:
        name: FFmpeg's name of it.
        options: set for speed: it has to keep up with a camera, and hold no picture back.
    """

    name: str
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of recording.

    Attributes:
        container: FFmpeg's name of the container.
        encoders: of the pictures, the best first.
        sound: codecs that are copied; `None`: all that the container takes.
        sound_encoder: makes the sound that cannot be copied.
        open_options: for the container while it is being written, so that it plays if it is never finished.
        index_options: for the copy with its index in front that a finished recording becomes; `None`: the file is
            as it should be once it is closed.
    """

    container: str
    encoders: tuple[Encoder, ...]
    sound: frozenset[str] | None
    sound_encoder: str
    open_options: Mapping[str, str]
    index_options: Mapping[str, str] | None = field(default=None)


# zerolatency: with look-ahead and frame threads a killed process would lose a second and more inside the encoder.
_X264 = Encoder("libx264", {"preset": "superfast", "tune": "zerolatency", "crf": "20", "forced-idr": "1"})
# Builds of FFmpeg that may not carry x264 have this one.
_OPENH264 = Encoder("libopenh264", {"rc_mode": "quality", "b": "4000000"})
_VP9 = Encoder(
    "libvpx-vp9",
    {"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "lag-in-frames": "0", "crf": "24", "b": "0"},
)
_H264 = (_X264, _OPENH264)

FORMATS: Mapping[str, Format] = {
    ".mp4": Format("mp4", _H264, _MP4_SOUND, "aac", _MP4_OPEN, _MP4_INDEX_IN_FRONT),
    ".mkv": Format("matroska", _H264, None, "aac", _MATROSKA_OPEN),
    ".webm": Format("webm", (_VP9,), frozenset({"opus", "vorbis"}), "libopus", _MATROSKA_OPEN),
    ".mov": Format("mov", _H264, _MOV_SOUND, "aac", _MP4_OPEN, _MP4_INDEX_IN_FRONT),
}
"""Suffix of a recording, in lower case -> what it is made of."""


def has_encoder(name: str) -> bool:
    """Return whether this machine's FFmpeg has the encoder."""
    try:
        av.codec.Codec(name, "w")
    except ValueError:  # what PyAV raises for unknown codecs is one
        return False
    return True


def encoder_for(path: Path) -> Encoder:
    """Return the best encoder that is here for a recording of this name.

    Raises:
        ConfigError: another suffix, or its encoders are missing here; names those that are there.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ConfigError(f"a recording must end in {', '.join(FORMATS)}; received {path.name}")
    wanted = FORMATS[suffix].encoders
    found = next((encoder for encoder in wanted if has_encoder(encoder.name)), None)
    if found is None:
        names = " or ".join(encoder.name for encoder in wanted)
        raise ConfigError(
            f"a recording in {suffix} needs the encoder {names}, which PyAV's FFmpeg lacks here; {_those_there()}"
        )
    return found


def _those_there() -> str:
    there = {
        suffix: [encoder.name for encoder in kind.encoders if has_encoder(encoder.name)]
        for suffix, kind in FORMATS.items()
    }
    listed = [f"{suffix} with {', '.join(names)}" for suffix, names in there.items() if names]
    reinstall = "reinstall PyAV from its own wheel: pip install --force-reinstall av"
    return f"it has {'; '.join(listed)}: use one of those, or {reinstall}" if listed else f"it has none: {reinstall}"
