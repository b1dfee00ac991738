from __future__ import annotations

import pytest

from realtime.core.persons.person_edits import NO_EDITS, PersonEdits
from realtime.core.persons.person_line import PersonLine
from realtime.timeline.headcount import Headcount

ONE_NAMED = PersonEdits((PersonLine(1, "Anna"),))
[ANNA] = ONE_NAMED.names


@pytest.mark.parametrize(
    ("numbers", "most", "more", "persons", "line", "split"),
    [
        ([], 0, 0, NO_EDITS, "No face was seen", False),
        ([1], 1, 0, NO_EDITS, "One person", False),
        ([1, 2], 2, 0, NO_EDITS, "2 people", False),
        ([1, 2], 1, 0, NO_EDITS, "2 tracks, of 1 to 2 people", True),
        ([1, 2, 3], 2, 2, NO_EDITS, "5 tracks, of 2 to 5 people", True),
        ([1, 2], 2, 1, NO_EDITS, "3 tracks, of 2 to 3 people", True),
        ([ANNA], 1, 0, ONE_NAMED, "One person", False),
        ([ANNA, 2], 1, 0, ONE_NAMED, "One named person and one track", True),
        ([ANNA, 2, 3], 2, 1, ONE_NAMED, "One named person and 3 tracks", True),
        ([ANNA, 2], 2, 0, ONE_NAMED, "2 people", False),
    ],
)
def test_tracks_are_people_only_where_nothing_can_have_split_one(
    numbers: list[int], most: int, more: int, persons: PersonEdits, line: str, split: bool
) -> None:
    count = Headcount(numbers, most, more, persons)
    assert (count.line, count.split, bool(count.why)) == (line, split, split)
    assert [count.title(number) for number in (2, ANNA)][: len(persons.lines) + 1] == [
        "Track 2" if split else "Person 2",
        *(["Anna"] if persons.lines else []),
    ]


def test_named_people_who_were_seen_one_after_the_other_are_people() -> None:
    both = PersonEdits((PersonLine(1, "Anna"), PersonLine(2, "Ben"), PersonLine(5, "Anna"), PersonLine(6, "Anna")))
    count = Headcount(list(both.names), 1, 0, both)
    assert (count.line, count.split) == ("2 people", False)
    assert [count.tracks(number) for number in (*both.names, 9)] == ["tracks 1, 5 and 6", "track 2", ""]
