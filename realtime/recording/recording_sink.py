"""Sink that records the annotated video."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from realtime.core.errors import RecordError
from realtime.core.output_paths import check_target
from realtime.core.sink import Run
from realtime.core.types import Analysed
from realtime.recording.formats import FORMATS, encoder_for
from realtime.recording.video_recorder import VideoRecorder


@dataclass(frozen=True, slots=True)
class RecordingOptions:
    """A recording of the annotated video.

    Attributes:
        path: the video to write; .mp4, .mkv, .webm or .mov.
        overwrite: `bool`, whether an existing file may be replaced.
    """

    path: Path
    overwrite: bool = False
    watched = False

    def check(self) -> None:
        """Refuse a name that cannot be written. Raises ConfigError, RecordError."""
        check_target(self.path, "recording", tuple(FORMATS), overwrite=self.overwrite)
        encoder_for(self.path)

    def sink(self) -> RecordingSink:
        """Return the sink, not yet open."""
        return RecordingSink(self)


class RecordingSink:
    """Records every frame as others may see it; its notes are told when it is closed.

    Args:
        options: which file.
    """

    name = "recording"

    def __init__(self, options: RecordingOptions) -> None:
        self._options = options
        self._run: Run | None = None
        self._recorder: VideoRecorder | None = None
        self._written: Path | None = None

    def open(self, run: Run) -> None:
        """Begin to record. Raises ConfigError, RecordError."""
        self._run = run
        self._recorder = VideoRecorder(
            self._options.path, run.source, overwrite=self._options.overwrite, comment=json.dumps(dict(run.facts))
        )
        run.notify(f"recording to {self._options.path}")

    def write(self, analysed: Analysed) -> None:
        """Record one frame; waits while the encoder is behind. Raises RecordError."""
        if self._run is not None and self._recorder is not None:
            with self._run.metrics.timed("record"):
                self._recorder.write_picture(self._run.picture(analysed), analysed.frame.media_time_s)

    def close(self) -> None:
        """Finish the file; any number of times. Raises RecordError."""
        recorder, self._recorder = self._recorder, None
        if recorder is None or self._run is None:
            return
        recorder.overwrite = recorder.overwrite and not self._run.failed()
        recorder.close()
        for note in recorder.notes:
            self._run.notify(note)
        self._written = recorder.written

    @property
    def blocks_seeking(self) -> str:
        """Why the run cannot be sent elsewhere now, "" once the recording is finished."""
        return "no seeking while recording" if self.active else ""

    @property
    def active(self) -> bool:
        """Whether it is being written now."""
        return self._recorder is not None

    @property
    def written(self) -> Path | None:
        """The recording, once it is complete."""
        return self._written


class KeyRecordingSink(RecordingSink):
    """A recording that a key began: where it fails, it is told and ends, and the run goes on."""

    def write(self, analysed: Analysed) -> None:
        """Record one frame; waits while the encoder is behind."""
        try:
            super().write(analysed)
        except RecordError as error:
            assert self._run is not None
            self._run.notify(f"{error}; the run goes on without it")
            self.close()
