"""Compares a list of persons with the run that it is about: lines about nobody, and persons in two places."""

from __future__ import annotations

from collections.abc import Sequence

from realtime.core.persons.person_edits import PersonEdits
from realtime.core.persons.person_line import PersonLine


class PersonCheck:
    """Takes the tracks of each frame of a run, as they were before the list is applied.

    Args:
        edits: the list.
    """

    def __init__(self, edits: PersonEdits) -> None:
        self._edits = edits
        self._unused: dict[PersonLine, None] = dict.fromkeys(edits.lines)
        self._tracks: set[int] = set()
        self._twice: dict[int, str] = {}

    def see(self, tracks: Sequence[int], time_s: float) -> None:
        """Take one frame."""
        if not self._edits.lines:
            return
        self._tracks.update(tracks)
        if self._unused:
            met = [line for line in self._unused if any(line.covers(track, time_s) for track in tracks or (None,))]
            for line in met:
                del self._unused[line]
        if len(tracks) < 2:
            return
        here: dict[int, int] = {}
        for track in tracks:
            number = self._edits.number_of(track, time_s)
            if self._edits.excluded(track, time_s):
                continue
            if number in here and number not in self._twice:
                tracks_said = f"tracks {here[number]} and {track}"
                self._twice[number] = (
                    f"{self._edits.title(number)} is in two places at once, from {time_s:.1f} s on: {tracks_said}"
                )
            here[number] = track

    @property
    def unused(self) -> list[str]:
        """One line for each line that is about no row of the run, in order."""
        return [self._said(line) for line in self._unused]

    @property
    def twice(self) -> list[str]:
        """One line for each person that two faces of one frame were said to be."""
        return list(self._twice.values())

    def _said(self, line: PersonLine) -> str:
        where = f"the list of persons {self._edits.file}".rstrip()
        numbers = ", ".join(map(str, sorted(self._tracks))) or "none"
        seen = f"; tracks are {numbers}" if line.track is not None and line.track not in self._tracks else ""
        return f"{where}, {line.wrong(f'no row is of {line.said}{seen}')}"
