"""Protocols of the pipeline's stages: frame source, face finder, emotion classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from realtime.core.errors import ConfigError
from realtime.core.types import Emotions, Faces, Frame


@dataclass(slots=True, eq=False)
class SourceFindings:
    """What becomes known of a source while it is read; filled on the capture thread, read by others at any time.

    Attributes:
        notes: `list` of `str`, one line each for the user, no line twice.
        clock: `list` of `(float, float)`: a media time in seconds, and which of the file's own times is media time 0
            from there on. More than one where the file's clock leaps; empty for what has no clock of its own.
        time_note: `str`, how media times were made up or mended, "" where they are the source's own.
        end_s: `float` or `None`, where the last picture ends, in media time, once it has been read.
    """

    notes: list[str] = field(default_factory=list)
    clock: list[tuple[float, float]] = field(default_factory=list)
    time_note: str = ""
    end_s: float | None = None

    def note(self, line: str) -> None:
        """Add a line for the user, unless it is there already."""
        if line not in self.notes:
            self.notes.append(line)


@dataclass(frozen=True, slots=True)
class Tracks:
    """Which tracks of a file are taken, counted from 1 among those of their kind; `None` takes the file's default.

    Attributes:
        video: `int` or `None`, the pictures that are analyzed.
        audio: `int` or `None`, the sound that a recording gets.
    """

    video: int | None = None
    audio: int | None = None

    def __post_init__(self) -> None:
        for name, number in (("video", self.video), ("audio", self.audio)):
            if number is not None and number < 1:
                raise ConfigError(f"a file's {name} tracks count from 1; received {number}")


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """Properties of an open source.

    Attributes:
        name: `str`, for people, without credentials: "camera 0", "clip.mp4".
        live: `bool`, the source does not wait for its reader (camera, stream); a file does.
        size_wh: `(int, int)` pixels of an upright frame.
        fps: `float`, nominal or average frames per second; 0.0 if unknown.
        frame_count: `int` or `None`, frames in the file, if the container declares it.
        path: `str` or `None`, the file, whose sound a recording copies; `None` for cameras and streams.
        duration_s: `float` or `None`, declared duration of the file in seconds.
        seekable: `bool`, whether it is a `SeekableSource`.
        findings: what becomes known while it is read.
        tracks: which of a file's tracks were asked for.
    """

    name: str
    live: bool
    size_wh: tuple[int, int]
    fps: float
    frame_count: int | None = None
    path: str | None = None
    duration_s: float | None = None
    seekable: bool = False
    findings: SourceFindings = field(default_factory=SourceFindings, compare=False)
    tracks: Tracks = field(default_factory=Tracks)


class FrameSource(Protocol):
    """Delivers frames. `open`, `read` and `close` are called on the capture thread, `interrupt` from any.

    Attributes:
        live: `bool`, the source does not wait for its reader.
        dropped: `int`, frames so far that were not read in time.
        damaged_packets: `int`, packets so far that could not be decoded.
        farewell: `str`, one line for the user on how the source ended, "" for an ordinary end.
    """

    @property
    def live(self) -> bool:
        """See above."""

    @property
    def dropped(self) -> int:
        """See above."""

    @property
    def damaged_packets(self) -> int:
        """See above."""

    @property
    def farewell(self) -> str:
        """See above."""

    def open(self) -> SourceInfo:
        """Open the device. Raises SourceOpenError."""

    def read(self) -> Frame | None:
        """Return the next frame, or `None` at the end. Blocks. Raises SourceReadError."""

    def interrupt(self) -> None:
        """Make a blocked or later `read` return `None` soon; from any thread, any number of times."""

    def close(self) -> None:
        """Release the device; any number of times."""


class SeekableSource(FrameSource, Protocol):
    """A source that can seek, also after its end; `seek` is called on the capture thread."""

    def seek(self, time_s: float) -> None:
        """Make the next `read` return the frame that is shown at media time `time_s`. Raises SourceReadError."""


class FaceFinder(Protocol):
    """Finds faces; every method is called on the landmarks thread."""

    def find(self, frame: Frame) -> Faces:
        """Return the faces of one frame with their track ids."""

    def close(self) -> None:
        """Free the networks."""


class EmotionClassifier(Protocol):
    """Classifies emotions of faces; every method is called on the classify thread.

    Attributes:
        provider: `str`, the execution provider in use.
    """

    @property
    def provider(self) -> str:
        """See above."""

    def classify(self, batch: Sequence[tuple[Frame, Faces]]) -> list[Emotions]:
        """Return one value per frame of the batch, fused but not smoothed."""

    def close(self) -> None:
        """Free the sessions."""
