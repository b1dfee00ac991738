"""Decoded sound of a video file by media time, for playback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio.resampler import AudioResampler

from realtime.capture.pyav_decoding import audio_streams, open_media, packets_of, silence_libav, video_stream
from realtime.core.errors import SourceOpenError

RATE = 48_000
"""Samples per second and channel."""

Samples = npt.NDArray[np.int16]
"""`(N, 2) int16`: left and right."""


class SoundSamples:
    """Decodes the first sound track of a video, from any moment on. Not thread-safe.

    Args:
        path: the file.

    Raises:
        SourceOpenError: it cannot be opened, or has no sound.
    """

    def __init__(self, path: str) -> None:
        silence_libav()
        try:
            self._container: Any = open_media(path)
        except (av.FFmpegError, OSError) as error:
            raise SourceOpenError(f"{path} cannot be opened any more; was it moved? open it again") from error
        tracks = audio_streams(self._container)
        if not tracks:
            self.close()
            raise SourceOpenError("this video has no sound")
        self._track = tracks[0]
        self._origin_s = self._first_picture_s()
        self._sound: Iterator[tuple[float, Samples]] = iter(())
        self.seek(0.0)

    def seek(self, time_s: float) -> None:
        """Go on from this media time, in seconds: 0 is the first picture."""
        place = int((self._origin_s + time_s) * av.time_base)
        with contextlib.suppress(av.FFmpegError, OSError):
            self._container.seek(max(0, place))
            self._track.codec_context.flush_buffers()
        self._sound = (piece for piece in self._decoded() if piece[0] + len(piece[1]) / RATE > time_s)

    def read(self) -> tuple[float, Samples] | None:
        """Return the next piece and the media time of its first sample, in seconds; `None` at the end."""
        return next(self._sound, None)

    def close(self) -> None:
        """Close the file; any number of times."""
        self._sound = iter(())
        if self._container is not None:
            self._container.close()
            self._container = None

    def _first_picture_s(self) -> float:
        """Return the file's time of the first picture, from which media times count."""
        pictures = video_stream(self._container)
        if pictures is not None:
            with contextlib.suppress(av.FFmpegError):
                for frame in self._container.decode(pictures):
                    return float(frame.time or 0.0)
        return 0.0

    def _decoded(self) -> Iterator[tuple[float, Samples]]:
        resampler, shape = AudioResampler("s16", "stereo", RATE), None
        packets = packets_of(self._container, self._track)
        while True:
            packet = None
            with contextlib.suppress(av.FFmpegError):
                packet = next(packets, None)
            frames: list[Any] = []
            with contextlib.suppress(av.FFmpegError):
                frames = self._track.codec_context.decode(packet)
            for frame in frames:
                if (frame.format.name, frame.layout.name, frame.sample_rate) != shape:
                    # Broadcasts change it in the middle, which a resampler refuses.
                    shape = (frame.format.name, frame.layout.name, frame.sample_rate)
                    resampler = AudioResampler("s16", "stereo", RATE)
                time_s = float(frame.time or 0.0) - self._origin_s
                for piece in resampler.resample(frame):
                    samples = np.asarray(piece.to_ndarray(), np.int16).reshape(-1, 2)
                    yield time_s, samples
                    time_s += len(samples) / RATE
            if packet is None:
                return
