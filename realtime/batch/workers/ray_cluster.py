"""Runs the tasks of a batch on a Ray cluster."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from realtime.batch.workers.node_work import Needs, NodeLacksFilesError, ProgressBoard, work_on
from realtime.batch.workers.ray_connection import checked_address, connected
from realtime.batch.workers.ray_nodes import RayNodes, cannot_run
from realtime.batch.workers.worker_pool import AnyTask, Outcome
from realtime.core.errors import ConfigError, RecordError

_POLL_S = 0.3
_RETRIES = 4
_LOST = f"its worker was lost {_RETRIES + 1} times, with its node or for want of memory; see `ray status`"


class RayCluster:
    """Runs tasks on a Ray cluster, which decides where, and which tries those of lost workers again; a `WorkerPool`.

    Args:
        address: `str`, "auto" for the cluster that this machine belongs to, or "HOST:PORT" of its head.
        on_progress: is told `(number of the task, share done)` now and then.
        notify: is told lines about the cluster.

    Raises:
        ConfigError: Ray is not installed, or the address is none.
    """

    def __init__(
        self,
        address: str,
        on_progress: Callable[[int, float], None] = lambda _number, _share: None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        if find_spec("ray") is None:
            raise ConfigError(
                "--ray needs Ray, which is not installed; pip install 'emotion-live[cluster]' (make setup-cluster)"
            )
        self._address, self._on_progress, self._notify = checked_address(address), on_progress, notify
        self._ray: Any = None

    @property
    def jobs(self) -> int:
        """See `WorkerPool`."""
        return self._nodes.jobs

    def __enter__(self) -> RayCluster:
        """Join the cluster. Raises ConfigError."""
        with ExitStack() as stack:
            self._ray = stack.enter_context(connected(self._address))
            self._nodes = RayNodes(self._ray, self._notify)
            self._left = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave it."""
        self._left.close()

    def run(
        self, work: Callable[[AnyTask], Any], tasks: list[AnyTask], stopped: Callable[[], bool]
    ) -> Iterator[Outcome]:
        """See `WorkerPool`; each task has also `video` and `options`, as `VideoTask` has.

        Raises:
            ConfigError: a node lacks something.
            RecordError: nothing can be written into the folder of unfinished files.
        """
        if not tasks:
            return
        try:
            needs = Needs.of(tasks, uuid.uuid4().hex)
        except OSError as error:
            raise RecordError(f"cannot write into {tasks[0].working}: {error.strerror}; free some space") from error
        self._nodes.check(needs, stopped)
        yield from _Run(self._ray, needs, self._nodes, self._on_progress).outcomes(work, tasks, stopped)


class _Run:
    """The tasks that Ray has."""

    def __init__(self, ray: Any, needs: Needs, nodes: RayNodes, on_progress: Callable[[int, float], None]) -> None:
        self._ray, self._needs, self._nodes, self._on_progress = ray, replace(needs, videos=()), nodes, on_progress
        self._running: dict[Any, Any] = {}
        self._trouble = ""
        # Beside this process, so that it is not lost with another node.
        self._board = ray.remote(num_cpus=0)(ProgressBoard).options(scheduling_strategy=nodes.here()).remote()
        self._asked: Any = None

    def outcomes(
        self, work: Callable[[AnyTask], Any], tasks: list[AnyTask], stopped: Callable[[], bool]
    ) -> Iterator[Outcome]:
        """Hand all tasks to Ray and yield what becomes of each. Raises ConfigError."""
        submit, cancelled = self._ray.remote(num_cpus=1, max_retries=_RETRIES)(work_on).remote, False
        while True:
            ending = bool(stopped() or self._trouble)
            while tasks and not ending:
                self._running[submit(work, tasks[0], self._needs, self._board)] = tasks[0]
                tasks.pop(0)
            if not self._running:
                break
            if ending and not cancelled:
                self._cancel()
                cancelled = True
            done, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=_POLL_S)
            self._tell()
            self._nodes.watch()
            for each in done:
                yield from self._outcome(each, self._running.pop(each))
        if self._trouble:
            raise ConfigError(f"{self._trouble}; what is done is kept: run the same command again to go on")

    def _cancel(self) -> None:
        """Take back what was not begun. A task that runs goes on: its process ignores the interrupt that this is."""
        for each in self._running:
            self._ray.cancel(each, force=False, recursive=False)

    def _outcome(self, reference: Any, task: Any) -> Iterator[Outcome]:
        errors = self._ray.exceptions
        try:
            result, reason = self._ray.get(reference)
        except errors.TaskCancelledError:
            return
        except errors.RayTaskError as error:
            if task.video.path.is_file():
                # Another node may do it: it is not the video's fault.
                self._trouble = self._trouble or _in_words(error.cause)
                return
            result, reason = None, "it is no longer there"
        except errors.RayError:
            result, reason = None, _LOST
        yield Outcome(task, result, reason)

    def _tell(self) -> None:
        try:
            if self._asked is None:
                self._asked = self._board.take.remote()
            elif self._ray.wait([self._asked], timeout=0)[0]:
                asked, self._asked = self._asked, None
                for number, share in self._ray.get(asked):
                    self._on_progress(number, share)
        except self._ray.exceptions.RayError:
            self._asked = None  # Progress is worth no video.


def _in_words(error: BaseException) -> str:
    if isinstance(error, NodeLacksFilesError):
        return str(error)
    return f"a node {cannot_run(error)}"
