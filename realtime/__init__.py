"""A real-time emotion camera: what faces show, in one image, a video, a camera or a stream.

Example:
    >>> import realtime
    >>> [person.label for frame in realtime.stream("demo/clip.mp4", realtime.AnalysisOptions(seconds=0.1))
    ...  for person in frame.people]
    ['happiness', 'happiness', 'happiness']

Names are imported when they are first used, so that `import realtime` costs nothing.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.errors import EmotionLiveError
    from realtime.core.config import PipelineConfig, SmoothingConfig
    from realtime.core.face_emotion import FaceEmotion
    from realtime.core.options import AnalysisOptions, SmoothingMode
    from realtime.core.persons.person_edits import PersonEdits
    from realtime.core.persons.person_file import read_persons
    from realtime.core.persons.person_line import PersonLine
    from realtime.core.protocols import Tracks
    from realtime.core.types import Analysed
    from realtime.core.version import VERSION
    from realtime.session.analyser import Analyser
    from realtime.session.api import analyze, run_facts, stream

__all__ = [
    "VERSION",
    "Analysed",
    "Analyser",
    "AnalysisOptions",
    "EmotionLiveError",
    "FaceEmotion",
    "PersonEdits",
    "PersonLine",
    "PipelineConfig",
    "SmoothingConfig",
    "SmoothingMode",
    "Tracks",
    "analyze",
    "read_persons",
    "run_facts",
    "stream",
]

_HOMES = {
    "VERSION": "realtime.core.version",
    "Analysed": "realtime.core.types",
    "Analyser": "realtime.session.analyser",
    "AnalysisOptions": "realtime.core.options",
    "EmotionLiveError": "models.errors",
    "FaceEmotion": "realtime.core.face_emotion",
    "PersonEdits": "realtime.core.persons.person_edits",
    "PersonLine": "realtime.core.persons.person_line",
    "PipelineConfig": "realtime.core.config",
    "SmoothingConfig": "realtime.core.config",
    "SmoothingMode": "realtime.core.options",
    "Tracks": "realtime.core.protocols",
    "analyze": "realtime.session.api",
    "read_persons": "realtime.core.persons.person_file",
    "run_facts": "realtime.session.api",
    "stream": "realtime.session.api",
}


def _refuse_strangers() -> None:
    """Raise where another package called `models` would be imported in place of ours, and say which."""
    found = PathFinder.find_spec("models")
    ours = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120 - pathlib would take 5 ms
    theirs = found.origin if found else None
    if theirs and os.path.dirname(os.path.dirname(os.path.realpath(theirs))) != ours:  # noqa: PTH120
        raise ImportError(
            f"emotion-live needs its own package `models`, in {ours}, and would import {theirs}; start it in another "
            "folder, or take that one out of PYTHONPATH or the environment"
        )


_refuse_strangers()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'realtime' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
