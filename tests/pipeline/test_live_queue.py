"""The queue that lets live frames bypass a busy classifier, in order, with a clock that the test moves."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.core.channel import ChannelClosedError
from realtime.core.types import NOT_YET, Analysed
from realtime.pipeline.live_queue import LiveQueue
from realtime.pipeline.seek_epochs import EndOfEpoch
from tests.support.clocks import FakeClock
from tests.support.fakes import make_emotions, make_faces, make_frame, one_hot

pytestmark = pytest.mark.timeout(30)

PATIENCE_S = 0.025
FRAME_S = 1 / 30
ONE_FACE = make_faces().with_track_ids(np.array([1], np.int64))


class Lane:
    """A lane with a clock that is moved by hand, and what a classify and a main thread would do with it."""

    def __init__(self) -> None:
        self.clock = FakeClock(0.0)
        self.lane = LiveQueue(PATIENCE_S, self.clock)

    def arrive(self, index: int, at_s: float) -> None:
        self.clock.now_s = at_s
        self.lane.looked.put((make_frame(index), ONE_FACE))

    def ask(self) -> int:
        self.asked = self.lane.looked.get(0)
        return self.asked[0].index

    def answer(self, emotion: str = "happiness") -> None:
        frame, faces = self.asked
        self.lane.analysed.put(Analysed(frame, faces, make_emotions(one_hot(emotion))))

    def shown(self, at_s: float | None = None) -> Analysed | None:
        self.clock.now_s = self.clock() if at_s is None else at_s
        try:
            return self.lane.analysed.get(0)
        except TimeoutError:
            return None

    def all_shown(self) -> list[tuple[int, bool]]:
        """Number and whether it has its own answer, of every frame that may go now."""
        found = []
        while (one := self.shown()) is not None:
            found.append((one.frame.index, one.emotions.measured))
        return found

    def warm(self) -> Lane:
        """Past the first answer: before it nothing goes ahead."""
        self.arrive(0, -1.0)
        self.ask()
        self.answer()
        assert self.all_shown() == [(0, True)]
        return self


def test_a_quick_classifier_keeps_every_frame_until_its_answer() -> None:
    lane = Lane().warm()
    for index in range(1, 20):
        lane.arrive(index, index * FRAME_S)
        assert lane.all_shown() == []
        assert lane.ask() == index
        assert lane.shown(index * FRAME_S + 0.02) is None, "no newer frame is there"
        lane.answer()
        assert lane.all_shown() == [(index, True)]
    assert (lane.lane.looked.dropped, lane.lane.analysed.dropped) == (0, 0)


def test_without_a_newer_frame_even_a_slow_answer_is_waited_for() -> None:
    lane = Lane().warm()
    lane.arrive(1, 0.0)
    lane.ask()
    assert lane.shown(3.0) is None
    lane.answer()
    assert lane.all_shown() == [(1, True)]


def test_a_frame_goes_ahead_once_a_newer_one_is_there_and_patience_is_over() -> None:
    lane = Lane().warm()
    lane.arrive(1, 0.0)
    lane.ask()
    lane.arrive(2, 0.010)
    assert lane.shown(0.024) is None
    first = lane.shown(0.026)
    assert first is not None
    assert (first.frame.index, first.emotions.reasons, first.answer_follows) == (1, (NOT_YET,), True)
    assert first.emotions.age_s.tolist() == [np.inf]
    assert lane.shown(0.030) is None, "the newest one waits for the classifier"
    lane.arrive(3, 0.034)
    second = lane.shown()
    assert second is not None
    assert (second.frame.index, second.answer_follows) == (2, False), "nobody will ever look at it"
    lane.answer("anger")
    assert lane.ask() == 3
    lane.answer()
    third = lane.shown()
    assert third is not None
    assert third.emotions.measured
    assert [(late.frame_index, late.emotions.labels) for late in third.late] == [(1, ("anger",))]
    assert lane.shown() is None


def test_within_its_patience_a_burst_drops_as_ever_and_the_answer_is_kept() -> None:
    lane = Lane().warm()
    lane.arrive(1, 0.0)
    lane.ask()
    lane.arrive(2, 0.008)
    lane.arrive(3, 0.016)
    assert lane.lane.looked.dropped == 1
    lane.answer()
    assert lane.all_shown() == [(1, True)]
    assert lane.ask() == 3


def test_a_display_that_fetches_nothing_loses_pictures_but_no_answers() -> None:
    lane = Lane().warm()
    for index in (1, 2, 3):
        lane.arrive(index, index * FRAME_S)
        lane.ask()
        lane.answer()
    assert lane.lane.analysed.dropped == 2
    assert lane.lane.analysed.waiting[1] == 1
    shown = lane.shown()
    assert shown is not None
    assert (shown.frame.index, [late.frame_index for late in shown.late]) == (3, [1, 2])


def test_nothing_goes_ahead_while_models_load() -> None:
    lane = Lane()
    for index in range(5):
        lane.arrive(index, index * FRAME_S)
    assert lane.all_shown() == []
    assert lane.lane.looked.dropped == 4
    lane.ask()
    lane.arrive(5, 1.0)
    assert lane.all_shown() == []
    lane.answer()
    assert lane.all_shown() == [(4, True)]


def test_a_closed_lane_gives_what_may_go_and_then_ends() -> None:
    lane = Lane().warm()
    lane.arrive(1, 0.0)
    lane.ask()
    lane.answer()
    lane.arrive(2, FRAME_S)
    lane.lane.looked.close()
    with pytest.raises(ChannelClosedError):
        lane.arrive(3, 2 * FRAME_S)
    assert lane.ask() == 2, "what waited is still looked at"
    with pytest.raises(ChannelClosedError):
        lane.lane.looked.get()
    lane.lane.analysed.close()
    assert lane.shown().frame.index == 1
    with pytest.raises(ChannelClosedError):
        lane.lane.analysed.get()
    with pytest.raises(ChannelClosedError):
        lane.answer()


def test_a_cleared_lane_forgets_frames_and_answers() -> None:
    lane = Lane().warm()
    lane.arrive(1, 0.0)
    lane.ask()
    lane.arrive(2, 0.1)
    lane.lane.looked.clear()
    lane.answer()
    assert lane.all_shown() == []
    lane.arrive(3, 0.2)
    assert lane.ask() == 3
    lane.answer()
    shown = lane.shown()
    assert shown is not None
    assert (shown.frame.index, shown.late) == (3, ())


def test_a_live_source_is_never_sent_elsewhere() -> None:
    with pytest.raises(TypeError, match="live source"):
        LiveQueue().looked.put(EndOfEpoch(0, None))
