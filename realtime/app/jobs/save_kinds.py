"""What can be saved, and how a recording shows faces: shared by videos and cameras."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from models.manifest import MANIFEST_NAME, file_sha256
from realtime.core.config import PipelineConfig
from realtime.core.options import RunOptions
from realtime.core.types import Analysed, ImageArray
from realtime.overlay.face_blur import FaceBlur, on_black
from realtime.overlay.overlay import Overlay
from realtime.recording import video_recorder as recorder
from realtime.reports import html_report as report
from realtime.reports import table_writer as tables


class Kind(enum.Enum):
    """What can be saved."""

    RECORDING = "recording"
    TABLE = "table"
    REPORT = "report"

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What its name may end in, the usual one first."""
        known = {Kind.RECORDING: recorder.FORMATS, Kind.TABLE: tables.SUFFIXES, Kind.REPORT: report.SUFFIXES}
        return tuple(known[self])


class FaceStyle(enum.Enum):
    """How recordings show faces."""

    AS_THEY_ARE = "as they are"
    BLURRED = "blurred"
    ON_BLACK = "on black"


@dataclass(frozen=True, slots=True)
class Saved:
    """A file is complete.

    Attributes:
        kind: what it is.
        path: where it is.
        notes: what the user should know of it.
    """

    kind: Kind
    path: Path
    notes: tuple[str, ...] = ()


def run_options(source: str, kind: Kind, path: Path, config: PipelineConfig, faces: FaceStyle) -> RunOptions:
    """Return the options of a run that would leave this one file."""
    manifest = config.weights / MANIFEST_NAME
    return RunOptions(
        source=source,
        record=path if kind is Kind.RECORDING else None,
        table=path if kind is Kind.TABLE else None,
        report=path if kind is Kind.REPORT else None,
        overwrite=True,
        blur_faces=faces is FaceStyle.BLURRED,
        privacy=faces is FaceStyle.ON_BLACK,
        window=False,
        manifest_sha256=file_sha256(manifest) if manifest.is_file() else "",
        pipeline=config,
    )


class RecordingPainter:
    """Draws the frames of one recording as the user wants faces to be shown."""

    def __init__(self, faces: FaceStyle) -> None:
        self._faces = faces
        self._overlay, self._blur = Overlay(), FaceBlur()

    def draw(self, analysed: Analysed) -> ImageArray:
        """Return the picture to record, `(H, W, 3) uint8`."""
        if self._faces is FaceStyle.ON_BLACK:
            analysed = on_black(analysed)
        elif self._faces is FaceStyle.BLURRED:
            analysed = self._blur.blurred(analysed)
        return self._overlay.draw(analysed, None)
