"""Options of a run: analysis, appearance of output pictures, outputs."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from realtime.core.config import PipelineConfig
from realtime.core.errors import ConfigError
from realtime.core.persons.person_edits import NO_EDITS, PersonEdits
from realtime.core.protocols import Tracks
from realtime.core.sink import SinkOptions


class SmoothingMode(enum.Enum):
    """How probabilities become labels over time.

    Attributes:
        LIVE: forward in time, as frames come.
        OFFLINE: in both directions of time; a file is analyzed to its end first, and then read again.
        NONE: not at all; each frame has its own answer.
    """

    LIVE = "live"
    OFFLINE = "offline"
    NONE = "none"


class FaceStyle(enum.Enum):
    """How faces appear in outputs: recordings, the page, the virtual camera."""

    AS_THEY_ARE = "as they are"
    BLURRED = "blurred"
    ON_BLACK = "on black"


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """How a source is analyzed.

    Attributes:
        pipeline: faces, batches, provider, weights and the temporal filter.
        smoothing: how probabilities become labels over time.
        realtime: `bool`, whether a file is delivered at its own rate and late frames are dropped, as a camera's are.
        seconds: `float` or `None`, end before this media time; `None` runs to the end.
        calibrate_s: `float` or `None`, calibrate on the first seconds as every person's neutral face.
        reconnect_s: `float`, seconds after a break in which a stream or camera is opened again; 0 ends the run instead.
        timeout_s: `float` or `None`, longest wait for the first picture of a stream and for the next byte of a pipe, in
            seconds; `None` takes each source's own.
        tracks: which of a file's tracks are analyzed and recorded.
    """

    pipeline: PipelineConfig = field(default_factory=PipelineConfig)
    smoothing: SmoothingMode = SmoothingMode.LIVE
    realtime: bool = False
    seconds: float | None = None
    calibrate_s: float | None = None
    reconnect_s: float = 30.0
    timeout_s: float | None = None
    tracks: Tracks = field(default_factory=Tracks)

    def __post_init__(self) -> None:
        if not isinstance(self.smoothing, SmoothingMode):
            raise ConfigError(f"smoothing must be a SmoothingMode; received {self.smoothing!r}")
        if self.realtime and self.smoothing is SmoothingMode.OFFLINE:
            raise ConfigError(
                "offline smoothing needs to know what comes, and realtime does not wait for it; received both: leave "
                "--realtime or --smooth offline out"
            )
        if not self.reconnect_s >= 0:
            raise ConfigError(f"reconnect_s must be 0 or more; received {self.reconnect_s}")
        for name in ("seconds", "calibrate_s", "timeout_s"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"{name} must be above 0; received {value}")


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """Appearance of shown and output pictures.

    Attributes:
        faces: how faces are shown in what leaves the program.
        mirror: `bool`, whether pictures are shown and recorded mirrored.
    """

    faces: FaceStyle = FaceStyle.AS_THEY_ARE
    mirror: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.faces, FaceStyle):
            raise ConfigError(f"faces must be a FaceStyle; received {self.faces!r}")

    @property
    def shows_faces(self) -> bool:
        """Whether pictures of faces may be kept, as in a report."""
        return self.faces is not FaceStyle.ON_BLACK


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What one run does.

    Attributes:
        source: `str`, camera number, file or address.
        analysis: how it is analyzed.
        picture: how its pictures look.
        outputs: where frames go: the options of each sink, in the order in which sinks receive a frame.
        columns: constant columns of its tables, such as conditions of an experiment: name -> value.
        full_paths: `bool`, whether outputs may tell the folder of the source; its name alone otherwise.
        persons: who its tracks are, and what is left out of report and summary.
    """

    source: str = "0"
    analysis: AnalysisOptions = field(default_factory=AnalysisOptions)
    picture: PictureOptions = field(default_factory=PictureOptions)
    outputs: tuple[SinkOptions, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    full_paths: bool = False
    persons: PersonEdits = NO_EDITS

    @property
    def watched(self) -> bool:
        """Whether somebody sees frames while the run goes on, so that a file is shown at its own speed."""
        return any(output.watched for output in self.outputs)
