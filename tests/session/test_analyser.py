"""One composition for everybody: frames in order, stopped from any thread, two side by side, from own images."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.manifest import BaselineSpec, save_manifest
from realtime.capture.video_file import FileSource
from realtime.core.config import PipelineConfig
from realtime.core.delivery import Delivery
from realtime.core.errors import ConfigError, SourceOpenError, SourceReadError
from realtime.core.options import AnalysisOptions, SmoothingMode
from realtime.session.analyser import Analyser
from realtime.session.api import stream
from tests.support.fakes import FakeSource
from tests.support.pictures.made_clips import write_clip
from tests.support.pictures.recorded import ROOT
from tests.support.values.tiny_models import write_tiny_weights

pytestmark = pytest.mark.timeout(60)
IMAGE = np.zeros((96, 128, 3), np.uint8)
STOP_LIMIT_S = 0.5


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> PipelineConfig:
    return PipelineConfig(weights=write_tiny_weights(tmp_path_factory.mktemp("weights"), eyes="happiness").folder)


def endless(gap_s: float = 0.005):
    for _ in itertools.count():
        yield IMAGE
        time.sleep(gap_s)


@pytest.mark.parametrize("realtime", [False, True])
def test_stop_from_another_thread_ends_the_iteration_within_half_a_second(
    config: PipelineConfig, realtime: bool
) -> None:
    with Analyser(endless(), AnalysisOptions(pipeline=config, realtime=realtime)) as run:
        stopped_at_s: list[float] = []

        def stop() -> None:
            stopped_at_s.append(time.monotonic())
            run.stop()

        for number, _ in enumerate(run):
            if number == 3:
                threading.Thread(target=stop).start()
        ended_at_s = time.monotonic()
    assert ended_at_s - stopped_at_s[0] < STOP_LIMIT_S


def test_stop_wakes_whoever_waits_for_a_frame_that_never_comes(config: PipelineConfig) -> None:
    source = FakeSource(2, live=True, at_end="block")
    with Analyser(source, AnalysisOptions(pipeline=config)) as run:
        waits = threading.Event()
        timer = threading.Thread(target=lambda: (waits.wait(), run.stop()))
        timer.start()
        for _ in run:
            waits.set()
        assert source.interrupted.is_set()
    timer.join()
    assert run.stragglers == []


def test_an_iterable_that_blocks_does_not_hold_the_end_up(config: PipelineConfig) -> None:
    block = threading.Event()

    def frames():
        yield IMAGE
        block.wait()
        yield IMAGE

    with Analyser(frames(), AnalysisOptions(pipeline=config)) as run:
        for _ in run:
            run.stop()
    block.set()
    assert run.stragglers == []


def test_frames_come_in_order_with_their_own_pictures_and_times(config: PipelineConfig) -> None:
    own = [(np.full_like(IMAGE, n), n / 10) for n in range(12)]
    analysed = list(stream(iter(own), AnalysisOptions(pipeline=config)))
    assert [frame.media_time_s for frame in analysed] == [time_s for _, time_s in own]
    assert [int(frame.image_bgr[0, 0, 0]) for frame in analysed] == list(range(12))


def test_the_end_that_was_asked_for_comes_before_the_sources(config: PipelineConfig, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 30)
    with Analyser(clip, AnalysisOptions(pipeline=config, seconds=0.5)) as run:
        assert len(list(run)) == 15
        assert run.delivery is Delivery.FAST
        assert run.info.name == "clip.mp4"


def test_two_streams_side_by_side_say_what_each_says_alone(config: PipelineConfig, portrait_bgr) -> None:
    def said(frames: list[np.ndarray]) -> list[list[float]]:
        return [
            [person.confidence for person in frame.people] for frame in stream(frames, AnalysisOptions(pipeline=config))
        ]

    first, second = [portrait_bgr] * 8, [np.ascontiguousarray(portrait_bgr[:, ::-1])] * 8
    alone = said(first), said(second)
    options = AnalysisOptions(pipeline=config)
    together: tuple[list, list] = ([], [])
    for one, other in zip(stream(first, options), stream(second, options), strict=True):
        for place, frame in zip(together, (one, other), strict=True):
            place.append([person.confidence for person in frame.people])
    assert together == alone
    assert all(len(people) == 1 for people in together[0])


def test_closing_the_iterator_ends_the_workers(config: PipelineConfig) -> None:
    before = set(threading.enumerate())
    frames = stream(endless(), AnalysisOptions(pipeline=config))
    next(frames)
    frames.close()
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert not left & {"capture", "landmarks", "classify"}


def test_calibration_holds_for_every_user_and_its_note_counts_down(config: PipelineConfig) -> None:
    options = AnalysisOptions(pipeline=config, calibrate_s=0.5)
    with Analyser([IMAGE] * 20, options) as run:
        notes = [run.calibration_note(frame.media_time_s) for frame in run]
    assert notes[0].startswith("REST YOUR FACE 1 s")
    assert notes[-1] == ""


def test_a_rest_is_learned_where_options_say_so_and_weights_know_other_peoples(tmp_path: Path, portrait_bgr) -> None:
    plain = write_tiny_weights(tmp_path, eyes="neutral", lips="neutral")
    told: list[str] = []

    def said(frames: int, learn: bool) -> tuple[float, str]:
        seen = [(portrait_bgr, frame / 4) for frame in range(frames)]
        options = AnalysisOptions(pipeline=PipelineConfig(max_faces=1, weights=tmp_path, learn_rest=learn))
        with Analyser(seen, options, notify=told.append) as run:
            *_, last = run
            return last.people[0].probabilities["neutral"], run.calibration_note(last.frame.media_time_s)

    before, _ = said(4, learn=True)
    assert any("these weights know no population's rest" in line for line in told)
    save_manifest(replace(plain, baselines=(BaselineSpec((0.0, 0.0, 0.0, 0.0, 2.0, 0.0), 0.0, -2.0),)))
    assert said(4, learn=False) == (pytest.approx(before), "")
    learned, note = said(32, learn=True)
    assert learned < before - 0.02
    assert note == "1 rest learned"


def test_a_file_without_smoothing_has_each_frames_own_answer(config: PipelineConfig, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 5)
    options = AnalysisOptions(pipeline=config, smoothing=SmoothingMode.NONE)
    assert all((frame.emotions.probabilities == frame.emotions.raw).all() for frame in stream(clip, options))


def test_what_must_be_entered_says_so(config: PipelineConfig) -> None:
    run = Analyser([IMAGE], AnalysisOptions(pipeline=config))
    with pytest.raises(ConfigError, match="with Analyser"):
        next(iter(run))


@pytest.mark.parametrize("source", [[IMAGE] * 3, FileSource("clip.mp4")])
def test_offline_smoothing_of_what_cannot_be_read_twice_is_refused(config: PipelineConfig, source, tmp_path) -> None:
    if isinstance(source, FileSource):
        source = FileSource(str(write_clip(tmp_path / "clip.mp4", 3)))
    run = Analyser(source, AnalysisOptions(pipeline=config, smoothing=SmoothingMode.OFFLINE))
    with pytest.raises(ConfigError, match="offline smoothing needs a file"), run:
        pass


@pytest.mark.parametrize(
    ("frames", "error", "says"),
    [
        ([], SourceOpenError, "at least one image"),
        ([IMAGE[:, :, 0]], SourceReadError, r"frame 0 of frames must be \(H, W, 3\) uint8"),
        ([IMAGE, IMAGE.astype(float)], SourceReadError, "frame 1 of frames must be"),
        ([IMAGE, "picture"], SourceReadError, "received str"),
        ([IMAGE[:0]], SourceReadError, "received \\(0, 128, 3\\) uint8"),
        ([(IMAGE, 0.5), (IMAGE, float("inf"))], SourceReadError, "must be finite"),
        ([(IMAGE, 0.5), (IMAGE, 0.5)], SourceReadError, "times of frames must be finite and grow"),
    ],
)
def test_own_frames_that_are_none_end_in_one_line(config: PipelineConfig, frames, error, says) -> None:
    with pytest.raises(error, match=says) as caught:
        list(stream(frames, AnalysisOptions(pipeline=config)))
    assert "\n" not in str(caught.value)


def test_an_error_of_the_own_iterable_reaches_whoever_iterates(config: PipelineConfig) -> None:
    def broken():
        yield IMAGE
        raise ZeroDivisionError("by the caller")

    seen = []
    with pytest.raises(SourceReadError, match="ZeroDivisionError: by the caller") as caught:
        seen.extend(stream(broken(), AnalysisOptions(pipeline=config)))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("source", [[IMAGE] * 3, "demo/clip.mp4"])
def test_stopped_before_it_is_open_a_run_has_no_frames_and_no_error(config: PipelineConfig, source: object) -> None:
    run = Analyser(source, AnalysisOptions(pipeline=config))
    run.stop()
    with run:
        assert list(run) == []
        with pytest.raises(ConfigError, match="stopped before it was open"):
            _ = run.info


def test_stopped_while_it_is_being_opened_a_run_has_no_frames_and_no_error(config: PipelineConfig) -> None:
    opening = threading.Event()

    class Slow(FakeSource):
        def open(self):
            opening.set()
            self.interrupted.wait()
            raise SourceOpenError("opening was interrupted")

    run = Analyser(Slow(3, live=True), AnalysisOptions(pipeline=config))
    stopper = threading.Thread(target=lambda: (opening.wait(), run.stop()))
    stopper.start()
    with run:
        assert list(run) == []
    stopper.join()


def test_a_run_cannot_be_entered_twice(config: PipelineConfig) -> None:
    run = Analyser([IMAGE], AnalysisOptions(pipeline=config))
    with run:
        pass
    with pytest.raises(ConfigError, match="runs once"), run:
        pass


def test_seeking_where_one_cannot_is_refused(config: PipelineConfig) -> None:
    run = Analyser([IMAGE] * 3, AnalysisOptions(pipeline=config))
    with pytest.raises(ConfigError, match="must be entered"):
        run.seek(1.0)
    with run, pytest.raises(ConfigError, match="only a file"):
        run.seek(1.0)


def test_a_generator_is_closed_when_the_run_ends(config: PipelineConfig) -> None:
    closed = threading.Event()

    def camera():
        try:
            while True:
                yield IMAGE
        finally:
            closed.set()

    with Analyser(camera(), AnalysisOptions(pipeline=config)) as run:
        next(iter(run))
    assert closed.wait(20)


def test_own_times_count_from_the_first(config: PipelineConfig) -> None:
    own = [(IMAGE, 1.7e9 + n / 10) for n in range(9)]
    times = [frame.media_time_s for frame in stream(own, AnalysisOptions(pipeline=config, seconds=0.45))]
    assert times == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4], abs=1e-6)


def test_what_is_nearly_a_frame_source_is_told_what_is_missing() -> None:
    class Nearly:
        live = True

        def open(self): ...
        def read(self): ...
        def close(self): ...

    with pytest.raises(ConfigError, match="missing: dropped, damaged_packets, farewell, interrupt"):
        Analyser(Nearly())


@pytest.mark.parametrize(
    ("options", "what"), [({"smoothing": "offline"}, "SmoothingMode"), ({"seconds": 0}, "above 0")]
)
def test_options_that_cannot_be_are_refused(options: dict[str, object], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        AnalysisOptions(**options)


def test_a_program_that_ends_with_an_open_stream_ends_well() -> None:
    code = "import realtime; frames = realtime.stream('demo/clip.mp4'); next(frames); print('ended')"
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=50)
        assert (done.returncode, done.stdout.strip()) == (0, "ended"), done.stderr
