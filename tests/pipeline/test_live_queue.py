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


class Steps:
    """A live queue, and step by step what the threads around it do; the clock is moved by hand."""

    def __init__(self) -> None:
        self.clock = FakeClock(0.0)
        self.queue = LiveQueue(PATIENCE_S, self.clock)

    def arrive(self, index: int, at_s: float) -> None:
        self.clock.now_s = at_s
        self.queue.looked.put((make_frame(index), ONE_FACE))

    def ask(self) -> int:
        self.asked = self.queue.looked.get(0)
        return self.asked[0].index

    def answer(self, emotion: str = "happiness") -> None:
        frame, faces = self.asked
        self.queue.analysed.put(Analysed(frame, faces, make_emotions(one_hot(emotion))))

    def shown(self, at_s: float | None = None) -> Analysed | None:
        self.clock.now_s = self.clock() if at_s is None else at_s
        try:
            return self.queue.analysed.get(0)
        except TimeoutError:
            return None

    def all_shown(self) -> list[tuple[int, bool]]:
        """Number and whether it has its own answer, of every frame that may go now."""
        found = []
        while (one := self.shown()) is not None:
            found.append((one.frame.index, one.emotions.measured))
        return found

    def warm(self) -> Steps:
        """Past the first answer: before it nothing goes ahead."""
        self.arrive(0, -1.0)
        self.ask()
        self.answer()
        assert self.all_shown() == [(0, True)]
        return self


def test_a_quick_classifier_keeps_every_frame_until_its_answer() -> None:
    steps = Steps().warm()
    for index in range(1, 20):
        steps.arrive(index, index * FRAME_S)
        assert steps.all_shown() == []
        assert steps.ask() == index
        assert steps.shown(index * FRAME_S + 0.02) is None, "no newer frame is there"
        steps.answer()
        assert steps.all_shown() == [(index, True)]
    assert (steps.queue.looked.dropped, steps.queue.analysed.dropped) == (0, 0)


def test_without_a_newer_frame_even_a_slow_answer_is_waited_for() -> None:
    steps = Steps().warm()
    steps.arrive(1, 0.0)
    steps.ask()
    assert steps.shown(3.0) is None
    steps.answer()
    assert steps.all_shown() == [(1, True)]


def test_a_frame_goes_ahead_once_a_newer_one_is_there_and_patience_is_over() -> None:
    steps = Steps().warm()
    steps.arrive(1, 0.0)
    steps.ask()
    steps.arrive(2, 0.010)
    assert steps.shown(0.024) is None
    first = steps.shown(0.026)
    assert first is not None
    assert (first.frame.index, first.emotions.reasons, first.answer_follows) == (1, (NOT_YET,), True)
    assert first.emotions.age_s.tolist() == [np.inf]
    assert steps.shown(0.030) is None, "the newest one waits for the classifier"
    steps.arrive(3, 0.034)
    second = steps.shown()
    assert second is not None
    assert (second.frame.index, second.answer_follows) == (2, False), "nobody will ever look at it"
    steps.answer("anger")
    assert steps.ask() == 3
    steps.answer()
    third = steps.shown()
    assert third is not None
    assert third.emotions.measured
    assert [(late.frame_index, late.emotions.labels) for late in third.late] == [(1, ("anger",))]
    assert steps.shown() is None


def test_within_its_patience_a_burst_drops_as_ever_and_the_answer_is_kept() -> None:
    steps = Steps().warm()
    steps.arrive(1, 0.0)
    steps.ask()
    steps.arrive(2, 0.008)
    steps.arrive(3, 0.016)
    assert steps.queue.looked.dropped == 1
    steps.answer()
    assert steps.all_shown() == [(1, True)]
    assert steps.ask() == 3


def test_a_display_that_fetches_nothing_loses_pictures_but_no_answers() -> None:
    steps = Steps().warm()
    for index in (1, 2, 3):
        steps.arrive(index, index * FRAME_S)
        steps.ask()
        steps.answer()
    assert steps.queue.analysed.dropped == 2
    assert steps.queue.analysed.waiting[1] == 1
    shown = steps.shown()
    assert shown is not None
    assert (shown.frame.index, [late.frame_index for late in shown.late]) == (3, [1, 2])


def test_nothing_goes_ahead_while_models_load() -> None:
    steps = Steps()
    for index in range(5):
        steps.arrive(index, index * FRAME_S)
    assert steps.all_shown() == []
    assert steps.queue.looked.dropped == 4
    steps.ask()
    steps.arrive(5, 1.0)
    assert steps.all_shown() == []
    steps.answer()
    assert steps.all_shown() == [(4, True)]


def test_a_closed_queue_gives_what_may_go_and_then_ends() -> None:
    steps = Steps().warm()
    steps.arrive(1, 0.0)
    steps.ask()
    steps.answer()
    steps.arrive(2, FRAME_S)
    steps.queue.looked.close()
    with pytest.raises(ChannelClosedError):
        steps.arrive(3, 2 * FRAME_S)
    assert steps.ask() == 2, "what waited is still looked at"
    with pytest.raises(ChannelClosedError):
        steps.queue.looked.get()
    steps.queue.analysed.close()
    assert steps.shown().frame.index == 1
    with pytest.raises(ChannelClosedError):
        steps.queue.analysed.get()
    with pytest.raises(ChannelClosedError):
        steps.answer()


def test_a_cleared_queue_forgets_frames_and_answers() -> None:
    steps = Steps().warm()
    steps.arrive(1, 0.0)
    steps.ask()
    steps.arrive(2, 0.1)
    steps.queue.looked.clear()
    steps.answer()
    assert steps.all_shown() == []
    steps.arrive(3, 0.2)
    assert steps.ask() == 3
    steps.answer()
    shown = steps.shown()
    assert shown is not None
    assert (shown.frame.index, shown.late) == (3, ())


def test_a_live_source_is_never_sent_elsewhere() -> None:
    with pytest.raises(TypeError, match="live source"):
        LiveQueue().looked.put(EndOfEpoch(0, None))


@pytest.mark.parametrize("side", ["looked", "analysed"])
def test_the_end_of_an_epoch_is_refused_by_both_sides(side: str) -> None:
    with pytest.raises(TypeError) as refused:
        getattr(LiveQueue(), side).put(EndOfEpoch(3, None))
    assert str(refused.value) == (
        "a live source ends by closing; received EndOfEpoch(epoch=3, error=None): only files can be seeked"
    )


def test_a_frame_that_an_idle_classifier_does_not_take_goes_ahead_of_the_next_one() -> None:
    steps = Steps().warm()
    steps.arrive(1, 0.0)
    steps.arrive(2, 0.001)
    assert steps.all_shown() == [(1, False)]
    assert steps.ask() == 2
    assert steps.queue.looked.dropped == 0


def test_what_waited_is_counted_on_both_sides() -> None:
    steps = Steps().warm()
    assert (steps.queue.looked.waiting, steps.queue.analysed.waiting) == ((0.0, 1), (0.0, 1))
    steps.arrive(1, 0.0)
    steps.ask()
    steps.arrive(2, 0.001)
    steps.arrive(3, 0.002)
    assert steps.queue.looked.waiting == (0.25, 1), "the fourth frame found one"
    assert steps.queue.looked.dropped == 1
    steps.answer()
    steps.ask()
    steps.answer()
    assert steps.queue.analysed.waiting == (pytest.approx(1 / 3), 1), "the third answer found one"
    assert steps.queue.analysed.dropped == 1


def test_how_long_until_the_next_frame_is_due() -> None:
    steps = Steps().warm()
    assert steps.queue.left_s() == np.inf
    steps.arrive(1, 0.0)
    assert steps.queue.left_s() == np.inf, "it waits for an answer, and delays nothing"
    steps.ask()
    assert steps.queue.left_s() == np.inf
    steps.arrive(2, 0.010)
    assert steps.queue.left_s() == pytest.approx(PATIENCE_S - 0.010)
    steps.clock.now_s = 1.0
    assert steps.queue.left_s() == 0.0
    steps.answer()
    assert steps.queue.left_s() == 0.0


def test_answers_that_nobody_fetches_are_kept_up_to_a_limit_the_newest_ones() -> None:
    steps = Steps().warm()
    for index in range(1, 42):
        steps.arrive(index, float(index))
        steps.ask()
        steps.answer()
    shown = steps.shown()
    assert shown is not None
    assert (shown.frame.index, [late.frame_index for late in shown.late]) == (41, list(range(9, 41)))


def test_a_late_answer_names_its_own_frames_time_and_faces() -> None:
    steps = Steps().warm()
    steps.arrive(6, 0.0)
    steps.ask()
    steps.arrive(7, 0.1)
    assert steps.all_shown() == [(6, False)]
    steps.answer("fear")
    steps.ask()
    steps.answer()
    [late] = steps.shown().late
    assert (late.frame_index, late.media_time_s, late.emotions.labels) == (6, pytest.approx(6 / 30), ("fear",))
    assert late.faces is ONE_FACE


@pytest.mark.parametrize("side", ["looked", "analysed"])
def test_who_asks_in_vain_is_told_so_in_time(side: str) -> None:
    queue = getattr(LiveQueue(), side)
    for timeout_s in (0, 0.01):
        with pytest.raises(TimeoutError):
            queue.get(timeout_s)
    assert queue.take_waiting(8) == []


def test_a_display_that_waits_is_woken_when_patience_ends() -> None:
    queue = LiveQueue(0.05)
    for index in (0, 1, 2):
        queue.looked.put((make_frame(index), ONE_FACE))
        if index < 2:
            frame, faces = queue.looked.get(0)
        if index == 0:
            queue.analysed.put(Analysed(frame, faces, make_emotions(one_hot("fear"))))
            assert queue.analysed.get(0).frame.index == 0
    shown = queue.analysed.get()
    assert (shown.frame.index, shown.emotions.measured) == (1, False)
