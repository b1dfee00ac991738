"""One statement about a track or a time: who it is, or that it is left out."""

from __future__ import annotations

import math
from dataclasses import dataclass

from realtime.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One line of a list of persons: it names, or it leaves out.

    Attributes:
        track: `int` or `None`, of which track, from 1; `None` for everybody, where a time is left out.
        person: `str`, who that is; "" where the line leaves out. A number is the person of the track of that number.
        from_s: `float`, from which media time on, in seconds.
        to_s: `float`, until before which one; infinite for the end.
        exclude: `bool`, whether these rows are left out.
        number: `int`, of the line in its file, from 1; 0 where there is none.

    Raises:
        ConfigError: a value that means nothing; the message begins with the line.
    """

    track: int | None
    person: str = ""
    from_s: float = 0.0
    to_s: float = math.inf
    exclude: bool = False
    number: int = 0

    def __post_init__(self) -> None:
        if self.track is not None and self.track < 1:
            raise self.wrong(f"a track is a number from 1; received {self.track}")
        if not 0 <= self.from_s < self.to_s:
            raise self.wrong(f"a range must end after it begins; received {self.from_s:g} to {self.to_s:g} s")
        if self.exclude == bool(self.person):
            both = "both" if self.exclude else "neither"
            raise self.wrong(f"a line either names a person or has yes under exclude; received {both}: use two lines")
        if not self.person.isprintable():
            raise self.wrong(f"a name must be plain text; received {self.person!r}")
        if self.track is None and self.person:
            raise self.wrong(f"a name needs a track; {self.person!r} has none")
        if self.track is None and self.is_whole:
            raise self.wrong("a line without a track needs from_s or to_s: it leaves out a time for everybody")

    def covers(self, track: int | None, time_s: float) -> bool:
        """Return whether it is about this track at this media time; `None` is a moment without a face."""
        return self.track in (None, track) and self.from_s <= time_s < self.to_s

    def wrong(self, what: str) -> ConfigError:
        """Return an error about it."""
        return ConfigError(f"line {self.number}: {what}" if self.number else what)

    @property
    def is_whole(self) -> bool:
        """Whether it is about all of the time."""
        return not self.from_s and math.isinf(self.to_s)

    @property
    def said(self) -> str:
        """What it is about, in words."""
        track = "any track" if self.track is None else f"track {self.track}"
        if self.is_whole:
            return track
        return f"{track} from {self.from_s:g} s" + ("" if math.isinf(self.to_s) else f" to {self.to_s:g} s")
