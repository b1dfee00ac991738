"""Region experts: geometry, data set, networks, training, evaluation, and the manifest shared with `realtime`."""

import os
from importlib.machinery import PathFinder


def _refuse_strangers() -> None:
    """Raise where another package called `realtime` would be imported in place of ours, and say which."""
    found = PathFinder.find_spec("realtime")
    ours = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120 - pathlib would take 5 ms
    theirs = found.origin if found else None
    if theirs and os.path.dirname(os.path.dirname(os.path.realpath(theirs))) != ours:  # noqa: PTH120
        raise ImportError(
            f"emotion-live needs its own package `realtime`, in {ours}, and would import {theirs}; start it in another "
            "folder, or take that one out of PYTHONPATH or the environment"
        )


_refuse_strangers()
