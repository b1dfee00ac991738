"""Hand-written stages and values for tests."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from models.manifest import EMOTIONS
from models.region_registry import Geometry, Region
from realtime.core.config import PipelineConfig
from realtime.core.delivery import Delivery
from realtime.core.metrics import Metrics
from realtime.core.protocols import SourceInfo
from realtime.core.sink import Run
from realtime.core.types import Analysed, Emotions, Faces, Frame
from realtime.session.keys import Click, Key

# A region that nobody ships, as one entry of the registry.
BROWS = Region(
    name="brows",
    title="brows",
    geometry=Geometry((33, 263), 1.5, 0.5, -0.3, (48, 16), (48, 16)),
    network="residual_cnn",
    width=8,
    occluders=("glasses",),
    hidden_by={"glasses": 0.5},
)
THREE = ("eyes", "lips", "brows")


def blank(width: int = 64, height: int = 48, grey: int = 0) -> np.ndarray:
    return np.full((height, width, 3), grey, np.uint8)


def make_frame(index: int = 0, fps: float = 30.0, image: np.ndarray | None = None) -> Frame:
    return Frame(blank() if image is None else image, index, index / fps, time.monotonic())


def make_landmarks(centre_xy: tuple[float, float] = (32.0, 24.0), eye_distance: float = 24.0) -> np.ndarray:
    """A face whose outer eye corners, mouth and outline are where a face has them; everything else at its centre."""
    points = np.tile(np.array(centre_xy, np.float32), (468, 1))
    x, y, d = *centre_xy, eye_distance
    for number, place in {
        33: (x - d / 2, y - d / 3),
        263: (x + d / 2, y - d / 3),
        61: (x - d / 4, y + d / 2),
        291: (x + d / 4, y + d / 2),
        13: (x, y + d / 2),
        14: (x, y + d / 2),
        10: (x, y - d),
        152: (x, y + d),
        234: (x - 0.8 * d, y),
        454: (x + 0.8 * d, y),
    }.items():
        points[number] = place
    return points


def make_faces(centres: Sequence[tuple[float, float]] = ((32.0, 24.0),), eye_distance: float = 24.0) -> Faces:
    if not len(centres):
        return Faces.empty()
    landmarks = np.stack([make_landmarks(centre, eye_distance) for centre in centres])
    boxes = np.concatenate([landmarks.min(axis=1), landmarks.max(axis=1)], axis=1).astype(np.float32)
    return Faces(boxes, landmarks, np.zeros((len(centres), 3), np.float32), np.zeros(len(centres), np.int64))


def make_emotions(raw: np.ndarray, trust: float | np.ndarray = 1.0, reason: str = "") -> Emotions:
    raw = np.asarray(raw, np.float32).reshape(-1, len(EMOTIONS))
    count = len(raw)
    reliability = np.broadcast_to(np.asarray(trust, np.float32).reshape(-1, 1), (count, 2)).copy()
    labels = tuple(EMOTIONS[int(row.argmax())] for row in raw)
    return Emotions(raw, np.repeat(raw[:, None], 2, axis=1), reliability, labels, raw, (reason,) * count)


def one_hot(emotion: str, confidence: float = 0.9) -> np.ndarray:
    raw = np.full(len(EMOTIONS), (1 - confidence) / (len(EMOTIONS) - 1), np.float32)
    raw[EMOTIONS.index(emotion)] = confidence
    return raw


def three_experts(value: Analysed, *says: str) -> Analysed:
    """The same faces, of which the experts for `THREE` say something."""
    count = len(value.faces)
    shares = np.stack([one_hot(name) for name in says])
    emotions = dataclasses.replace(
        value.emotions,
        by_region=np.repeat(shares[None], count, axis=0),
        reliability=np.ones((count, 3), np.float32),
        regions=THREE,
    )
    return dataclasses.replace(value, emotions=emotions)


def make_run(info: SourceInfo, **facts: Any) -> Run:
    """A run as sinks see it; pictures are the frame's own, and lines for people are forgotten."""
    given = {
        "delivery": Delivery.of(live=info.live, watched=False),
        "config": PipelineConfig(),
        "metrics": Metrics(),
        "manifest_sha256": "",
        "provider": lambda: "cpu",
        "picture": lambda analysed: analysed.frame.image_bgr,
        "notify": lambda _line: None,
        "began_s": 0.0,
    }
    return Run(source=info, **{**given, **facts})


def at_once(_: object) -> None:
    """Let a stage go on without waiting for anything."""


class FakeSource:
    """Delivers `count` frames, `period_s` apart; then ends, raises, or blocks until it is interrupted.

    `before` is called with each frame's number before it is delivered. `at_its_end` is set once all of them were taken.
    """

    dropped = 0
    damaged_packets = 0
    farewell = ""

    def __init__(
        self,
        count: int,
        *,
        live: bool = False,
        period_s: float = 0.0,
        before: Callable[[int], object] = at_once,
        at_end: Exception | str | None = None,
        open_error: Exception | None = None,
    ) -> None:
        self.live, self.count, self.period_s, self.before = live, count, period_s, before
        self.at_end, self.open_error = at_end, open_error
        self.interrupted, self.at_its_end = threading.Event(), threading.Event()
        self.closed = 0
        self.threads: set[str] = set()
        self._next = 0

    def open(self) -> SourceInfo:
        self.threads.add(threading.current_thread().name)
        if self.open_error is not None:
            raise self.open_error
        return SourceInfo("fake", self.live, (64, 48), 30.0, self.count)

    def read(self) -> Frame | None:
        if self.period_s and self.interrupted.wait(self.period_s):
            return None
        if self._next >= self.count:
            self.at_its_end.set()
            if isinstance(self.at_end, Exception):
                raise self.at_end
            if self.at_end == "block":
                self.interrupted.wait()
            return None
        self.before(self._next)
        self._next += 1
        return make_frame(self._next - 1)

    def interrupt(self) -> None:
        self.interrupted.set()

    def close(self) -> None:
        self.closed += 1


class FakeFinder:
    """Finds one face in every frame; `before` is called with each frame first."""

    def __init__(self, fail_at: int | None = None, before: Callable[[Frame], object] = at_once) -> None:
        self.fail_at, self.before, self.found, self.closed = fail_at, before, 0, 0

    def find(self, frame: Frame) -> Faces:
        self.before(frame)
        if frame.index == self.fail_at:
            raise ValueError("odd frame")
        self.found += 1
        return make_faces()

    def close(self) -> None:
        self.closed += 1


class FakeClassifier:
    """Calls every face happy; notes the numbers of each batch's frames, then calls `before` with them."""

    provider = "fake"

    def __init__(self, before: Callable[[list[int]], object] = at_once) -> None:
        self.before, self.asked, self.closed = before, [], 0

    def classify(self, batch: Sequence[tuple[Frame, Faces]]) -> list[Emotions]:
        self.asked.append([frame.index for frame, _ in batch])
        self.before(self.asked[-1])
        return [make_emotions(np.tile(one_hot("happiness"), (len(faces), 1))) for _, faces in batch]

    def close(self) -> None:
        self.closed += 1


class FakeCamera:
    """As much of `pyvirtualcam.Camera` as is used; keeps what it is sent. No machine that tests has a driver for it."""

    def __init__(self, width: int, height: int, fps: float, *, fmt: str) -> None:
        self.size_wh, self.fps, self.fmt = (width, height), fps, fmt
        self.sent: list[np.ndarray] = []
        self.closed_by = ""
        self.broken: Exception | None = None
        self.device = "/dev/video9"

    def send(self, frame: np.ndarray) -> None:
        assert frame.dtype == np.uint8
        assert frame.shape == (self.size_wh[1], self.size_wh[0], 3)
        assert not self.closed_by
        if self.broken is not None:
            raise self.broken
        self.sent.append(frame)

    def sleep_until_next_frame(self) -> None:
        time.sleep(1 / self.fps)

    def close(self) -> None:
        self.closed_by = threading.current_thread().name


class ScriptedWindow:
    """Shows nothing; after `n` new pictures it presses the key that the script names for `n`."""

    script: ClassVar[dict[int, Key | Click]] = {}

    def __init__(self, title: str, size_wh: tuple[int, int] | None = None) -> None:
        self.shown: list[np.ndarray] = []
        self.calls = 0
        self.closed = False
        self._left = dict(self.script)
        ScriptedWindow.last = self

    def show(self, image_bgr: np.ndarray) -> Key | Click | None:
        self.calls += 1
        if not self.shown or self.shown[-1] is not image_bgr:
            self.shown.append(image_bgr)
        return self._left.pop(len(self.shown), None)

    def close(self) -> None:
        self.closed = True
