"""The sound and the clock of a source file, for the recorder: packets are copied as they are, never decoded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import av

_SEEK_MARGIN_S = 1.0


class SourceSound:
    """Reads the sound of the file that is being played, in step with the pictures that are being recorded.

    Every time given or returned counts from the first recorded picture. Used on one thread.

    Args:
        path: `str`, the source file.
        first_media_time_s: `float`, media time of the first recorded picture, in seconds.
        containers: `tuple` of `str`, container formats that the sound must fit into.

    Attributes:
        notes: `list` of `str`, why sound is missing, one line each.
        stream: the audio stream to copy, or `None`.
        end_s: `float` or `None`, where the source's last picture ends, if the file says so.
    """

    def __init__(self, path: str, first_media_time_s: float, containers: tuple[str, ...]) -> None:
        self.notes: list[str] = []
        self.stream: Any = None
        self.end_s: float | None = None
        self._container: Any = None
        self._packets: Iterator[Any] = iter(())
        self._waiting: Any = None
        self._last_dts: int | None = None
        try:
            self._open(path, first_media_time_s, containers)
        except (OSError, ValueError, av.FFmpegError) as error:
            self._give_up(error)

    def packets_until(self, limit_s: float) -> Iterator[Any]:
        """Yield the packets that begin before `limit_s` and were not yielded before, moved to the recording's time.

        Packets that begin before the first recorded picture are left out. A fault in the source ends the sound with
        a note; the recording goes on.
        """
        try:
            while (packet := self._next()) is not None and packet.pts * packet.time_base < limit_s:
                self._waiting = None
                self._last_dts = packet.dts
                yield packet
        except (OSError, ValueError, av.FFmpegError) as error:
            self._give_up(error)

    def close(self) -> None:
        """Close the source file; any number of times."""
        self._packets, self._waiting = iter(()), None
        if self._container is not None:
            self._container.close()
            self._container = None

    def _open(self, path: str, first_media_time_s: float, containers: tuple[str, ...]) -> None:
        self._container = av.open(path)
        video = next(iter(self._container.streams.video), None)
        start_s = 0.0 if video is None else _first_picture_s(path, video)
        origin_s = start_s + first_media_time_s
        if video is not None and video.duration:
            self.end_s = float(((video.start_time or 0) + video.duration) * video.time_base) - origin_s
        audio = next(iter(self._container.streams.audio), None)
        if audio is None:
            return
        unfit = [name for name in containers if not _fits(audio, name)]
        if unfit:
            self.notes.append(
                f"sound of the kind {_codec_name(audio)} does not go into {unfit[-1]}: recording without it; "
                "to keep it, convert the source's sound to aac first"
            )
            return
        self.stream = audio
        self._shift = round(origin_s / audio.time_base)
        if first_media_time_s > _SEEK_MARGIN_S:
            self._container.seek(self._shift - round(_SEEK_MARGIN_S / audio.time_base), stream=audio)
        self._packets = self._container.demux(audio)

    def _next(self) -> Any:
        """Return the next packet to copy without taking it, or `None` at the end."""
        while self._waiting is None:
            packet = next(self._packets, None)
            if packet is None:
                return None
            if packet.pts is None or packet.dts is None:
                continue
            packet.pts -= self._shift
            packet.dts -= self._shift
            # One that repeats or turns back in time would make the muxer refuse the whole recording.
            if packet.pts >= 0 and (self._last_dts is None or packet.dts > self._last_dts):
                self._waiting = packet
        return self._waiting

    def _give_up(self, error: Exception) -> None:
        self.notes.append(f"the sound of the source cannot be read ({reason_of(error)}); recording goes on without it")
        self._packets, self._waiting = iter(()), None


def _first_picture_s(path: str, video: Any) -> float:
    """Return the source's own time of its first picture, in seconds; media time counts from there."""
    # Decoded, since the container's start time is that of the first packet, which need not be shown first.
    try:
        with av.open(path) as container:
            picture = next(container.decode(container.streams.video[0]))
            if picture.time is not None:
                return float(picture.time)
    except (StopIteration, OSError, ValueError, av.FFmpegError):
        pass
    return float((video.start_time or 0) * video.time_base)


def reason_of(error: BaseException | None) -> str:
    """Return what went wrong in few words, without the number and the path that the text of an `OSError` repeats."""
    return str(getattr(error, "strerror", None) or error)


def _codec_name(stream: Any) -> str:
    return "unknown codec" if stream.codec_context is None else str(stream.codec_context.name)


def _fits(audio: Any, container: str) -> bool:
    """Whether a file of format `container` takes the stream; tried on memory, as some say no only to the header."""
    try:
        with av.open(io.BytesIO(), "w", format=container) as trial:
            trial.add_stream_from_template(audio)
            trial.start_encoding()
    except (OSError, ValueError, av.FFmpegError):
        return False
    return True
