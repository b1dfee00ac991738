"""How a running pipeline is sent elsewhere in its source: what comes from before a seek is known by its epoch."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from realtime.core.errors import EmotionLiveError
from realtime.core.protocols import SeekableSource
from realtime.core.types import Analysed, Faces, Frame


@dataclass(frozen=True, slots=True)
class EndOfEpoch:
    """Comes after the last frame of a source that may yet be sent elsewhere, so that its workers go on waiting.

    Attributes:
        epoch: `int`, as of a frame.
        error: what ended the source, `None` where it simply was its end.
    """

    epoch: int
    error: EmotionLiveError | None


class SeekEpochs:
    """Counts seeks and hands the last wish to the capture thread; every method may be called from any thread."""

    def __init__(self) -> None:
        self._present = 0
        self._wanted_s: float | None = None
        self._stopped = False
        self._changed = threading.Condition()

    def begin(self, time_s: float) -> None:
        """Begin a new epoch at media time `time_s`; all that belongs to another one is stale from now on."""
        with self._changed:
            self._present += 1
            self._wanted_s = time_s
            self._changed.notify_all()

    def follow(self, source: SeekableSource, epoch: int) -> int:
        """Send `source` where the last `begin` wants it, if it is not there; return the epoch of its next frame.

        Args:
            source: on the thread that reads it.
            epoch: `int`, the one that its frames belonged to so far.
        """
        with self._changed:
            time_s, self._wanted_s = self._wanted_s, None
            epoch = epoch if time_s is None else self._present
        if time_s is not None:
            source.seek(time_s)
        return epoch

    def wait(self) -> None:
        """Wait for a `begin` that nobody has followed yet, or for `stop`."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._wanted_s is not None)

    def stop(self) -> None:
        """End every `wait`."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def stale(self, item: Frame | tuple[Frame, Faces] | Analysed | EndOfEpoch) -> bool:
        """Return whether `item` is from before the last `begin`."""
        if isinstance(item, tuple):
            item = item[0]
        return (item.frame if isinstance(item, Analysed) else item).epoch != self._present
