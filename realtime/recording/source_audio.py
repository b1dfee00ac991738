"""Audio track of the source file for the recorder: copied where the container accepts it, else transcoded."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

import av

from realtime.capture.frames.media_times import clock_may_leap
from realtime.capture.pyav_decoding import audio_streams, chosen_stream, open_media, packets_of, video_streams
from realtime.core.protocols import SourceFindings, Tracks
from realtime.recording.adts import audio_config, without_header
from realtime.recording.audio_encoder import AudioEncoder
from realtime.recording.formats import Format
from realtime.recording.sound_clock import SoundClock

_SEEK_MARGIN_S = 1.0
# Less sound than this beside the pictures is an encoder's padding.
_WORTH_A_LINE_S = 0.2
_AT_THE_END_S = 0.5


class SourceAudio:
    """Reads the audio of the file that is being played, in step with the recorded video.

    Every time given or returned counts from the first recorded picture. Used on one thread. First `add_to`, then
    `packets_until` any number of times.

    Args:
        path: `str`, the source file.
        first_media_time_s: `float`, media time of the first recorded picture, in seconds.
        kind: the recording that the sound must fit into.
        findings: what became known of the source while it was read; its clock is the sound's, too.
        tracks: which tracks of the source are taken.

    Attributes:
        notes: `list` of `str`, why sound is missing or not what it was, one line each.
        end_s: `float` or `None`, where the source's last picture ends, if the file declares it.
    """

    def __init__(
        self,
        path: str,
        first_media_time_s: float,
        kind: Format,
        findings: SourceFindings | None = None,
        tracks: Tracks | None = None,
    ) -> None:
        self.notes: list[str] = []
        self.end_s: float | None = None
        self._path, self._kind, self._tracks = path, kind, tracks or Tracks()
        self._container: Any = None
        self._audio: Any = None
        self._findings = findings or SourceFindings()
        self._first_media_time_s = first_media_time_s
        self._clock = SoundClock([(0.0, 0.0)], 0.0, leaps=False)
        self._stream: Any = None
        self._packets: Iterator[Any] = iter(())
        self._waiting: Any = None
        self._last_dts: int | None = None
        # What begins before the first picture is left out: what came before the recording, or an encoder's run-in:
        # only Opus carries its length, so that players skip it.
        self._keeps_run_in = False
        try:
            self._open(path, first_media_time_s)
        except (OSError, ValueError, av.FFmpegError) as error:
            self._give_up(error)

    def add_to(self, output: Any) -> None:
        """Add an audio stream to the container, if the source has one: copied, or transcoded."""
        if self._audio is None:
            return
        try:
            config = self._missing_config()
            if self._can_be_copied() and config is not None:
                self._stream = output.add_stream_from_template(self._audio)
                if config:
                    self._stream.codec_context.extradata = config
                self._packets = self._copied(strip=bool(config))
            else:
                self._encode_into(output)
        except (OSError, ValueError, av.FFmpegError) as error:
            self.notes.append(
                f"sound of the kind {_codec_name(self._audio)} can be neither copied to {self._kind.container} nor "
                f"encoded anew ({reason_of(error)}); recording goes on without it"
            )
            self._audio = None

    def packets_until(self, limit_s: float) -> Iterator[Any]:
        """Yield the packets that begin before `limit_s` and were not yielded before, moved to the recording's time.

        A fault in the source ends the sound with a note; the recording goes on.
        """
        try:
            while (packet := self._next()) is not None and packet.pts * packet.time_base < limit_s:
                self._waiting = None
                self._last_dts = packet.dts
                yield packet
        except (OSError, ValueError, av.FFmpegError) as error:
            self._give_up(error)

    def tell_what_is_left(self, until_s: float) -> None:
        """Note how much sound is not in the recording, which ends at `until_s`, though the source has it."""
        early_s = -(self._clock.first_s or 0.0)
        if self._first_media_time_s == 0 and early_s > _WORTH_A_LINE_S:
            self.notes.append(f"{early_s:.1f} s of the source's sound come before its first picture: left out")
        last_s = self._findings.end_s
        whole = last_s is not None and abs(last_s - self._first_media_time_s - until_s) < _AT_THE_END_S
        if self._audio is None or self._container is None or not whole:
            return
        with contextlib.suppress(OSError, ValueError, av.FFmpegError):
            for packet in packets_of(self._container, self._audio):
                if packet.pts is not None:
                    self._origin_of(packet)
        if (late_s := self._clock.end_s - until_s) > _WORTH_A_LINE_S:
            self.notes.append(f"{late_s:.1f} s of the source's sound come after its last picture: left out")

    def leave(self, error: Exception) -> None:
        """End the sound with a note: the container does not take what the source holds."""
        note = f"the source's sound ends early, its packets are refused ({reason_of(error)})"
        if note not in self.notes:
            self.notes.append(note)
        self._packets, self._waiting = iter(()), None

    def close(self) -> None:
        """Close the source file; any number of times."""
        self._packets, self._waiting = iter(()), None
        if self._container is not None:
            self._container.close()
            self._container = None

    def _open(self, path: str, first_media_time_s: float) -> None:
        self._container = open_media(path)
        video = chosen_stream(video_streams(self._container), self._tracks.video, "video", path)
        clock = self._findings.clock or [(0.0, 0.0 if video is None else _first_picture_s(path, video))]
        self._clock = SoundClock(clock, first_media_time_s, leaps=clock_may_leap(self._container))
        origin_s = clock[0][1] + first_media_time_s
        if video is not None and video.duration:
            self.end_s = float(((video.start_time or 0) + video.duration) * video.time_base) - origin_s
        audio = chosen_stream(audio_streams(self._container), self._tracks.audio, "audio", path)
        if audio is None:
            if self._container.streams.audio:
                self.notes.append("the source's sound is of a kind that FFmpeg does not know; recording without it")
            return
        # Where the clock leaps, a time may be in the file more than once: the sound is then read from the start.
        if first_media_time_s > _SEEK_MARGIN_S and len(clock) == 1:
            margin = round((origin_s - _SEEK_MARGIN_S) / audio.time_base)
            self._container.seek(margin, stream=audio)
        self._audio = audio

    def _can_be_copied(self) -> bool:
        wanted = self._kind.sound is None or _codec_name(self._audio) in self._kind.sound
        return wanted and _fits(self._audio, self._kind)

    def _missing_config(self) -> bytes | None:
        """Return the decoder configuration that the copy's header lacks, "" if none, `None` if it is unknown."""
        if _codec_name(self._audio) != "aac" or self._audio.codec_context.extradata:
            return b""
        with open_media(self._path) as container:
            first = next(packets_of(container, container.streams[self._audio.index]))
            return audio_config(bytes(first))

    def _copied(self, strip: bool) -> Iterator[Any]:
        for packet in packets_of(self._container, self._audio):
            if packet.pts is not None and packet.dts is not None:
                packet = _bare(packet) if strip else packet
                shift = round(self._origin_of(packet) / self._audio.time_base)
                packet.pts -= shift
                packet.dts -= shift
                packet.stream = self._stream
                yield packet

    def _encode_into(self, output: Any) -> None:
        encoder = AudioEncoder(self._audio, self._clock.origin_s, output, self._kind.sound_encoder)
        self._packets = encoder.encoded(packets_of(self._container, self._audio))
        self._keeps_run_in = self._kind.sound_encoder == "libopus"
        self.notes.append(
            f"the source's sound is {_codec_name(self._audio)}, which {self._kind.container} cannot carry: recorded as "
            f"{self._kind.sound_encoder.removeprefix('lib')} instead"
        )

    def _origin_of(self, packet: Any) -> float:
        time_base = packet.time_base
        return self._clock.origin_s(float(packet.pts * time_base), float((packet.duration or 0) * time_base))

    def _next(self) -> Any:
        """Return the next packet without taking it, or `None` at the end."""
        while self._waiting is None:
            packet = next(self._packets, None)
            if packet is None:
                return None
            # A duplicate or decreasing timestamp would make the muxer fail the whole recording.
            early = packet.pts < 0 and not self._keeps_run_in
            if not early and (self._last_dts is None or packet.dts > self._last_dts):
                self._waiting = packet
        return self._waiting

    def _give_up(self, error: Exception) -> None:
        self.notes.append(f"the sound of the source cannot be read ({reason_of(error)}); recording goes on without it")
        self._packets, self._waiting = iter(()), None


def _bare(packet: Any) -> Any:
    """Return a packet of ADTS as one that a file can carry."""
    bare = av.Packet(without_header(bytes(packet)))
    bare.pts, bare.dts, bare.duration, bare.time_base = packet.pts, packet.dts, packet.duration, packet.time_base
    return bare


def _first_picture_s(path: str, video: Any) -> float:
    """Return the source's own time of its first picture, in seconds; media time counts from there."""
    # Decoded, since the container's start time is that of the first packet, which is not always the first shown.
    with contextlib.suppress(OSError, ValueError, av.FFmpegError), open_media(path) as container:
        for packet in packets_of(container, container.streams[video.index]):
            # Damaged pictures are left out, as the reader of the pictures leaves them out.
            with contextlib.suppress(av.FFmpegError):
                for picture in packet.decode():
                    return float((video.start_time or 0) * video.time_base if picture.time is None else picture.time)
    return float((video.start_time or 0) * video.time_base)


def reason_of(error: BaseException | None) -> str:
    """Return what went wrong in few words, without the number and the path that the text of an `OSError` repeats."""
    return str(getattr(error, "strerror", None) or error)


def _codec_name(stream: Any) -> str:
    # The codec's own name: a decoder's may differ ("mp3float").
    return str(stream.codec_context.codec.canonical_name)


def _fits(audio: Any, kind: Format) -> bool:
    """Return whether the container accepts the stream; tried in memory, as some refuse only when writing the header."""
    try:
        with av.open(io.BytesIO(), "w", format=kind.container, container_options=dict(kind.open_options)) as trial:
            trial.add_stream_from_template(audio)
            trial.start_encoding()
    except (OSError, ValueError, av.FFmpegError):
        return False
    return True
