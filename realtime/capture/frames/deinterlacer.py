"""Removes the combing of interlaced frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import av
from av.filter import Graph


def unheard(_line: str) -> None:
    """Take a line that nobody asked for."""


class Deinterlacer:
    """Removes the combing of interlaced frames with FFmpeg's yadif; passes others through untouched.

    From the first interlaced frame on, each frame leaves when its successor is known, with its own timestamp.

    Args:
        note: takes one line for people, once.
    """

    def __init__(self, note: Callable[[str], None] = unheard) -> None:
        self._note = note
        self._failed = False
        self._graph: Any = None
        self._shape: tuple[str, int, int] | None = None

    def feed(self, frames: list[Any], *, last: bool = False) -> list[Any]:
        """Return the frames that are ready now; `last` says that none follows."""
        if self._failed or (self._graph is None and not any(frame.interlaced_frame for frame in frames)):
            return frames
        ready: list[Any] = []
        try:
            return self._fed(frames, ready, last)
        except (av.FFmpegError, ValueError):
            self._failed, self._graph = True, None
            self._note("the source is interlaced and cannot be deinterlaced here: its pictures show combs")
            return ready + frames

    def _fed(self, frames: list[Any], ready: list[Any], last: bool) -> list[Any]:
        for frame in frames:
            shape = (frame.format.name, frame.width, frame.height)
            if shape != self._shape:
                ready += self._drained()
                self._begin(frame, shape)
            self._graph.vpush(frame)
            ready += self._pulled()
        return ready + self._drained() if last else ready

    def _begin(self, frame: Any, shape: tuple[str, int, int]) -> None:
        _, width, height = shape
        graph = Graph()
        source = graph.add_buffer(width=width, height=height, format=frame.format, time_base=frame.time_base)
        yadif, sink = graph.add("yadif", "deint=interlaced"), graph.add("buffersink")
        source.link_to(yadif)
        yadif.link_to(sink)
        graph.configure()
        self._graph, self._shape = graph, shape
        self._note("the source is interlaced: its frames are deinterlaced, one picture from each")

    def _drained(self) -> list[Any]:
        if self._graph is None:
            return []
        self._graph.vpush(None)
        ready = self._pulled()
        self._graph = self._shape = None
        return ready

    def _pulled(self) -> list[Any]:
        ready = []
        while True:
            try:
                ready.append(self._graph.vpull())
            except (av.error.BlockingIOError, av.error.EOFError):
                return ready
