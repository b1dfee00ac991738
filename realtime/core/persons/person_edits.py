"""Who the tracks of a run are, and what of them is left out: applied to frames, and told in tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.persons.person_line import PersonLine
from realtime.core.types import Analysed, IntArray

# A named person gets a number of its own beyond every track's: part of that track may be somebody else.
_NAMED_FROM = 1_000_000


@dataclass(frozen=True, slots=True)
class PersonEdits:
    """A list of persons: names for tracks, tracks that are one person, and what is left out; it never changes.

    A person's number is that of the track, where nobody gave a name; it is that of `number_of` otherwise. `applied`
    puts these numbers in place of the tracks', so that whatever gathers a run by track gathers it by person.

    Attributes:
        lines: what was said, in any order.
        file: `str`, the name of the file that it was read from, "" where there is none.
        sha256: `str`, of that file, likewise.

    Raises:
        ConfigError: two lines contradict each other.
    """

    lines: tuple[PersonLine, ...] = ()
    file: str = ""
    sha256: str = ""
    _numbers: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named = [line for line in self.lines if line.person]
        for one, other in combinations(named, 2):
            _check_pair(one, other)
        taken = {line.track: line for line in named}
        numbers: dict[str, int] = {}
        for line in named:
            if not line.person.isdecimal():
                numbers.setdefault(line.person, _NAMED_FROM + len(numbers) + 1)
            elif int(line.person) < 1:
                raise line.wrong(f"a person's number is a track's, from 1; received {line.person}")
            elif (called := taken.get(int(line.person), line).person) != line.person:
                raise line.wrong(f"track {line.person} is called {called} elsewhere; give that name")
            else:
                numbers[line.person] = int(line.person)
        object.__setattr__(self, "_numbers", numbers)

    @property
    def names(self) -> dict[int, str]:
        """Number -> name, of persons with a name, in the order in which they were named."""
        return {number: name for name, number in self._numbers.items() if number > _NAMED_FROM}

    def title(self, number: int, otherwise: str = "person") -> str:
        """Return what a person is called: the name, or "person 3"; `otherwise` takes the place of "person"."""
        return self.names.get(number) or f"{otherwise} {number}"

    def tracks_of(self, number: int) -> tuple[int, ...]:
        """Return which tracks a person was said to have, in order; none for a person of whom nothing was said."""
        named = {line.track for line in self.lines if line.person and self._numbers[line.person] == number}
        if named and number < _NAMED_FROM:
            named.add(number)
        return tuple(sorted(track for track in named if track is not None))

    def number_of(self, track: int, time_s: float) -> int:
        """Return the number of the person that a track shows at a media time."""
        for line in self.lines:
            if line.person and line.covers(track, time_s):
                return self._numbers[line.person]
        return track

    def excluded(self, track: int | None, time_s: float) -> bool:
        """Return whether a track is left out at a media time; `None` asks of a moment without a face."""
        return any(line.exclude and line.covers(track, time_s) for line in self.lines)

    def cell(self, track: int, time_s: float) -> str:
        """Return what a table calls the person: the name, or the number."""
        number = self.number_of(track, time_s)
        return self.names.get(number) or str(number)

    def applied(self, analysed: Analysed) -> Analysed:
        """Return a frame without what is left out, and with persons' numbers in place of tracks'."""
        if not self.lines:
            return analysed
        faces = analysed.faces
        numbers, left_out = self.of_rows(faces.track_ids, np.full(len(faces), analysed.frame.media_time_s))
        rows = np.flatnonzero(~left_out)
        return Analysed(analysed.frame, faces.at(rows).with_track_ids(numbers[rows]), analysed.emotions.at(rows))

    def of_rows(self, tracks: IntArray, times_s: npt.NDArray[np.float64]) -> tuple[IntArray, npt.NDArray[np.bool_]]:
        """Return the numbers of many rows at once.

        Args:
            tracks: `(N,) int64`.
            times_s: `(N,) float64`, media time of each in seconds.

        Returns:
            The persons' numbers `(N,) int64`, and whether a row is left out `(N,) bool`.
        """
        numbers, left_out = tracks.copy(), np.zeros(len(tracks), bool)
        for line in self.lines:
            covered = (times_s >= line.from_s) & (times_s < line.to_s)
            if line.track is not None:
                covered &= tracks == line.track
            if line.exclude:
                left_out |= covered
            else:
                numbers[covered] = self._numbers[line.person]
        return numbers, left_out

    def with_line(self, line: PersonLine) -> PersonEdits:
        """Return the same list with one more line. Raises ConfigError: it contradicts another one."""
        return PersonEdits((*self.lines, line))

    @property
    def told(self) -> str:
        """All of it in words: "track 1 is Anna, track 3 from 2 s is left out (persons.csv)"."""
        said = (f"{line.said} is {line.person or 'left out'}" for line in self.lines)
        lines = ", ".join(said).replace("any track", "everybody")
        return f"{lines} ({self.file})" if self.file else lines

    def facts(self) -> dict[str, Any]:
        """Return all of it in what JSON has, for the metadata of what is written."""
        told = [_plain(line) for line in self.lines]
        return {**({"file": self.file, "sha256": self.sha256} if self.file else {}), "lines": told}


NO_EDITS = PersonEdits()
"""Nothing was said: each track is a person."""


def edits_from(lines: Iterable[Mapping[str, Any]]) -> PersonEdits:
    """Return the list that `PersonEdits.facts()["lines"]` was made of. Raises ConfigError, TypeError."""
    return PersonEdits(tuple(PersonLine(**{"track": None, **line}) for line in lines))


def _check_pair(one: PersonLine, other: PersonLine) -> None:
    if one.person != other.person and one.person.casefold() == other.person.casefold():
        raise other.wrong(f"{other.person} is spelled {one.person} elsewhere; spell a person one way")
    if one.track == other.track and max(one.from_s, other.from_s) < min(one.to_s, other.to_s):
        raise other.wrong(
            f"ranges of one track must not overlap; {other.said} is {other.person}, and {one.said} is {one.person}"
        )


def _plain(line: PersonLine) -> dict[str, Any]:
    told: dict[str, Any] = {"track": line.track, "person": line.person, "from_s": line.from_s, "to_s": line.to_s}
    told["exclude"] = line.exclude
    usual = {"track": None, "person": "", "from_s": 0.0, "to_s": math.inf, "exclude": False}
    return {name: value for name, value in told.items() if value != usual[name]}
