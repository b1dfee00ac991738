"""The nodes of a Ray cluster: whether they can do the work, and which were lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from realtime.batch.workers.node_work import Needs, lacking
from realtime.core.errors import ConfigError

_LOOK_EVERY_S = 2.0
_CHECK_S = 120.0
_POLL_S = 0.3


class RayNodes:
    """Looks at the nodes of the cluster that `ray` is connected to.

    Attributes:
        jobs: `int`, how many CPUs they offered at first, at least 1.

    Args:
        ray: the module.
        notify: is told lines about nodes.
        clock: returns the time in seconds.
    """

    def __init__(self, ray: Any, notify: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._ray, self._notify, self._clock = ray, notify, clock
        self._alive = self._nodes()
        self._looked_s = clock()
        self._waiting = False
        self.jobs = max(1, int(self._cpus()))
        cpus = _counted(int(self._cpus()), "CPU")
        notify(f"on a Ray cluster of {_counted(len(self._alive), 'node')} and {cpus}")

    def here(self) -> Any:
        """Return the strategy that puts an actor on the node of this process."""
        return self._on(self._ray.get_runtime_context().get_node_id())

    def check(self, needs: Needs, stopped: Callable[[], bool]) -> None:
        """Ask every node that can work whether it has what the batch needs.

        Raises:
            ConfigError: one has not, or does not answer.
        """
        ask = self._ray.remote(num_cpus=0, max_retries=0)(lacking)
        names = {
            ask.options(scheduling_strategy=self._on(number)).remote(needs): name
            for number, (name, cpus) in self._alive.items()
            if cpus
        }
        waiting, until_s = list(names), self._clock() + _CHECK_S
        while waiting and not stopped() and self._clock() < until_s:
            done, waiting = self._ray.wait(waiting, num_returns=len(waiting), timeout=_POLL_S)
            found = [f"{names[each]} {lacks}" for each in done if (lacks := self._lacks(each))]
            if found:
                raise ConfigError(f"the node {found[0]}; every node of the cluster needs that")
        if waiting and not stopped():
            raise ConfigError(f"the node {names[waiting[0]]} does not answer; see `ray status`, or stop Ray there")

    def watch(self) -> None:
        """Tell of lost nodes, and that there is nobody to work; looks at most every two seconds."""
        if self._clock() - self._looked_s < _LOOK_EVERY_S:
            return
        self._looked_s = self._clock()
        before, self._alive = self._alive, self._nodes()
        for number in before.keys() - self._alive.keys():
            self._notify(
                f"the node {before[number][0]} is lost, {_counted(len(self._alive), 'node')} left: "
                "the videos that it had are analyzed again"
            )
        idle = not self._cpus()
        if idle and not self._waiting:
            self._notify("no node of the cluster has a CPU for tasks: waiting for one; Ctrl-C ends that")
        self._waiting = idle

    def _lacks(self, reference: Any) -> str:
        errors = self._ray.exceptions
        try:
            return str(self._ray.get(reference))
        except errors.RayTaskError as error:
            return cannot_run(error.cause)
        except errors.RayError:
            return ""  # It was lost meanwhile, and will be given nothing.

    def _nodes(self) -> dict[str, tuple[str, float]]:
        """Return identifier -> name and CPUs of each node that is alive."""
        return {
            node["NodeID"]: (
                node.get("NodeManagerHostname") or node["NodeManagerAddress"],
                node["Resources"].get("CPU", 0.0),
            )
            for node in self._ray.nodes()
            if node["Alive"]
        }

    def _cpus(self) -> float:
        return sum(cpus for _, cpus in self._alive.values())

    def _on(self, node_id: str) -> Any:
        return self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node_id, soft=False)


def cannot_run(error: BaseException) -> str:
    """Return in words that follow "the node …" what happens where the program is not installed."""
    return f"cannot run emotion-live ({str(error).partition(chr(10))[0]}); install the same version there"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
