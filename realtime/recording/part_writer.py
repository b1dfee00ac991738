"""Fragmented, crash-safe writer of video and audio: the file is playable at any moment."""

from __future__ import annotations

import contextlib
import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import PictureType

from realtime.core.types import ImageArray
from realtime.recording.formats import Encoder, Format
from realtime.recording.source_audio import SourceAudio

# MPEG's 90 kHz clock: exact for all common frame rates, and fine enough for variable ones.
_TIME_BASE = Fraction(1, 90_000)
_KEYFRAME_EVERY = round(1 / _TIME_BASE)
_LONGEST_DURATION = 3600 * _KEYFRAME_EVERY
_FALLBACK_FPS = 30.0
_REFUSED_AT_MOST = 100
# Matrix BT.601, which readers that ignore the tag assume too; primaries and transfer BT.709, as screens have them.
_COLOURS = {"colorspace": 6, "color_primaries": 1, "color_trc": 1, "color_range": 1}


class PartWriter:
    """Writes one file with a variable frame rate, picture by picture; used on one thread.

    Args:
        part: the file.
        kind: what it is made of.
        encoder: of the pictures.
        fps: `float`, the source's average rate, 0 if unknown; only the last picture's length depends on it.
        size_wh: pixels, both even.
        first_s: `float`, media time of the first picture in seconds; the file starts there.
        sound: the source's, or `None`.
        comment: of the file: the facts of its run, as JSON.

    Raises:
        OSError, ValueError, av.FFmpegError: by every method that writes.
    """

    def __init__(
        self,
        part: Path,
        kind: Format,
        encoder: Encoder,
        fps: float,
        size_wh: tuple[int, int],
        first_s: float,
        sound: SourceAudio | None,
        comment: str = "",
    ) -> None:
        self._first_s = first_s
        self._fps = fps if fps > 0 else _FALLBACK_FPS
        self._sound = sound
        self._size_wh = size_wh
        self._pts: list[int] = []
        self._next_keyframe = 0
        self._held: Any = None
        self._latest: Any = None
        # An MP4 fragment states the duration of its last picture, so each packet is held until its successor is known.
        self._holds = kind.index_options is not None
        self._refused = 0
        self._container = _new_container(part, kind, comment)
        rate = Fraction(self._fps).limit_denominator(1001)
        self._video: Any = self._container.add_stream(
            encoder.name, rate=rate, time_base=_TIME_BASE, options=dict(encoder.options)
        )
        context: Any = self._video.codec_context
        context.width, context.height, context.pix_fmt = *size_wh, "yuv420p"
        context.time_base = _TIME_BASE
        # Without B-frames packets leave in presentation order and fragments need no edit list: times stay exact. Key
        # frames are forced by time in `write`, since the frame rate may vary; the GOP size only disables the encoder's.
        context.max_b_frames, context.gop_size = 0, 1 << 16
        for name, value in _COLOURS.items():
            setattr(context, name, value)
        if sound is not None:
            sound.add_to(self._container)

    def write(self, image_bgr: ImageArray, media_time_s: float) -> None:
        """Encode `(H, W, 3) uint8`, shown at `media_time_s`, and the sound until then."""
        pts = round((media_time_s - self._first_s) / _TIME_BASE)
        if self._pts:
            # Two media times may round to one tick, but timestamps must increase strictly.
            pts = max(pts, self._pts[-1] + 1)
        # Audio first: after a crash both tracks end at about the same time.
        self._write_sound(float(pts * _TIME_BASE))
        picture = av.VideoFrame.from_ndarray(_padded_to_even(image_bgr), format="bgr24")
        picture = picture.reformat(*self._size_wh, format="yuv420p", dst_colorspace="ITU601", dst_color_range="MPEG")
        # A camera that was away for hours: its last picture is repeated, since durations have 31 bits.
        while self._pts and pts - self._pts[-1] > _LONGEST_DURATION:
            self._encode(self._latest, self._pts[-1] + _LONGEST_DURATION)
        self._encode(picture, pts)

    def _encode(self, picture: Any, pts: int) -> None:
        self._latest = picture
        picture.pts, picture.time_base = pts, _TIME_BASE
        if pts >= self._next_keyframe:
            picture.pict_type = PictureType.I
            self._next_keyframe = pts + _KEYFRAME_EVERY
        self._pts = [*self._pts[-1:], pts]
        self._mux(self._video.encode(picture))

    def finish(self) -> None:
        """Write what the encoder still holds, the rest of the sound and the file's end."""
        self._mux(self._video.encode(None))
        last = self._last_duration()
        end_s = float((self._pts[-1] + last) * _TIME_BASE)
        self._write_sound(end_s)
        if self._sound is not None:
            self._sound.tell_what_is_left(end_s)
        if self._held is not None:
            self._held.duration = last
            self._put(self._held)
            self._held = None
        self._container.close()

    def release(self) -> list[str]:
        """Close both files in any state, and return the notes about the audio."""
        # After a failed write, closing fails again; the first error has been raised already.
        with contextlib.suppress(OSError, ValueError, av.FFmpegError):
            self._container.close()
        if self._sound is None:
            return []
        self._sound.close()
        return self._sound.notes

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            if not self._holds:
                packet.duration = self._last_duration()
                self._put(packet)
                continue
            if self._held is not None:
                self._held.duration = packet.pts - self._held.pts
                self._put(self._held)
            self._held = packet

    def _put(self, packet: Any) -> None:
        """Mux a packet. Audio that the container turns out to refuse is left out from here on."""
        try:
            self._container.mux(packet)
        except (ValueError, PermissionError) as error:
            # Muxers report a bad packet by these errors, a disk fails with others. The report comes with a later packet
            # than the bad one, and once for each that is buffered in between.
            self._refused += 1
            if self._sound is None or self._refused > _REFUSED_AT_MOST:
                raise
            self._sound.leave(error)

    def _write_sound(self, until_s: float) -> None:
        if self._sound is None:
            return
        for packet in self._sound.packets_until(until_s):
            self._put(packet)

    def _last_duration(self) -> int:
        """Return how long the last picture lasts: to the source's end if near, else as long as the one before it."""
        gaps = [b - a for a, b in itertools.pairwise(self._pts)]
        gap = gaps[0] if gaps else round(1 / self._fps / _TIME_BASE)
        end_s = None if self._sound is None else self._sound.end_s
        # The source's end is used only if plausible: a recording that was stopped early is far from it.
        left = 0 if end_s is None else round(end_s / _TIME_BASE) - self._pts[-1]
        return left if gap / 4 <= left <= 4 * gap else gap


def _new_container(part: Path, kind: Format, comment: str) -> Any:
    # "file:" keeps a colon in the name from being parsed as a protocol.
    container = av.open(f"file:{part}", "w", format=kind.container, container_options=dict(kind.open_options))
    if comment:
        container.metadata["comment"] = comment
    return container


def with_index_in_front(part: Path, target: Path, kind: Format) -> None:
    """Copy every packet of `part` into a new file that players seek in at once. Raises OSError, av.FFmpegError."""
    with (
        av.open(f"file:{part}", metadata_errors="replace") as source,
        av.open(
            f"file:{target}", "w", format=kind.container, container_options=dict(kind.index_options or {})
        ) as output,
    ):
        output.metadata.update({key: text for key, text in source.metadata.items() if key.lower() == "comment"})
        streams = {stream.index: output.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            # demux() ends every stream with an empty packet, which must not be muxed.
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                output.mux(packet)


def _padded_to_even(image_bgr: ImageArray) -> ImageArray:
    """Return the picture with its last row and column repeated where their number is odd: yuv420p needs pairs."""
    odd_y, odd_x = image_bgr.shape[0] % 2, image_bgr.shape[1] % 2
    if odd_x or odd_y:
        return np.pad(image_bgr, ((0, odd_y), (0, odd_x), (0, 0)), mode="edge")
    return np.ascontiguousarray(image_bgr)
