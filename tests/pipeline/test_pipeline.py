"""Three threads between a source and whoever iterates: what comes out, what is dropped, how it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from realtime.core.errors import ConfigError, ModelError, SourceOpenError, SourceReadError, StageError
from realtime.pipeline.pipeline import Pipeline
from tests.support.clocks import Gate, until
from tests.support.fakes import FakeClassifier, FakeFinder, FakeSource

pytestmark = pytest.mark.timeout(30)


def run(source: FakeSource, finder: FakeFinder, classifier: FakeClassifier, **options: object) -> Pipeline:
    return Pipeline(source, lambda: finder, lambda: classifier, **options)  # type: ignore[arg-type]


def sizes(classifier: FakeClassifier) -> list[int]:
    return [len(numbers) for numbers in classifier.asked]


def test_a_patient_run_fills_every_batch_but_the_first_and_the_last() -> None:
    classifier = FakeClassifier()
    finder = FakeFinder(before=lambda frame: frame.index == 1 and until(lambda: classifier.asked))
    with run(FakeSource(14), finder, classifier, max_batch=4, patience_s=60.0) as pipeline:
        assert [analysed.frame.index for analysed in pipeline] == list(range(14))
    assert sizes(classifier) == [1, 4, 4, 4, 1]


def test_without_patience_a_classifier_that_is_quicker_than_the_landmarks_waits_for_nobody() -> None:
    classifier = FakeClassifier()
    finder = FakeFinder(before=lambda frame: until(lambda: len(classifier.asked) == frame.index))
    with run(FakeSource(14), finder, classifier, max_batch=4) as pipeline:
        assert [analysed.frame.index for analysed in pipeline] == list(range(14))
    assert sizes(classifier) == [1] * 14


def test_a_file_loses_no_frame_and_fills_batches() -> None:
    source, finder = FakeSource(100), FakeFinder()
    # Eight are put while the classifier is at its first batch, whatever that has: a ninth is found after them.
    classifier = FakeClassifier(lambda numbers: numbers[0] == 0 and until(lambda: finder.found >= numbers[-1] + 10))
    with run(source, finder, classifier, max_batch=8) as pipeline:
        indices = [analysed.frame.index for analysed in pipeline]
    assert indices == list(range(100))
    assert [number for numbers in classifier.asked for number in numbers] == indices
    assert sizes(classifier)[1] == max(sizes(classifier)) == 8
    assert not pipeline.metrics.drops
    assert (source.closed, finder.closed, classifier.closed) == (1, 1, 1)
    assert source.threads == {"capture"}


def test_live_the_newest_frame_is_taken_and_the_others_are_dropped_by_cause() -> None:
    gate = Gate()
    source = FakeSource(60, live=True, before=lambda number: number == 1 and until(lambda: gate.reached))
    with run(source, FakeFinder(before=gate), FakeClassifier()) as pipeline:
        until(source.at_its_end.is_set)
        gate.let()
        assert pipeline.poll(20).frame.index == 0
        gate.let()
        assert pipeline.poll(20).frame.index == 59
        assert list(pipeline) == []
    assert pipeline.metrics.drops == {"landmarks busy": 58}
    assert [most for _, most in pipeline.metrics.waiting.values()] == [1, 1, 1], "no hand-over holds two frames"


def test_a_slow_display_drops_frames_too() -> None:
    classifier = FakeClassifier()
    source = FakeSource(40, live=True, before=lambda number: until(lambda: len(classifier.asked) == number))
    with run(source, FakeFinder(), classifier) as pipeline:
        until(lambda: classifier.closed)
        assert [analysed.frame.index for analysed in pipeline] == [39]
    assert pipeline.metrics.drops == {"display busy": 39}
    assert sizes(classifier) == [1] * 40


@pytest.mark.parametrize("error", [SourceOpenError("camera 0 did not open"), SourceReadError("gone")])
def test_a_source_that_does_not_open_is_raised_on_main(error: Exception) -> None:
    with run(FakeSource(3, open_error=error), FakeFinder(), FakeClassifier()) as pipeline:
        with pytest.raises(type(error), match=str(error)):
            pipeline.source_info()
        with pytest.raises(type(error)):
            list(pipeline)


def test_frames_before_a_read_error_still_come_out() -> None:
    source = FakeSource(20, at_end=SourceReadError("cut off after 20 frames"))
    seen = []
    with run(source, FakeFinder(), FakeClassifier()) as pipeline, pytest.raises(SourceReadError, match="cut off"):
        for analysed in pipeline:
            seen.append(analysed.frame.index)
    assert seen == list(range(20))


def test_a_stage_that_breaks_names_itself_and_the_frame() -> None:
    pipeline = run(FakeSource(20), FakeFinder(fail_at=7), FakeClassifier())
    with pipeline, pytest.raises(StageError, match="odd frame") as raised:
        list(pipeline)
    assert (raised.value.stage, raised.value.frame_index) == ("landmarks", 7)
    assert isinstance(raised.value.__cause__, ValueError)


def test_a_model_that_does_not_load_ends_the_run_though_the_camera_goes_on() -> None:
    def no_model() -> FakeClassifier:
        raise ModelError("model file eyes.onnx is missing")

    source = FakeSource(10_000, live=True, period_s=0.005)
    with Pipeline(source, FakeFinder, no_model) as pipeline, pytest.raises(ModelError, match=r"eyes\.onnx"):
        list(pipeline)
    assert source.closed == 1


def test_stop_wakes_a_source_that_blocks() -> None:
    source = FakeSource(3, live=True, at_end="block")
    pipeline = run(source, FakeFinder(), FakeClassifier())
    with pipeline:
        assert pipeline.poll(20) is not None
        until(source.at_its_end.is_set)
    assert pipeline.stragglers == [], "the source was interrupted, not waited for until the time was over"
    assert source.closed == 1


def test_stop_in_the_middle_of_a_file_does_not_hang_and_is_no_error() -> None:
    with run(FakeSource(10_000), FakeFinder(), FakeClassifier()) as pipeline:
        for analysed in pipeline:
            if analysed.frame.index == 5:
                break
    assert pipeline.close() == []


def test_stragglers_are_named() -> None:
    gate = Gate()
    pipeline = run(FakeSource(5), FakeFinder(before=gate), FakeClassifier(), join_s=0.3)
    with pipeline:
        until(lambda: gate.reached)
    assert "landmarks" in pipeline.stragglers
    assert "landmarks" in pipeline.close()
    gate.let(5)
    until(lambda: pipeline.close() == [])


# With batches of this size 40 frames find room on their way, so that capturing ends though nobody takes them.
ROOM_FOR_40 = 16


class SeekableFake(FakeSource):
    """Thirty frames per second of media time; can be sent elsewhere."""

    def open(self):
        return replace(super().open(), seekable=True)

    def seek(self, time_s: float) -> None:
        self.at_its_end.clear()
        self._next = max(0, min(round(time_s * 30), self.count - 1))


def test_after_a_seek_nothing_from_before_comes_out() -> None:
    with run(SeekableFake(300), FakeFinder(), FakeClassifier()) as pipeline:
        for turn, target in enumerate((5.0, 1.0, 8.0, 0.0, 3.0), 1):
            for _ in range(7):
                assert pipeline.poll(20) is not None
            pipeline.seek(target)
            frames = [pipeline.poll(20).frame for _ in range(3)]
            assert [frame.index for frame in frames] == [round(target * 30) + n for n in range(3)]
            assert {frame.epoch for frame in frames} == {turn}


def test_of_several_seeks_the_last_one_counts() -> None:
    with run(SeekableFake(300), FakeFinder(), FakeClassifier()) as pipeline:
        assert pipeline.poll(20) is not None
        for target in (9.0, 2.0, 7.0, 4.0):
            pipeline.seek(target)
        assert pipeline.poll(20).frame.index == 120


def test_a_file_can_be_looked_at_again_after_its_end() -> None:
    source = SeekableFake(40)
    with run(source, FakeFinder(), FakeClassifier(), max_batch=ROOM_FOR_40) as pipeline:
        assert [analysed.frame.index for analysed in pipeline] == list(range(40))
        assert pipeline.poll(0.05) is None, "it waits for a seek"
        pipeline.seek(1.0)
        assert [analysed.frame.index for analysed in pipeline] == list(range(30, 40))
        # The capture thread was at its end long before what it delivered was shown.
        pipeline.seek(0.0)
        assert pipeline.poll(20).frame.index == 0
        until(source.at_its_end.is_set)
        pipeline.seek(0.5)
        assert [analysed.frame.index for analysed in pipeline] == list(range(15, 40))
    assert pipeline.close() == []
    assert source.closed == 1


def test_an_error_at_the_end_does_not_keep_one_from_looking_back() -> None:
    source = SeekableFake(40, at_end=SourceReadError("cut off"))
    with run(source, FakeFinder(), FakeClassifier(), max_batch=ROOM_FOR_40) as pipeline:
        for _ in range(3):
            assert pipeline.poll(20) is not None
        until(source.at_its_end.is_set)
        pipeline.seek(0.0)
        seen = []
        with pytest.raises(SourceReadError, match="cut off"):
            for analysed in pipeline:
                seen.append(analysed.frame.index)
        assert seen == list(range(40))
        pipeline.seek(1.2)
        assert pipeline.poll(20).frame.index == 36


def test_what_cannot_be_sent_elsewhere_says_so() -> None:
    with run(FakeSource(3), FakeFinder(), FakeClassifier()) as pipeline, pytest.raises(ConfigError, match="fake"):
        pipeline.seek(1.0)


def test_a_seek_that_fails_ends_the_run_with_its_error() -> None:
    class Gone(SeekableFake):
        def seek(self, time_s: float) -> None:
            raise SourceReadError("the file is gone")

    with run(Gone(300), FakeFinder(), FakeClassifier()) as pipeline:
        assert pipeline.poll(20) is not None
        pipeline.seek(2.0)
        with pytest.raises(SourceReadError, match="gone"):
            list(pipeline)
