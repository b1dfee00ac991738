"""Video file as a frame source: every frame, upright, with its media time; truncated files are reported."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from realtime.capture.container_length import promised_bytes
from realtime.capture.pipe_reader import SILENCE_LIMIT_S, PipeReader, is_pipe, regular_path
from realtime.capture.pyav_decoding import average_fps, silence_libav
from realtime.capture.video_decoder import Placed, VideoDecoder
from realtime.core.errors import SourceOpenError, SourceReadError
from realtime.core.protocols import SourceInfo, Tracks
from realtime.core.types import Frame

# A paced file simulates a camera, whose driver buffers a few pictures and loses those that are not fetched in time.
# Where even decoding is too slow, at least one frame in so many is delivered.
_CAMERA_KEEPS_S = 0.1
_MOST_SKIPPED = 30
# Byte 20 of an extended WebP holds its flags.
_WEBP_HEAD_BYTES = 21
_WEBP_ANIMATED = 0x02


class FileSource:
    """Seekable source of the frames of a video file that FFmpeg can read.

    Frames come in presentation order with the times that the file gives them. Damaged packets are skipped and counted.
    A truncated file delivers all that can be decoded and then raises. It can be seeked at any time, except when paced
    (`realtime`), and except a pipe, which is read once.

    Args:
        path: `str`, the file; "-" for standard input.
        clock: monotonic clock in seconds, for `captured_at_s`.
        realtime: `bool`, deliver frames at the file's own rate, as a camera would (`live` is then true).
        wait: sleeps for the given seconds while pacing; by default until then or until `interrupt`.
        silence_limit_s: `float`, longest wait for the next byte of a pipe, in seconds.
        tracks: which tracks are taken.

    Attributes:
        dropped: `int`, frames that a camera would have lost, because they were not read in time.
    """

    farewell = ""

    def __init__(
        self,
        path: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        realtime: bool = False,
        wait: Callable[[float], object] | None = None,
        silence_limit_s: float = SILENCE_LIMIT_S,
        tracks: Tracks | None = None,
    ) -> None:
        self.live = realtime
        self._path = Path(regular_path(path))
        self._pipe: PipeReader | None = None
        self._silence_limit_s = silence_limit_s
        self._clock = clock
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait
        self._tracks = tracks or Tracks()
        self._reader = VideoDecoder(self._path, self._stopped.is_set, self._tracks)
        self._started_s: float | None = None
        self.dropped = 0
        self._count = 0
        self._media_time_s = 0.0

    @property
    def damaged_packets(self) -> int:
        """Packets that could not be decoded so far."""
        return len(self._reader.damaged)

    @property
    def damaged(self) -> set[tuple[int | None, int | None]]:
        """Place in the file and time, in its own ticks, of each of these packets."""
        return self._reader.damaged

    @property
    def plain_times(self) -> bool:
        """Whether seeking can go by the file's own times: as far as it was read they are there, and never leap."""
        return self._reader.plain_times

    @property
    def stretch(self) -> tuple[int, int] | None:
        """First and last place in the file, in bytes, of what was read since the last seek; `None` if unknown."""
        return self._reader.stretch

    def open(self) -> SourceInfo:
        """Open the file and decode its first frame.

        Raises:
            SourceOpenError: missing, a folder, empty, unreadable, no video, or no frame of it can be decoded.
        """
        silence_libav()
        self._check_file()
        try:
            first_bgr = self._reader.bgr(self._first())
        except BaseException:
            self.close()
            raise
        stream = self._reader.stream
        return SourceInfo(
            name=self._path.name if self._pipe is None else self._pipe.name,
            live=self.live,
            size_wh=(first_bgr.shape[1], first_bgr.shape[0]),
            fps=average_fps(stream),
            frame_count=stream.frames or None,
            path=None if self._pipe else str(self._path),
            duration_s=self._reader.duration_s,
            seekable=not self.live and self._pipe is None,
            findings=self._reader.findings,
            tracks=self._tracks,
        )

    def read(self) -> Frame | None:
        """Return the next frame, or `None` at the end or once interrupted.

        Raises:
            SourceReadError: the file broke off before its end; all frames before that were delivered.
        """
        if self._stopped.is_set():
            return None
        self._require_open("read")
        placed = self._next()
        if placed is None:
            if not self._stopped.is_set():
                self._check_end()
            return None
        image_bgr = self._reader.bgr(placed)
        self._media_time_s = placed.media_time_s
        captured_at_s = self._paced(self._media_time_s) if self.live else self._clock()
        if self._stopped.is_set():
            return None
        self._count += 1
        return Frame(image_bgr, placed.index, self._media_time_s, captured_at_s)

    def seek(self, time_s: float) -> None:
        """Make the next `read` return the frame that is shown at `time_s`, the last one not after it.

        Also after the end. Times before the first frame and after the last one mean these. On the reading thread.

        Args:
            time_s: `float`, media time in seconds.

        Raises:
            SourceReadError: the file is not open, or can no longer be read.
        """
        self._require_open("seeked")
        self._reader.seek(max(0.0, time_s))

    def interrupt(self) -> None:
        """Make a blocked or later `read` return `None`; from any thread."""
        self._stopped.set()
        if self._pipe is not None:
            self._pipe.interrupt()

    def close(self) -> None:
        """Close the file; any number of times."""
        if self._pipe is not None:
            self._pipe.close()
        self._reader.close()

    def _first(self) -> Placed:
        """Return the first picture of the file or pipe. Raises SourceOpenError."""
        if self._pipe is None:
            return self._reader.open()
        try:
            return self._reader.open(self._pipe)
        except SourceOpenError as error:
            name, bytes_read, fault = self._pipe.name, self._pipe.received, self._pipe.fault
            if self._stopped.is_set():
                why = "opening was interrupted"
            elif fault:
                why = f"{fault} after {bytes_read} bytes; check what writes to it, or wait longer (--timeout)"
            elif not bytes_read:
                why = "it ended before its first byte; check what writes to it"
            else:
                why = (
                    f"FFmpeg cannot read its {bytes_read} bytes from front to back; send MPEG-TS, Matroska or MP4 with "
                    "its index in front, or save it to a file first"
                )
            raise SourceOpenError(f"no video comes from {name}: {why}") from error

    def _check_file(self) -> None:
        if is_pipe(str(self._path)):
            self._pipe = PipeReader(str(self._path), self._silence_limit_s)
            if self._stopped.is_set():
                self._pipe.interrupt()
            return
        if not self._path.exists():
            raise SourceOpenError(
                f"no file {self._path}; check the path, or give a camera number or a stream's address"
            )
        if self._path.is_dir():
            raise SourceOpenError(f"a source must be a video file; {self._path} is a folder: name a file in it")
        try:
            with self._path.open("rb") as file:
                head = file.read(_WEBP_HEAD_BYTES)
        except OSError as error:
            reason = error.strerror or "unreadable"
            raise SourceOpenError(f"{self._path} cannot be read ({reason}); check its permissions") from error
        if not head:
            raise SourceOpenError(f"{self._path} is empty (0 bytes); copy or record it again")
        if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and head[20:][:1] and head[20] & _WEBP_ANIMATED:
            raise SourceOpenError(
                f"{self._path} is an animated WebP, which FFmpeg cannot read; save it as GIF, MP4 or WebM first"
            )

    def _require_open(self, what: str) -> None:
        if not self._reader.is_open:
            raise SourceReadError(f"{self._path} must be open to be {what}; call open() first")

    def _next(self) -> Placed | None:
        """Return the next decoded frame; what a camera would have lost meanwhile is left out and counted."""
        for skipped in range(_MOST_SKIPPED + 1):
            placed = self._reader.next()
            if placed is None or self._started_s is None or skipped == _MOST_SKIPPED:
                return placed
            if self._clock() - self._started_s - placed.media_time_s <= _CAMERA_KEEPS_S:
                return placed
            self.dropped += 1
        return None

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
        fault = f"{missing} bytes of it are missing" if missing else self._reader.fault
        name, again = self._path.name, "copy or record the file again"
        if self._pipe is not None:
            name, again, fault = self._pipe.name, "see why its writer ended, and run again", self._pipe.fault or fault
        if fault:
            raise SourceReadError(
                f"{name} broke off before its end: {fault}; {self._count} frames were read, the last at "
                f"{self._media_time_s:.2f} s; {again} to have the rest"
            )

    def _missing_bytes(self) -> int:
        if self._pipe is not None:
            return 0
        try:
            promised = promised_bytes(self._path)
            return max(0, (promised or 0) - self._path.stat().st_size)
        except OSError:
            return 0
