"""What a worker is to do with one video."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from realtime.batch.batch_options import BatchOptions
from realtime.batch.pieces.piece_plan import Span
from realtime.batch.video_list import Video


@dataclass(frozen=True, slots=True)
class VideoTask:
    """One video and what to do with it.

    Attributes:
        number: `int`, names it where progress is told.
        video: which one.
        options: how.
        working: folder for unfinished outputs, on the disk of `out`.
        out: folder for finished ones.
        pieces: whose analyses are there already, and are to be joined; none where it is still to be analyzed.
        uncut: `str`, why it is not cut into pieces though it was to be, "" otherwise.
    """

    number: int
    video: Video
    options: BatchOptions
    working: Path
    out: Path
    pieces: tuple[Span, ...] = ()
    uncut: str = ""
