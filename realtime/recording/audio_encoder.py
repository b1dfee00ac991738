"""Transcodes audio that the container cannot carry, keeping it in sync with the video."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt

# Timestamps are often rounded to milliseconds; such a difference is not a gap.
_TOLERANCE_S = 0.02
_BITS_PER_CHANNEL = 80_000
_FALLBACK_RATE = 48_000
_FALLBACK_FRAME = 1024

_Samples = npt.NDArray[np.float32]


class AudioEncoder:
    """Decodes the packets of one stream and encodes them by their timestamps: gaps become silence, overlaps are cut.

    Used on one thread. Sound before time 0 is left out.

    Args:
        source: the stream that is decoded.
        origin_s: returns the source's own time that is the recording's 0, for sound of a time and length in seconds.
        output: the container that gets a stream.
        encoder: FFmpeg's name of the encoder.

    Attributes:
        stream: the new stream of `output`.

    Raises:
        ValueError, av.FFmpegError: the encoder is missing or refuses this sound.
    """

    def __init__(self, source: Any, origin_s: Callable[[float, float], float], output: Any, encoder: str) -> None:
        self._decoder = source.codec_context
        self._origin_s = origin_s
        channels = min(2, max(1, self._decoder.channels))
        rate = _rate(encoder, self._decoder.sample_rate)
        layout = "stereo" if channels == 2 else "mono"
        self.stream = output.add_stream(
            encoder, rate=rate, layout=layout, format="flt" if encoder == "libopus" else "fltp"
        )
        context = self.stream.codec_context
        context.bit_rate = _BITS_PER_CHANNEL * channels
        context.time_base = Fraction(1, rate)
        context.open(strict=False)
        self._context, self._rate, self._layout = context, rate, layout
        self._frame_samples = context.frame_size or _FALLBACK_FRAME
        self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
        self._waiting: _Samples = np.zeros((channels, 0), np.float32)
        self._next_sample: int | None = None

    def encoded(self, packets: Iterator[Any]) -> Iterator[Any]:
        """Yield encoded packets for the source's `packets`; damaged ones are skipped."""
        for packet in packets:
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            for frame in frames:
                for part in self._resampler.resample(frame):
                    self._place(part)
            yield from self._encode_waiting(self._frame_samples)
        for part in self._resampler.resample(None):
            self._place(part)
        yield from self._encode_waiting(1)
        yield from self._labelled(self._context.encode(None))

    def _place(self, frame: Any) -> None:
        """Append the samples of a frame at the position of its timestamp."""
        samples: _Samples = frame.to_ndarray().astype(np.float32, copy=False)
        at = self._end
        if frame.pts is not None:
            time_s = float(frame.pts * frame.time_base)
            at = round((time_s - self._origin_s(time_s, samples.shape[1] / self._rate)) * self._rate)
        if self._next_sample is None:
            samples, at = samples[:, max(0, -at) :], max(0, at)
            if samples.shape[1] == 0:
                return
            self._next_sample = at
        gap = at - self._end
        if gap > _TOLERANCE_S * self._rate:
            silence = np.zeros((samples.shape[0], gap), np.float32)
            samples = np.concatenate([silence, samples], axis=1)
        elif gap < -_TOLERANCE_S * self._rate:
            samples = samples[:, -gap:]
        self._waiting = np.concatenate([self._waiting, samples], axis=1)

    @property
    def _end(self) -> int:
        """Where what was placed so far ends, in samples."""
        return (self._next_sample or 0) + self._waiting.shape[1]

    def _encode_waiting(self, at_least: int) -> Iterator[Any]:
        while self._next_sample is not None and self._waiting.shape[1] >= at_least:
            taken, self._waiting = np.split(self._waiting, [self._frame_samples], axis=1)
            packed = self._context.format.name == "flt"
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(taken.T.reshape(1, -1) if packed else taken),
                format="flt" if packed else "fltp",
                layout=self._layout,
            )
            frame.sample_rate, frame.time_base, frame.pts = self._rate, Fraction(1, self._rate), self._next_sample
            self._next_sample += taken.shape[1]
            yield from self._labelled(self._context.encode(frame))

    def _labelled(self, packets: list[Any]) -> Iterator[Any]:
        for packet in packets:
            packet.stream = self.stream
            yield packet


def _rate(encoder: str, wanted: int) -> int:
    """Return the source's sample rate where the encoder takes it."""
    allowed = av.codec.Codec(encoder, "w").audio_rates
    return wanted if not allowed or wanted in allowed else _FALLBACK_RATE
