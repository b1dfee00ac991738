"""What a batch asks of whatever runs its tasks."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar


@dataclass(frozen=True)
class Outcome:
    """What became of one task.

    Attributes:
        task: as it was handed out.
        result: what the work returned; `None` if it did not return.
        reason: `str`, why not: its error, or how its worker was lost.
    """

    task: Any
    result: Any = None
    reason: str = ""


class Task(Protocol):
    """A frozen dataclass that can be pickled.

    Attributes:
        working: folder for unfinished files. A worker gets the task with a folder of its own in there.
    """

    @property
    def working(self) -> Path:
        """See above."""


AnyTask = TypeVar("AnyTask", bound=Task)


class WorkerPool(Protocol):
    """Runs tasks, several at once, each in one process; to be entered first.

    Attributes:
        jobs: `int`, how many at once; on a cluster how many when it was entered.

    Raises:
        ConfigError: when it is entered: there are no workers.
    """

    @property
    def jobs(self) -> int:
        """See above."""

    def __enter__(self) -> WorkerPool:
        """Go where the workers are."""

    def __exit__(self, *_: object) -> None:
        """Leave them; what still runs is given up."""

    def run(
        self, work: Callable[[AnyTask], Any], tasks: list[AnyTask], stopped: Callable[[], bool]
    ) -> Iterator[Outcome]:
        """Run tasks and yield what becomes of each, in the order in which they end.

        Args:
            work: what a worker does with a task; a function of a module, so that another process can import it.
            tasks: to be run in this order. They are taken out, and more may be put in between two outcomes.
            stopped: asked now and then; after a `True` no further task is begun, and those that run are finished.

        Raises:
            ConfigError: there are workers that cannot do the work.
        """


def attempt(work: Callable[[AnyTask], Any], task: AnyTask) -> tuple[Any, str]:
    """Work on a task and return the result, or `None` and the reason.

    Each attempt has a folder of its own: of an earlier one, whose worker was lost, files may be left, and where a
    network failed for a while it may even still be running.
    """
    try:
        return work(replace(task, working=task.working / uuid.uuid4().hex)), ""  # type: ignore[type-var]
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"
