from __future__ import annotations

import time
from dataclasses import replace

import pytest

from realtime.core.errors import ConfigError, ModelError, SourceOpenError, SourceReadError, StageError
from realtime.pipeline.pipeline import Pipeline
from tests.support.fakes import FakeClassifier, FakeFinder, FakeSource

pytestmark = pytest.mark.timeout(30)


def run(source: FakeSource, finder: FakeFinder, classifier: FakeClassifier, **options: object) -> Pipeline:
    return Pipeline(source, lambda: finder, lambda: classifier, **options)  # type: ignore[arg-type]


def test_a_patient_run_fills_every_batch_but_the_first_and_the_last() -> None:
    batches = {}
    for patience_s in (0.0, 20.0):
        classifier = FakeClassifier()
        with run(FakeSource(14), FakeFinder(delay_s=0.01), classifier, max_batch=4, patience_s=patience_s) as pipeline:
            assert [analysed.frame.index for analysed in pipeline] == list(range(14))
        batches[patience_s] = classifier.batches
    assert max(batches[0.0]) < 4, "a classifier that is quicker than the landmarks waits for nobody"
    assert batches[20.0] == [1, 4, 4, 4, 1]


def test_a_file_loses_no_frame_and_fills_batches() -> None:
    source, finder, classifier = FakeSource(100), FakeFinder(), FakeClassifier(0.01)
    with run(source, finder, classifier, max_batch=8) as pipeline:
        indices = [analysed.frame.index for analysed in pipeline]
    assert indices == list(range(100))
    assert max(classifier.batches) > 1
    assert sum(classifier.batches) == 100
    assert not pipeline.metrics.drops
    assert (source.closed, finder.closed, classifier.closed) == (1, 1, 1)
    assert source.threads == {"capture"}


def test_live_drops_old_frames_by_cause_and_stays_young() -> None:
    source = FakeSource(60, live=True, period_s=0.01)
    classifier = FakeClassifier()
    ages = []
    with run(source, FakeFinder(delay_s=0.05), classifier) as pipeline:
        for analysed in pipeline:
            ages.append(time.monotonic() - analysed.frame.captured_at_s)
    assert max(classifier.batches) == 1
    assert pipeline.metrics.drops["landmarks busy"] > 20
    assert len(ages) + sum(pipeline.metrics.drops.values()) == 60
    assert [most for _, most in pipeline.metrics.waiting.values()] == [1, 1, 1], "no hand-over holds two frames"
    # One frame in inference and one waiting: two inferences and some slack, however long the run.
    assert max(ages) < 0.25


def test_a_slow_display_drops_frames_too() -> None:
    with run(FakeSource(40, live=True, period_s=0.005), FakeFinder(), FakeClassifier()) as pipeline:
        for _ in pipeline:
            time.sleep(0.03)
    assert pipeline.metrics.drops["display busy"] > 5


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


def test_stop_returns_soon_though_the_source_blocks() -> None:
    pipeline = run(FakeSource(3, live=True, at_end="block"), FakeFinder(), FakeClassifier())
    with pipeline:
        assert pipeline.poll(5) is not None
        started = time.monotonic()
    assert time.monotonic() - started < 1.0
    assert pipeline.close() == []


def test_stop_in_the_middle_of_a_file_does_not_hang_and_is_no_error() -> None:
    with run(FakeSource(10_000), FakeFinder(), FakeClassifier()) as pipeline:
        for analysed in pipeline:
            if analysed.frame.index == 5:
                break
    assert pipeline.close() == []


def test_stragglers_are_named() -> None:
    pipeline = run(FakeSource(5), FakeFinder(delay_s=1.0), FakeClassifier(), join_s=0.05)
    with pipeline:
        time.sleep(0.1)
    assert "landmarks" in pipeline.stragglers
    assert "landmarks" in pipeline.close()
    time.sleep(1.2)


class SeekableFake(FakeSource):
    """Thirty frames per second of media time; can be sent elsewhere, which takes a while."""

    def open(self):
        return replace(super().open(), seekable=True)

    def seek(self, time_s: float) -> None:
        time.sleep(0.02)
        self._next = max(0, min(round(time_s * 30), self.count - 1))


def test_after_a_seek_nothing_from_before_comes_out() -> None:
    with run(SeekableFake(300), FakeFinder(), FakeClassifier(0.005)) as pipeline:
        for turn, target in enumerate((5.0, 1.0, 8.0, 0.0, 3.0), 1):
            for _ in range(7):
                assert pipeline.poll(5) is not None
            pipeline.seek(target)
            frames = [pipeline.poll(5).frame for _ in range(3)]
            assert [frame.index for frame in frames] == [round(target * 30) + n for n in range(3)]
            assert {frame.epoch for frame in frames} == {turn}


def test_of_several_seeks_the_last_one_counts() -> None:
    with run(SeekableFake(300), FakeFinder(), FakeClassifier()) as pipeline:
        assert pipeline.poll(5) is not None
        for target in (9.0, 2.0, 7.0, 4.0):
            pipeline.seek(target)
        assert pipeline.poll(5).frame.index == 120


def test_a_file_can_be_looked_at_again_after_its_end() -> None:
    source = SeekableFake(40)
    with run(source, FakeFinder(), FakeClassifier()) as pipeline:
        assert [analysed.frame.index for analysed in pipeline] == list(range(40))
        assert pipeline.poll(0.05) is None, "it waits for a seek"
        pipeline.seek(1.0)
        assert [analysed.frame.index for analysed in pipeline] == list(range(30, 40))
        # The capture thread was at its end long before what it delivered was shown.
        pipeline.seek(0.0)
        assert pipeline.poll(5).frame.index == 0
        time.sleep(0.1)
        pipeline.seek(0.5)
        assert [analysed.frame.index for analysed in pipeline] == list(range(15, 40))
    assert pipeline.close() == []
    assert source.closed == 1


def test_an_error_at_the_end_does_not_keep_one_from_looking_back() -> None:
    with run(SeekableFake(40, at_end=SourceReadError("cut off")), FakeFinder(), FakeClassifier()) as pipeline:
        for _ in range(3):
            assert pipeline.poll(5) is not None
        time.sleep(0.1)
        pipeline.seek(0.0)
        seen = []
        with pytest.raises(SourceReadError, match="cut off"):
            for analysed in pipeline:
                seen.append(analysed.frame.index)
        assert seen == list(range(40))
        pipeline.seek(1.2)
        assert pipeline.poll(5).frame.index == 36


def test_what_cannot_be_sent_elsewhere_says_so() -> None:
    with run(FakeSource(3), FakeFinder(), FakeClassifier()) as pipeline, pytest.raises(ConfigError, match="fake"):
        pipeline.seek(1.0)


def test_a_seek_that_fails_ends_the_run_with_its_error() -> None:
    class Gone(SeekableFake):
        def seek(self, time_s: float) -> None:
            raise SourceReadError("the file is gone")

    with run(Gone(300), FakeFinder(), FakeClassifier()) as pipeline:
        assert pipeline.poll(5) is not None
        pipeline.seek(2.0)
        with pytest.raises(SourceReadError, match="gone"):
            list(pipeline)
