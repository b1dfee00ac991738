"""Places a file's sound in the recording by the clock that its pictures follow."""

from __future__ import annotations

# Sound follows sound without gaps; this much more or less is rounding, or a lost packet.
_OVERLAP_S, _GAP_S = 0.1, 1.0
# A longer gap is a leap, where the format's clock may leap; FFmpeg's own limit.
_LEAP_S = 10.0
# Two clocks that differ by less are the same one.
_SAME_CLOCK_S = 0.15


class SoundClock:
    """Maps the times of a sound track to seconds of the recording; used on one thread.

    Where the track's times leap, they go on in that stretch of the pictures' clock in which the sound is continuous, or
    without a gap if there is none.

    Args:
        clock: the pictures' clock as `SourceFindings.clock` has it, not empty; it may grow meanwhile.
        first_media_time_s: `float`, media time of the first recorded picture, in seconds.
        leaps: `bool`, whether clocks of this format may leap.

    Attributes:
        first_s: `float` or `None`, where the first sound begins, in seconds of the recording.
        end_s: `float`, where the sound that was placed last ends.
    """

    def __init__(self, clock: list[tuple[float, float]], first_media_time_s: float, *, leaps: bool) -> None:
        self._clock, self._first_media_time_s, self._leaps = clock, first_media_time_s, leaps
        self._origin_s = clock[0][1]
        self._on_its_own = False
        self.first_s: float | None = None
        self.end_s = 0.0

    def origin_s(self, time_s: float, duration_s: float) -> float:
        """Return which of the track's own times is 0 in the recording, for sound of that time and length in seconds."""
        if self.first_s is not None:
            self._follow(time_s)
        origin_s = self._origin_s + self._first_media_time_s
        at_s = time_s - origin_s
        self.first_s = at_s if self.first_s is None else self.first_s
        self.end_s = at_s + duration_s
        return origin_s

    def _follow(self, time_s: float) -> None:
        end_s = self.end_s + self._first_media_time_s
        origins_s = [origin_s for _, origin_s in list(self._clock)]
        if self._on_its_own:
            near_s = min(origins_s, key=lambda origin_s: abs(origin_s - self._origin_s))
            if abs(near_s - self._origin_s) < _SAME_CLOCK_S:
                self._origin_s, self._on_its_own = near_s, False
        gap_s = time_s - self._origin_s - end_s
        if -_OVERLAP_S <= gap_s <= _GAP_S:
            return
        best_s = min(origins_s, key=lambda origin_s: abs(time_s - origin_s - end_s))
        if -_GAP_S <= time_s - best_s - end_s <= _GAP_S:
            self._origin_s, self._on_its_own = best_s, False
        elif gap_s < -_GAP_S or (self._leaps and gap_s > _LEAP_S):
            self._origin_s, self._on_its_own = time_s - end_s, True
