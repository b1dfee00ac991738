"""The recordings of one run: asked for by an option or started and stopped by a key, drawn as far as they may show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from realtime.core.options import RunOptions
from realtime.core.output_paths import free_name
from realtime.core.protocols import SourceInfo
from realtime.core.types import Analysed, ImageArray
from realtime.overlay.face_blur import FaceBlur, on_black
from realtime.overlay.overlay import Overlay
from realtime.recording.video_recorder import VideoRecorder


class Recordings:
    """Draws what leaves the program, and writes it while a recording runs.

    Args:
        options: of the run.
        info: the source, open.
        notify: receives one line for people when a recording starts, and its notes.

    Attributes:
        finished: what was written so far.
    """

    def __init__(self, options: RunOptions, info: SourceInfo, notify: Callable[[str], None]) -> None:
        self._options, self._info, self._notify = options, info, notify
        # A video of its own: it remembers where its panels were, whatever the window shows.
        self._overlay, self._blur = Overlay(), FaceBlur()
        self._recorder: VideoRecorder | None = None
        self._path = Path()
        self.finished: list[tuple[str, Path]] = []

    @property
    def active(self) -> bool:
        """Whether a recording is being written now."""
        return self._recorder is not None

    def drawn(self, analysed: Analysed, *, landmarks: bool) -> ImageArray:
        """Return the frame with everything drawn on it, faces blurred or left out as the options say."""
        shown = on_black(analysed) if self._options.privacy else analysed
        if self._options.blur_faces and not self._options.privacy:
            shown = self._blur.blurred(analysed)
        return self._overlay.draw(shown, None, landmarks=landmarks, mirror=self._options.mirror)

    def write(self, picture_bgr: ImageArray, media_time_s: float) -> None:
        """Write one picture if a recording runs. Raises RecordError."""
        if self._recorder is not None:
            self._recorder.write_picture(picture_bgr, media_time_s)

    def start(self, path: Path) -> None:
        """Start a recording. Raises RecordError."""
        self._recorder = VideoRecorder(path, self._info, overwrite=self._options.overwrite)
        self._path = path
        self._notify(f"recording to {path}")

    def stop(self) -> None:
        """Finish the recording, if one runs. Raises RecordError."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.close()
            for note in recorder.notes:
                self._notify(note)
            if recorder.frames_written:
                self.finished.append(("recording", self._path))

    def toggle(self) -> None:
        """Start a recording under a free name, or finish the one that runs."""
        if self._recorder is None:
            self.start(free_name(".mp4"))
        else:
            self.stop()
