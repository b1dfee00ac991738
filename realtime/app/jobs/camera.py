"""A camera: its newest picture with what it shows, and files that are written while it runs."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from realtime.app.jobs.analyse import Opened
from realtime.app.jobs.job import Job, Latest
from realtime.app.jobs.preview_image import fit, ppm
from realtime.app.jobs.save_kinds import FaceStyle, Kind, RecordingPainter, Saved, run_options
from realtime.capture.open_source import source_for
from realtime.core.channel import ChannelClosedError
from realtime.core.config import PipelineConfig
from realtime.core.errors import EmotionLiveError
from realtime.core.metrics import Metrics
from realtime.core.options import RunOptions
from realtime.core.output_paths import check_target
from realtime.core.protocols import SourceInfo
from realtime.core.types import Analysed, Emotions, Faces
from realtime.pipeline.pipeline import Pipeline
from realtime.recording.video_recorder import VideoRecorder
from realtime.session.file_outputs import Exports
from realtime.smoothing.carry_forward import CarryForward
from realtime.smoothing.label_smoother import LabelSmoother

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
        emotions: smoothed, or carried over.
        media_time_s: `float`, seconds since the camera's first picture.
        fps: `float`, frames per second.
        latency_ms: `float`, from the camera to here.
        dropped: `int`, frames.
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
        source: `str`, the camera's number.
        config: how to analyse.
        post: receives the events.

    Attributes:
        views: the newest picture with what it shows.
        view_wh: `(int, int)`, pixels that a picture may fill; the window sets it.
    """

    def __init__(self, source: str, config: PipelineConfig, post: Callable[[Job, object], None]) -> None:
        super().__init__("live", post)
        self.views: Latest[CameraView] = Latest()
        self.view_wh = _FIRST_VIEW_WH
        self._source, self._config = source, config
        self._metrics = Metrics()
        self._last = CarryForward(LabelSmoother(config.smoothing).update)
        self._orders: queue.SimpleQueue[tuple[Kind, Path | None, FaceStyle]] = queue.SimpleQueue()
        self._files: dict[Kind, _LiveFile] = {}
        self._provider = ""

    def begin(self, kind: Kind, path: Path, faces: FaceStyle) -> None:
        """Write a file from the next frame on; an existing one is replaced."""
        self._orders.put((kind, path, faces))

    def end(self, kind: Kind) -> None:
        """Finish a file."""
        self._orders.put((kind, None, FaceStyle.AS_THEY_ARE))

    def work(self) -> None:
        """Run until cancelled. Raises EmotionLiveError: the camera cannot be had; files are finished first."""
        from realtime.session.build_pipeline import build_pipeline

        source = source_for(self._source, realtime=True)
        with ExitStack() as stack:
            pipeline = stack.enter_context(build_pipeline(source, self._config, self._metrics, watched=True))
            stack.callback(self._finish_all)
            info = pipeline.source_info()
            self.post(Opened(info))
            self._loop(pipeline, info)
        self.post(Stopped())

    def _loop(self, pipeline: Pipeline, info: SourceInfo) -> None:
        while not self._cancelled.is_set():
            try:
                analysed = pipeline.poll(_POLL_S)
            except ChannelClosedError:
                return
            self._provider = pipeline.provider
            self._obey(info)
            if analysed is not None:
                self._take(analysed)

    def _take(self, analysed: Analysed) -> None:
        frame = analysed.frame
        analysed = self._last.update(analysed)
        for kind, file in list(self._files.items()):
            try:
                file.write(analysed)
            except EmotionLiveError as error:
                self.post(NotWritten(kind, str(error)))
                del self._files[kind]
                file.abandon()
        self._metrics.shown(frame.captured_at_s)
        size_wh = fit(frame.size_wh, self.view_wh)
        self.views.put(
            CameraView(
                picture=ppm(frame.image_bgr, size_wh),
                size_wh=size_wh,
                scale=size_wh[0] / frame.size_wh[0],
                faces=analysed.faces,
                emotions=analysed.emotions,
                media_time_s=frame.media_time_s,
                fps=self._metrics.fps(),
                latency_ms=self._metrics.latency_ms(),
                dropped=sum(self._metrics.drops.values()),
            )
        )

    def _obey(self, info: SourceInfo) -> None:
        while not self._orders.empty():
            kind, path, faces = self._orders.get()
            if path is None:
                self._finish(kind)
                continue
            try:
                check_target(path, kind.value, kind.suffixes, overwrite=True)
                options = run_options(self._source, kind, path, self._config, faces)
                self._files[kind] = _LiveFile(kind, path, options, faces, info, self._metrics, lambda: self._provider)
            except EmotionLiveError as error:
                self.post(NotWritten(kind, str(error)))
            else:
                self.post(Writing(kind, path))

    def _finish(self, kind: Kind) -> None:
        file = self._files.pop(kind, None)
        if file is None:
            return
        try:
            notes = file.close()
        except EmotionLiveError as error:
            self.post(NotWritten(kind, str(error)))
        else:
            self.post(Saved(kind, file.path, tuple(notes)))

    def _finish_all(self) -> None:
        for kind in list(self._files):
            self._finish(kind)


class _LiveFile:
    """One file that is written while the camera runs."""

    def __init__(
        self,
        kind: Kind,
        path: Path,
        options: RunOptions,
        faces: FaceStyle,
        info: SourceInfo,
        metrics: Metrics,
        provider: Callable[[], str],
    ) -> None:
        self.path = path
        self._painter = RecordingPainter(faces)
        self._video = VideoRecorder(path, info) if kind is Kind.RECORDING else None
        self._exports = None if self._video else Exports(options, info, metrics, provider, time.time)

    def write(self, analysed: Analysed) -> None:
        """Take one frame. Raises RecordError."""
        if self._video is not None:
            self._video.write_picture(self._painter.draw(analysed), analysed.frame.media_time_s)
        elif self._exports is not None:
            self._exports.write(analysed)

    def close(self) -> list[str]:
        """Finish it; return what there is to say. Raises RecordError."""
        if self._video is not None:
            self._video.close()
            return self._video.notes
        if self._exports is not None:
            self._exports.close()
        return []

    def abandon(self) -> None:
        """Close it after an error that was told already."""
        try:
            self.close()
        except EmotionLiveError:
            return
