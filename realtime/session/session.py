"""One run on the main thread: smoothing, drawing, window and keys, recording, table, report. Prints nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import cv2

from realtime.capture.open_source import source_for
from realtime.core.channel import ChannelClosedError
from realtime.core.errors import RecordError
from realtime.core.metrics import Metrics
from realtime.core.options import RunOptions
from realtime.core.output_paths import free_name
from realtime.core.protocols import FrameSource, SourceInfo
from realtime.core.types import Analysed, Emotions, Faces, ImageArray
from realtime.overlay.overlay import HudFacts, Overlay
from realtime.pipeline.pipeline import Pipeline
from realtime.session.build_pipeline import build_pipeline
from realtime.session.file_outputs import Exports, check_targets
from realtime.session.live_outputs import Outlets
from realtime.session.playback import Pacer, Playback, check_speed
from realtime.session.recording_output import Recordings
from realtime.session.two_pass import TwoPass
from realtime.session.window import Click, Key, Window
from realtime.smoothing.carry_forward import CarryForward
from realtime.smoothing.label_smoother import LabelSmoother
from realtime.smoothing.neutral_calibrator import NeutralCalibrator
from realtime.timeline.label_spans import LabelSpans

__all__ = ["RunOptions", "Session"]

_POLL_S = 0.02
_CALIBRATE_S = 5.0
_SWITCHES = (Key.TOGGLE_HUD, Key.TOGGLE_LANDMARKS, Key.TOGGLE_TIMELINE)


class Session:
    """Runs a source to its end or until it is asked to stop.

    Args:
        options: what to do.
        notify: receives one line for people now and then ("recording to …").
        on_frame: called after every frame; for a progress bar.
    """

    def __init__(
        self,
        options: RunOptions,
        notify: Callable[[str], None] = lambda _: None,
        on_frame: Callable[[Analysed], None] = lambda _: None,
    ) -> None:
        self.options = options
        self.metrics = Metrics()
        self.spans = LabelSpans()
        self.provider = ""
        self._notify, self._on_frame = notify, on_frame
        self._smooth = LabelSmoother(options.pipeline.smoothing)
        self._resting = NeutralCalibrator()
        self._last = CarryForward(self._observe)
        if options.calibrate_s:
            self._resting.start(options.calibrate_s)
        self._overlay = Overlay()
        self.finished: list[tuple[str, Path]] = []
        self._shown: Analysed | None = None
        self._window: Window | None = None
        self._recordings: Recordings | None = None
        self._exports: Exports | None = None
        self._outlets: Outlets | None = None
        self._info: SourceInfo | None = None
        self._replay: Playback | None = None
        self._pace = Pacer(options.speed)
        self._switched_on = {Key.TOGGLE_HUD, Key.TOGGLE_TIMELINE}
        self._quit = False
        self._epoch = 0
        self._picture: ImageArray | None = None

    @property
    def live(self) -> bool:
        """Whether the source goes on without us; False before it is open."""
        return self._info is not None and self._info.live

    def run(self, on_open: Callable[[SourceInfo], None] = lambda _: None) -> None:
        """Run to the end. What was recorded until an error stays. Raises EmotionLiveError."""
        check_targets(self.options)
        source = source_for(self.options.source, realtime=self.options.realtime)
        check_speed(self.options.speed, live=source.live)
        pipeline = build_pipeline(source, self.options.pipeline, self.metrics, watched=self.options.watched)
        with ExitStack() as stack:
            self._outlets = Outlets(self.options, self._notify)
            stack.callback(self._outlets.close)
            stack.callback(self._close_sinks)
            stack.callback(self._tell_how_it_ended, source, pipeline)
            stack.enter_context(pipeline)
            self._info = pipeline.source_info()
            frames = (
                stack.enter_context(closing(self._two_passes(pipeline))) if self.options.smooth_offline else pipeline
            )
            on_open(self._info)
            self._outlets.open(self._info)
            self._recordings = Recordings(self.options, self._info, self._notify)
            if self.options.record is not None:
                self._recordings.start(self.options.record)
            # Only now: a source that does not open must not cost the table of an earlier run.
            self._exports = Exports(self.options, self._info, self.metrics, lambda: self.provider)
            if self.options.window:
                self._replay = Playback(self.options, self._info, pipeline.seek, self._is_recording, self._notify)
                self._window = Window(f"emotion-live: {self._info.name}")
                stack.callback(self._window.close)
            self._loop(frames)

    def _two_passes(self, pipeline: Pipeline) -> TwoPass:
        again, options = source_for(self.options.source), self.options
        smoothing = options.pipeline.smoothing
        return TwoPass(pipeline, again, smoothing, options.seconds, self._notify, self._resting.update)

    def _loop(self, pipeline: Pipeline | TwoPass) -> None:
        while not self._quit:
            if self._replay is not None and self._replay.stands and not pipeline.live:
                self._keys(_POLL_S)
                continue
            try:
                analysed = pipeline.poll(_POLL_S if self._window else 0.5)
            except ChannelClosedError:
                self._end()
                continue
            self.provider = pipeline.provider
            if analysed is not None and not (self._replay is not None and self._replay.stands):
                self._handle(analysed)
            else:
                self._keys(0.0)

    def _end(self) -> None:
        """End the run, unless the person at the window may want to look back."""
        if self._replay is not None and self._replay.stays():
            self._redraw()
        else:
            self._quit = True

    def _handle(self, analysed: Analysed) -> None:
        frame = analysed.frame
        if self.options.seconds is not None and frame.media_time_s >= self.options.seconds:
            self._end()
            return
        if frame.epoch != self._epoch:
            self._epoch = frame.epoch
            self._smooth.reset()
            self._last.reset()
            self._resting.jump()
        if not self.options.smooth_offline:
            analysed = self._last.update(analysed)
        self.spans.write(analysed)
        if self._exports is not None:
            self._exports.write(analysed)
        self._give_out(analysed)
        self.metrics.shown(frame.captured_at_s)
        self._on_frame(analysed)

    def _observe(self, faces: Faces, emotions: Emotions, media_time_s: float) -> Emotions:
        return self._smooth.update(faces, self._resting.update(faces, emotions, media_time_s), media_time_s)

    def _give_out(self, analysed: Analysed) -> None:
        """Record, show in the window and elsewhere; waits until a file's frame is due to be seen."""
        assert self._outlets is not None
        assert self._recordings is not None
        picture = None
        if self._recordings.active or self._outlets.wanted:
            with self.metrics.timed("record"):
                picture = self._recordings.drawn(analysed, landmarks=Key.TOGGLE_LANDMARKS in self._switched_on)
                self._recordings.write(picture, analysed.frame.media_time_s)
        if self._replay is not None:
            self._replay.arrived(analysed)
            self._show(analysed, self._replay)
        elif self._outlets.paced and not self.live:
            time.sleep(max(0.0, self._pace.left_s(analysed.frame.media_time_s)))
        self._outlets.write(analysed, picture, self._hud)

    def _show(self, analysed: Analysed, replay: Playback) -> None:
        time_s, seeks = analysed.frame.media_time_s, replay.seeks
        self._wait_until_due(time_s, replay)
        # What was asked for elsewhere meanwhile comes next; nothing from before it may be shown after it.
        if replay.seeks != seeks or replay.pace.leaves_out(time_s):
            return
        self._shown = analysed
        with self.metrics.timed("draw"):
            self._redraw()
        self._keys(0.0)

    def _redraw(self) -> None:
        """Draw the shown frame as the keys now want it; also while the picture stands still."""
        if self._shown is not None and self._replay is not None:
            hud = self._hud() if Key.TOGGLE_HUD in self._switched_on else None
            self._picture = self._replay.composed(
                self._draw(self._shown, hud), timeline=Key.TOGGLE_TIMELINE in self._switched_on
            )

    def _draw(self, analysed: Analysed, hud: HudFacts | None) -> ImageArray:
        shown = self._switched_on
        return self._overlay.draw(analysed, hud, landmarks=Key.TOGGLE_LANDMARKS in shown, mirror=self.options.mirror)

    def _hud(self) -> HudFacts:
        assert self._info is not None
        replay = self._replay
        return HudFacts(
            fps=self.metrics.fps(),
            latency_ms=self.metrics.latency_ms(0.95) if self._info.live else None,
            dropped=sum(self.metrics.drops.values()),
            source=self._info.name,
            provider=self.provider,
            recording=self._is_recording(),
            paused=replay is not None and replay.paused,
            notice="" if replay is None else replay.notice,
            resting=self._resting.note(self._shown.frame.media_time_s if self._shown else 0.0),
        )

    def _wait_until_due(self, media_time_s: float, replay: Playback) -> None:
        """Show a file at its own speed; keys work meanwhile."""
        seeks = replay.seeks
        while not (self.live or self._quit or replay.paused or replay.under_way or replay.seeks != seeks):
            left_s = replay.pace.left_s(media_time_s)
            if left_s <= 0:
                return
            self._keys(min(left_s, _POLL_S))

    def _keys(self, wait_s: float) -> None:
        """Show the present picture, wait a little, and do what a key asks for."""
        if self._window is not None and self._picture is not None:
            self._act(self._window.show(self._picture))
        if wait_s > 0:
            time.sleep(wait_s)

    def _act(self, key: Key | Click | None) -> None:
        if self._replay is not None and self._replay.act(key):
            self._redraw()
        elif key is Key.QUIT:
            self._quit = True
        elif isinstance(key, Key) and key in _SWITCHES:
            self._switched_on ^= {key}
            self._redraw()
        elif key is Key.TOGGLE_RECORDING and self._recordings is not None:
            self._recordings.toggle()
            self._redraw()
        elif key is Key.CALIBRATE:
            self._resting.start(_CALIBRATE_S)
        elif key is Key.SCREENSHOT:
            self._screenshot()

    def _is_recording(self) -> bool:
        return self._recordings is not None and self._recordings.active

    def _screenshot(self) -> None:
        path = free_name(".png")
        if self._picture is None:
            return
        if not cv2.imwrite(str(path), self._picture):
            raise RecordError(f"the screenshot cannot be written: {path}; start the program in a writable folder")
        self._notify(f"screenshot: {path}")

    def _close_sinks(self) -> None:
        """Finish recording, table and report; each is finished even if another fails."""
        with ExitStack() as stack:
            stack.callback(self._close_exports)
            stack.callback(self._close_recordings)

    def _close_recordings(self) -> None:
        if self._recordings is not None:
            try:
                self._recordings.stop()
            finally:
                self.finished += self._recordings.finished

    def _close_exports(self) -> None:
        if self._exports is not None:
            try:
                self._exports.close()
            finally:
                self.finished += self._exports.finished

    def _tell_how_it_ended(self, source: FrameSource, pipeline: Pipeline) -> None:
        """Say what an ordinary end would hide: a sender that closed, frames of a damaged file, threads that hang."""
        if farewell := getattr(source, "farewell", ""):
            self._notify(farewell)
        if pipeline.stragglers:
            self._notify(f"still busy when the run ended: {', '.join(pipeline.stragglers)}; they end with the program")
        damaged = getattr(source, "damaged_packets", 0)
        if damaged:
            self._notify(f"{damaged} damaged packets of the source could not be decoded: their frames are missing")
