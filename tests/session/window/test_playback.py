"""Pausing, pacing and scrubbing, with a clock and a source that only take notes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from realtime.core.errors import ConfigError
from realtime.core.protocols import SourceInfo
from realtime.session.keys import Click, Key
from realtime.session.pacer import Pacer, check_speed
from realtime.session.playback import Playback
from tests.support.values.analysed import moment

FILE = SourceInfo("clip.mp4", False, (640, 360), 30.0, 300, "clip.mp4", 60.0, True)
CAMERA = SourceInfo("camera 0", True, (640, 360), 30.0)
PICTURE = np.zeros((360, 640, 3), np.uint8)


class Bench:
    def __init__(self, info=FILE, refusal="", end_s=None):
        self.now_s = 100.0
        self.sought: list[float] = []
        self.said: list[str] = []
        self.refusal = refusal
        self.replay = Playback(
            info,
            self.sought.append,
            lambda: self.refusal,
            self.said.append,
            end_s=end_s,
            clock=lambda: self.now_s,
        )

    def arrive(self, time_s):
        self.replay.arrived(moment(time_s, {1: "neutral"}))


def test_arrows_go_from_where_the_person_is_going_and_home_to_the_start():
    bench = Bench()
    bench.arrive(20.0)
    for key in (Key.FORWARD, Key.FORWARD, Key.FAR_FORWARD, Key.BACK):
        assert bench.replay.act(key)
    assert bench.replay.position.now_s == 31.0
    assert bench.sought == [21.0], "one wish at a time: pictures keep coming"
    bench.arrive(21.0)
    assert bench.sought == [21.0, 31.0]
    assert bench.replay.under_way
    bench.arrive(31.0)
    assert not bench.replay.under_way
    bench.replay.act(Key.FAR_BACK)
    bench.arrive(21.0)
    bench.replay.act(Key.RESTART)
    bench.arrive(0.0)
    bench.replay.act(Key.BACK)
    assert bench.sought[2:] == [21.0, 0.0, 0.0]


def test_one_cannot_go_past_the_end_that_is_known_or_asked_for():
    for bench, end_s in ((Bench(), 60.0), (Bench(end_s=12.0), 12.0)):
        bench.arrive(5.0)
        bench.replay.to(1e9)
        assert end_s - 0.1 < bench.sought[0] < end_s
        assert bench.replay.position.end_s == end_s
    unknown = Bench(replace(FILE, duration_s=None))
    unknown.arrive(5.0)
    unknown.replay.to(500.0)
    assert unknown.sought == [500.0]


def test_clicks_and_drags_on_the_timeline_seek_and_those_on_the_picture_do_not():
    bench = Bench()
    composed = bench.replay.composed(PICTURE)
    height = composed.shape[0]
    assert height > 360
    assert not bench.replay.act(Click(320, 100))
    assert not bench.replay.act(Click(320, height - 5, dragged=True)), "a drag that began on the picture"
    assert bench.replay.act(Click(320, 380))
    assert bench.sought[-1] == pytest.approx(30.0, abs=0.3)
    bench.arrive(30.0)
    assert bench.replay.act(Click(5000, 100, dragged=True)), "a drag may leave the timeline"
    assert bench.sought[-1] == pytest.approx(60.0, abs=0.3)
    bench.arrive(59.9)
    assert bench.replay.composed(PICTURE, timeline=False) is PICTURE
    assert not bench.replay.act(Click(320, 380))


def test_a_paused_replay_stands_until_it_is_sent_elsewhere_and_again_when_it_is_there():
    bench = Bench()
    bench.arrive(1.0)
    assert bench.replay.act(Key.PAUSE)
    assert bench.replay.stands
    bench.replay.act(Key.FORWARD)
    assert not bench.replay.stands
    bench.arrive(2.0)
    assert bench.replay.stands


def test_the_end_is_the_end_unless_one_scrubbed_and_space_plays_again():
    bench = Bench()
    bench.arrive(59.9)
    assert not bench.replay.stays()
    bench.replay.act(Key.BACK)
    bench.arrive(58.9)
    assert bench.replay.stays()
    assert bench.replay.stands
    assert bench.replay.notice == "END"
    bench.replay.act(Key.PAUSE)
    assert bench.sought[-1] == 0.0
    bench.arrive(0.0)
    assert not bench.replay.stands
    assert bench.replay.notice == ""


@pytest.mark.parametrize(
    ("bench", "word", "lines"),
    [
        (lambda: Bench(refusal="no seeking while recording"), "recording", 1),
        (lambda: Bench(CAMERA), "goes on by itself", 0),
    ],
)
def test_seeking_is_refused_with_one_line_and_a_word_in_the_window(bench, word, lines):
    bench = bench()
    bench.arrive(5.0)
    bench.replay.composed(PICTURE)
    for wish in (Key.FORWARD, Key.RESTART, Click(100, 380)):
        assert bench.replay.act(wish)
    assert bench.sought == []
    assert word in bench.replay.notice
    assert len(bench.said) == lines
    assert bench.replay.position.now_s == 5.0
    bench.now_s += 10
    assert bench.replay.notice == ""
    assert not bench.replay.stays()


def test_seeking_is_possible_again_once_the_recording_is_finished():
    bench = Bench(refusal="no seeking while recording")
    bench.arrive(5.0)
    bench.replay.act(Key.FORWARD)
    bench.refusal = ""
    bench.replay.act(Key.FORWARD)
    assert bench.sought == [6.0]


def test_a_live_timeline_shows_the_last_minute_and_pausing_works():
    bench = Bench(CAMERA)
    for number in range(1300):
        bench.arrive(number / 10)
    position = bench.replay.position
    assert position.live
    assert (position.start_s, position.end_s) == pytest.approx((69.9, 129.9), abs=0.11)
    assert bench.replay.act(Key.PAUSE)
    assert bench.replay.stands


@pytest.mark.parametrize(("speed", "wanted"), [(1.0, 2.0), (0.5, 4.0), (4.0, 0.5)])
def test_frames_are_due_at_the_speed_that_was_asked_for(speed, wanted):
    now = [50.0]
    pace = Pacer(speed, lambda: now[0])
    assert pace.left_s(10.0) == 0.0
    assert pace.left_s(12.0) == pytest.approx(wanted)
    now[0] += 100
    assert pace.left_s(12.0) == pytest.approx(0.0), "nobody is rushed after a stop"


def test_faster_than_life_pictures_are_left_out_and_else_none():
    for speed, at_least, at_most in ((16.0, 8, 14), (1.0, 160, 160)):
        now = [0.0]
        pace = Pacer(speed, lambda now=now: now[0])
        drawn = 0
        for number in range(160):
            now[0] += 1 / 400  # all that the machine can do
            pace.left_s(number / 30)
            drawn += not pace.leaves_out(number / 30)
        assert at_least <= drawn <= at_most


@pytest.mark.parametrize(("speed", "live"), [(0.2, False), (17, False), (float("nan"), False), (2, True)])
def test_speeds_that_cannot_be_are_refused(speed, live):
    with pytest.raises(ConfigError, match="speed"):
        check_speed(speed, live=live)


def test_speeds_from_a_quarter_to_sixteen_times_are_fine_and_nothing_beyond():
    def allowed(speed: float) -> bool:
        try:
            check_speed(speed, live=False)
        except ConfigError:
            return False
        return True

    assert [allowed(speed) for speed in (0.249, 0.25, 1, 16, 16.1)] == [False, True, True, True, False]
    check_speed(1, live=True)
