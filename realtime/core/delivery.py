"""Delivery of a run's frames: live (keep-latest), paced (a file's own speed), or as fast as possible."""

from __future__ import annotations

import enum


class Delivery(enum.Enum):
    """How the frames of a run are delivered; decided once, when its source and its outputs are known.

    Attributes:
        LIVE: the source does not wait. The newest frame counts; older ones are dropped and counted.
        PACED: a file that somebody watches. No frame is dropped, and each is shown at its media time.
        FAST: a file that nobody watches. No frame is dropped, and frames are analyzed in full batches.
    """

    LIVE = "live"
    PACED = "paced"
    FAST = "fast"

    @staticmethod
    def of(*, live: bool, watched: bool) -> Delivery:
        """Return how a source is delivered.

        Args:
            live: whether its frames pass by whether they are read or not.
            watched: whether somebody sees each frame as soon as it is analyzed.
        """
        if live:
            return Delivery.LIVE
        return Delivery.PACED if watched else Delivery.FAST
