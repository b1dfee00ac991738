"""State per track, dropped when a track has not been seen for a time."""

from __future__ import annotations

from collections.abc import ValuesView
from typing import Generic, TypeVar

T = TypeVar("T")


class TrackMemory(Generic[T]):
    """Values by track id; `forget` drops those of tracks that were last seen too long ago.

    Times are media times in seconds, or numbers of frames; both limits are in the same unit. Tracks stay in the order
    in which they first came.

    Args:
        keep: how long after it was last seen a track is remembered.
        back: how far time may jump back behind that moment; by default as far as `keep`.
    """

    def __init__(self, keep: float, back: float | None = None) -> None:
        self._keep = keep
        self._back = keep if back is None else back
        self._values: dict[int, T] = {}
        self._seen: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, track: int) -> bool:
        return track in self._values

    def get(self, track: int) -> T | None:
        """Return what is known of a track, `None` if nothing is."""
        return self._values.get(track)

    def seen_at(self, track: int) -> float:
        """Return when a remembered track was last seen. Raises KeyError for any other."""
        return self._seen[track]

    def values(self) -> ValuesView[T]:
        """Return what is known of all tracks."""
        return self._values.values()

    def put(self, track: int, value: T, now: float) -> None:
        """Store what is known of a track, which is seen now."""
        self._values[track] = value
        self._seen[track] = now

    def touch(self, track: int, now: float) -> None:
        """Note that a track is seen now; one of which nothing is known stays unknown."""
        if track in self._values:
            self._seen[track] = now

    def forget(self, now: float) -> list[int]:
        """Drop the tracks that were last seen too long ago, or too far ahead of `now`; return their ids."""
        gone = [track for track, seen in self._seen.items() if not -self._back <= now - seen <= self._keep]
        for track in gone:
            del self._values[track], self._seen[track]
        return gone

    def clear(self) -> None:
        """Forget every track."""
        self._values.clear()
        self._seen.clear()
