"""Holds table rows back until late answers arrive, so that the table keeps its order and loses none."""

from __future__ import annotations

from realtime.core.types import Analysed
from realtime.reports.table_schema import Row, with_measured

# A classifier that hangs must not hold the rows back for ever: ten seconds at 30 frames per second.
_MAX_FRAMES = 300


class RowBuffer:
    """FIFO of table rows whose head may wait for a late answer; without overload nothing waits."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, list[Row]]] = []
        self._awaited: set[int] = set()

    def take(self, analysed: Analysed, rows: list[Row]) -> list[Row]:
        """Take the rows of one frame; return those that can be written now, of this frame and of earlier ones."""
        answers = {late.frame_index: late for late in analysed.late}
        self._kept = [
            (index, with_measured(kept, answers[index].emotions) if index in answers else kept)
            for index, kept in self._kept
        ]
        self._awaited -= answers.keys()
        self._kept.append((analysed.frame.index, rows))
        if analysed.answer_follows:
            self._awaited.add(analysed.frame.index)
        if len(self._kept) > _MAX_FRAMES:
            return self.rest()
        ready = 0
        while ready < len(self._kept) and self._kept[ready][0] not in self._awaited:
            ready += 1
        done, self._kept = self._kept[:ready], self._kept[ready:]
        return [row for _, rows in done for row in rows]

    def rest(self) -> list[Row]:
        """Return all rows that are still kept, as they are."""
        rows = [row for _, kept in self._kept for row in kept]
        self._kept.clear()
        self._awaited.clear()
        return rows
