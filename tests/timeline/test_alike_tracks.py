"""Questions "same person?", by colors: within a run, and never of two who were seen at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from realtime.core.persons.person_edits import PersonEdits
from realtime.core.persons.person_line import PersonLine
from realtime.core.types import Analysed
from realtime.timeline.alike_tracks import AlikeTracks
from tests.support.pages.report_page import written
from tests.support.values.analysed import moment

RED, DARK_RED, BLUE, GREEN = (40, 40, 190), (30, 30, 110), (180, 60, 40), (60, 150, 50)


def frame(time_s: float, people: dict[int, tuple[int, int, int]]) -> Analysed:
    """Each of these tracks in front of a color; the wall is white."""
    made = moment(time_s, dict.fromkeys(people, "neutral"), grey=250)
    image = made.frame.image_bgr.copy()
    for box, colour in zip(made.faces.boxes_xyxy.astype(int).tolist(), people.values(), strict=True):
        image[:, box[0] - 10 : box[2] + 10] = colour
    return replace(made, frame=replace(made.frame, image_bgr=np.ascontiguousarray(image)))


def asked(*scenes: dict[int, tuple[int, int, int]], different: tuple[int, ...] = ()) -> list[tuple[int, int]]:
    alike = AlikeTracks()
    for number, scene in enumerate(scenes):
        for step in range(3):
            alike.write(frame(3 * number + 0.6 * step, scene))
    return [(one.earlier, one.later) for one in alike.pairs(different)]


def test_a_track_of_the_same_colors_is_asked_about() -> None:
    assert asked({1: RED}, {2: BLUE}, {3: RED}, {4: GREEN}, {5: BLUE}) == [(1, 3), (2, 5)]
    assert asked({1: RED}, {2: BLUE}, {3: GREEN}) == []
    assert asked({1: RED}, {2: RED}, {3: RED}) == [(1, 2), (1, 3)], "one question for each track"


def test_who_is_known_to_be_two_is_not_asked_about() -> None:
    assert asked({1: RED, 2: RED}) == []
    assert asked({1: RED}, {2: RED}, different=(1, 2)) == []
    assert asked({1: RED}, {2: RED}, different=(1,)) == [(1, 2)]


def test_where_two_people_are_alike_nobody_is_asked_about() -> None:
    assert asked({1: RED, 2: RED}, {3: RED}) == []
    assert asked({1: RED, 2: BLUE}, {3: RED}) == [(1, 3)]


def test_the_report_asks_only_if_it_is_wanted_and_may_show_faces(tmp_path: Path) -> None:
    frames = [frame(n / 10, {1 + n // 20: RED}) for n in range(40)]
    assert "Same person?" not in written(tmp_path / "off.html", frames)
    page = written(tmp_path / "on.html", frames, same_person=True)
    assert ">Same person?</h2>" in page
    assert "<b>Track 1</b> and <b>Track 2</b>: 100 % alike" in page
    assert page.count('<figure class="pair"><img') == 1
    assert "Same person?" not in written(tmp_path / "private.html", frames, same_person=True, pictures=False)
    both = PersonEdits((PersonLine(1, "Anna"), PersonLine(2, "Ben")))
    assert "Same person?" not in written(tmp_path / "named.html", frames, same_person=True, persons=both)
