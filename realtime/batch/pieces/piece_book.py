"""Keeps account of the pieces of a batch: which are to be analyzed, and which videos can be joined."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from models.new_files import write_whole
from realtime.batch.pieces.piece_plan import Span, spans_of
from realtime.batch.pieces.piece_task import PieceResult, PieceTask, pieces_folder, pieces_of
from realtime.batch.pieces.video_task import VideoTask

Task = VideoTask | PieceTask
_PLAN = "plan.json"


class PieceBook:
    """Turns tasks of long videos into tasks of their pieces, and these into one that joins them.

    Args:
        plan: video's name -> its pieces; the others are analyzed in one. Where an earlier run has begun with other
            pieces of a video, those are kept to.
    """

    def __init__(self, plan: Mapping[str, tuple[Span, ...]]) -> None:
        self._plan = dict(plan)
        self._waiting: dict[str, set[int]] = {}
        self._whole: dict[str, VideoTask] = {}
        self._memory_mb: dict[str, float] = {}

    def tasks(self, tasks: Sequence[VideoTask]) -> list[Task]:
        """Return the tasks to begin with, in order; pieces that an earlier run has analyzed are not among them."""
        found: list[Task] = []
        for task in tasks:
            spans = self._plan.get(task.video.name)
            found += [task] if spans is None else self._cut(task, spans)
        return found

    def take(self, task: PieceTask, result: PieceResult, tasks: list[Task]) -> None:
        """Note the end of a piece, and put into `tasks` what that makes possible: joining, or another way.

        Args:
            task: the piece.
            result: what became of it.
            tasks: those that are not begun yet.
        """
        name = task.video.name
        self._memory_mb[name] = max(result.memory_mb, self.memory_mb(name))
        if name not in self._waiting:
            return  # Another piece has shown that the video cannot be cut.
        if result.reason:
            del self._waiting[name]
            tasks[:] = [one for one in tasks if not (isinstance(one, PieceTask) and one.video.name == name)]
            tasks.insert(0, replace(self._whole[name], uncut=result.reason))
            return
        self._waiting[name].discard(task.index)
        if not self._waiting[name]:
            tasks.insert(0, self._joining(name))

    def share_done(self, name: str) -> float:
        """Return how much of a video's pieces are analyzed, 0 to 1."""
        return 1 - len(self._waiting.get(name, ())) / len(self._plan[name])

    def memory_mb(self, name: str) -> float:
        """Return the most memory that a worker held by the end of one of a video's pieces, 0 if that is not known."""
        return self._memory_mb.get(name, 0.0)

    def _cut(self, task: VideoTask, spans: tuple[Span, ...]) -> list[Task]:
        name = task.video.name
        self._whole[name] = task
        # What is left of a batch would be cut otherwise than all of it was.
        spans = self._plan[name] = _begun(task) or _noted(task, spans)
        left = [piece for piece in pieces_of(task, spans) if not piece.is_done()]
        self._waiting[name] = {piece.index for piece in left}
        return [*left] if left else [self._joining(name)]

    def _joining(self, name: str) -> VideoTask:
        return replace(self._whole[name], pieces=self._plan[name])


def _noted(task: VideoTask, spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Write down how a video is cut, for a later run, and return it."""
    plan = pieces_folder(task.out, task.video.name) / _PLAN
    with suppress(OSError):  # Then a later run may cut it otherwise.
        plan.parent.mkdir(parents=True, exist_ok=True)
        write_whole(plan, json.dumps([span.begin_s for span in spans]).encode())
    return spans


def _begun(task: VideoTask) -> tuple[Span, ...]:
    """Return how an earlier run cut a video, nothing where none of those pieces can be used."""
    with suppress(OSError, ValueError, TypeError):
        begins_s = json.loads((pieces_folder(task.out, task.video.name) / _PLAN).read_text("utf-8"))
        spans = spans_of([float(begin_s) for begin_s in begins_s])
        return spans if any(piece.is_done() for piece in pieces_of(task, spans)) else ()
    return ()


def forget_pieces(out: Path, name: str) -> None:
    """Remove the files of a video's pieces, once it is joined or was analyzed in one."""
    folder = pieces_folder(out, name)
    with suppress(OSError):
        # Folders in it are those of other videos: of "a/b", where this one is "a".
        for path in folder.iterdir():
            if not path.is_dir():
                path.unlink()
        folder.rmdir()
