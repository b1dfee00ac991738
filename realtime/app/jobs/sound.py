"""Job that plays the sound of a video in step with its pictures: it follows the player's clock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from realtime.app.jobs.job import Job
from realtime.app.jobs.sound_device import LATENCY_S, Fill, SoundDevice, open_sound_device
from realtime.capture.frames.sound_samples import RATE, Samples, SoundSamples
from realtime.core.errors import EmotionLiveError

_AHEAD = round(0.6 * RATE)
# Sound that is further than this from the pictures jumps to them; below, nobody hears or sees it.
_APART = round(0.05 * RATE)
# After a jump it is decoded from so much earlier on: the clock may go back a little.
_EARLIER = 2 * _APART
# Decoding on is cheaper than a seek up to here.
_READ_ON = 2 * RATE
# Times in files are rounded: what is so near follows without a gap.
_ROUNDING = RATE // 500


@dataclass(frozen=True, slots=True)
class Silent:
    """There is no sound.

    Attributes:
        why: `str`, one line for people.
    """

    why: str


class Sound(Job):
    """Plays until cancelled; posts `Silent` if it cannot, and then ends.

    The device asks for sound; what it gets is that of the player's present moment. Play, pause, jumps and stalls of the
    pictures so need no word from anybody.

    Args:
        source: the video.
        now_s: returns the media time that is shown now, in seconds, `None` while it stands still; from any thread.
        post: receives the event.
        open_device: opens the loudspeakers.
    """

    def __init__(
        self,
        source: str,
        now_s: Callable[[], float | None],
        post: Callable[[Job, object], None],
        open_device: Callable[[Fill], SoundDevice] = open_sound_device,
    ) -> None:
        super().__init__("sound", post)
        self.muted = False
        self._source, self._now_s, self._open_device = source, now_s, open_device
        self._changed = threading.Condition()
        # Moments are counted in samples from the first picture. What was decoded: `_first` to `_end`, less gaps.
        self._pieces: deque[tuple[int, Samples]] = deque()
        self._now = self._first = self._end = 0
        self._over = False

    def cancel(self) -> None:
        """End soon."""
        super().cancel()
        with self._changed:
            self._changed.notify_all()

    def work(self) -> None:
        """Decode ahead of the player until cancelled. Raises CancelledError."""
        try:
            with closing(SoundSamples(self._source)) as samples, closing(self._open_device(self.fill)):
                self._decode(samples)
        except EmotionLiveError as error:
            self.post(Silent(str(error)))

    def fill(self, count: int) -> bytes:
        """Return the sound of now, `count` moments of it; silence where there is none. On the device's thread."""
        now_s = None if self.muted else self._now_s()
        piece = np.zeros((count, 2), np.int16)
        if now_s is not None:
            with self._changed:
                wanted = round((now_s + LATENCY_S) * RATE)
                if abs(wanted - self._now) > _APART:
                    self._now = wanted
                self._copy(piece)
                self._now += count
                self._changed.notify_all()
        return piece.tobytes()

    def _copy(self, piece: Samples) -> None:
        """Fill in what was decoded for the present moment, and forget what is over."""
        while self._pieces and self._pieces[0][0] + len(self._pieces[0][1]) <= self._now:
            start, samples = self._pieces.popleft()
            self._first = start + len(samples)
        for start, samples in self._pieces:
            into, past = max(0, start - self._now), max(0, self._now - start)
            room = min(len(piece) - into, len(samples) - past)
            if room <= 0:
                return
            piece[into : into + room] = samples[past : past + room]

    def _decode(self, samples: SoundSamples) -> None:
        while True:
            place = self._next_place()
            if place is not None:
                samples.seek(place / RATE)
            self._take(samples.read())

    def _next_place(self) -> int | None:
        """Wait until more is to be decoded; return where to go on, `None` for where it is."""
        with self._changed:
            while True:
                self.check_cancelled()
                if not self._first <= self._now <= self._end + _READ_ON:
                    self._pieces.clear()
                    self._first = self._end = max(0, self._now - _EARLIER)
                    self._over = False
                    return self._first
                if not self._over and self._end < self._now + _AHEAD:
                    return None
                self._changed.wait()

    def _take(self, found: tuple[float, Samples] | None) -> None:
        with self._changed:
            if found is None:
                self._over = True
                return
            time_s, samples = found
            start = round(time_s * RATE)
            if self._pieces and abs(start - self._end) <= _ROUNDING:
                start = self._end
            self._pieces.append((start, samples))
            self._end = start + len(samples)
