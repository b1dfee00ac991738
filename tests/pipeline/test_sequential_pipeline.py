"""All stages in turn on one thread: the frames are those of the pipeline with threads, and so are the errors."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from realtime.core.channel import ChannelClosedError
from realtime.core.errors import ConfigError, ModelError, SourceOpenError, SourceReadError, StageError
from realtime.core.types import Analysed
from realtime.pipeline.sequential_pipeline import SequentialPipeline
from tests.support.fakes import FakeClassifier, FakeFinder, FakeSource


def run(source: FakeSource, finder: Any = None, classifier: Any = None, **options: Any) -> SequentialPipeline:
    finder, classifier = finder or FakeFinder(), classifier or FakeClassifier()
    return SequentialPipeline(source, lambda: finder, lambda: classifier, **options)


def taken(pipeline: SequentialPipeline) -> list[Analysed]:
    frames = []
    with pytest.raises(ChannelClosedError):
        while True:
            frames.append(pipeline.poll(1.0))
    return frames


def test_every_frame_comes_out_in_order_in_full_batches_and_no_thread_is_started() -> None:
    source, finder, classifier = FakeSource(20), FakeFinder(), FakeClassifier()
    before = threading.active_count()
    with run(source, finder, classifier, max_batch=8) as pipeline:
        assert pipeline.source_info().name == "fake"
        assert [one.frame.index for one in taken(pipeline)] == list(range(20))
        assert threading.active_count() == before
        assert pipeline.provider == "fake"
    assert [len(asked) for asked in classifier.asked] == [8, 8, 4]
    assert (source.closed, finder.closed, classifier.closed) == (1, 1, 1)


def test_large_pictures_come_in_smaller_batches() -> None:
    class Large(FakeSource):
        def read(self):
            frame = super().read()
            return frame and replace(frame, image_bgr=np.zeros((2160, 3840, 3), np.uint8))

    classifier = FakeClassifier()
    with run(Large(3), classifier=classifier, max_batch=8) as pipeline:
        taken(pipeline)
    assert [len(asked) for asked in classifier.asked] == [1, 1, 1]


def test_frames_before_an_error_of_the_source_still_come_out() -> None:
    with run(FakeSource(11, at_end=SourceReadError("cut off"))) as pipeline:
        assert [pipeline.poll(1.0).frame.index for _ in range(11)] == list(range(11))
        for _ in range(2):
            with pytest.raises(SourceReadError, match="cut off"):
                pipeline.poll(1.0)


def test_a_stage_that_breaks_names_itself_and_the_frame_after_the_frames_before_it() -> None:
    with run(FakeSource(20), FakeFinder(fail_at=7)) as pipeline:
        assert [pipeline.poll(1.0).frame.index for _ in range(7)] == list(range(7))
        with pytest.raises(StageError, match="odd frame") as raised:
            pipeline.poll(1.0)
    assert (raised.value.stage, raised.value.frame_index) == ("landmarks", 7)
    assert isinstance(raised.value.__cause__, ValueError)


def test_what_does_not_open_or_load_is_raised_as_it_is() -> None:
    def no_model() -> FakeClassifier:
        raise ModelError("model file eyes.onnx is missing")

    missing = FakeSource(3, open_error=SourceOpenError("no such file"))
    with run(missing) as pipeline, pytest.raises(SourceOpenError, match="no such file"):
        pipeline.source_info()
    source = FakeSource(3)
    with SequentialPipeline(source, FakeFinder, no_model) as pipeline, pytest.raises(ModelError, match=r"eyes\.onnx"):
        pipeline.poll(1.0)
    assert source.closed == 1


def test_a_stopped_run_ends_without_an_error() -> None:
    source = FakeSource(10_000)
    with run(source) as pipeline:
        assert pipeline.poll(1.0) is not None
        pipeline.stop()
        with pytest.raises(ChannelClosedError):
            pipeline.poll(1.0)
    assert source.interrupted.is_set()


def test_a_file_is_sent_elsewhere_in_a_new_epoch_also_after_its_end() -> None:
    class Seekable(FakeSource):
        def open(self):
            return replace(super().open(), seekable=True)

        def seek(self, time_s: float) -> None:
            self._next = round(time_s * 30)

    with run(Seekable(60)) as pipeline:
        taken(pipeline)
        pipeline.seek(1.5)
        again = taken(pipeline)
    assert [one.frame.index for one in again] == list(range(45, 60))
    assert {one.frame.epoch for one in again} == {1}
    with run(FakeSource(3)) as pipeline, pytest.raises(ConfigError, match="can be seeked"):
        pipeline.seek(1.0)
