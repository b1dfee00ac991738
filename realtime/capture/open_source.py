"""From what the user typed to a frame source: camera number, stream address or file."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.parse import urlsplit
from urllib.request import url2pathname

from realtime.capture.camera import CameraEntry, CameraSource, list_cameras
from realtime.capture.network_stream import StreamSource
from realtime.capture.video_file import FileSource
from realtime.core.errors import ConfigError
from realtime.core.protocols import FrameSource

__all__ = ["CameraEntry", "CameraSource", "FileSource", "StreamSource", "list_cameras", "source_for"]

_STREAM = re.compile(r"(?i)(rtsps?|https?|udp|tcp|rtmps?|rtp|srt)://")
_CAMERA = re.compile(r"[0-9]{1,9}")


def source_for(text: str, *, clock: Callable[[], float] = time.monotonic, realtime: bool = False) -> FrameSource:
    """Return the source that `text` names, not yet open.

    Args:
        text: `str`, a camera number ("0"), a stream's address ("rtsp://…", "http://…"), or a file's path or file://
            address.
        clock: monotonic clock in seconds, for `captured_at_s`.
        realtime: `bool`, for files: deliver frames at the file's own rate, as a camera would.

    Raises:
        ConfigError: `text` is blank.
    """
    text = text.strip()
    if not text:
        raise ConfigError('a source must be a camera number, a file or a stream\'s address; received ""; try 0')
    if _CAMERA.fullmatch(text):
        return CameraSource(int(text), clock=clock)
    if _STREAM.match(text):
        return StreamSource(text, clock=clock)
    if text.lower().startswith("file://"):
        text = url2pathname(urlsplit(text).path)
    return FileSource(text, clock=clock, realtime=realtime)
