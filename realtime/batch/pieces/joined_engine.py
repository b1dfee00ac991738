"""A run over frames that were analyzed in pieces: smoothing and outputs are those of any other run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from realtime.batch.pieces.piece_join import BROKEN, JoinedPieces, PiecesDifferError
from realtime.batch.pieces.piece_task import pieces_of
from realtime.batch.pieces.video_task import VideoTask
from realtime.core.config import PipelineConfig
from realtime.core.delivery import Delivery
from realtime.core.errors import SourceReadError
from realtime.core.metrics import Metrics
from realtime.core.options import FaceStyle, SmoothingMode
from realtime.core.protocols import FrameSource, SourceInfo
from realtime.core.types import Emotions, Faces, Frame
from realtime.pipeline.sequential_pipeline import SequentialPipeline

_SAME_TIME_S = 1e-6
_Waiting = dict[int, tuple[Faces, Emotions]]


def joined_engine(task: VideoTask) -> tuple[JoinedEngine | None, str]:
    """Return what gives out the frames of a video's pieces, and a note; `None` where they do not fit together.

    Args:
        task: with pieces.
    """
    pieces = pieces_of(task, task.pieces)
    if not all(piece.is_done() for piece in pieces):
        return None, "not cut into pieces: their files are gone or another version's"
    try:
        joined = JoinedPieces([piece.place for piece in pieces], [piece.span.begin_s for piece in pieces])
    except PiecesDifferError as error:
        return None, f"not cut into pieces: {error}"
    except BROKEN as error:
        return None, f"not cut into pieces: a file of theirs cannot be read ({error})"
    note = f"joined of {len(pieces)} pieces: of {joined.compared} rows in the first second after the joints "
    note += f"{joined.differing} differ from those of one run"
    pictures = task.options.report and task.options.faces is not FaceStyle.ON_BLACK
    return JoinedEngine(joined, pictures=pictures, twice=task.options.smoothing is SmoothingMode.OFFLINE), note


class JoinedEngine:
    """Makes the pipeline that gives out the frames of joined pieces; an `Engine`.

    Args:
        joined: the pieces.
        pictures: `bool`, whether the frames need their pictures, as for a report; they are then decoded again.
        twice: `bool`, whether they are read twice; then those of the first reading need none.
    """

    def __init__(self, joined: JoinedPieces, *, pictures: bool, twice: bool) -> None:
        self._joined, self._pictures, self._twice = joined, pictures, twice

    def pipeline(
        self, source: FrameSource, config: PipelineConfig, metrics: Metrics, delivery: Delivery
    ) -> SequentialPipeline:
        """Return the pipeline; `source` is the video, not yet open."""
        del delivery
        waiting: _Waiting = {}
        provider = str(self._joined.heads[0].get("provider", ""))
        return SequentialPipeline(
            _JoinedSource(source, self._joined, waiting, pictures=self._pictures and not self._twice),
            lambda: _KnownFaces(waiting),
            lambda: _KnownEmotions(waiting, provider),
            max_batch=config.max_batch,
            metrics=metrics,
        )

    def second_reading(self, source: FrameSource) -> FrameSource:
        """Return the same frames once more."""
        return _JoinedSource(source, self._joined, None, pictures=self._pictures)


class _JoinedSource:
    """Frames of joined pieces as a `FrameSource`; black, unless their pictures are asked for."""

    live = False
    dropped = 0
    damaged_packets = 0
    farewell = ""

    def __init__(self, source: FrameSource, joined: JoinedPieces, waiting: _Waiting | None, *, pictures: bool) -> None:
        self._source, self._joined, self._waiting, self._pictures = source, joined, waiting, pictures
        self._frames: Iterator[Frame] = iter(())
        self._info: SourceInfo | None = None

    def open(self) -> SourceInfo:
        info = self._source.open()
        self._info = replace(info, seekable=False)
        self._frames = self._all(info)
        if not self._pictures:
            self._source.close()
        return self._info

    def read(self) -> Frame | None:
        return next(self._frames, None)

    def interrupt(self) -> None:
        self._source.interrupt()

    def close(self) -> None:
        self._source.close()

    def _all(self, info: SourceInfo) -> Iterator[Frame]:
        width, height = info.size_wh
        # One byte, however large it seems.
        black = np.broadcast_to(np.zeros((), np.uint8), (height, width, 3))
        for index, piece in enumerate(self._joined.frames()):
            if self._waiting is not None:
                self._waiting[index] = piece.faces, piece.emotions
            now_s = time.monotonic()
            yield self._with_picture(Frame(black, index, piece.media_time_s, now_s))
        findings = info.findings
        findings.end_s = self._joined.heads[-1].get("end_s")
        damaged = {tuple(packet) for head in self._joined.heads for packet in head.get("damaged", ())}
        for line in (note for head in self._joined.heads for note in head.get("notes", ())):
            findings.note(line)
        # Where the pictures are decoded again, the source itself says so.
        if damaged and not self._pictures:
            findings.note(
                f"{len(damaged)} damaged packets of the source could not be decoded: their frames are missing"
            )

    def _with_picture(self, frame: Frame) -> Frame:
        if not self._pictures:
            return frame
        again = self._source.read()
        if again is None or again.index != frame.index or abs(again.media_time_s - frame.media_time_s) > _SAME_TIME_S:
            raise SourceReadError("the file must stay the same while it is analyzed; it changed: run again")
        return again


class _KnownFaces:
    """The finder of frames whose faces are known."""

    def __init__(self, waiting: _Waiting) -> None:
        self._waiting = waiting

    def find(self, frame: Frame) -> Faces:
        return self._waiting[frame.index][0]

    def close(self) -> None:
        """Free nothing."""


class _KnownEmotions:
    """The classifier of frames whose emotions are known; afterwards nobody asks for them again."""

    def __init__(self, waiting: _Waiting, provider: str) -> None:
        self._waiting, self.provider = waiting, provider

    def classify(self, batch: Sequence[tuple[Frame, Faces]]) -> list[Emotions]:
        return [self._waiting.pop(frame.index)[1] for frame, _ in batch]

    def close(self) -> None:
        """Free nothing."""
