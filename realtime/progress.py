"""A progress bar over media time, for runs without a window."""

from __future__ import annotations

from types import TracebackType

from tqdm import tqdm

from realtime.stages import SourceInfo
from realtime.types import Analysed


class FrameBar:
    """Shows frames done and, where the source knows its length, the time left; on a terminal only.

    Args:
        shown: `bool`, whether there is a bar at all.
    """

    def __init__(self, shown: bool) -> None:
        self._shown = shown
        self._bar: tqdm[None] | None = None

    def __enter__(self) -> FrameBar:
        """Do nothing: the bar appears when the source is open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def opened(self, info: SourceInfo) -> None:
        """Start the bar."""
        if self._shown:
            # disable=None: tqdm keeps quiet where stderr is no terminal.
            self._bar = tqdm(total=info.frame_count, unit="frame", desc=info.name, disable=None)

    def step(self, _analysed: Analysed) -> None:
        """Count one frame."""
        if self._bar is not None:
            self._bar.update()

    def say(self, line: str) -> None:
        """Print one line above the bar."""
        tqdm.write(line)

    def close(self) -> None:
        """Leave the bar as it is; any number of times."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
