"""Sequential pipeline: capture, landmarks and classify in turn on the caller's thread, without queues."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import cast

from realtime.core.channel import ChannelClosedError
from realtime.core.errors import ConfigError, EmotionLiveError, StageError
from realtime.core.metrics import Metrics
from realtime.core.protocols import EmotionClassifier, FaceFinder, FrameSource, SeekableSource, SourceInfo
from realtime.core.types import Analysed, Faces, Frame

# Pictures of a batch are in memory at once: of large ones a batch has fewer.
_MAX_BATCH_BYTES = 32_000_000


class SequentialPipeline:
    """Analyzes a file frame by frame on the thread that polls it; gives the same frames as `Pipeline`.

    For worker processes that have one core each: threads of one process wait for each other's turn with the
    interpreter, and for queues. Nothing is dropped, and inference takes up to `max_batch` frames at once.

    Args:
        source: where frames come from; one that waits for its reader.
        make_finder: factory of the face finder, called before the first frame.
        make_classifier: factory of the classifier, likewise.
        max_batch: `int`, frames per inference call at most.
        metrics: collects the run's metrics.

    Attributes:
        stragglers: `list` of `str`, threads that did not end in time: none, since there are none.
    """

    def __init__(
        self,
        source: FrameSource,
        make_finder: Callable[[], FaceFinder],
        make_classifier: Callable[[], EmotionClassifier],
        *,
        max_batch: int = 8,
        metrics: Metrics | None = None,
    ) -> None:
        self._source = source
        self._make_finder, self._make_classifier = make_finder, make_classifier
        self._max_batch = max_batch
        self.metrics = metrics or Metrics()
        self.stragglers: list[str] = []
        self._stack = ExitStack()
        self._finder: FaceFinder | None = None
        self._classifier: EmotionClassifier | None = None
        self._info: SourceInfo | None = None
        self._ready: deque[Analysed] = deque()
        # What ends the run, after the frames that are ready.
        self._end: EmotionLiveError | ChannelClosedError | None = None
        self._epoch = 0
        self._stop = threading.Event()

    def __enter__(self) -> SequentialPipeline:
        """Begin; the source is opened when it is asked for."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def provider(self) -> str:
        """Execution provider in use, "" until the classifier is ready."""
        return "" if self._classifier is None else self._classifier.provider

    def source_info(self) -> SourceInfo:
        """Open the source where it is not yet open, and return its properties. Raises SourceOpenError."""
        if self._info is None:
            if self._stop.is_set():
                raise EmotionLiveError("the run was stopped before its source was open")
            self._stack.callback(self._source.close)
            self._info = self._source.open()
        return self._info

    def poll(self, timeout_s: float) -> Analysed | None:
        """Return the next analyzed frame; `timeout_s` is not needed, since the work is done meanwhile.

        Raises:
            ChannelClosedError: the run has ended without an error; `seek` can still continue it.
            EmotionLiveError: the run has ended with this error, after the frames before it.
        """
        del timeout_s
        if not self._ready and self._end is None:
            self._analyze()
        if self._stop.is_set():
            raise ChannelClosedError("the run was stopped")
        if self._ready:
            return self._ready.popleft()
        assert self._end is not None
        raise self._end

    def seek(self, time_s: float) -> None:
        """Continue from the frame that is shown at `time_s`, in seconds of media time; see `Pipeline.seek`.

        Raises:
            ConfigError: the source cannot be seeked.
            SourceReadError: it can no longer be read.
        """
        info = self.source_info()
        if not info.seekable:
            raise ConfigError(f"only a file that is not paced can be seeked; received {info.name}: let it run")
        self._ready.clear()
        self._end = None
        self._epoch += 1
        cast(SeekableSource, self._source).seek(time_s)

    def stop(self) -> None:
        """End the run at its next frame; from any thread. Returns at once."""
        self._stop.set()
        self._source.interrupt()

    def close(self) -> list[str]:
        """Close source and networks; any number of times. Returns the names of threads that did not end: none."""
        self._stop.set()
        self._ready.clear()
        self._stack.close()
        return []

    def _analyze(self) -> None:
        """Analyze one batch of frames into `_ready`; what ends the run goes into `_end`."""
        looked: list[tuple[Frame, Faces]] = []
        self.source_info()
        try:
            finder, classifier = self._networks()
            self._look(finder, looked)
            if looked:
                with _Stage("classify", looked[0][0].index), self.metrics.timed("classify", len(looked)):
                    emotions = classifier.classify(looked)
                self._ready.extend(
                    Analysed(frame, faces, said) for (frame, faces), said in zip(looked, emotions, strict=True)
                )
        except EmotionLiveError as error:
            self._end = error

    def _look(self, finder: FaceFinder, looked: list[tuple[Frame, Faces]]) -> None:
        """Read and look at one batch of frames."""
        room = self._max_batch
        try:
            while len(looked) < room and not self._stop.is_set():
                with _Stage("capture", None), self.metrics.timed("capture"):
                    frame = self._source.read()
                if frame is None:
                    self._end = ChannelClosedError("the source has ended")
                    return
                frame = replace(frame, epoch=self._epoch) if self._epoch else frame
                with _Stage("landmarks", frame.index), self.metrics.timed("landmarks"):
                    looked.append((frame, finder.find(frame)))
                room = max(1, min(self._max_batch, _MAX_BATCH_BYTES // max(1, frame.image_bgr.nbytes)))
        except EmotionLiveError as error:
            # Frames before it are still classified and given out.
            self._end = error

    def _networks(self) -> tuple[FaceFinder, EmotionClassifier]:
        if self._finder is None:
            with _Stage("landmarks", None):
                self._finder = self._make_finder()
            self._stack.callback(self._finder.close)
        if self._classifier is None:
            with _Stage("classify", None):
                self._classifier = self._make_classifier()
            self._stack.callback(self._classifier.close)
        return self._finder, self._classifier


class _Stage:
    """Turns what goes wrong in a stage, and is no error of ours, into a `StageError`."""

    __slots__ = ("_frame_index", "_name")

    def __init__(self, name: str, frame_index: int | None) -> None:
        self._name, self._frame_index = name, frame_index

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, Exception) and not isinstance(error, EmotionLiveError):
            raise StageError(self._name, self._frame_index, f"{type(error).__name__}: {error}") from error
