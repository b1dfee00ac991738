"""What one run does: its source, what it shows and which files it leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from realtime.core.config import PipelineConfig
from realtime.core.errors import ConfigError

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
        blur_faces: whether faces are blurred in what is recorded, served or given to other programs, and only there.
        privacy: whether these show the drawing on black, and the report no faces.
        serve: "HOST:PORT" of the live page, or `None`; a file is then shown at its own speed.
        serve_token: what every visitor of the page must know; `None` lets in this machine only.
        virtual_camera: whether other programs get the drawn picture as a camera.
        window: whether a window shows the run; a file is then shown at its own speed.
        mirror: whether pictures are shown and recorded mirrored.
        realtime: whether a file is delivered at its own rate and may be dropped, as a camera's frames are.
        speed: how much faster than life a window plays a file; what is written keeps its times.
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
    serve: str | None = None
    serve_token: str | None = field(default=None, repr=False)
    virtual_camera: bool = False
    window: bool = True
    mirror: bool = False
    realtime: bool = False
    speed: float = 1.0
    seconds: float | None = None
    smooth_offline: bool = False
    calibrate_s: float | None = None
    manifest_sha256: str = ""
    pipeline: PipelineConfig = field(default_factory=PipelineConfig)

    @property
    def watched(self) -> bool:
        """Whether somebody may see each frame as soon as it is analysed."""
        return not self.smooth_offline and (self.window or self.serve is not None or self.virtual_camera)

    def __post_init__(self) -> None:
        if self.seconds is not None and not self.seconds > 0:
            raise ConfigError(f"seconds must be above 0; received {self.seconds}")
        if not MIN_CLIP_S <= self.clip_seconds < math.inf:
            raise ConfigError(f"clips must last {MIN_CLIP_S:g} s or more; received {self.clip_seconds:g}")
        if self.serve_token is not None and self.serve is None:
            raise ConfigError("--serve-token is for a page; received none: add --serve HOST:PORT, or leave it out")
