"""What leaves late and blurred: every sink but a window, with what is found up to a second later."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import realtime.overlay.output_gate as gate_module
from realtime.core.errors import RecordError
from realtime.core.options import FaceStyle, PictureOptions
from realtime.core.types import Analysed, FloatArray, Frame
from realtime.overlay.output_gate import OutputGate
from tests.support.values.analysed import moment

FACE = (100, 80, 200, 180)


class Detector:
    """Sees a face from one moment on."""

    def __init__(self, from_s: float = 0.0) -> None:
        self.from_s, self.closed = from_s, 0

    def find(self, frame: Frame) -> FloatArray:
        return np.array([FACE] if frame.media_time_s >= self.from_s else [], np.float32).reshape(-1, 4)

    def smallest_face_px(self, size_wh: tuple[int, int]) -> int:
        return size_wh[0] // 10

    def close(self) -> None:
        self.closed += 1


class Keeper:
    """A sink that keeps what it gets."""

    name, blocks_seeking, written = "keeper", "", None

    def __init__(self, fails_at: int = -1) -> None:
        self.frames: list[Analysed] = []
        self.closed = 0
        self._fails_at = fails_at

    def open(self, run: object) -> None:
        pass

    def write(self, analysed: Analysed) -> None:
        if len(self.frames) == self._fails_at:
            raise RecordError("full")
        self.frames.append(analysed)

    def close(self) -> None:
        self.closed += 1

    @property
    def times_s(self) -> list[float]:
        return [one.frame.media_time_s for one in self.frames]


class Screen(Keeper):
    """A window."""

    holds, status = False, (False, "")

    def idle(self, wait_s: float) -> None:
        pass

    def stays(self) -> bool:
        return False


def noisy(time_s: float, epoch: int = 0) -> Analysed:
    analysed = moment(time_s, {})
    image = np.random.default_rng(1).integers(0, 256, analysed.frame.image_bgr.shape).astype(np.uint8)
    return dataclasses.replace(analysed, frame=Frame(image, 0, time_s, 0.0, epoch))


def is_sharp(analysed: Analysed) -> bool:
    left, top, right, bottom = FACE
    return bool(analysed.frame.image_bgr[top:bottom, left:right].std() > 50)


def opened(detector: Detector, faces: FaceStyle = FaceStyle.BLURRED) -> tuple[OutputGate, list[str]]:
    said: list[str] = []
    gate = OutputGate(PictureOptions(faces), lambda: detector)
    gate.open((320, 240), said.append)
    return gate, said


def run(gate: OutputGate, frames: list[Analysed], *sinks: Keeper) -> None:
    for analysed in frames:
        gate.take(analysed)
        for sink in sinks:
            gate.write(sink, analysed)


def test_a_newcomer_is_blurred_before_a_detector_sees_them() -> None:
    gate, _ = opened(Detector(from_s=2.0))
    sink = Keeper()
    run(gate, [noisy(n / 10) for n in range(30)], sink)
    gate.close(sink)
    assert sink.times_s == [n / 10 for n in range(30)]
    assert [is_sharp(one) for one in sink.frames] == [True] * 12 + [False] * 18
    assert sink.closed == 1


def test_pictures_wait_a_second_and_a_window_does_not() -> None:
    gate, _ = opened(Detector())
    sink, screen = Keeper(), Screen()
    run(gate, [noisy(n / 8) for n in range(13)], sink, screen)
    assert sink.times_s == [n / 8 for n in range(5)]
    assert screen.times_s == [n / 8 for n in range(13)]
    assert is_sharp(screen.frames[-1])


def test_a_recording_of_a_key_begins_and_ends_with_the_key() -> None:
    gate, _ = opened(Detector())
    first, second = Keeper(), Keeper()
    run(gate, [noisy(n / 10) for n in range(20)], first)
    run(gate, [noisy(n / 10) for n in range(20, 25)], first, second)
    gate.close(second)
    assert second.times_s == [2.0, 2.1, 2.2, 2.3, 2.4]
    assert not any(map(is_sharp, second.frames))
    assert first.closed == 0


def test_after_a_seek_nothing_is_held_back_and_nobody_is_expected() -> None:
    gate, _ = opened(Detector(from_s=5.0))
    sink = Keeper()
    run(gate, [noisy(5.0), noisy(5.1), noisy(1.0, epoch=1)], sink)
    assert sink.times_s == [5.0, 5.1]
    gate.close(sink)
    assert [is_sharp(one) for one in sink.frames] == [False, False, True]


def test_pictures_that_would_fill_the_memory_leave_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "_MOST_BYTES", 3 * 320 * 240 * 3)
    gate, _ = opened(Detector())
    sink = Keeper()
    run(gate, [noisy(n / 100) for n in range(10)], sink)
    assert len(sink.frames) == 7
    assert not any(map(is_sharp, sink.frames))


def test_a_sink_that_fails_is_closed_and_the_others_get_everything() -> None:
    gate, _ = opened(Detector())
    broken, sink = Keeper(fails_at=2), Keeper()
    run(gate, [noisy(n / 10) for n in range(5)], broken, sink)
    with pytest.raises(RecordError, match="full"):
        gate.close(broken)
    gate.close(sink)
    assert (broken.closed, len(broken.frames), len(sink.frames)) == (1, 2, 5)


@pytest.mark.parametrize("faces", [FaceStyle.AS_THEY_ARE, FaceStyle.ON_BLACK])
def test_without_blur_frames_pass_as_they_are_and_no_detector_is_made(faces: FaceStyle) -> None:
    gate = OutputGate(PictureOptions(faces), lambda: pytest.fail("a detector costs"))
    gate.open((320, 240), lambda _: pytest.fail("there is nothing to say"))
    frame, sink = noisy(0.0), Keeper()
    run(gate, [frame], sink)
    assert sink.frames == [frame]


def test_what_cannot_be_promised_is_said_in_one_line_and_the_detector_is_freed() -> None:
    detector = Detector()
    gate, said = opened(detector)
    assert len(said) == 1
    assert "32 pixels" in said[0]
    assert "\n" not in said[0]
    gate.end()
    assert detector.closed == 1
