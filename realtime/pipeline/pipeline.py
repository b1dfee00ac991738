"""Staged pipeline: capture, landmarks and classify threads, consumed by iteration on the caller's thread."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any, cast

from realtime.core.channel import BoundedQueue, ChannelClosedError
from realtime.core.delivery import Delivery
from realtime.core.errors import ConfigError, EmotionLiveError, StageError
from realtime.core.metrics import Metrics
from realtime.core.protocols import EmotionClassifier, FaceFinder, FrameSource, SeekableSource, SourceInfo
from realtime.core.types import Analysed, Emotions, Frame
from realtime.pipeline.queues import PipelineQueues
from realtime.pipeline.seek_epochs import EndOfEpoch, SeekEpochs

_JOIN_S = 5.0


class Pipeline:
    """Analyzes a source frame by frame in three worker threads; iterate over it on the main thread.

    Live sources: each queue holds one frame, the newest; older ones are dropped and counted in `metrics.drops`, and
    while the classifier is busy frames bypass it without emotions (`LiveQueue`), which `CarryForward` fills in.
    Files: nothing is dropped, full queues block, and inference takes up to `max_batch` frames at once.
    Every worker opens, uses and closes its own device. An error in a worker ends the run: frames that were finished
    before it are still yielded, then iteration raises it. A file can be seeked, also after its end; frames from before
    a seek are never yielded after it, which is what their `epoch` is for.

    Args:
        source: where frames come from; opened on the capture thread.
        make_finder: factory of the face finder, called on the landmarks thread.
        make_classifier: factory of the classifier, called on the classify thread.
        delivery: how frames are delivered; `None` takes LIVE where the source is live, else FAST.
        max_batch: `int`, frames per inference call at most.
        patience_s: `float`, seconds that inference waits for a full batch of a file's frames, which costs less.
        metrics: collects the run's metrics.
        join_s: `float`, seconds that `close` waits for the threads.
        clock: monotonic seconds, for how long a live frame has waited for its answer.

    Attributes:
        stragglers: `list` of `str`, threads that did not end in time when the pipeline was left.
    """

    def __init__(
        self,
        source: FrameSource,
        make_finder: Callable[[], FaceFinder],
        make_classifier: Callable[[], EmotionClassifier],
        *,
        delivery: Delivery | None = None,
        max_batch: int = 8,
        patience_s: float = 0.0,
        metrics: Metrics | None = None,
        join_s: float = _JOIN_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._make_finder, self._make_classifier = make_finder, make_classifier
        live = source.live if delivery is None else delivery is Delivery.LIVE
        self._max_batch = 1 if live else max_batch
        self._patience_s = patience_s
        self.metrics = metrics or Metrics()
        self._join_s = join_s
        self.stragglers: list[str] = []
        self._between = PipelineQueues.between(live=live, max_batch=max_batch, clock=clock)
        self._epochs = SeekEpochs()
        self._stop = threading.Event()
        self._opened = threading.Event()
        self._info: SourceInfo | None = None
        self._provider = ""
        self._errors: list[EmotionLiveError] = []
        self._lock = threading.Lock()
        frames, looked, analysed = self._between
        self._threads = [
            threading.Thread(target=self._worker, args=(name, body, channels), name=name, daemon=True)
            for name, body, channels in (
                ("capture", self._capture, (frames,)),
                ("landmarks", self._find, (frames, looked)),
                ("classify", self._classify, (looked, analysed)),
            )
        ]

    def __enter__(self) -> Pipeline:
        """Start the threads."""
        # A thread that the interpreter ends inside native code aborts the whole process.
        atexit.register(self.close)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stragglers = self.close()
        atexit.unregister(self.close)

    def source_info(self) -> SourceInfo:
        """Wait until the source is open and return its properties. Raises the error that prevented opening."""
        self._opened.wait()
        if self._info is None:
            self._raise_first_error()
            raise EmotionLiveError("the run was stopped before its source was open")
        return self._info

    @property
    def provider(self) -> str:
        """Execution provider in use, "" until the classifier is ready."""
        return self._provider

    def __iter__(self) -> Iterator[Analysed]:
        """Yield analyzed frames in order; raise the first worker's error after the last of them."""
        while True:
            try:
                yield self._next(None)
            except ChannelClosedError:
                self._count_drops()
                self._raise_first_error()
                return

    def poll(self, timeout_s: float) -> Analysed | None:
        """Return the next analyzed frame, or `None` if none came in time; for loops that also watch a window.

        Raises:
            ChannelClosedError: the run has ended without an error; `seek` can still continue it.
            EmotionLiveError: the run has ended with this error.
        """
        try:
            return self._next(timeout_s)
        except TimeoutError:
            return None
        except ChannelClosedError:
            self._raise_first_error()
            raise
        finally:
            self._count_drops()

    def seek(self, time_s: float) -> None:
        """Continue from the frame that is shown at `time_s`; frames that were analyzed but not yet taken are discarded.

        Returns at once; of several calls the last one counts. From the thread that takes the frames.

        Args:
            time_s: `float`, media time in seconds; times outside the file mean its first or last frame.

        Raises:
            ConfigError: the source cannot be seeked.
        """
        info = self.source_info()
        if not info.seekable:
            raise ConfigError(f"only a file that is not paced can be seeked; received {info.name}: let it run")
        self._between.clear()
        # Only after the queues are cleared: frames of the new epoch must not be discarded with the old ones.
        self._epochs.begin(time_s)

    def stop(self) -> None:
        """Ask the threads to end and wake whoever waits for a frame; from any thread. Returns at once."""
        self._stop.set()
        self._epochs.stop()
        self._source.interrupt()
        self._between.close()

    def close(self) -> list[str]:
        """Stop the threads and wait for them; any number of times. Returns the names of those that did not end."""
        self.stop()
        deadline = time.monotonic() + self._join_s
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        self._count_drops()
        return [thread.name for thread in self._threads if thread.is_alive()]

    def _next(self, timeout_s: float | None) -> Analysed:
        """Return the next frame of the present epoch. Raises as `poll` does, and TimeoutError."""
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            item = self._between.analysed.get(None if deadline_s is None else max(0.0, deadline_s - time.monotonic()))
            if self._epochs.stale(item):
                continue
            if isinstance(item, Analysed):
                self.metrics.carried_over += not item.emotions.measured
                return item
            raise item.error or ChannelClosedError

    def _count_drops(self) -> None:
        # A stream's reader keeps the newest frame only and counts what it replaced.
        self._between.tell(self.metrics, self._source.dropped)

    def _raise_first_error(self) -> None:
        with self._lock:
            if self._errors:
                raise self._errors[0]

    def _worker(
        self, stage: str, body: Callable[[list[int | None]], None], channels: tuple[BoundedQueue[Any], ...]
    ) -> None:
        """Run a stage to its end; on an error store it. Its channels are closed so that its neighbors end too."""
        frame_index: list[int | None] = [None]
        try:
            body(frame_index)
        except ChannelClosedError:
            pass
        except EmotionLiveError as error:
            self._store(error)
        except Exception as error:
            wrapped = StageError(stage, frame_index[0], f"{type(error).__name__}: {error}")
            wrapped.__cause__ = error
            self._store(wrapped)
        finally:
            for channel in channels:
                channel.close()
            if stage == "capture":
                self._opened.set()

    def _store(self, error: EmotionLiveError) -> None:
        with self._lock:
            # Errors that stopping causes in a worker are not errors of the run.
            if not self._stop.is_set():
                self._errors.append(error)

    def _capture(self, frame_index: list[int | None]) -> None:
        try:
            self._info = self._source.open()
            self._opened.set()
            epoch = 0
            while not self._stop.is_set():
                if self._info.seekable:
                    epoch = self._epochs.follow(cast(SeekableSource, self._source), epoch)
                with self.metrics.timed("capture"):
                    frame, error = self._read()
                if frame is not None:
                    frame_index[0] = frame.index
                    self._between.frames.put(replace(frame, epoch=epoch) if epoch else frame)
                elif not self._info.seekable:
                    return
                elif not self._stop.is_set():
                    self._between.frames.put(EndOfEpoch(epoch, error))
                    self._epochs.wait()
        finally:
            self._source.close()

    def _read(self) -> tuple[Frame | None, EmotionLiveError | None]:
        """Return the next frame, or the error that ends a seekable source; other sources raise it."""
        try:
            return self._source.read(), None
        except EmotionLiveError as error:
            if self._info is None or not self._info.seekable:
                raise
            return None, error

    def _find(self, frame_index: list[int | None]) -> None:
        finder = self._make_finder()
        try:
            while not self._stop.is_set():
                frame = self._between.frames.get()
                if self._epochs.stale(frame):
                    continue
                if isinstance(frame, EndOfEpoch):
                    self._between.looked.put(frame)
                    continue
                frame_index[0] = frame.index
                with self.metrics.timed("landmarks"):
                    faces = finder.find(frame)
                self._between.looked.put((frame, faces))
        finally:
            finder.close()

    def _classify(self, frame_index: list[int | None]) -> None:
        classifier = self._make_classifier()
        self._provider = classifier.provider
        # The first batch is not waited for: the first result should appear soon.
        patience_s = 0.0
        try:
            while not self._stop.is_set():
                taken = [
                    self._between.looked.get(),
                    *self._between.looked.take_waiting(self._max_batch - 1, patience_s),
                ]
                patience_s = self._patience_s
                fresh = [item for item in taken if not self._epochs.stale(item)]
                batch = [item for item in fresh if isinstance(item, tuple)]
                if batch:
                    frame_index[0] = batch[0][0].index
                    with self.metrics.timed("classify", len(batch)):
                        emotions: list[Emotions] = classifier.classify(batch)
                    for (frame, faces), said in zip(batch, emotions, strict=True):
                        self._between.analysed.put(Analysed(frame, faces, said))
                for end in (item for item in fresh if isinstance(item, EndOfEpoch)):
                    self._between.analysed.put(end)
        finally:
            classifier.close()
