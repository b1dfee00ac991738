"""Network streams as a frame source: RTSP, HTTP (also MJPEG), UDP, TCP, RTMP.

FFmpeg's blocking reads return on nothing but their own timeout. So that `read` can be interrupted at once, a reader
thread of the source's own decodes the stream and keeps the newest frame; `read` waits for that frame only.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av

from realtime.capture.frames.deinterlacer import Deinterlacer
from realtime.capture.frames.media_times import sent_times
from realtime.capture.frames.picture_converter import PictureConverter
from realtime.capture.pyav_decoding import average_fps, network_reason, silence_libav, video_stream
from realtime.core.errors import SourceError, SourceOpenError, SourceReadError, redact
from realtime.core.protocols import SourceFindings, SourceInfo
from realtime.core.types import Frame

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 5.0
PICTURE_TIMEOUT_S = 30.0
_CLOSE_WAIT_S = 0.5
_GRACE_S = 0.5
_MAX_ANALYSIS_US = "2000000"
# A stream from which nothing can be decoded for so long was joined between its key frames.
_JOINED_BETWEEN_S = 1.0
# From a picture in between, FFmpeg decodes these to grey smears instead of nothing.
_SMEARS = {"hevc", "mpeg4", "mpeg1video", "mpeg2video"}
_SDP_PROTOCOLS = "file,rtp,udp,tcp,crypto,data"
# The end of a stream with a known length may come this much before it.
_NEAR_END_S = 1.0
_JPEG_END = b"\xff\xd9"


class StreamSource:
    """Latest-frame reader of a network stream. Frames that are not read in time are replaced; `index` shows the gap.

    Something finite with a known length behind the address (a file on a web server) plays at its own rate.

    Args:
        address: `str`, with its scheme, or a file that describes a stream (.sdp); credentials in it never reach a
            message.
        clock: monotonic clock in seconds, for `captured_at_s`.
        open_timeout_s: `float`, longest wait for a connection and for the first frame, in seconds.
        picture_timeout_s: `float`, longest wait for a key frame where the stream was joined between two, in seconds.
        notify: receives one line when a key frame is waited for; on the reader's thread.
        read_timeout_s: `float`, a stream that delivers nothing for this long has failed, in seconds.
        wait: sleeps for the given seconds while pacing; by default until then or until `interrupt`.

    Attributes:
        dropped: `int`, frames that a newer one replaced before anybody read them.
        farewell: `str`, one line once the sender has ended the stream; "" until then.
        over: `bool`, whether it has shown all there is: something finite that ended, or a file on a web server.
    """

    live = True
    # What cannot be decoded shows as a gap; FFmpeg hides what it conceals.
    damaged_packets = 0

    def __init__(
        self,
        address: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        picture_timeout_s: float = PICTURE_TIMEOUT_S,
        notify: Callable[[str], None] = lambda _: None,
        read_timeout_s: float = READ_TIMEOUT_S,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._address = address
        self._name = redact(address) if "://" in address else Path(address).name
        self._clock = clock
        self._open_timeout_s = open_timeout_s
        self._picture_timeout_s = picture_timeout_s
        self._notify = notify
        self._read_timeout_s = read_timeout_s
        self._joins = False
        self._seen_s = 0.0
        self.over = False
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait
        self._changed = threading.Condition()
        self._info: SourceInfo | None = None
        self._findings = SourceFindings()
        self._converter: PictureConverter | None = None
        self._deinterlacer = Deinterlacer(self._findings.note)
        self._newest: Frame | None = None
        self.dropped = 0
        self._error: SourceError | None = None
        self._ended = False
        self.farewell = ""
        self._count = 0
        self._reader: threading.Thread | None = None

    def open(self) -> SourceInfo:
        """Connect and wait for the first frame.

        Raises:
            SourceOpenError: refused, unknown, not answering, not a video, or interrupted meanwhile.
        """

        def decided() -> bool:
            return self._info is not None or self._ended or self._stopped.is_set()

        silence_libav()
        self._reader = threading.Thread(target=self._run, name="capture-stream", daemon=True)
        self._reader.start()
        with self._changed:
            self._changed.wait_for(lambda: decided() or self._joins, self._open_timeout_s + _GRACE_S)
            if self._joins:
                self._changed.wait_for(decided, self._picture_timeout_s + _GRACE_S)
            if self._info is not None:
                return self._info
            error, interrupted = self._error, self._stopped.is_set()
        self.interrupt()
        if interrupted:
            raise self._not_opened("opening was interrupted") from None
        try:
            raise error or self._not_opened(self._no_picture())
        finally:
            del error  # its trace has this frame

    def read(self) -> Frame | None:
        """Return the newest frame, or `None` at the stream's end or once interrupted.

        Raises:
            SourceReadError: the stream broke off or fell silent.
        """
        if self._reader is None:
            raise SourceReadError(f"stream {self._name} must be open to be read; call open() first")
        with self._changed:
            self._changed.wait_for(lambda: self._newest or self._ended or self._stopped.is_set())
            if self._stopped.is_set():
                return None
            frame, self._newest = self._newest, None
            if frame is None and self._error is not None:
                raise self._error
            return frame

    def interrupt(self) -> None:
        """Make a blocked or later `read` return `None` at once; from any thread."""
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Release the connection; any number of times.

        A helper that is blocked in the network closes its connection when its own time limit runs out.
        """
        self.interrupt()
        if self._reader is not None:
            self._reader.join(_CLOSE_WAIT_S)
        with self._changed:
            self._newest = None
            # Its trace holds this source: decoder, threads and pictures would stay until the garbage collector comes.
            self._error = None

    def _no_picture(self) -> str:
        if self._joins:
            return f"no key frame came within {self._picture_timeout_s:g} s, wait longer (--timeout)"
        return f"no picture came within {self._open_timeout_s:g} s"

    def _run(self) -> None:
        # Not kept here: an error's trace also has the frames below, and the two would hold each other.
        self._end(self._received())

    def _end(self, error: SourceError | None) -> None:
        with self._changed:
            self._ended = True
            # Once stopped, nobody asks for it; see `close`.
            if not self._stopped.is_set():
                self._error = error
                if error is None:
                    self.farewell = f"stream {self._name} ended: its sender closed it after {self._count} frames"
            self._changed.notify_all()

    def _received(self) -> SourceError | None:
        """Receive to the end and return what ended it early."""
        try:
            self._receive()
        except SourceError as found:
            return found
        except av.error.FFmpegError as found:
            return self._broken(network_reason(found, self._read_timeout_s))
        except Exception as found:  # a failure of the reader thread must reach `read`
            return self._broken(type(found).__name__)
        return None

    def _receive(self) -> None:
        # Not "nobuffer": it throws away what was read to recognize the stream, the first key frame with it.
        options = {"analyzeduration": _MAX_ANALYSIS_US}
        if self._address.lower().startswith("rtsp"):
            options["rtsp_transport"] = "tcp"
        if "://" not in self._address:
            options["protocol_whitelist"] = _SDP_PROTOCOLS
        started_s = time.monotonic()
        try:
            # `options` would be written past its end for formats that name their streams late.
            timeouts = (self._open_timeout_s, self._read_timeout_s)
            container = av.open(self._address, container_options=options, timeout=timeouts, metadata_errors="replace")
        except av.error.FFmpegError as error:
            waited_out = time.monotonic() - started_s >= self._open_timeout_s
            late = f"no answer within {self._open_timeout_s:g} s"
            raise self._not_opened(late if waited_out else network_reason(error, self._open_timeout_s)) from None
        with container:
            stream = video_stream(container)
            if stream is None:
                raise self._not_opened("there is no moving picture in it")
            # Slices, not frames: decoding several frames at a time would hold each back.
            stream.thread_type = "SLICE"
            self._converter = PictureConverter(stream, self._findings.note, self._converter)
            self._deinterlacer = Deinterlacer(self._findings.note)
            try:
                self._pump(container, stream)
            finally:
                near_end = self._seen_s >= (container.duration or 0) / av.time_base - _NEAR_END_S
                self.over = bool(container.duration) and (near_end or self._address.lower().startswith("http"))

    def _pump(self, container: Any, stream: Any) -> None:
        place = sent_times(container, stream, self._clock, self._wait, self._stopped.is_set)
        silent_since_s = time.monotonic()
        last, blind = b"", stream.codec_context.name in _SMEARS
        try:
            for packet in container.demux(stream):
                if self._stopped.is_set():
                    return
                last = bytes(packet)[-4:] if packet.size else last
                blind = blind and not packet.is_keyframe
                if not blind and self._decode(stream, packet, place):
                    silent_since_s = time.monotonic()
                else:
                    self._check_silence(time.monotonic() - silent_since_s)
        except av.error.OSError as error:
            # The reader of MJPEG over HTTP reports the server's ordinary closing as an input error.
            whole = _JPEG_END in last
            if container.format.name != "mpjpeg" or isinstance(error, ConnectionError) or not whole:
                raise
        if self._info is None and not self._stopped.is_set():
            raise self._not_opened("it ended before its first picture")

    def _check_silence(self, silent_s: float) -> None:
        """Say that a key frame is waited for; give up where the wait is too long. Raises SourceError."""
        if self._info is not None:
            if silent_s > self._read_timeout_s:
                raise self._broken(f"nothing of what came in {self._read_timeout_s:g} s can be decoded")
        elif silent_s > self._picture_timeout_s:
            raise self._not_opened(self._no_picture())
        elif silent_s > _JOINED_BETWEEN_S and not self._joins:
            limit_s = self._picture_timeout_s
            self._notify(f"stream {self._name} was joined between key frames: waiting for one, up to {limit_s:g} s")
            with self._changed:
                self._joins = True
                self._changed.notify_all()

    def _decode(self, stream: Any, packet: Any, place: Callable[[Any], tuple[float, float]]) -> bool:
        """Hand over what a packet holds; return whether that was a frame."""
        try:
            frames = self._deinterlacer.feed(packet.decode())
        except (av.error.InvalidDataError, av.error.EOFError):
            return False
        for decoded in frames:
            assert self._converter is not None
            image_bgr = self._converter.bgr(decoded)
            media_time_s, captured_at_s = place(decoded)
            frame = Frame(image_bgr, self._count, media_time_s, captured_at_s)
            self._count += 1
            self._seen_s = media_time_s
            with self._changed:
                if self._info is None:
                    size_wh = (image_bgr.shape[1], image_bgr.shape[0])
                    fps, findings = average_fps(stream), self._findings
                    self._info = SourceInfo(self._name, live=True, size_wh=size_wh, fps=fps, findings=findings)
                self.dropped += self._newest is not None
                self._newest = frame
                self._changed.notify_all()
        return bool(frames)

    def _not_opened(self, reason: str) -> SourceOpenError:
        return SourceOpenError(f"stream {self._name} did not open: {reason}; check the address and that it is sending")

    def _broken(self, reason: str) -> SourceError:
        if self._info is None:
            return self._not_opened(reason)
        return SourceReadError(
            f"stream {self._name} broke off after {self._count} frames: {reason}; check the network and the sender, "
            "then start again"
        )
