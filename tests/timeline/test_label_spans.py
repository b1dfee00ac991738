from __future__ import annotations

from realtime.timeline.label_spans import LabelSpans
from tests.support.analysed import moment


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


def test_nobody_is_said_too() -> None:
    log = LabelSpans()
    log.write(moment(0.0, {}))
    assert log.lines() == ["no face was seen"]
