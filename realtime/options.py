"""What one run does: its source, what it shows and which files it leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from realtime.config import PipelineConfig
from realtime.errors import ConfigError

MIN_CLIP_S = 0.5
"""Clips of the report last at least this long: a label needs a moment to settle."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What one run does.

    Attributes:
        source: camera number, file or address.
        record: video to write, or `None`.
        table: table to write, or `None`.
        report: page to write, or `None`.
        clip_seconds: length of the report's clips in seconds.
        overwrite: whether files that exist may be replaced.
        blur_faces: whether faces are blurred in what is recorded, and only there.
        privacy: whether recordings show the drawing on black, and the report no faces.
        window: whether a window shows the run; a file is then shown at its own speed.
        mirror: whether pictures are shown and recorded mirrored.
        realtime: whether a file is delivered at its own rate and may be dropped, as a camera's frames are.
        seconds: end after this media time; `None` runs to the end.
        smooth_offline: whether a file is analysed to its end first and then smoothed in both directions of time.
        calibrate_s: take the first seconds as everybody's resting face; `None` does not.
        manifest_sha256: noted in tables.
        pipeline: everything about the workers.
    """

    source: str = "0"
    record: Path | None = None
    table: Path | None = None
    report: Path | None = None
    clip_seconds: float = 4.0
    overwrite: bool = False
    blur_faces: bool = False
    privacy: bool = False
    window: bool = True
    mirror: bool = False
    realtime: bool = False
    seconds: float | None = None
    smooth_offline: bool = False
    calibrate_s: float | None = None
    manifest_sha256: str = ""
    pipeline: PipelineConfig = field(default_factory=PipelineConfig)

    def __post_init__(self) -> None:
        if self.seconds is not None and not self.seconds > 0:
            raise ConfigError(f"seconds must be above 0; received {self.seconds}")
        if not MIN_CLIP_S <= self.clip_seconds < math.inf:
            raise ConfigError(f"clips must last {MIN_CLIP_S:g} s or more; received {self.clip_seconds:g}")
