"""Sequential decoding and frame-exact seeking in a video file, with PyAV."""

from __future__ import annotations

import dataclasses
import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from realtime.capture.frames.deinterlacer import Deinterlacer
from realtime.capture.frames.media_times import DEFAULT_STEP_S, MediaTimes, media_times
from realtime.capture.frames.picture_converter import PictureConverter
from realtime.capture.pipe_reader import PipeReader
from realtime.capture.pyav_decoding import (
    audio_streams,
    average_fps,
    chosen_stream,
    decoding_threads,
    is_default,
    open_media,
    packets_of,
    video_streams,
)
from realtime.core.errors import SourceOpenError, SourceReadError
from realtime.core.protocols import SourceFindings, Tracks
from realtime.core.types import ImageArray

# Tolerance for equal times: containers round timestamps, to a millisecond at worst.
_SAME_S = 0.0006
# How far before the target to seek, one after the other: some demuxers land on a key frame after it.
_BACK_S = (0.0, 2.0, 10.0, 60.0)
# Targets this shortly ahead are reached by decoding forward: the key frame before them may be further away.
_AHEAD_S = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A decoded picture and its place in the file.

    Attributes:
        picture: the decoder's frame, not yet converted.
        index: `int`, its number; after a seek computed from the average frame rate.
        media_time_s: `float`, its time in seconds from the first frame.
    """

    picture: Any
    index: int
    media_time_s: float


class VideoDecoder:
    """Decodes one file on one thread.

    Args:
        path: the file.
        stopped: asked between packets; once true, there are no more pictures.
        tracks: which tracks are taken.

    Attributes:
        stream: the open container's video stream, `None` while closed.
        fault: `str`, what was wrong with the last packet, "" if nothing was.
        damaged: packets that could not be decoded, each once however often it was read.
        findings: what became known of the file.
        plain_times: whether every frame so far carried a time and times never leapt: only then seeking saves decoding.
        stretch: first and last place in the file, in bytes, of the packets since the last seek; `None` if unknown.
    """

    def __init__(self, path: Path, stopped: Callable[[], bool], tracks: Tracks | None = None) -> None:
        self.stream: Any = None
        self.fault = ""
        self.damaged: set[tuple[int | None, int | None]] = set()
        self.findings = SourceFindings()
        self._path, self._stopped, self._tracks = path, stopped, tracks or Tracks()
        self._converter: PictureConverter | None = None
        self._container: Any = None
        self._pictures: Iterator[Placed] = iter(())
        # Decoded pictures that `next` has not returned yet: the first one after opening, one or two after a seek.
        self._ahead: deque[Placed] = deque()
        self._times = MediaTimes()
        self.plain_times = True
        self.stretch: tuple[int, int] | None = None
        self._index = 0
        self._given_s = 0.0

    def open(self, pipe: PipeReader | None = None) -> Placed:
        """Open the file; return its first picture, which `next` will give as well.

        Args:
            pipe: what to read instead of the file, once.

        Raises:
            SourceOpenError: unreadable, no video, or no frame of it can be decoded.
        """
        try:
            self._container = open_media(pipe or self._path)
        except av.error.FFmpegError as error:
            raise SourceOpenError(self._not_a_video("FFmpeg cannot read it")) from error
        stream = self._chosen()
        stream.codec_context.thread_count = decoding_threads()
        stream.thread_type = "AUTO"
        self.stream, self._index, self._given_s = stream, 0, 0.0
        self._converter = PictureConverter(stream, self.findings.note, self._converter)
        self._times = media_times(self._container, stream, self.findings)
        self._pictures = self._placed()
        first = next(self._pictures, None)
        if first is None:
            raise SourceOpenError(self._not_a_video("not one frame of it can be decoded"))
        self._ahead = deque([first])
        return first

    @property
    def is_open(self) -> bool:
        """Whether there is something to read from."""
        return self._container is not None

    @property
    def duration_s(self) -> float | None:
        """Declared duration in seconds, `None` if the file declares none. Only while open."""
        if self.stream.duration:
            return float(self.stream.duration * self.stream.time_base)
        length = self._container.duration
        return float(length / av.time_base) if length else None

    def bgr(self, placed: Placed) -> ImageArray:
        """Return a picture as `(H, W, 3) uint8` BGR, as it is meant to be seen. Only while open."""
        assert self._converter is not None
        return self._converter.bgr(placed.picture)

    def next(self) -> Placed | None:
        """Return the next picture, `None` at the end or once stopped."""
        placed = self._ahead.popleft() if self._ahead else next(self._pictures, None)
        if placed is not None:
            self._given_s = placed.media_time_s
        return placed

    def seek(self, time_s: float) -> None:
        """Make the picture that is shown at `time_s` the next one: the last one not after it, or the first of the file.

        Decodes from the key frame before it. A file without an index or usable timestamps is decoded from its start.

        Raises:
            SourceReadError: the file is gone.
        """
        self.fault = ""
        # The cheapest way first; each returns nothing where it cannot reach the target.
        found = self._found_ahead(time_s) or self._found_from_a_key_frame(time_s) or self._found_from_the_start(time_s)
        self._ahead = deque(found)

    def close(self) -> None:
        """Close the file; any number of times."""
        self._pictures, self.stream = iter(()), None
        self._ahead.clear()
        if self._container is not None:
            self._container.close()
            self._container = None

    def _not_a_video(self, reason: str) -> str:
        return (
            f"{self._path} is not a video that can be opened: {reason}; check that it plays elsewhere and was copied "
            "or recorded to its end"
        )

    def _found_ahead(self, time_s: float) -> list[Placed]:
        if not 0 <= time_s - self._given_s <= _AHEAD_S:
            return []
        waiting, self._ahead = self._ahead, deque()
        return _forward_to(itertools.chain(waiting, self._pictures), time_s)

    def _found_from_a_key_frame(self, time_s: float) -> list[Placed]:
        """Return the pictures at `time_s`, or nothing where timestamps or index are unreliable."""
        for back_s in _BACK_S:
            start_s = max(0.0, time_s - back_s)
            # Media time maps to a timestamp of the file only while these are present and never restart; decoding may
            # have found out otherwise in the round before.
            if not self.plain_times:
                return []
            try:
                at = round((start_s + self._times.origin_s) / self.stream.time_base)
                self._container.seek(at, stream=self.stream)
            except av.error.FFmpegError:
                return []
            self._times.jump()
            self._pictures = self._placed()
            found = _forward_to(self._pictures, time_s)
            if found and self.plain_times:
                return self._numbered(found)
            # Even the earliest seek landed after the target.
            if start_s == 0:
                return []
        return []

    def _found_from_the_start(self, time_s: float) -> list[Placed]:
        self.close()
        try:
            first = self.open()
        except SourceOpenError as error:
            raise SourceReadError(f"the file must stay readable while it is shown; {error}") from error
        return _forward_to(itertools.chain([first], self._pictures), time_s) or [first]

    def _numbered(self, found: list[Placed]) -> list[Placed]:
        # Containers do not number their frames: without decoding from the start the number is an estimate.
        fps = average_fps(self.stream) or 1 / DEFAULT_STEP_S
        first = round(found[0].media_time_s * fps)
        self._index = first + len(found)
        return [dataclasses.replace(placed, index=first + n) for n, placed in enumerate(found)]

    def _placed(self) -> Iterator[Placed]:
        pictures = self._deinterlaced()
        waiting: deque[Any] = deque()

        def next_s() -> float | None:
            waiting.extend(itertools.islice(pictures, 1))
            return waiting[0].time if waiting else None

        while (picture := waiting.popleft() if waiting else next(pictures, None)) is not None:
            placed = Placed(picture, self._index, self._times.place(picture.time, next_s))
            self._index += 1
            self.plain_times = self.plain_times and self._times.plain
            yield placed
        if not self._stopped():
            self.findings.end_s = self._times.end_s

    def _deinterlaced(self) -> Iterator[Any]:
        deinterlacer = Deinterlacer(self.findings.note)
        for picture in self._decode(self.stream):
            yield from deinterlacer.feed([picture])
        yield from deinterlacer.feed([], last=True)

    def _chosen(self) -> Any:
        """Return the picture track, and say which tracks are taken where there are several. Raises SourceOpenError."""
        videos, sounds = video_streams(self._container), audio_streams(self._container)
        if not videos:
            raise SourceOpenError(self._not_a_video("it has no moving picture in it"))
        video = chosen_stream(videos, self._tracks.video, "video", str(self._path))
        sound = chosen_stream(sounds, self._tracks.audio, "audio", str(self._path))
        for streams, taken, kind, use, asked in (
            (videos, video, "picture", "analyzed", self._tracks.video),
            (sounds, sound, "sound", "recorded", self._tracks.audio),
        ):
            if len(streams) > 1 and taken is not None:
                number = sorted(stream.index for stream in streams).index(taken.index) + 1
                why = "the file's default" if is_default(taken) else "no track is marked as default"
                why = why if asked is None else "as asked for"
                self.findings.note(f"the file has {len(streams)} {kind} tracks: number {number} is {use} ({why})")
        return video

    def _decode(self, stream: Any) -> Iterator[Any]:
        """Yield decoded frames; `fault` then says what was wrong at the end, if anything was."""
        packets, self.stretch = packets_of(self._container, stream), None
        while not self._stopped():
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
                # Demuxing broke off: flush the decoder, which still holds frames that were read intact.
                yield from self._decoded_from(stream.codec_context, None)
                self.fault = error.strerror or "it cannot be read further"
                return
            if packet is None:
                return
            if packet.pos is not None:
                self.stretch = (packet.pos if self.stretch is None else self.stretch[0], packet.pos)
            yield from self._decoded_from(stream.codec_context, packet)
            if packet.is_corrupt:
                self.fault = "its last packet is incomplete"

    def _decoded_from(self, codec: Any, packet: Any) -> list[Any]:
        is_flush = packet is None or packet.size == 0
        try:
            frames: list[Any] = codec.decode(packet)
        except av.error.EOFError:
            return []  # the decoder was flushed before
        except av.error.FFmpegError:
            # Position and timestamp identify a packet that is read again after a seek.
            self.damaged.add((None, None) if packet is None else (packet.pos, packet.dts))
            self.fault = "its last packet is damaged"
            return []
        # A good packet after a damaged one: the damage was not a truncated end.
        if not is_flush:
            self.fault = ""
        return frames


def _forward_to(pictures: Iterator[Placed], time_s: float) -> list[Placed]:
    """Decode up to a moment; return the last picture not after it, and the one that follows if there is one.

    Nothing is returned where nothing could be decoded or the first picture lies after `time_s` already.
    """
    last: Placed | None = None
    for placed in pictures:
        if placed.media_time_s > time_s + _SAME_S:
            return [] if last is None else [last, placed]
        last = placed
    return [] if last is None else [last]
