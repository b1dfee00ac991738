"""What runs on the nodes of a Ray cluster; nothing here imports Ray."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime.batch.batch_options import BatchOptions, differing
from realtime.batch.video_worker import start_worker
from realtime.batch.workers.worker_pool import AnyTask, attempt

_TELL_EVERY_S = 2.0


class NodeLacksFilesError(Exception):
    """A node does not see a file that the batch reads or writes."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What every node of a cluster must see, under the same paths.

    Attributes:
        token: a file in the output folder, made for this run.
        text: `str`, what is in it.
        options: of the batch.
        facts: `BatchOptions.facts` where the batch was started.
        videos: some of those to be read.
    """

    token: Path
    text: str
    options: BatchOptions
    facts: dict[str, Any]
    videos: tuple[Path, ...]

    @classmethod
    def of(cls, tasks: Sequence[Any], text: str) -> Needs:
        """Write the token, and choose one video of each folder. Raises OSError."""
        token = tasks[0].working / "token"
        token.write_text(text, "utf-8")
        videos = {task.video.path.parent: task.video.path for task in tasks}
        options = tasks[0].options
        return cls(token, text, options, options.facts(), tuple(videos.values()))


def lacking(needs: Needs) -> str:
    """Return what this node lacks, "" if nothing; in words that follow "the node …"."""
    folder = needs.token.parents[2]
    if not _holds(needs.token, needs.text):
        return f"does not see {folder}, where results are written; share that folder under the same path"
    for path in (*needs.videos, needs.options.pipeline.weights):
        if not path.exists():
            return f"does not see {path}; share that folder under the same path"
    found = differing(needs.facts, needs.options.facts())
    return f"has another version or other models ({found}); install the same ones" if found else ""


def work_on(work: Callable[[AnyTask], Any], task: AnyTask, needs: Needs, board: Any) -> tuple[Any, str]:
    """Work on a task and return the result, or `None` and the reason.

    Args:
        work: a function of a module.
        task: has `video`.
        needs: of the batch.
        board: handle of the actor that is a `ProgressBoard`.

    Raises:
        NodeLacksFilesError: the task's video, or the output folder, is not to be seen from here.
    """
    video: Path = task.video.path  # type: ignore[attr-defined]
    if not _holds(needs.token, needs.text) or not video.is_file():
        raise NodeLacksFilesError(f"the node {platform.node()} does not see {video}, or no longer {needs.token}")
    start_worker(_SlowTeller(board))
    return attempt(work, task)


class ProgressBoard:
    """An actor that holds how far each video is, until somebody asks."""

    def __init__(self) -> None:
        self._shares: dict[int, float] = {}

    def put(self, number: int, share: float) -> None:
        """Note how far a video is."""
        self._shares[number] = share

    def take(self) -> list[tuple[int, float]]:
        """Return what came since the last time."""
        taken, self._shares = self._shares, {}
        return list(taken.items())


class _SlowTeller:
    """The queue that `start_worker` takes. It passes on one share in two seconds, since many workers tell one board."""

    def __init__(self, board: Any) -> None:
        self._board, self._told_s = board, float("-inf")

    def put(self, item: tuple[int, float]) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= _TELL_EVERY_S:
            self._told_s = now_s
            self._board.put.remote(*item)


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text("utf-8") == text
    except OSError:
        return False
