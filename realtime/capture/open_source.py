"""Chooses the frame source for a camera number, a file, a stream address, or images of another program."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np

from realtime.capture.camera import CameraEntry, CameraSource, list_cameras
from realtime.capture.iterable_source import IterableSource
from realtime.capture.network_stream import OPEN_TIMEOUT_S, PICTURE_TIMEOUT_S, StreamSource
from realtime.capture.pipe_reader import SILENCE_LIMIT_S
from realtime.capture.reconnecting_source import ReconnectingSource
from realtime.capture.video_file import FileSource
from realtime.core.errors import ConfigError, redact
from realtime.core.protocols import FrameSource, Tracks

__all__ = [
    "CameraEntry",
    "CameraSource",
    "FileSource",
    "IterableSource",
    "SourceLike",
    "StreamSource",
    "list_cameras",
    "source_for",
]

SourceLike = int | str | Path | FrameSource | Iterable[Any]
"""What can be analyzed: see `source_for`."""

_STREAM = re.compile(r"(?i)(rtsps?|https?|udp|tcp|rtmps?|rtp|srt)://")
_MEMBERS = ("live", "dropped", "damaged_packets", "farewell", "open", "read", "interrupt", "close")
# Credentials, or a scheme: what can only be meant as an address where no file has that name.
_MEANT_AS_ADDRESS = re.compile(r"(?i)[a-z][\w+.-]+[:;][/\\]|(?:rts?p|http|udp|tcp|rtmp|srt)\w*[/\\]{2}|[^/\\]+:.*@")
_CAMERA = re.compile(r"(?:/dev/video)?([0-9]{1,9})")
_MAX_ADDRESS_CHARACTERS = 4096


def source_for(
    source: SourceLike,
    *,
    clock: Callable[[], float] = time.monotonic,
    realtime: bool = False,
    reconnect_s: float = 0.0,
    timeout_s: float | None = None,
    notify: Callable[[str], None] = lambda _: None,
    tracks: Tracks | None = None,
) -> FrameSource:
    """Return the frame source that `source` names, not yet open.

    Args:
        source: a camera number (`0` or "0"); a stream's address ("rtsp://…") or description (.sdp); a file's path or
            file:// address, "-" for standard input; "@FILE" for what the first line of FILE names; a `FrameSource`,
            returned as it is; or an iterable of images as `IterableSource` takes it.
        clock: monotonic clock in seconds, for `captured_at_s`.
        realtime: `bool`, deliver a file, or an iterable, as a camera would: at its own rate, late frames dropped.
        reconnect_s: `float`, seconds after a break in which a camera or stream is opened again; 0 does not try.
        timeout_s: `float` or `None`, longest wait for a stream's first picture and for a pipe's next byte, in seconds.
        notify: receives one line when a stream is waited for, broke off or is back; on the reading thread.
        tracks: which tracks of a file are taken; `None` takes its default ones.

    Raises:
        ConfigError: `source` is blank, or none of these, or it has no tracks to choose from.
    """
    if isinstance(source, int) and not isinstance(source, bool) and source >= 0:
        source = str(source)
    if isinstance(source, (str, Path)):
        return _named(_checked(str(source)), clock, realtime, reconnect_s, timeout_s, notify, tracks or Tracks())
    _refuse_tracks(tracks, type(source).__name__)
    if all(hasattr(source, name) for name in ("open", "read", "close")):
        return _whole(source)
    return _of_images(source, clock, realtime)


def _of_images(source: object, clock: Callable[[], float], realtime: bool) -> FrameSource:
    if isinstance(source, np.ndarray) and source.ndim != 4:
        raise ConfigError(
            f"a source of images must yield them; received one array of shape {source.shape}: give [image]"
        )
    if isinstance(source, Iterable):
        return IterableSource(source, live=realtime, clock=clock)
    raise ConfigError(
        f"a source must be a camera number, a file, a stream's address or an iterable of images; received {source!r}"
    )


def _whole(source: object) -> FrameSource:
    missing = [name for name in _MEMBERS if not hasattr(source, name)]
    if missing:
        raise ConfigError(f"a frame source must have {', '.join(_MEMBERS)}; missing: {', '.join(missing)}")
    return cast(FrameSource, source)


def _named(
    name: str,
    clock: Callable[[], float],
    realtime: bool,
    reconnect_s: float,
    timeout_s: float | None,
    notify: Callable[[str], None],
    tracks: Tracks,
) -> FrameSource:
    make = _live(name, clock, timeout_s, notify)
    if make is not None:
        _refuse_tracks(tracks, redact(name))
        return ReconnectingSource(make, reconnect_s, clock=clock, notify=notify) if reconnect_s > 0 else make()
    path, limit_s = _path(name), timeout_s or SILENCE_LIMIT_S
    return FileSource(path, clock=clock, realtime=realtime, silence_limit_s=limit_s, tracks=tracks)


def _refuse_tracks(tracks: Tracks | None, name: str) -> None:
    if tracks not in (None, Tracks()):
        raise ConfigError(
            f"only a file's tracks can be chosen; received {name}: leave --video-track and --audio-track out"
        )


def _checked(text: str) -> str:
    """Return the name without spaces around it, unless a file has them. Raises ConfigError: it is blank."""
    given, text = text, text.strip()
    if not text:
        raise ConfigError('a source must be a camera number, a file or a stream\'s address; received ""; try 0')
    if given != text and _is_there(given):
        return given  # a file's name may begin or end with spaces
    if text.startswith("@") and not _is_there(text):
        return _first_line(Path(text[1:]))
    return text


def _live(
    text: str, clock: Callable[[], float], timeout_s: float | None, notify: Callable[[str], None]
) -> Callable[[], CameraSource | StreamSource] | None:
    """Return what makes the camera or stream of this name, `None` where it names a file."""
    if camera := _CAMERA.fullmatch(text):
        return lambda: CameraSource(int(camera[1]), clock=clock)
    if not _STREAM.match(text) and not (text.lower().endswith(".sdp") and Path(text).is_file()):
        return None
    return lambda: StreamSource(
        text,
        clock=clock,
        open_timeout_s=timeout_s or OPEN_TIMEOUT_S,
        picture_timeout_s=timeout_s or PICTURE_TIMEOUT_S,
        notify=notify,
    )


def _path(text: str) -> str:
    """Return the path of a file. Raises ConfigError: it can only be meant as an address, and no file has that name."""
    if text.lower().startswith("file://"):
        try:
            return url2pathname(urlsplit(text).path)
        except ValueError as error:
            raise ConfigError(f"a file's address is file:///PATH; received {redact(text)}: give the path") from error
    if _MEANT_AS_ADDRESS.match(text) and not _is_there(text):
        raise ConfigError(
            f"a stream's address begins with rtsp://, http://, https://, udp://, tcp://, rtmp://, rtp:// or srt://; "
            f"received {redact(text)}, and no file has that name: correct its beginning"
        )
    return text


def _is_there(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def _first_line(path: Path) -> str:
    """Return the source that a file names, so that a password need not stand in the list of processes."""
    try:
        with path.open(encoding="utf-8") as file:
            line = file.readline(_MAX_ADDRESS_CHARACTERS).strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(
            f"@FILE must be a text file with a source in its first line; received @{path}: {why.lower()}"
        ) from None
    if not line or line.startswith("@"):
        raise ConfigError(f"@FILE must have a source in its first line; received @{path}, which has none: write one")
    return line
