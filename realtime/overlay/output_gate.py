"""The way of frames to sinks; those with blurred faces leave a second late, so that faces are found in time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from realtime.core.options import FaceStyle, PictureOptions
from realtime.core.sink import InteractiveSink, Sink
from realtime.core.types import Analysed, FloatArray, Frame
from realtime.overlay.face_blur import FaceBlur
from realtime.overlay.face_paths import KEEP_S
from realtime.overlay.output_painter import OutputPainter

# Pictures that wait: 1 s of 3840x2160 at 30 fps. Where they would need more, they wait for less long.
_MOST_BYTES = 768 << 20
BLUR_NOTE = (
    "blur: every face is blurred from a second before a detector finds it to a second after, and pictures leave 1 s "
    "late; faces under about {smallest} pixels, in profile or mostly covered may stay sharp: --privacy shows no picture"
)


class BoxDetector(Protocol):
    """Interface of `realtime.landmarks.all_faces_detector.AllFacesDetector`."""

    def find(self, frame: Frame) -> FloatArray:
        """Return boxes of all faces, `(N, 4) float32` xyxy pixels."""

    def smallest_face_px(self, size_wh: tuple[int, int]) -> int:
        """Return about how high a face must be to be found, in pixels of a frame of this size."""

    def close(self) -> None:
        """Free the networks."""


class OutputGate:
    """Passes the frames of one run to its sinks; where faces are to be blurred, every sink but a window gets them so.

    Args:
        options: how faces are shown.
        make_detector: makes what finds all faces, where they are to be blurred; without it only the faces that are
            analyzed are blurred.

    Attributes:
        painter: draws what passed.
    """

    def __init__(self, options: PictureOptions, make_detector: Callable[[], BoxDetector] | None = None) -> None:
        self._blurs = options.faces is FaceStyle.BLURRED
        self._make_detector = make_detector
        self._detector: BoxDetector | None = None
        self._blur = FaceBlur()
        self.painter = OutputPainter(options, self._blur)
        self._waiting: dict[int, tuple[Sink, deque[Analysed]]] = {}

    def open(self, size_wh: tuple[int, int], notify: Callable[[str], None]) -> None:
        """Load the detector, before the first frame, and say what blurring cannot promise.

        Args:
            size_wh: pixels of the frames.
            notify: takes one line for people.
        """
        if self._blurs and self._make_detector is not None:
            self._detector = self._make_detector()
            self._blur.find_with(self._detector.find)
            notify(BLUR_NOTE.format(smallest=self._detector.smallest_face_px(size_wh)))

    def take(self, analysed: Analysed) -> None:
        """Take note of the next frame, before it is written to any sink."""
        if not self._blurs:
            return
        if self._blur.jumps(analysed.frame):
            for sink, frames in self._waiting.values():
                self._release(sink, frames, len(frames))
        self._blur.observe(analysed)

    def write(self, sink: Sink, analysed: Analysed) -> None:
        """Write one frame to a sink, now or when it may leave. Raises what the sink raises."""
        if not self._blurs or isinstance(sink, InteractiveSink):
            sink.write(analysed)
            return
        _, frames = self._waiting.setdefault(id(sink), (sink, deque()))
        frames.append(analysed)
        until_s = analysed.frame.media_time_s - KEEP_S
        due = sum(one.frame.media_time_s <= until_s for one in frames)
        self._release(sink, frames, max(due, len(frames) - max(1, _MOST_BYTES // analysed.frame.image_bgr.nbytes)))

    def close(self, sink: Sink) -> None:
        """Write what waits for a sink, and close it; any number of times. Raises what the sink raises."""
        _, frames = self._waiting.pop(id(sink), (sink, deque[Analysed]()))
        try:
            self._release(sink, frames, len(frames))
        finally:
            sink.close()

    def end(self) -> None:
        """Free the detector; any number of times."""
        self._blur.close()
        if self._detector is not None:
            self._detector.close()

    def _release(self, sink: Sink, frames: deque[Analysed], count: int) -> None:
        try:
            for _ in range(count):
                sink.write(self._blur.blurred(frames.popleft()))
        except BaseException:
            # A sink that failed is only closed; what it had is written.
            self._waiting.pop(id(sink), None)
            raise
