"""PyAV helpers shared by files and streams: opening, choice of the track, packets, reasons."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from realtime.core.errors import SourceOpenError

# Text formats that FFmpeg decodes as video (ANSI art).
_NOT_VIDEO = {"ansi", "bintext", "xbin", "idf"}
_NO_PICTURE_OF_ITS_OWN = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails

# One decoding thread costs the least CPU time per frame; more only pay where cores are idle.
_most_threads = 4


def limit_decoding_threads(most: int) -> None:
    """Let every file that is opened from now on in this process be decoded by at most `most` threads."""
    global _most_threads
    _most_threads = most


def decoding_threads() -> int:
    """Return how many threads decode a file: every second core's, up to the limit."""
    return max(1, min(_most_threads, (os.cpu_count() or 1) // 2))


def silence_libav() -> None:
    """Keep FFmpeg's own lines off the terminal: what matters becomes one error of ours."""
    av.logging.set_level(None)


def open_media(source: str | Path | object) -> Any:
    """Open a media file, or what has `read`, whatever its titles consist of. Raises av.FFmpegError, OSError."""
    # "file:" keeps a colon in the name from being parsed as a protocol. The whitelist keeps a playlist file from
    # opening network addresses. Not by `options`: PyAV writes past its end for headerless formats.
    named = f"file:{source}" if isinstance(source, (str, Path)) else source
    return av.open(named, container_options={"protocol_whitelist": "file,crypto,data"}, metadata_errors="replace")


def packets_of(container: Any, stream: Any) -> Iterator[Any]:
    """Yield the packets of one stream. Raises av.FFmpegError.

    PyAV stumbles over a stream that turns up in the middle of a file, as in damaged transport streams; this goes on.
    """
    while True:
        try:
            yield from container.demux(stream)
            return
        except IndexError:
            continue


def video_streams(container: Any) -> list[Any]:
    """Return the moving-picture streams of an open container, best first; cover art, thumbnails and text do not count.

    Best is what the file marks as default, then the largest picture, then the first.
    """
    found = [
        stream
        for stream in container.streams.video
        if not stream.disposition & _NO_PICTURE_OF_ITS_OWN
        and stream.codec_context is not None
        and stream.codec_context.name not in _NOT_VIDEO
    ]
    return sorted(found, key=lambda one: (not is_default(one), -one.codec_context.width * one.codec_context.height))


def video_stream(container: Any) -> Any | None:
    """Return the moving-picture stream of an open container that is analyzed, or `None`."""
    return next(iter(video_streams(container)), None)


def audio_streams(container: Any) -> list[Any]:
    """Return the sound streams of an open container that FFmpeg can decode: the default one first."""
    found = [stream for stream in container.streams.audio if stream.codec_context is not None]
    return sorted(found, key=lambda one: not is_default(one))


def chosen_stream(streams: list[Any], number: int | None, kind: str, name: str) -> Any | None:
    """Return the stream of this number, `None` where there is none at all and none was asked for.

    Args:
        streams: those of one kind, the default first.
        number: `int` or `None`, counted from 1 as they are in the file; `None` takes the first given.
        kind: `str`, "video" or "audio".
        name: `str`, the file's, for people.

    Raises:
        SourceOpenError: there is no such stream.
    """
    if number is None:
        return next(iter(streams), None)
    in_order = sorted(streams, key=lambda one: one.index)
    if number <= len(in_order):
        return in_order[number - 1]
    there = ", ".join(f"{place} ({_described(one)})" for place, one in enumerate(in_order, 1))
    raise SourceOpenError(
        f"--{kind}-track must be a track of {name}; received {number}: "
        + (f"it has {there}" if there else f"it has no {kind} track, leave it out")
    )


def _described(stream: Any) -> str:
    codec = stream.codec_context
    size = f"{codec.width}x{codec.height}" if stream.type == "video" else f"{codec.sample_rate} Hz"
    language = [] if stream.language in (None, "und") else [stream.language]
    return " ".join([codec.name, size, *language, *(["default"] if is_default(stream) else [])])


def is_default(stream: Any) -> bool:
    """Return whether the file marks the stream as the one to play."""
    return bool(stream.disposition & av.stream.Disposition.default)


def average_fps(stream: Any) -> float:
    """Return the stream's average frames per second, 0.0 if unknown."""
    return float(stream.average_rate or 0)


def network_reason(error: Any, limit_s: float) -> str:
    """Return what went wrong in words; never FFmpeg's own, which repeat the address with its password."""
    reasons: tuple[tuple[Any, str], ...] = (
        (av.error.ExitError, f"nothing came for {limit_s:g} s"),
        (av.error.TimeoutError, "no answer in time"),
        (av.error.ConnectionRefusedError, "connection refused"),
        (ConnectionError, "the connection was reset"),
        (av.error.HTTPUnauthorizedError, "user name or password missing or wrong (401)"),
        (av.error.HTTPForbiddenError, "access forbidden (403)"),
        (av.error.HTTPNotFoundError, "nothing there under this path (404)"),
        (av.error.HTTPError, "the server answered with an error"),
        (av.error.ProtocolNotFoundError, "this kind of address is not supported"),
        (av.error.InvalidDataError, "what it sends is not a video that can be read"),
    )
    for kind, text in reasons:
        if isinstance(error, kind):
            return text
    return "the host is unknown, cannot be reached, hung up, or sends no video"
