"""Writes annotated pictures as a video: right speed, the source's sound kept, playable after a crash.

While it runs, everything goes into `NAME.part.mp4` beside the target, a fragmented file that a player can read up to
its last half second even if the program is killed. `close` rewrites it, without encoding again, as an ordinary file.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import PictureType

from realtime.channel import Channel, ChannelClosedError, WhenFull
from realtime.errors import ConfigError, RecordError
from realtime.sound import SourceSound, reason_of
from realtime.stages import SourceInfo
from realtime.types import ImageArray

FORMATS = {".mp4": "mp4", ".mkv": "matroska", ".mov": "mov"}
"""Suffix of a recording -> container format."""

_QUEUE_PICTURES = 8
_TIME_BASE = Fraction(1, 90_000)
_KEYFRAME_EVERY = round(1 / _TIME_BASE)
_FALLBACK_FPS = 30.0
# zerolatency: with look-ahead and frame threads a killed process would lose a second and more inside the encoder.
_ENCODER = {"preset": "veryfast", "tune": "zerolatency", "crf": "20", "forced-idr": "1"}
_FRAGMENTS = {
    # frag_discont and use_editlist: each track's first fragment has its own time, so that sound may begin late.
    "movflags": "frag_keyframe+empty_moov+default_base_moof+frag_discont",
    "use_editlist": "1",
    "movie_timescale": "90000",
    "frag_duration": "500000",
    "flush_packets": "1",
    # A sound that ended before the pictures must not hold them back in memory.
    "max_interleave_delta": "500000",
}
# Matrix BT.601, which also the readers that ignore the tag assume; primaries and transfer BT.709, as screens have them.
_COLOURS = {"colorspace": 6, "color_primaries": 1, "color_trc": 1, "color_range": 1}


class VideoRecorder:
    """Records pictures with their own times; encodes on its own thread.

    Args:
        path: the video to write; its suffix (.mp4, .mkv, .mov) chooses the container.
        info: the source; the sound of `info.path` is copied.
        overwrite: replace an existing file.

    Attributes:
        notes: `list` of `str`, one line each, what the user should know (no sound, nothing recorded); complete
            after `close`.

    Raises:
        ConfigError: unknown suffix, or the recording would replace the file that is being played.
        RecordError: the folder is missing or cannot be written, or the file exists and `overwrite` is false.
    """

    def __init__(self, path: Path, info: SourceInfo, *, overwrite: bool = True) -> None:
        _check_target(path, info, overwrite)
        self._path = path
        self._info = info
        self._part = _free_part_path(path)
        try:
            self._part.open("wb").close()
        except OSError as error:
            raise RecordError(
                f"cannot record to {path}: {reason_of(error)}; give a folder that can be written"
            ) from error
        self.notes: list[str] = []
        self._frames_written = 0
        self._failure: Exception | None = None
        self._told = False
        self._pictures: Channel[tuple[ImageArray, float]] = Channel(_QUEUE_PICTURES, WhenFull.WAIT)
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    @property
    def frames_written(self) -> int:
        """Pictures encoded so far."""
        return self._frames_written

    def write_picture(self, image_bgr: ImageArray, media_time_s: float) -> None:
        """Record one picture; waits while the encoder is behind, drops nothing.

        Args:
            image_bgr: `(H, W, 3) uint8`, handed over: it must not be written to afterwards.
            media_time_s: `float`, its position in the source in seconds; the recording starts with the first one.

        Raises:
            RecordError: an earlier picture could not be written, or the recorder is closed.
        """
        if image_bgr.ndim != 3 or image_bgr.shape[2] != 3 or image_bgr.dtype != np.uint8:
            raise ValueError(f"image_bgr must be (H, W, 3) uint8; received {image_bgr.shape} {image_bgr.dtype}")
        try:
            self._pictures.put((image_bgr, media_time_s))
        except ChannelClosedError:
            if self._failure is None:
                raise RecordError(f"the recording {self._path} is closed; start another one") from None
            self._raise_failure()

    def close(self) -> None:
        """Finish the file; any number of times.

        Raises:
            RecordError: a picture could not be written and no call has said so yet.
        """
        self._pictures.close()
        self._thread.join()
        if self._failure is not None and not self._told:
            self._raise_failure()

    def _raise_failure(self) -> None:
        self._told = True
        kept = f"what was recorded until then is in {self._part}; " if self._part.exists() else ""
        why = reason_of(self._failure)
        message = f"cannot record to {self._path}: {why}; {kept}free some space or give another folder"
        raise RecordError(message) from self._failure

    def _work(self) -> None:
        try:
            self._record_all()
            self._finish()
        except Exception as error:  # Whatever it is, it belongs to the main thread.
            self._failure = error
            self._pictures.close()
            self._pictures.clear()

    def _record_all(self) -> None:
        writer: _PartWriter | None = None
        try:
            while True:
                image_bgr, media_time_s = self._pictures.get()
                if writer is None:
                    height, width = image_bgr.shape[:2]
                    size_wh = (width + width % 2, height + height % 2)
                    writer = _PartWriter(
                        self._part, self._info.fps, size_wh, media_time_s, self._open_sound(media_time_s)
                    )
                writer.write(image_bgr, media_time_s)
                self._frames_written += 1
        except ChannelClosedError:
            if writer is not None:
                writer.finish()
        finally:
            if writer is not None:
                self.notes += writer.release()

    def _open_sound(self, media_time_s: float) -> SourceSound | None:
        formats = ("mp4", FORMATS[self._path.suffix.lower()])
        return None if self._info.path is None else SourceSound(self._info.path, media_time_s, formats)

    def _finish(self) -> None:
        if self._frames_written == 0:
            self._part.unlink(missing_ok=True)
            self.notes.append(f"no picture was recorded; {self._path} was not written")
            return
        finished = self._part.with_name(f"{self._part.stem}-final{self._path.suffix}")
        try:
            _remux(self._part, finished, FORMATS[self._path.suffix.lower()])
            finished.replace(self._path)
        except (OSError, ValueError, av.FFmpegError) as error:
            with contextlib.suppress(OSError):
                finished.unlink(missing_ok=True)
            if self._path.suffix.lower() == ".mkv":  # The fragments are mp4: not what that name promises.
                raise
            self._part.replace(self._path)
            self.notes.append(f"{self._path} is complete but slow to seek in: rewriting it failed ({reason_of(error)})")
            return
        self._part.unlink()


class _PartWriter:
    """Encodes into the fragmented file, picture by picture; used on the recorder's thread only."""

    def __init__(self, part: Path, fps: float, size_wh: tuple[int, int], first_s: float, sound: SourceSound | None):
        self._first_s = first_s
        self._fps = fps if fps > 0 else _FALLBACK_FPS
        self._sound = sound
        self._size_wh = size_wh
        self._pts: list[int] = []
        self._next_keyframe = 0
        self._held: Any = None
        self._container = av.open(str(part), "w", format="mp4", container_options=_FRAGMENTS)
        rate = Fraction(self._fps).limit_denominator(1001)
        self._video = self._container.add_stream("libx264", rate=rate, time_base=_TIME_BASE, options=dict(_ENCODER))
        context = self._video.codec_context
        context.width, context.height, context.pix_fmt = *size_wh, "yuv420p"
        context.time_base = _TIME_BASE
        # Without B-frames packets leave in order and fragments need no edit list: times stay exact. Key frames are
        # set by time, since the rate may vary.
        context.max_b_frames, context.gop_size = 0, 1 << 16
        for name, value in _COLOURS.items():
            setattr(context, name, value)
        copied = None if sound is None else sound.stream
        self._audio = None if copied is None else self._container.add_stream_from_template(copied)

    def write(self, image_bgr: ImageArray, media_time_s: float) -> None:
        pts = round((media_time_s - self._first_s) / _TIME_BASE)
        if self._pts:
            pts = max(pts, self._pts[-1] + 1)
        self._copy_sound(float(pts * _TIME_BASE))
        picture = av.VideoFrame.from_ndarray(_padded_to_even(image_bgr), format="bgr24")
        picture = picture.reformat(*self._size_wh, format="yuv420p", dst_colorspace="ITU601", dst_color_range="MPEG")
        picture.pts, picture.time_base = pts, _TIME_BASE
        if pts >= self._next_keyframe:
            picture.pict_type = PictureType.I
            self._next_keyframe = pts + _KEYFRAME_EVERY
        self._pts.append(pts)
        self._mux(self._video.encode(picture))

    def finish(self) -> None:
        """Write what the encoder still holds, the rest of the sound and the file's end."""
        self._mux(self._video.encode(None))
        last = self._last_duration()
        self._copy_sound(float((self._pts[-1] + last) * _TIME_BASE))
        if self._held is not None:
            self._held.duration = last
            self._container.mux(self._held)
            self._held = None
        self._container.close()

    def release(self) -> list[str]:
        """Close both files, whatever state they are in, and return what there is to say about the sound."""
        with contextlib.suppress(OSError, ValueError, av.FFmpegError):
            self._container.close()
        if self._sound is None:
            return []
        self._sound.close()
        return self._sound.notes

    def _mux(self, packets: list[Any]) -> None:
        # Held until its successor is known: a fragment states how long its last picture lasts.
        for packet in packets:
            if self._held is not None:
                self._held.duration = packet.pts - self._held.pts
                self._container.mux(self._held)
            self._held = packet

    def _copy_sound(self, until_s: float) -> None:
        if self._sound is not None and self._audio is not None:
            for packet in self._sound.packets_until(until_s):
                packet.stream = self._audio
                self._container.mux(packet)

    def _last_duration(self) -> int:
        """Return how long the last picture lasts: to the source's end if near, else as long as the one before it."""
        gaps = [b - a for a, b in itertools.pairwise(self._pts[-2:])]
        gap = gaps[0] if gaps else round(1 / self._fps / _TIME_BASE)
        end_s = None if self._sound is None else self._sound.end_s
        left = 0 if end_s is None else round(end_s / _TIME_BASE) - self._pts[-1]
        return left if gap / 4 <= left <= 4 * gap else gap


def _check_target(path: Path, info: SourceInfo, overwrite: bool) -> None:
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"a recording must end in {', '.join(FORMATS)}; received {path.name}")
    if info.path is not None and path.exists() and path.resolve() == Path(info.path).resolve():
        raise ConfigError(f"a recording cannot replace the file that it is made from, {path}; give another name")
    if not path.parent.is_dir():
        raise RecordError(f"cannot record to {path}: there is no folder {path.parent}; create it, or give another one")
    if path.is_dir() or (path.exists() and not overwrite):
        raise RecordError(f"cannot record to {path}: it exists already; give another name")


def _free_part_path(path: Path) -> Path:
    """Return `NAME.part.mp4`, or with a number: what a killed run left behind is never overwritten."""
    names = itertools.chain([f"{path.stem}.part.mp4"], (f"{path.stem}.part{n}.mp4" for n in itertools.count(2)))
    return next(part for part in map(path.with_name, names) if not part.exists())


def _padded_to_even(image_bgr: ImageArray) -> ImageArray:
    """Return the picture with its last row and column repeated where their number is odd: yuv420p needs pairs."""
    odd_y, odd_x = image_bgr.shape[0] % 2, image_bgr.shape[1] % 2
    if odd_x or odd_y:
        return np.pad(image_bgr, ((0, odd_y), (0, odd_x), (0, 0)), mode="edge")
    return np.ascontiguousarray(image_bgr)


def _remux(part: Path, target: Path, container_format: str) -> None:
    """Copy every packet of `part` into a new file with its index in front."""
    options = {} if container_format == "matroska" else {"movflags": "faststart", "movie_timescale": "90000"}
    with (
        av.open(str(part)) as source,
        av.open(str(target), "w", format=container_format, container_options=options) as output,
    ):
        streams = {stream.index: output.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                output.mux(packet)
