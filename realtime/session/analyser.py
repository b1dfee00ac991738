"""The composition of a run: pipeline, carry-forward, neutral calibration and smoothing behind one iterator."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from models.console import interrupts_held
from models.manifest import load_manifest
from realtime.capture.open_source import SourceLike, source_for
from realtime.capture.reconnecting_source import ReconnectingSource
from realtime.core.channel import ChannelClosedError
from realtime.core.delivery import Delivery
from realtime.core.errors import ConfigError, EmotionLiveError
from realtime.core.metrics import Metrics
from realtime.core.options import AnalysisOptions, SmoothingMode
from realtime.core.protocols import SourceInfo
from realtime.core.types import Analysed, Emotions, Faces, Frame
from realtime.session.two_pass import TwoPass, check_readable_twice
from realtime.smoothing.carry_forward import CarryForward
from realtime.smoothing.label_smoother import LabelSmoother, label_single_frames
from realtime.smoothing.neutral_calibrator import NeutralCalibrator

if TYPE_CHECKING:
    from realtime.session.build_pipeline import AnyPipeline, Engine

_POLL_S = 0.5
# A frame may still be on its way for so long after its time.
_GAP_S = 1.0


class Analyser:
    """Analyzes one source; iterate over it for its frames, in order, on one thread.

    Entering opens the source and starts the worker threads; leaving ends them. `stop` may be called from any thread.

    Example:
        >>> import realtime
        >>> with realtime.Analyser("demo/clip.mp4", realtime.AnalysisOptions(seconds=0.1)) as run:
        ...     labels = [person.label for frame in run for person in frame.people]
        >>> labels
        ['happiness', 'happiness', 'happiness']

    Args:
        source: camera number, file, stream's address, `FrameSource`, or an iterable of `(H, W, 3) uint8` BGR images or
            `(image_bgr, media_time_s)`.
        options: how it is analyzed.
        watched: `bool`, whether somebody sees each frame at once; else a file's frames come in batches, for less.
        metrics: collects the run's metrics.
        notify: takes one line for people now and then.
        engine: makes the pipeline; `None` takes the one of three threads.

    Attributes:
        delivery: how frames are delivered.
        metrics: rates, drops and times so far.
        stragglers: `list` of `str`, threads that did not end in time.
        interventions: what was asked for while it ran, in order: `{"seek_to_s": …}` or `{"calibrate_s": …}`, each with
            `"at_s"`, the media time of the last frame before it.

    Raises:
        ConfigError: the source is none of these, or cannot be smoothed offline.
    """

    def __init__(
        self,
        source: SourceLike = 0,
        options: AnalysisOptions | None = None,
        *,
        watched: bool = False,
        metrics: Metrics | None = None,
        notify: Callable[[str], None] = lambda _: None,
        engine: Engine | None = None,
    ) -> None:
        self.options = options or AnalysisOptions()
        self.metrics = metrics or Metrics()
        self.stragglers: list[str] = []
        self.interventions: list[dict[str, float]] = []
        self._named = source
        self._source = source_for(
            source,
            realtime=self.options.realtime,
            reconnect_s=self.options.reconnect_s,
            timeout_s=self.options.timeout_s,
            notify=notify,
            tracks=self.options.tracks,
        )
        self.delivery = Delivery.of(live=self._source.live, watched=watched)
        self._notify, self._engine = notify, engine
        self._smoother, self._calibrator = LabelSmoother(self.options.pipeline.smoothing), NeutralCalibrator()
        self._carry = CarryForward(self._observe)
        self._stopped = threading.Event()
        self._stack = ExitStack()
        self._pipeline: AnyPipeline | None = None
        self._frames: AnyPipeline | TwoPass | None = None
        self._info: SourceInfo | None = None
        self._epoch = 0
        self._last: Frame | None = None
        self._notes_told = 0

    def __enter__(self) -> Analyser:
        """Open the source and start the workers; where `stop` is called before it is open, there are no frames.

        Raises:
            SourceOpenError: the source cannot be opened.
            ConfigError: offline smoothing of a source that does not wait, or a second `with`.
        """
        if self._pipeline is not None:
            raise ConfigError("an Analyser runs once; received a second `with`: make another one")
        if self._stopped.is_set():
            return self
        try:
            self._open()
        except EmotionLiveError:
            # What goes wrong because it is being stopped is no error.
            if not self._stopped.is_set():
                raise
        return self

    def _open(self) -> None:
        # ONNX Runtime takes its time to import: not before it is needed.
        with interrupts_held():
            from realtime.session.build_pipeline import ThreadedEngine

        engine = self._engine or ThreadedEngine()
        offline = self.options.smoothing is SmoothingMode.OFFLINE and self.delivery is not Delivery.LIVE
        # Nobody sees a first pass, so that it goes in full batches.
        delivery = Delivery.FAST if offline else self.delivery
        with ExitStack() as undo:
            undo.callback(self._tell_how_it_ended)
            self._pipeline = engine.pipeline(self._source, self.options.pipeline, self.metrics, delivery)
            undo.enter_context(self._pipeline)
            self._frames = self._pipeline
            self._info = self._pipeline.source_info()
            self._calibrator = self._new_calibrator()
            if self.options.smoothing is SmoothingMode.OFFLINE:
                self._frames = undo.enter_context(closing(self._two_pass(self._pipeline, engine)))
            self._stack = undo.pop_all()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def __iter__(self) -> Iterator[Analysed]:
        """Yield every frame until the source ends or `stop` is called.

        Raises:
            EmotionLiveError: what ended it early, after the frames before it.
        """
        while True:
            try:
                analysed = self.poll(_POLL_S)
            except ChannelClosedError:
                return
            if analysed is not None:
                self.metrics.shown(analysed.frame.captured_at_s)
                yield analysed

    @property
    def info(self) -> SourceInfo:
        """Properties of the source, once it is open. Raises ConfigError before, and where it never was."""
        if self._info is None and self._stopped.is_set():
            raise ConfigError("nothing is known of the source: the run was stopped before it was open")
        if self._info is None:
            raise ConfigError("an Analyser must be entered before it is used: with Analyser(source) as run: ...")
        return self._info

    @property
    def reconnecting(self) -> bool:
        """Whether a source that broke off is being opened again."""
        return isinstance(self._source, ReconnectingSource) and self._source.reconnecting

    @property
    def provider(self) -> str:
        """Execution provider that the experts run on, "" until they are loaded."""
        return "" if self._pipeline is None else self._pipeline.provider

    def poll(self, timeout_s: float) -> Analysed | None:
        """Return the next frame, or `None` if none came in time; for loops that also watch a window.

        Args:
            timeout_s: `float`, seconds to wait.

        Raises:
            ChannelClosedError: the source has ended, `seconds` are over, or `stop` was called; after an end, `seek` may
                revive it.
            EmotionLiveError: what ended it early.
        """
        if self._stopped.is_set():
            raise ChannelClosedError("the run was stopped")
        info, frames = self.info, self._frames
        assert frames is not None
        analysed = frames.poll(timeout_s)
        self._tell_what_was_found()
        if analysed is None:
            self._check_gap()
            return None
        self._last = analysed.frame
        if self.options.seconds is not None and analysed.frame.media_time_s >= self.options.seconds:
            raise ChannelClosedError(f"{info.name} is over after {self.options.seconds:g} s")
        if analysed.frame.epoch != self._epoch:
            self._epoch = analysed.frame.epoch
            self._smoother.reset()
            self._carry.reset()
            self._calibrator.jump()
        # What was smoothed in both directions is final.
        return analysed if isinstance(frames, TwoPass) else self._carry.update(analysed)

    def stop(self) -> None:
        """End the iteration soon, live within half a second; from any thread, any number of times."""
        self._stopped.set()
        self._source.interrupt()
        if self._pipeline is not None:
            self._pipeline.stop()

    def end_first_pass(self) -> bool:
        """End the first of two passes and go on with what it has found; return whether there is one to end.

        Signal handlers may call this.
        """
        return isinstance(self._frames, TwoPass) and self._frames.end_first_pass()

    def seek(self, time_s: float) -> None:
        """Go on from the frame at media time `time_s` in seconds, also after the end; on the iterating thread.

        Raises:
            ConfigError: the source cannot be seeked, or is not open.
        """
        if not self.info.seekable or self._pipeline is None:
            raise ConfigError(f"only a file that waits can be seeked; received {self.info.name}: let it run")
        self._pipeline.seek(time_s)
        self._intervened("seek_to_s", time_s)

    def calibrate(self, seconds: float) -> None:
        """Take the faces of the next `seconds` of media time as neutral; on the iterating thread."""
        self._calibrator.start(seconds)
        self._intervened("calibrate_s", seconds)

    def _intervened(self, what: str, value: float) -> None:
        at_s = 0.0 if self._last is None else self._last.media_time_s
        self.interventions.append({what: round(value, 3), "at_s": round(at_s, 6)})

    def calibration_note(self, media_time_s: float) -> str:
        """Return the status line of the calibration, "" if there is none."""
        return self._calibrator.note(media_time_s)

    def _check_gap(self) -> None:
        """End where the time is over while a source that broke off is waited for. Raises ChannelClosedError."""
        seconds, last = self.options.seconds, self._last
        if seconds is None or last is None or not isinstance(self._source, ReconnectingSource):
            return
        if last.media_time_s + time.monotonic() - last.captured_at_s > seconds + _GAP_S:
            raise ChannelClosedError(f"{self.info.name} is over after {seconds:g} s")

    def _observe(self, faces: Faces, emotions: Emotions, media_time_s: float) -> Emotions:
        emotions = self._calibrator.update(faces, emotions, media_time_s)
        if self.options.smoothing is SmoothingMode.NONE:
            return label_single_frames(emotions, self.options.pipeline.smoothing)
        return self._smoother.update(faces, emotions, media_time_s)

    def _new_calibrator(self) -> NeutralCalibrator:
        config = self.options.pipeline
        spec = load_manifest(config.weights).baseline_at(config.sensitivity)
        if config.learn_rest and spec is None:
            self._notify("these weights know no population's rest: no resting face is learned; see models.fit_baseline")
        calibrator = NeutralCalibrator(spec, learn=config.learn_rest)
        if self.options.calibrate_s:
            calibrator.start(self.options.calibrate_s)
        return calibrator

    def _two_pass(self, pipeline: AnyPipeline, engine: Engine) -> TwoPass:
        check_readable_twice(self.info, self.delivery is not Delivery.LIVE and isinstance(self._named, (str, Path)))
        options = self.options
        again = engine.second_reading(source_for(self._named, tracks=options.tracks))
        smoothing, prepare = options.pipeline.smoothing, self._calibrator.update
        return TwoPass(pipeline, again, smoothing, options.seconds, self._notify, prepare)

    def _tell_what_was_found(self) -> None:
        notes = [] if self._info is None else self._info.findings.notes
        while self._notes_told < len(notes):
            self._notes_told += 1
            self._notify(notes[self._notes_told - 1])

    def _tell_how_it_ended(self) -> None:
        """Report what an ordinary end would hide: a closed stream, damaged frames, threads that hang."""
        self._tell_what_was_found()
        source = self._source
        self.stragglers = [] if self._pipeline is None else self._pipeline.stragglers
        if source.farewell:
            self._notify(source.farewell)
        if self.stragglers:
            self._notify(f"still busy when the run ended: {', '.join(self.stragglers)}; they end with the program")
        if damaged := source.damaged_packets:
            self._notify(f"{damaged} damaged packets of the source could not be decoded: their frames are missing")
