from __future__ import annotations

from realtime.timeline.label_spans import LabelSpans
from tests.support.values.analysed import moment


def test_spans_say_what_was_seen_when() -> None:
    log = LabelSpans()
    for index in range(90):
        log.write(moment(index / 30, {1: "happiness" if index < 30 else "neutral", 2: "anger"}))
    assert log.lines() == [
        "person 1: happiness 0.0-1.0 s, neutral 1.0-3.0 s",
        "person 2: anger 0.0-3.0 s",
    ]
    assert (log.frames, log.frames_with_face) == (90, 90)


def test_flashes_are_left_out_and_gaps_begin_new_spans() -> None:
    log = LabelSpans()
    for index in [*range(30), *range(90, 120)]:
        log.write(moment(index / 30, {1: "fear"}))
    log.write(moment(121 / 30, {1: "anger"}))
    assert log.lines() == ["person 1: fear 0.0-1.0 s, fear 3.0-4.0 s"]


def test_of_many_spans_the_first_are_told_and_the_others_counted() -> None:
    log = LabelSpans()
    for index in range(40 * 15):
        log.write(moment(index / 30, {1: "fear" if index // 15 % 2 else "anger"}))
    (line,) = log.lines()
    assert line.startswith("person 1: anger 0.0-0.5 s, fear 0.5-1.0 s, ")
    assert line.endswith(" fear 5.5-6.0 s, and 28 more")
    assert line.count(" s, ") == 12


def test_a_run_of_days_keeps_the_last_people_only() -> None:
    log = LabelSpans()
    for number in range(1000):
        flash = number % 10 == 0
        for index in range(2 if flash else 12):
            log.write(moment(number + index / 30, {number: "fear"}))
    lines = log.lines()
    assert lines[0] == "720 people before these are left out here; --table has all"
    assert lines[1] == "person 801: fear 801.0-801.4 s"
    assert len(lines) == 1 + 180 + 1
    assert lines[-1].startswith("1000 tracks, of 1 to 1000 people: ")
    assert len(log._people) == 200


def test_nobody_is_said_too() -> None:
    log = LabelSpans()
    log.write(moment(0.0, {}))
    assert log.lines() == ["no face was seen"]
