"""Job that runs a camera: newest picture with its emotions, and files that are written meanwhile."""

from __future__ import annotations

import queue
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from realtime.app.jobs.analyse import Opened
from realtime.app.jobs.job import Job, Latest
from realtime.app.jobs.preview_image import fit, ppm
from realtime.app.jobs.save_kinds import Kind, Saved, output_of
from realtime.capture.open_source import SourceLike
from realtime.core.channel import ChannelClosedError
from realtime.core.config import PipelineConfig
from realtime.core.errors import EmotionLiveError
from realtime.core.options import AnalysisOptions, FaceStyle, PictureOptions
from realtime.core.sink import Run, Sink
from realtime.core.types import Analysed, Emotions, Faces
from realtime.landmarks.all_faces_detector import AllFacesDetector
from realtime.overlay.output_gate import OutputGate
from realtime.provenance.run_builder import build_run, end_facts
from realtime.session.analyser import Analyser

_POLL_S = 0.05
_FIRST_VIEW_WH = (640, 360)


@dataclass(frozen=True, slots=True, eq=False)
class CameraView:
    """The newest picture.

    Attributes:
        picture: `bytes`, PPM.
        size_wh: `(int, int)`, of that picture in pixels.
        scale: `float`, its pixels per pixel of the camera.
        faces: in the camera's pixels.
        emotions: smoothed, or carried forward.
        media_time_s: `float`, seconds since the camera's first picture.
        fps: `float`, frames per second.
        latency_ms: `float`, from the camera to here.
        dropped: `int`, frames.
        note: `str`, what the person in the picture is to know of the neutral calibration, "" if nothing.
    """

    picture: bytes
    size_wh: tuple[int, int]
    scale: float
    faces: Faces
    emotions: Emotions
    media_time_s: float
    fps: float
    latency_ms: float
    dropped: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Writing:
    """A file is being written from now on."""

    kind: Kind
    path: Path


@dataclass(frozen=True, slots=True)
class NotWritten:
    """A file could not be begun, or not be written any further; the camera goes on."""

    kind: Kind
    message: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The camera is closed, and every file is finished."""


class CameraJob(Job):
    """Runs a camera until cancelled; posts `Opened`, and `Writing`, `Saved` or `NotWritten` per file, then `Stopped`.

    Args:
        source: the camera's number, or any other live source.
        config: how to analyze.
        post: receives the events.

    Attributes:
        views: the newest picture with what it shows.
        view_wh: `(int, int)`, pixels that a picture may fill; the window sets it.
    """

    def __init__(self, source: SourceLike, config: PipelineConfig, post: Callable[[Job, object], None]) -> None:
        super().__init__("live", post)
        self.views: Latest[CameraView] = Latest()
        self.view_wh = _FIRST_VIEW_WH
        self._analyser = Analyser(source, AnalysisOptions(pipeline=config, realtime=True), watched=True)
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._files: dict[Kind, _LiveFile] = {}

    def begin(self, kind: Kind, path: Path, faces: FaceStyle) -> None:
        """Write a file from the next frame on; an existing one is replaced."""
        self._orders.put(lambda: self._begin(kind, path, faces))

    def end(self, kind: Kind) -> None:
        """Finish a file."""
        self._orders.put(lambda: self._finish(kind))

    def calibrate(self, seconds: float) -> None:
        """Take the faces of the next seconds as neutral."""
        self._orders.put(lambda: self._analyser.calibrate(seconds))

    def cancel(self) -> None:
        """Close the camera soon; what is being written is finished."""
        super().cancel()
        self._analyser.stop()

    def work(self) -> None:
        """Run until cancelled. Raises EmotionLiveError: the camera cannot be had; files are finished first."""
        try:
            with self._analyser:
                self._show()
        except EmotionLiveError:
            # Errors that stopping causes, as while a camera is being opened, are not errors of the run.
            if not self._cancelled.is_set():
                raise
        self.post(Stopped())

    def _show(self) -> None:
        try:
            self.post(Opened(self._analyser.info))
            self._loop()
        finally:
            self._finish_all()

    def _loop(self) -> None:
        while True:
            try:
                analysed = self._analyser.poll(_POLL_S)
            except ChannelClosedError:
                return
            # Also while a camera delivers nothing: a file that is to be finished must not wait for it.
            while not self._orders.empty():
                self._orders.get()()
            if analysed is not None:
                self._analyser.metrics.shown(analysed.frame.captured_at_s)
                self._take(analysed)

    def _take(self, analysed: Analysed) -> None:
        for kind, file in list(self._files.items()):
            try:
                file.gate.take(analysed)
                file.gate.write(file.sink, analysed)
            except EmotionLiveError as error:
                self.post(NotWritten(kind, str(error)))
                del self._files[kind]
                with suppress(EmotionLiveError):  # It was told already.
                    file.close()
        frame, metrics = analysed.frame, self._analyser.metrics
        size_wh = fit(frame.size_wh, self.view_wh)
        self.views.put(
            CameraView(
                picture=ppm(frame.image_bgr, size_wh),
                size_wh=size_wh,
                scale=size_wh[0] / frame.size_wh[0],
                faces=analysed.faces,
                emotions=analysed.emotions,
                media_time_s=frame.media_time_s,
                fps=metrics.fps(),
                latency_ms=metrics.latency_ms(),
                dropped=sum(metrics.drops.values()),
                note=self._analyser.calibration_note(frame.media_time_s),
            )
        )

    def _begin(self, kind: Kind, path: Path, faces: FaceStyle) -> None:
        try:
            output = output_of(kind, path)
            output.check()
            file = _LiveFile(path, output.sink(), OutputGate(PictureOptions(faces), AllFacesDetector))
            file.sink.open(self._run_of(faces, file))
            if kind is not Kind.TABLE:
                file.gate.open(self._analyser.info.size_wh, lambda _: None)
        except EmotionLiveError as error:
            self.post(NotWritten(kind, str(error)))
        else:
            # That it is being written is an event of its own.
            file.notes.clear()
            self._files[kind] = file
            self.post(Writing(kind, path))

    def _run_of(self, faces: FaceStyle, file: _LiveFile) -> Run:
        analyser = self._analyser
        return build_run(
            analyser.info,
            analyser.delivery,
            analyser.options,
            PictureOptions(faces),
            metrics=analyser.metrics,
            provider=lambda: analyser.provider,
            picture=file.gate.painter.draw,
            notify=file.notes.append,
            end_facts=lambda: end_facts(analyser),
        )

    def _finish(self, kind: Kind) -> None:
        file = self._files.pop(kind, None)
        if file is None:
            return
        try:
            file.close()
        except EmotionLiveError as error:
            self.post(NotWritten(kind, str(error)))
        else:
            self.post(Saved(kind, file.path, tuple(file.notes)))

    def _finish_all(self) -> None:
        for kind in list(self._files):
            self._finish(kind)


@dataclass(frozen=True, slots=True, eq=False)
class _LiveFile:
    """One file that is written while the camera runs, and what there is to say of it."""

    path: Path
    sink: Sink
    gate: OutputGate
    notes: list[str] = field(default_factory=list)

    def close(self) -> None:
        """Write what waits, and finish the file. Raises EmotionLiveError."""
        try:
            self.gate.close(self.sink)
        finally:
            self.gate.end()
