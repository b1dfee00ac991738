"""Seeking in a running pipeline: epoch numbers identify frames from before the last seek, which are discarded."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from realtime.core.errors import EmotionLiveError
from realtime.core.protocols import SeekableSource
from realtime.core.types import Analysed, Faces, Frame


@dataclass(frozen=True, slots=True)
class EndOfEpoch:
    """End marker of a seekable source: the workers stay alive, since a seek may follow.

    Attributes:
        epoch: `int`, as in `Frame`.
        error: what ended the source, `None` at its normal end.
    """

    epoch: int
    error: EmotionLiveError | None


class SeekEpochs:
    """Counts seeks and passes the latest target to the capture thread; thread-safe."""

    def __init__(self) -> None:
        self._present = 0
        self._wanted_s: float | None = None
        self._stopped = False
        self._changed = threading.Condition()

    def begin(self, time_s: float) -> None:
        """Begin a new epoch at media time `time_s`; items of earlier epochs are stale from now on."""
        with self._changed:
            self._present += 1
            self._wanted_s = time_s
            self._changed.notify_all()

    def follow(self, source: SeekableSource, epoch: int) -> int:
        """Seek `source` to the target of the last `begin`, if it is pending; return the epoch of its next frame.

        Args:
            source: on the thread that reads it.
            epoch: `int`, the epoch of its frames so far.
        """
        with self._changed:
            time_s, self._wanted_s = self._wanted_s, None
            epoch = epoch if time_s is None else self._present
        if time_s is not None:
            source.seek(time_s)
        return epoch

    def wait(self) -> None:
        """Block until a seek is pending, or until `stop`."""
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
