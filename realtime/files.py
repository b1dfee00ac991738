"""Video files as a frame source: every frame, at its own time, upright, and a word when the file ends too early."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av

from realtime.containers import promised_bytes
from realtime.decoding import (
    DEFAULT_STEP_S,
    MediaTimes,
    average_fps,
    silence_libav,
    upright_bgr,
    upright_size_wh,
    video_stream,
)
from realtime.errors import SourceOpenError, SourceReadError
from realtime.stages import SourceInfo
from realtime.types import Frame

_MAX_THREADS = 4


class FileSource:
    """A video file that FFmpeg can read.

    Frames come in presentation order with the times that the file gives them. Damaged packets are skipped and counted.
    A file that was cut off delivers all that can be decoded and then raises.

    Args:
        path: `str`, the file.
        clock: monotonic clock in seconds, for `captured_at_s`.
        realtime: `bool`, deliver frames at the file's own rate, as a camera would (`live` is then true).
        wait: sleeps for the given seconds while pacing; by default until then or until `interrupt`.

    Attributes:
        damaged_packets: `int`, packets that could not be decoded so far.
    """

    def __init__(
        self,
        path: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        realtime: bool = False,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self.live = realtime
        self.damaged_packets = 0
        self._path = Path(path)
        self._clock = clock
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait
        self._container: Any = None
        self._frames: Iterator[Any] = iter(())
        self._times = MediaTimes()
        self._first: Any = None
        self._started_s: float | None = None
        self._count = 0
        self._media_time_s = 0.0
        self._fault = ""

    def open(self) -> SourceInfo:
        """Open the file and decode its first frame.

        Raises:
            SourceOpenError: missing, a folder, empty, unreadable, no video, or no frame of it can be decoded.
        """
        silence_libav()
        self._check_file()
        try:
            # "file:" keeps a colon in the name from reading as a protocol. The whitelist keeps a playlist from
            # reaching out to the network. `options` would be written past its end for headerless formats.
            self._container = av.open(
                f"file:{self._path}", container_options={"protocol_whitelist": "file,crypto,data"}
            )
        except av.error.FFmpegError as error:
            raise SourceOpenError(self._not_a_video("FFmpeg cannot read it")) from error
        try:
            stream = video_stream(self._container)
            if stream is None:
                raise SourceOpenError(self._not_a_video("it has no moving picture in it"))
            return self._start(stream)
        except BaseException:
            self.close()
            raise

    def read(self) -> Frame | None:
        """Return the next frame, or `None` at the end or once interrupted.

        Raises:
            SourceReadError: the file broke off before its end; all frames before that were delivered.
        """
        if self._stopped.is_set():
            return None
        if self._container is None:
            raise SourceReadError(f"{self._path} must be open to be read; call open() first")
        decoded, self._first = self._first or next(self._frames, None), None
        if decoded is None:
            if not self._stopped.is_set():
                self._check_end()
            return None
        image_bgr = upright_bgr(decoded)
        self._media_time_s = self._times.place(decoded.time)
        captured_at_s = self._paced(self._media_time_s) if self.live else self._clock()
        if self._stopped.is_set():
            return None
        frame = Frame(image_bgr, self._count, self._media_time_s, captured_at_s)
        self._count += 1
        return frame

    def interrupt(self) -> None:
        """Make a blocked or later `read` return `None`; from any thread."""
        self._stopped.set()

    def close(self) -> None:
        """Close the file; any number of times."""
        self._frames, self._first = iter(()), None
        if self._container is not None:
            self._container.close()
            self._container = None

    def _check_file(self) -> None:
        if not self._path.exists():
            raise SourceOpenError(
                f"no file {self._path}; check the path, or give a camera number or a stream's address"
            )
        if self._path.is_dir():
            raise SourceOpenError(f"a source must be a video file; {self._path} is a folder: name a file in it")
        try:
            with self._path.open("rb") as file:
                empty = not file.read(1)
        except OSError as error:
            reason = error.strerror or "unreadable"
            raise SourceOpenError(f"{self._path} cannot be read ({reason}); check its permissions") from error
        if empty:
            raise SourceOpenError(f"{self._path} is empty (0 bytes); copy or record it again")

    def _not_a_video(self, reason: str) -> str:
        return (
            f"{self._path} is not a video that can be opened: {reason}; check that it plays elsewhere and was copied "
            "or recorded to its end"
        )

    def _start(self, stream: Any) -> SourceInfo:
        # One decoding thread costs the least work per frame; more only pay where cores are left over.
        stream.codec_context.thread_count = max(1, min(_MAX_THREADS, (os.cpu_count() or 1) // 2))
        stream.thread_type = "AUTO"
        fps = average_fps(stream)
        self._times = MediaTimes(1 / fps if fps > 0 else DEFAULT_STEP_S)
        self._frames = self._decode(stream)
        self._first = next(self._frames, None)
        if self._first is None:
            raise SourceOpenError(self._not_a_video("not one frame of it can be decoded"))
        return SourceInfo(
            name=self._path.name,
            live=self.live,
            size_wh=upright_size_wh(self._first),
            fps=fps,
            frame_count=stream.frames or None,
            path=str(self._path),
        )

    def _decode(self, stream: Any) -> Iterator[Any]:
        """Yield decoded frames; leave in `_fault` what was wrong at the end, if anything was."""
        packets = self._container.demux(stream)
        while not self._stopped.is_set():
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
                yield from self._decoded_from(stream.codec_context, None)
                self._fault = error.strerror or "it cannot be read further"
                return
            if packet is None:
                return
            yield from self._decoded_from(stream.codec_context, packet)
            if packet.is_corrupt:
                self._fault = "its last packet is incomplete"

    def _decoded_from(self, codec: Any, packet: Any) -> list[Any]:
        is_flush = packet is None or packet.size == 0
        try:
            frames: list[Any] = codec.decode(packet)
        except av.error.EOFError:
            return []
        except av.error.FFmpegError:
            self.damaged_packets += 1
            self._fault = "its last packet is damaged"
            return []
        if not is_flush:
            self._fault = ""
        return frames

    def _paced(self, media_time_s: float) -> float:
        """Wait until a camera would have delivered the frame; return that moment on the clock."""
        if self._started_s is None:
            self._started_s = self._clock() - media_time_s
        due_s = self._started_s + media_time_s
        while (left_s := due_s - self._clock()) > 0 and not self._stopped.is_set():
            self._wait(left_s)
        return due_s

    def _check_end(self) -> None:
        missing = self._missing_bytes()
        fault = f"{missing} bytes of it are missing" if missing else self._fault
        if fault:
            raise SourceReadError(
                f"{self._path.name} broke off before its end: {fault}; {self._count} frames were read, the last at "
                f"{self._media_time_s:.2f} s; copy or record the file again to have the rest"
            )

    def _missing_bytes(self) -> int:
        try:
            promised = promised_bytes(self._path)
            return max(0, (promised or 0) - self._path.stat().st_size)
        except OSError:
            return 0
