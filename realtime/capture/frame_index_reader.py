"""Random access to the frames of a video file by frame index."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from realtime.capture.frames.deinterlacer import Deinterlacer
from realtime.capture.frames.picture_converter import PictureConverter
from realtime.capture.pyav_decoding import decoding_threads, open_media, packets_of, silence_libav, video_stream
from realtime.core.errors import SourceOpenError, SourceReadError
from realtime.core.types import ImageArray

# Decoding forward this far is cheaper than a seek, which begins at the key frame before.
_READ_ON_S = 2.0
_SAME_TIME_S = 0.002


def length_s(path: str) -> float | None:
    """Return the file's declared length in seconds; `None` if it declares none or cannot be opened."""
    silence_libav()
    with contextlib.suppress(av.FFmpegError, OSError), open_media(path) as container:
        stream = video_stream(container)
        if stream is not None and stream.duration and stream.time_base:
            return float(stream.duration * stream.time_base)
        return container.duration / av.time_base if container.duration else None
    return None


class SeekableVideo:
    """Decodes frames by index. Seeks to the key frame before where the timestamps allow it, else reads from the start.

    Args:
        path: the file; it must be the one whose times these are.
        times_s: media time of every frame, as `realtime.capture.video_file.FileSource` gave them.

    Raises:
        SourceOpenError: it cannot be opened any more.
    """

    def __init__(self, path: str, times_s: npt.NDArray[np.float64]) -> None:
        silence_libav()
        self._path, self._times_s = path, times_s
        self._container: Any = None
        self._stream: Any = None
        self._converter: PictureConverter | None = None
        self._frames: Iterator[Any] = iter(())
        self._next = 0
        self._waiting: Any = None
        self._origin_s: float | None = None
        self._rewind()

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of every picture, in pixels, upright."""
        size_wh = None if self._converter is None else self._converter.size_wh
        return size_wh or (1, 1)

    def frame(self, index: int, given_up: Callable[[], bool] = lambda: False) -> ImageArray | None:
        """Return frame `index`, `(H, W, 3) uint8` BGR, upright; `None` once `given_up` says so.

        Raises:
            SourceOpenError: the file is gone.
            SourceReadError: it has changed and has fewer frames now.
        """
        decoded = self._decoded(index, given_up)
        return None if decoded is None or self._converter is None else self._converter.bgr(decoded)

    def picture(self, index: int, size_wh: tuple[int, int], given_up: Callable[[], bool]) -> ImageArray | None:
        """Return frame `index` at a size in pixels, `(H, W, 3) uint8` RGB; otherwise as `frame`."""
        decoded = self._decoded(index, given_up)
        return None if decoded is None or self._converter is None else self._converter.rgb(decoded, size_wh)

    def _decoded(self, index: int, given_up: Callable[[], bool]) -> Any:
        if not self._near(index) and not self._jump(index):
            self._rewind()
        while not given_up():
            decoded, self._waiting = self._waiting or next(self._frames, None), None
            if decoded is None:
                raise SourceReadError(
                    f"{self._path} must be the file that was analyzed; it ended before frame {index}: open it again"
                )
            self._next += 1
            if self._next > index:
                return decoded
        return None

    def close(self) -> None:
        """Close the file; any number of times."""
        self._frames, self._waiting = iter(()), None
        if self._container is not None:
            self._container.close()
            self._container = None

    def _near(self, index: int) -> bool:
        if self._next > index:
            return False
        here = min(self._next, len(self._times_s) - 1)
        return bool(self._times_s[index] - self._times_s[here] <= _READ_ON_S)

    def _rewind(self) -> None:
        self.close()
        try:
            self._container = open_media(self._path)
        except (av.FFmpegError, OSError) as error:
            raise SourceOpenError(f"{self._path} cannot be opened any more; was it moved? open it again") from error
        self._stream = video_stream(self._container)
        if self._stream is None:
            raise SourceOpenError(f"{self._path} has no moving picture any more; open it again")
        self._stream.codec_context.thread_count = decoding_threads()
        self._stream.thread_type = "AUTO"
        self._converter = PictureConverter(self._stream, before=self._converter)
        self._next, self._frames = 0, self._deinterlaced()
        if self._origin_s is None:
            self._waiting = next(self._frames, None)
            self._origin_s = None if self._waiting is None else self._waiting.time
            if self._waiting is not None:
                self._converter.bgr(self._waiting)  # every picture gets the size of the first

    def _jump(self, index: int) -> bool:
        """Seek to or shortly before frame `index`; return False where the file cannot do that."""
        if self._origin_s is None or self._times_s[index] < _READ_ON_S:
            return False
        place = int((self._origin_s + float(self._times_s[index])) / self._stream.time_base)
        try:
            self._container.seek(place, stream=self._stream)
        except (av.FFmpegError, OSError):
            return False
        self._stream.codec_context.flush_buffers()
        self._frames = self._deinterlaced()
        self._waiting = next(self._frames, None)
        if self._waiting is None or self._waiting.time is None:
            return False
        at_s = self._waiting.time - self._origin_s
        found = int(np.searchsorted(self._times_s, at_s - _SAME_TIME_S))
        if found > index or found == len(self._times_s) or abs(float(self._times_s[found]) - at_s) > _SAME_TIME_S:
            return False
        self._next = found
        return True

    def _deinterlaced(self) -> Iterator[Any]:
        deinterlacer = Deinterlacer()
        for frame in self._decode():
            yield from deinterlacer.feed([frame])
        yield from deinterlacer.feed([], last=True)

    def _decode(self) -> Iterator[Any]:
        """Yield decoded frames; damaged packets are left out, as the first reading left them out."""
        packets = packets_of(self._container, self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:
                packet = None
            frames: list[Any] = []
            with contextlib.suppress(av.FFmpegError):
                frames = self._stream.codec_context.decode(packet)
            yield from frames
            if packet is None:
                return
