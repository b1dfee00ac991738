"""How many people a run shows, in words: a track is a person only where nothing can have split one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from realtime.core.persons.person_edits import NO_EDITS, PersonEdits

# As `realtime.landmarks.person_tracker` has it.
_AWAY_S = 2


@dataclass(frozen=True, slots=True)
class Headcount:
    """The tracks and named persons of a run.

    One person may have several tracks where there are more of them than were ever seen at once: a face gets a new
    number after a cut, or when it was away for two seconds.

    Attributes:
        numbers: of the persons that are known, as `PersonEdits.number_of` has them.
        most_at_once: `int`, faces of one frame at most.
        more: `int`, persons of whom nothing is kept any more.
        persons: who the tracks are.
    """

    numbers: Collection[int]
    most_at_once: int
    more: int = 0
    persons: PersonEdits = NO_EDITS

    @property
    def split(self) -> bool:
        """Whether one person may have several of the tracks; not where somebody has named all of them."""
        return len(self.numbers) + self.more > self.most_at_once and bool(self._unnamed)

    @property
    def line(self) -> str:
        """How many there are, as "5 tracks, of 2 to 5 people", "3 people", "One person"."""
        named, unnamed = len(self.numbers) + self.more - self._unnamed, self._unnamed
        if not named + unnamed:
            return "No face was seen"
        if not self.split:
            return "One person" if named + unnamed == 1 else f"{named + unnamed} people"
        tracks = "one track" if unnamed == 1 else f"{unnamed} tracks"
        if named:
            return f"{'one named person' if named == 1 else f'{named} named people'} and {tracks}".capitalize()
        return f"{tracks}, of {self.most_at_once} to {unnamed} people"

    @property
    def why(self) -> str:
        """Why there may be more tracks than people, "" where there cannot."""
        return f"a face gets a new number after a cut, or after {_AWAY_S} s out of sight" if self.split else ""

    def title(self, number: int) -> str:
        """Return what a person is called: the name, or "Person 3", or "Track 3" where that may be part of a person."""
        return self.persons.title(number, "Track" if self.split else "Person")

    def who(self, number: int) -> str:
        """Return the same within a sentence: "person 3"."""
        return self.persons.title(number, "track" if self.split else "person")

    def tracks(self, number: int) -> str:
        """Return which tracks a person was said to have, as "tracks 2 and 5", "" where nobody said so."""
        numbers = [str(track) for track in self.persons.tracks_of(number)]
        if len(numbers) < 2:
            return "".join(f"track {one}" for one in numbers)
        return f"tracks {', '.join(numbers[:-1])} and {numbers[-1]}"

    @property
    def _unnamed(self) -> int:
        return len([number for number in self.numbers if number not in self.persons.names]) + self.more
