"""Live with a classifier that is too slow: frames go ahead of their answers, in order."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.core.errors import StageError
from realtime.core.types import Analysed
from realtime.pipeline.pipeline import Pipeline
from tests.support.clocks import LIMIT_S, FakeClock, Gate, until
from tests.support.fakes import FakeClassifier, FakeFinder, FakeSource

pytestmark = pytest.mark.timeout(30)

PATIENCE_S = 0.025
FRAME_S = 1 / 30


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
