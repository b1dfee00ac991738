"""Live with a classifier that is too slow: frames go ahead of their answers, in order."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pytest

from realtime.core.channel import ChannelClosedError
from realtime.core.types import NOT_YET, Analysed, Emotions
from realtime.pipeline.live_queue import LiveQueue
from realtime.pipeline.pipeline import Pipeline
from realtime.pipeline.seek_epochs import EndOfEpoch
from tests.support.fakes import FakeClassifier, FakeFinder, FakeSource, make_emotions, make_faces, make_frame, one_hot

pytestmark = pytest.mark.timeout(30)

PATIENCE_S = 0.025
FRAME_S = 1 / 30
ONE_FACE = make_faces().with_track_ids(np.array([1], np.int64))


class Lane:
    """A lane with a clock that is moved by hand, and what a classify and a main thread would do with it."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.lane = LiveQueue(PATIENCE_S, lambda: self.now_s)

    def arrive(self, index: int, at_s: float) -> None:
        self.now_s = at_s
        self.lane.looked.put((make_frame(index), ONE_FACE))

    def ask(self) -> int:
        self.asked = self.lane.looked.get(0)
        return self.asked[0].index

    def answer(self, emotion: str = "happiness") -> None:
        frame, faces = self.asked
        self.lane.analysed.put(Analysed(frame, faces, make_emotions(one_hot(emotion))))

    def shown(self, at_s: float | None = None) -> Analysed | None:
        self.now_s = self.now_s if at_s is None else at_s
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


class Noting(FakeClassifier):
    """Notes which frames it was asked about."""

    def __init__(self, delay_s: float, fail_at: int | None = None) -> None:
        super().__init__(delay_s)
        self.asked: list[int] = []
        self._fail_at = fail_at

    def classify(self, batch: Sequence[tuple]) -> list[Emotions]:
        self.asked.append(batch[0][0].index)
        if self._fail_at is not None and len(self.asked) == self._fail_at:
            time.sleep(0.1)
            raise ValueError("odd face")
        return super().classify(batch)


class Followed(FakeFinder):
    """One face, always the same person's."""

    def find(self, frame):
        return super().find(frame).with_track_ids(np.array([4], np.int64))


def run_live(classifier: FakeClassifier, frames: int = 45, period_s: float = 0.03) -> tuple[Pipeline, list[Analysed]]:
    source = FakeSource(frames, live=True, period_s=period_s)
    with Pipeline(source, Followed, lambda: classifier) as pipeline:
        return pipeline, list(pipeline)


def test_the_display_keeps_the_cameras_rate_in_order_and_carries_emotions_over() -> None:
    classifier = Noting(0.15)
    pipeline, shown = run_live(classifier)
    indices = [one.frame.index for one in shown]
    assert indices == sorted(set(indices))
    assert len(shown) >= 25, "if it were waited for, nine would come through"
    assert pipeline.metrics.carried_over == sum(not one.emotions.measured for one in shown) > 15
    answered = [late.frame_index for one in shown for late in one.late]
    own = [one.frame.index for one in shown if one.emotions.measured]
    assert sorted(answered + own) == sorted(set(answered + own)), "no answer counts twice"
    assert set(answered + own) <= set(classifier.asked)
    assert len(shown) + sum(pipeline.metrics.drops.values()) == 45
    assert [most for _, most in pipeline.metrics.waiting.values()] == [1, 1, 1]


def test_a_quick_classifier_carries_nothing_over() -> None:
    pipeline, shown = run_live(Noting(0.002), frames=60)
    assert pipeline.metrics.carried_over <= 5, "but for moments in which a busy machine runs none of its threads"
    assert len(shown) >= 50


def test_a_file_waits_for_every_answer() -> None:
    with Pipeline(FakeSource(20), Followed, lambda: FakeClassifier(0.03), max_batch=4) as pipeline:
        shown = list(pipeline)
    assert [one.frame.index for one in shown] == list(range(20))
    assert all(one.emotions.measured and not one.late for one in shown)
    assert pipeline.metrics.carried_over == 0


def test_a_classifier_that_breaks_while_frames_go_ahead_still_ends_the_run() -> None:
    source = FakeSource(10_000, live=True, period_s=0.01)
    shown = []
    with (
        Pipeline(source, Followed, lambda: Noting(0.002, fail_at=4)) as pipeline,
        pytest.raises(Exception, match="odd face"),
    ):
        for one in pipeline:
            shown.append(one)
    assert any(not one.emotions.measured for one in shown), "some went ahead of the answer that never came"
    assert pipeline.close() == []


def test_closing_under_overload_does_not_hang() -> None:
    source = FakeSource(10_000, live=True, period_s=0.005)
    with Pipeline(source, Followed, lambda: FakeClassifier(0.1)) as pipeline:
        for _ in range(20):
            assert pipeline.poll(5) is not None
        started = time.monotonic()
    assert time.monotonic() - started < 1.0
    assert pipeline.stragglers == []
