"""One piece of a long video, analyzed in a worker process into a file; smoothing is left to whoever joins them."""

from __future__ import annotations

import gc
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.workers import peak_memory_mb
from realtime.batch.batch_options import BatchOptions, fingerprint
from realtime.batch.pieces.piece_file import PieceWriter, read_head
from realtime.batch.pieces.piece_plan import Span
from realtime.batch.pieces.video_task import VideoTask
from realtime.batch.pieces.worker_engine import worker_engine
from realtime.batch.video_list import Video
from realtime.core.channel import ChannelClosedError
from realtime.core.delivery import Delivery
from realtime.core.errors import EmotionLiveError
from realtime.core.metrics import Metrics
from realtime.core.output_paths import owner_only

if TYPE_CHECKING:
    from realtime.session.build_pipeline import AnyPipeline

COMPARED_S = 1.0
"""How much of the next piece each one analyzes, too."""

_FOLDER = Path(".batch", "pieces")
# What decides the analysis of a frame; smoothing and outputs come later.
_FACTS = ("version", "models", "max_faces", "provider", "sensitivity")


@dataclass(frozen=True, slots=True)
class PieceTask:
    """One piece of a video.

    Attributes:
        number: `int`, the video's, as in `VideoTask`.
        video: which one.
        options: how.
        working: folder for unfinished files.
        out: folder for finished ones.
        index: `int`, which piece, from 0.
        span: where it begins and ends.
    """

    number: int
    video: Video
    options: BatchOptions
    working: Path
    out: Path
    index: int
    span: Span

    @property
    def place(self) -> Path:
        """The file of its analysis."""
        return pieces_folder(self.out, self.video.name) / f"{self.index:04}.npz"

    @property
    def until_s(self) -> float:
        """Before which media time its analysis ends: a little after the next one's begin, to compare the two."""
        ends_s = [] if self.span.end_s is None else [self.span.end_s + COMPARED_S]
        return min([*ends_s, *([] if self.options.seconds is None else [self.options.seconds])], default=math.inf)

    def key(self) -> dict[str, Any]:
        """Return what tells its analysis from another one, in what JSON has. Raises OSError."""
        facts = self.options.facts()
        return {
            "fingerprint": fingerprint(self.video.path),
            "options": {name: facts[name] for name in _FACTS},
            "span": [self.span.begin_s, self.span.end_s],
            "seconds": self.options.seconds,
        }

    def is_done(self) -> bool:
        """Return whether its analysis is there already, of the same file and options."""
        with suppress(OSError):
            return read_head(self.place).get("key") == self.key()
        return False


@dataclass(frozen=True, slots=True)
class PieceResult:
    """What became of one piece.

    Attributes:
        reason: `str`, why the video must be analyzed in one piece, "" where this one is good.
        memory_mb: `float`, as in `VideoResult`.
    """

    reason: str = ""
    memory_mb: float = 0.0


def pieces_folder(out: Path, name: str) -> Path:
    """Return the folder of a video's pieces, below the folder of a batch's results."""
    return out / _FOLDER / name


def pieces_of(task: VideoTask, spans: Sequence[Span]) -> list[PieceTask]:
    """Return the pieces of a video as tasks of their own."""
    return [
        PieceTask(task.number, task.video, task.options, task.working, task.out, index, span)
        for index, span in enumerate(spans)
    ]


def analyze_piece(task: PieceTask) -> PieceResult:
    """Analyze one piece into its file; what goes wrong with it is in the result."""
    gc.collect()
    try:
        # As the table will be: what somebody's face showed is for the owner of the files.
        with owner_only():
            return PieceResult(_analyzed(task), peak_memory_mb())
    except (EmotionLiveError, OSError) as error:
        return PieceResult(str(error) or type(error).__name__)


def _analyzed(task: PieceTask) -> str:
    """Return why the video cannot be cut, "" once the piece is written. Raises EmotionLiveError, OSError."""
    from realtime.capture.video_file import FileSource

    key, config = task.key(), task.options.pipeline
    source = FileSource(str(task.video.path))
    with worker_engine(config).pipeline(source, config, Metrics(), Delivery.FAST) as pipeline:
        findings = pipeline.source_info().findings
        if task.span.from_s > 0:
            pipeline.seek(task.span.from_s)
        frames = _gathered(pipeline, task.until_s)
        if not source.plain_times:
            return "its times leap or are missing"
        head = {
            "key": key,
            "provider": pipeline.provider,
            "notes": findings.notes,
            "end_s": findings.end_s,
            "stretch": source.stretch,
            "damaged": [[-1 if number is None else number for number in packet] for packet in source.damaged],
        }
        frames.write(task.place, head)
    return ""


def _gathered(pipeline: AnyPipeline, until_s: float) -> PieceWriter:
    frames = PieceWriter()
    with suppress(ChannelClosedError):
        while True:
            analysed = pipeline.poll(0.0)
            if analysed is not None and analysed.media_time_s >= until_s:
                break
            if analysed is not None:
                frames.add(analysed)
    return frames
