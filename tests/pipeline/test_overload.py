"""Live with a classifier that is too slow: frames go ahead of their answers, in order."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.core.channel import ChannelClosedError
from realtime.core.errors import StageError
from realtime.core.types import NOT_YET, Analysed
from realtime.pipeline.live_queue import LiveQueue
from realtime.pipeline.pipeline import Pipeline
from realtime.pipeline.seek_epochs import EndOfEpoch
from tests.support.clocks import LIMIT_S, FakeClock, Gate, until
from tests.support.fakes import FakeClassifier, FakeFinder, FakeSource, make_emotions, make_faces, make_frame, one_hot

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


class Followed(FakeFinder):
    """One face, always the same person's."""

    def find(self, frame):
        return super().find(frame).with_track_ids(np.array([4], np.int64))


class Live:
    """A run whose camera delivers, whose classifier answers and whose clock moves when the test says so."""

    def __init__(self, frames: int) -> None:
        self.camera, self.answers, self.clock = Gate(), Gate(), FakeClock()
        self.classifier = FakeClassifier(before=self.answers)
        self.source = FakeSource(frames, live=True, before=self.camera)
        self.finder = Followed()
        self.pipeline = Pipeline(self.source, lambda: self.finder, lambda: self.classifier, clock=self.clock)

    def asked(self, number: int) -> None:
        """Deliver the next frame, which the classifier is to take up."""
        self.camera.let()
        until(lambda: [number] in self.classifier.asked)

    def went_ahead(self, number: int) -> None:
        """Deliver the next frame; the one before it has waited long enough and is shown without an answer."""
        self.clock.sleep(FRAME_S)
        self.camera.let()
        shown = self.pipeline.poll(LIMIT_S)
        assert (shown.frame.index, shown.emotions.measured, shown.late) == (number - 1, False, ())

    def answered(self, number: int) -> Analysed:
        """Let the classifier answer; return the frame of that number, which is shown with what is said of it."""
        self.answers.let()
        shown = self.pipeline.poll(LIMIT_S)
        assert (shown.frame.index, shown.emotions.measured) == (number, True)
        return shown


def test_the_display_keeps_the_cameras_rate_in_order_and_carries_emotions_over() -> None:
    run = Live(13)
    with run.pipeline:
        run.asked(0)
        run.answered(0)
        for first in (1, 7):
            run.asked(first)
            for number in range(first + 1, first + 6):
                run.went_ahead(number)
            # The answer to the first comes while the last waits, which is asked next.
            run.answers.let()
            until(lambda last=first + 5: [last] in run.classifier.asked)
            shown = run.answered(first + 5)
            assert [late.frame_index for late in shown.late] == [first], "an answer that came too late is not lost"
        assert list(run.pipeline) == []
    assert run.classifier.asked == [[0], [1], [6], [7], [12]]
    assert run.pipeline.metrics.carried_over == 10
    assert not run.pipeline.metrics.drops
    assert [most for _, most in run.pipeline.metrics.waiting.values()] == [1, 1, 1]


def test_a_classifier_that_answers_in_time_carries_nothing_over() -> None:
    run = Live(5)
    with run.pipeline:
        run.asked(0)
        for number in range(4):
            run.camera.let()
            until(lambda newer=number + 1: run.finder.found > newer)
            run.clock.sleep(0.45 * PATIENCE_S)  # twice for each frame: before and after it is the newest
            assert run.pipeline.poll(0.06) is None, "the newer one is there, and the time is not over"
            run.answered(number)
            until(lambda newer=number + 1: [newer] in run.classifier.asked)
        run.answered(4)
        assert list(run.pipeline) == []
    assert run.pipeline.metrics.carried_over == 0
    assert not run.pipeline.metrics.drops


def test_a_file_waits_for_every_answer() -> None:
    answers = Gate()
    classifier = FakeClassifier(before=answers)
    with Pipeline(FakeSource(20), Followed, lambda: classifier, max_batch=4, clock=FakeClock()) as pipeline:
        until(lambda: classifier.asked)
        assert pipeline.poll(0.05) is None, "nothing goes ahead"
        answers.let(20)
        shown = list(pipeline)
    assert [one.frame.index for one in shown] == list(range(20))
    assert all(one.emotions.measured and not one.late for one in shown)
    assert pipeline.metrics.carried_over == 0


def test_a_classifier_that_breaks_while_frames_go_ahead_still_ends_the_run() -> None:
    run = Live(20)

    def break_down(numbers: list[int]) -> None:
        run.answers()
        if numbers == [1]:
            raise ValueError("odd face")

    run.classifier.before = break_down
    with run.pipeline:
        run.asked(0)
        run.answered(0)
        run.asked(1)
        run.went_ahead(2)
        run.answers.let()
        run.camera.let(20)
        with pytest.raises(StageError, match="odd face"):
            list(run.pipeline)
    assert run.pipeline.stragglers == []


def test_closing_under_overload_does_not_hang() -> None:
    gate = Gate()
    source = FakeSource(10_000, live=True, period_s=0.001)
    with Pipeline(source, Followed, lambda: FakeClassifier(before=gate)) as pipeline:
        gate.let()
        for _ in range(5):
            assert pipeline.poll(LIMIT_S) is not None
        until(lambda: gate.reached == 2)
        gate.let()
    assert pipeline.stragglers == []
