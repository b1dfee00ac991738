"""A list of persons as a form shows it: one name per track, what is left out, and lines that only a file can say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from realtime.core.persons.person_edits import NO_EDITS, PersonEdits
from realtime.core.persons.person_file import seconds_of
from realtime.core.persons.person_line import PersonLine


@dataclass(frozen=True, slots=True)
class PersonForm:
    """What is said of whole tracks, and everything else as lines.

    Attributes:
        names: track -> name, "" where there is none.
        left_out: tracks that are left out.
        others: lines about parts of tracks, and about times.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    left_out: frozenset[int] = frozenset()
    others: tuple[PersonLine, ...] = ()

    @staticmethod
    def of(edits: PersonEdits) -> PersonForm:
        """Return the form of a list."""
        whole = [line for line in edits.lines if line.track is not None and line.is_whole]
        return PersonForm(
            {line.track: line.person for line in whole if line.track is not None and line.person},
            frozenset(line.track for line in whole if line.track is not None and line.exclude),
            tuple(replace(line, number=0) for line in edits.lines if line not in whole),
        )

    def with_time(self, from_text: str, to_text: str) -> PersonForm:
        """Return the same form with a time that is left out for everybody.

        Args:
            from_text: seconds, or "1:05"; "" for the beginning.
            to_text: likewise; "" for the end.

        Raises:
            ConfigError: that is no time, or ends before it begins.
        """
        from_s = seconds_of(from_text.strip(), "from") if from_text.strip() else 0.0
        to_s = seconds_of(to_text.strip(), "to") if to_text.strip() else math.inf
        return replace(self, others=(*self.others, PersonLine(None, "", from_s, to_s, exclude=True)))

    def edits(self) -> PersonEdits:
        """Return the list. Raises ConfigError: it contradicts itself."""
        names = {track: " ".join(name.split()) for track, name in self.names.items()}
        lines = [PersonLine(track, name) for track, name in sorted(names.items()) if name]
        lines += [PersonLine(track, exclude=True) for track in sorted(self.left_out)]
        return PersonEdits((*lines, *self.others)) if lines or self.others else NO_EDITS
