from __future__ import annotations

import time

import pytest
from fakes import FakeClassifier, FakeFinder, FakeSource

from realtime.errors import ModelError, SourceOpenError, SourceReadError, StageError
from realtime.pipeline import Pipeline

pytestmark = pytest.mark.timeout(30)


def run(source: FakeSource, finder: FakeFinder, classifier: FakeClassifier, **options: object) -> Pipeline:
    return Pipeline(source, lambda: finder, lambda: classifier, **options)  # type: ignore[arg-type]


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
    classifier = FakeClassifier(0.05)
    ages = []
    with run(source, FakeFinder(), classifier) as pipeline:
        for analysed in pipeline:
            ages.append(time.monotonic() - analysed.frame.captured_at_s)
    assert max(classifier.batches) == 1
    assert pipeline.metrics.drops["classifier busy"] > 20
    assert len(ages) + sum(pipeline.metrics.drops.values()) == 60
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
    assert "landmarks" in pipeline.close()
    time.sleep(1.2)
