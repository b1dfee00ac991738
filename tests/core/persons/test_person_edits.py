"""Who tracks are, and what is left out, applied to frames."""

from __future__ import annotations

import pytest

from realtime.core.errors import ConfigError
from realtime.core.persons.person_check import PersonCheck
from realtime.core.persons.person_edits import NO_EDITS, PersonEdits, edits_from
from realtime.core.persons.person_line import PersonLine
from tests.support.values.analysed import moment

EDITS = PersonEdits(
    (
        PersonLine(1, "Anna", to_s=5.0),
        PersonLine(4, "Anna"),
        PersonLine(3, "2"),
        PersonLine(2, from_s=6.0, to_s=7.0, exclude=True),
        PersonLine(None, from_s=8.0, to_s=9.0, exclude=True),
    )
)


def test_persons_take_the_place_of_tracks_and_what_is_left_out_is_gone() -> None:
    frame = moment(6.5, {1: "anger", 2: "fear", 3: "sadness", 4: "neutral"})
    applied = EDITS.applied(frame)
    [anna] = EDITS.names
    assert applied.faces.track_ids.tolist() == [1, 2, anna]
    assert applied.emotions.labels == ("anger", "sadness", "neutral")
    assert applied.faces.boxes_xyxy.tolist() == frame.faces.boxes_xyxy[[0, 2, 3]].tolist()
    assert applied.emotions.probabilities.tolist() == frame.emotions.probabilities[[0, 2, 3]].tolist()
    assert frame.faces.track_ids.tolist() == [1, 2, 3, 4], "the frame itself is as it was"
    assert EDITS.applied(moment(4.9, {1: "anger"})).faces.track_ids.tolist() == [anna]
    assert EDITS.applied(moment(5.0, {1: "anger"})).faces.track_ids.tolist() == [1], "a range ends before its end"
    assert len(EDITS.applied(moment(8.0, {1: "anger", 2: "fear"})).faces) == 0
    assert len(EDITS.applied(moment(9.0, {1: "anger", 2: "fear"})).faces) == 2
    assert NO_EDITS.applied(frame) is frame


def test_persons_are_called_by_name_or_by_the_number_of_a_track() -> None:
    [anna] = EDITS.names
    assert [EDITS.title(number) for number in (anna, 2, 7)] == ["Anna", "person 2", "person 7"]
    assert [EDITS.tracks_of(number) for number in (anna, 2, 7)] == [(1, 4), (2, 3), ()]
    assert [EDITS.cell(track, 0.0) for track in (1, 2, 3, 4, 5)] == ["Anna", "2", "2", "Anna", "5"]
    assert EDITS.cell(1, 5.0) == "1"


def test_a_list_can_be_made_line_by_line_and_read_back_from_its_facts() -> None:
    edits = NO_EDITS
    for line in EDITS.lines:
        edits = edits.with_line(line)
    assert edits == EDITS
    assert edits_from(EDITS.facts()["lines"]) == EDITS
    assert EDITS.told.startswith("track 1 from 0 s to 5 s is Anna, track 4 is Anna, track 3 is 2, track 2 from 6 s")
    assert EDITS.told.endswith(", everybody from 8 s to 9 s is left out")
    with pytest.raises(ConfigError, match=r"^ranges of one track must not overlap; track 1 from 4 s is Ben"):
        edits.with_line(PersonLine(1, "Ben", from_s=4.0))


def test_lines_about_nobody_are_told() -> None:
    edits = PersonEdits(
        (
            PersonLine(1, "Anna", number=2),
            PersonLine(9, "Ben", number=3),
            PersonLine(2, from_s=30.0, exclude=True, number=4),
            PersonLine(None, from_s=0.5, to_s=0.6, exclude=True, number=5),
        ),
        "p.csv",
    )
    check = PersonCheck(edits)
    check.see([1, 2], 0.0)
    check.see([], 0.5)
    assert check.unused == [
        "the list of persons p.csv, line 3: no row is of track 9; tracks are 1, 2",
        "the list of persons p.csv, line 4: no row is of track 2 from 30 s",
    ]
    assert check.twice == []


def test_a_person_in_two_places_is_told_once() -> None:
    check = PersonCheck(EDITS)
    check.see([1, 2], 0.0)
    for at_s in (1.0, 1.1):
        check.see([1, 2, 4], at_s)
    check.see([2, 3], 6.5)
    assert check.twice == ["Anna is in two places at once, from 1.0 s on: tracks 1 and 4"]
    check.see([2, 3], 7.5)
    assert check.twice[1:] == ["person 2 is in two places at once, from 7.5 s on: tracks 2 and 3"]
