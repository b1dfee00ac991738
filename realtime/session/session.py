"""One run on the main thread: an Analyser's frames into every sink. Prints nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from models.console import interrupts_held
from realtime.core.channel import ChannelClosedError
from realtime.core.delivery import Delivery
from realtime.core.errors import EmotionLiveError
from realtime.core.metrics import Metrics
from realtime.core.options import RunOptions, SmoothingMode
from realtime.core.output_paths import free_name
from realtime.core.persons.person_check import PersonCheck
from realtime.core.protocols import SourceInfo
from realtime.core.sink import InteractiveSink, NoticedSink, Run, RunStatus, Sink
from realtime.core.types import Analysed
from realtime.landmarks.all_faces_detector import AllFacesDetector
from realtime.overlay.output_gate import OutputGate
from realtime.provenance.run_builder import build_run, end_facts
from realtime.recording.recording_sink import KeyRecordingSink, RecordingOptions, RecordingSink
from realtime.session.analyser import Analyser
from realtime.session.pacer import Pacer, PictureGap, check_speed
from realtime.session.window_sink import WindowOptions
from realtime.timeline.label_spans import LabelSpans

if TYPE_CHECKING:
    from realtime.session.build_pipeline import Engine

_INTERACTIVE_POLL_S = 0.02
_POLL_S = 0.5


class Session:
    """Runs a source into its sinks, to its end or until it is asked to stop; implements `RunControls`.

    Args:
        options: what to do.
        notify: receives one line for people now and then ("recording to …").
        on_frame: called after every frame; for a progress bar.
        clock: monotonic seconds, for the pace at which a file is shown.
        sleep: waits for some seconds.
        engine: makes the pipeline; `None` takes the one of three threads.

    Attributes:
        metrics: rates, drops and times so far.
        spans: who showed what when.
        provider: `str`, what the models run on, "" until they are loaded.
    """

    def __init__(
        self,
        options: RunOptions,
        notify: Callable[[str], None] = lambda _: None,
        on_frame: Callable[[Analysed], None] = lambda _: None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        engine: Engine | None = None,
    ) -> None:
        self._engine = engine
        self.options = options
        self.metrics = Metrics()
        self.spans = LabelSpans(options.persons)
        self._persons_check = PersonCheck(options.persons)
        self.provider = ""
        self._notify, self._on_frame = notify, on_frame
        self._sinks: list[Sink] = []
        self._screen: InteractiveSink | None = None
        self._key_recording: KeyRecordingSink | None = None
        self._gate = OutputGate(options.picture, AllFacesDetector)
        self._painter = self._gate.painter
        self._clock, self._sleep = clock, sleep
        self._pacer = Pacer(clock=clock)
        self._gap, self._gap_notice = PictureGap(clock), ""
        self._analyser: Analyser | None = None
        self._run: Run | None = None
        self._media_time_s = 0.0
        self._quit = self._over = self._cut_short = False
        self._failed = False

    @property
    def live(self) -> bool:
        """Whether the source does not wait for its reader; False before it is open."""
        return self._run is not None and self._run.delivery is Delivery.LIVE

    @property
    def finished(self) -> list[tuple[str, Path]]:
        """What is complete so far: (what, file), recordings first."""
        written = [(sink.name, sink.written) for sink in self._sinks if sink.written is not None]
        return sorted(written, key=lambda one: one[0] != RecordingSink.name)

    @property
    def stragglers(self) -> list[str]:
        """Threads that did not end in time with the run."""
        return [] if self._analyser is None else self._analyser.stragglers

    def run(self, on_open: Callable[[SourceInfo], None] = lambda _: None) -> None:
        """Run to the end. What was written until an error stays. Raises EmotionLiveError."""
        for output in self.options.outputs:
            output.check()
        analyser = self._analyser = self._new_analyser()
        with ExitStack() as stack:
            stack.callback(self._gate.end)
            # A page's port is taken before anything is analyzed.
            for output in self.options.outputs:
                sink = output.sink()
                self._sinks.append(sink)
                stack.push(partial(self._close, sink))
            stack.callback(self._close_key_recording)
            stack.push(self._note_failure)  # before the sinks are closed
            stack.enter_context(analyser)
            on_open(analyser.info)
            self._run = self._new_run(analyser)
            self._gate.open(analyser.info.size_wh, self._notify)
            # The last first: a page or a window that does not open must not cost the table of an earlier run.
            # An interrupt in between would leave a file behind that no sink knows of yet.
            with interrupts_held():
                for sink in reversed(self._sinks):
                    sink.open(self._run)
            self._screen = next((sink for sink in self._sinks if isinstance(sink, InteractiveSink)), None)
            if self._screen is not None:
                # Before the workers end, which may take seconds.
                stack.callback(self._screen.close)
            self._loop(analyser)
        for doubt in (*self._persons_check.unused, *self._persons_check.twice):
            self._notify(doubt)

    def stop(self) -> None:
        """End the run after this frame; what is written is finished."""
        self._quit = True

    def end_first_pass(self) -> bool:
        """End the first of two passes and go on with what it has found; return whether there is one to end."""
        self._cut_short = self._analyser is not None and self._analyser.end_first_pass()
        return self._cut_short

    def seek(self, time_s: float) -> None:
        """Continue from the frame at media time `time_s`. Raises ConfigError: the source cannot be seeked."""
        if self._analyser is not None:
            self._analyser.seek(time_s)

    def calibrate(self, seconds: float) -> None:
        """Take the faces of the next `seconds` of media time as neutral."""
        if self._analyser is not None:
            self._analyser.calibrate(seconds)

    def toggle_recording(self) -> None:
        """Start a recording under a free name, or finish the one that runs. Raises RecordError."""
        running = self._recording()
        if running is not None:
            self._gate.close(running)
        elif self._run is not None:
            sink = self._key_recording = KeyRecordingSink(RecordingOptions(free_name(".mp4")))
            sink.open(self._run)
            # Before the window: the frame that is shown while the key stops it is the last one recorded.
            at = next((n for n, one in enumerate(self._sinks) if one is self._screen), len(self._sinks))
            self._sinks.insert(at, sink)

    def show_landmarks(self, shown: bool) -> None:
        """Draw landmarks and regions on the pictures that others see, or leave them out."""
        self._painter.landmarks = shown

    def why_no_seek(self) -> str:
        """Return why the run cannot seek now, "" where it can."""
        if self.options.analysis.smoothing is SmoothingMode.OFFLINE:
            return "no seeking with offline smoothing"
        return next((sink.blocks_seeking for sink in self._sinks if sink.blocks_seeking), "")

    def _new_analyser(self) -> Analyser:
        options = self.options
        analyser = Analyser(
            options.source,
            options.analysis,
            watched=options.watched,
            metrics=self.metrics,
            notify=self._notify,
            engine=self._engine,
        )
        for output in options.outputs:
            if isinstance(output, WindowOptions):
                check_speed(output.speed, live=analyser.delivery is Delivery.LIVE)
        return analyser

    def _new_run(self, analyser: Analyser) -> Run:
        options = self.options
        return build_run(
            analyser.info,
            analyser.delivery,
            options.analysis,
            options.picture,
            full_paths=options.full_paths,
            columns=options.columns,
            persons=options.persons,
            metrics=self.metrics,
            provider=lambda: self.provider,
            picture=self._painter.draw,
            small_picture=self._painter.draw_small,
            notify=self._notify,
            end_s=options.analysis.seconds,
            end_facts=lambda: {**end_facts(analyser), **self._stop_facts()},
            controls=self,
            failed=lambda: self._failed,
            refined_status=self._refined,
            clock=self._clock,
            sleep=self._sleep,
        )

    def _loop(self, analyser: Analyser) -> None:
        screen = self._screen
        while not self._quit:
            holds = screen is not None and screen.holds
            if screen is not None and holds and not self.live:
                screen.idle(_INTERACTIVE_POLL_S)
                continue
            try:
                analysed = analyser.poll(_POLL_S if screen is None else _INTERACTIVE_POLL_S)
            except ChannelClosedError:
                self._over = True
                if screen is None or not screen.stays():
                    self._quit = True
                continue
            self.provider = analyser.provider
            self._watch_for_gaps(analyser, came=analysed is not None)
            if analysed is not None and not holds:
                self._give_out(analysed)
            elif screen is not None:
                screen.idle(0.0)

    def _stop_facts(self) -> dict[str, float]:
        """Return where a run was ended before its source's end and `--seconds`: by a person, a signal or an error."""
        whole = self._over and not self._cut_short
        return {} if whole else {"stopped_at_s": round(self._media_time_s, 6)}

    def _watch_for_gaps(self, analyser: Analyser, came: bool) -> None:
        """Let a live source's last picture not stand there without a word while no other one comes."""
        if came:
            self._gap.came()
        notice = self._gap.note(analyser.reconnecting) if self.live and not came else ""
        if notice != self._gap_notice:
            self._gap_notice = notice
            for sink in self._sinks:
                if isinstance(sink, NoticedSink):
                    sink.notice(notice)

    def _give_out(self, analysed: Analysed) -> None:
        """Pass one frame to every sink; without a window, wait until a watched file's frame is due."""
        self._media_time_s = analysed.frame.media_time_s
        self.spans.write(analysed)
        self._persons_check.see(analysed.faces.track_ids.tolist(), self._media_time_s)
        if self._run is not None and self._run.delivery is Delivery.PACED and self._screen is None:
            self._sleep(max(0.0, self._pacer.left_s(self._media_time_s)))
        self._gate.take(analysed)
        for sink in list(self._sinks):
            self._gate.write(sink, analysed)
        self.metrics.shown(analysed.frame.captured_at_s)
        self._on_frame(analysed)

    def _refined(self, status: RunStatus) -> RunStatus:
        assert self._analyser is not None
        paused, notice = (False, "") if self._screen is None else self._screen.status
        return replace(
            status,
            recording=self._recording() is not None,
            paused=paused,
            resting=self._analyser.calibration_note(self._media_time_s),
            notice=notice or self._gap_notice,
        )

    def _recording(self) -> Sink | None:
        """Return the recording that is being written now, asked for by an option or by a key."""
        return next((sink for sink in self._sinks if isinstance(sink, RecordingSink) and sink.active), None)

    def _note_failure(self, kind: type[BaseException] | None, *_: object) -> None:
        """Remember how the run ended; Ctrl-C is no failure."""
        self._failed = kind is not None and issubclass(kind, Exception)

    def _close(self, sink: Sink, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Finish a sink's file. Raises RecordError; where the run has failed already, what it says becomes a note."""
        try:
            # A first signal that comes now must not leave the file unfinished.
            with interrupts_held():
                self._gate.close(sink)
        except EmotionLiveError as another:
            if not isinstance(error, Exception):
                raise
            # It names what is left of this file, which the error of another one does not.
            self._notify(str(another))

    def _close_key_recording(self) -> None:
        if self._key_recording is not None:
            self._gate.close(self._key_recording)
