"""Shares of time per condition, with intervals: what a study compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from realtime.batch.person_tally import LABELS
from realtime.batch.result_store import VideoResult
from realtime.batch.summary_rows import Cell, further_columns, is_good, seen_of
from realtime.core.types import FloatArray

PARTICIPANT_COLUMNS = ("participant", "subject", "person", "id")
"""A list's column of this name says who is in a video; videos of one are no independent observations."""

_MOST_VALUES = 12
_DRAWS = 2000
_SEED = 1
_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class ConditionShare:
    """One value of one column.

    Attributes:
        column: `str`, "condition".
        value: `str`, "control".
        units: `int`, how many videos or participants it has.
        unit: `str`, "video" or the participants' column.
        mean: `(7,)`, mean over units of each label's share of time.
        low: `(7,)`, lower end of the 95 % interval.
        high: `(7,)`, upper end.
    """

    column: str
    value: str
    units: int
    unit: str
    mean: FloatArray
    low: FloatArray
    high: FloatArray


def condition_shares(results: Sequence[VideoResult], columns: Mapping[str, Mapping[str, str]]) -> list[ConditionShare]:
    """Return the shares of each value of each further column that has from 2 to 12 of them.

    A unit is a participant, where the list has such a column, else a video; each counts alike, whatever its length. The
    interval is the percentile bootstrap's over units (Efron 1979, "Bootstrap methods"), 2,000 draws from a fixed seed;
    of one unit there is none, and both ends are its value.

    Args:
        results: of all videos; those that failed or show nobody are left out.
        columns: video's name -> further columns of its list.
    """
    names = further_columns(columns)
    who = next((name for name in names if name.lower() in PARTICIPANT_COLUMNS), "")
    shares = {result.name: seen_of(_bins(result)).shares for result in results if is_good(result) and result.people}
    found = []
    for name in names:
        values = sorted({columns[video].get(name, "") for video in shares})
        if name == who or not 2 <= len(values) <= _MOST_VALUES:
            continue
        for value in values:
            units: dict[str, list[FloatArray]] = {}
            for video, share in shares.items():
                if columns[video].get(name, "") == value:
                    units.setdefault(columns[video].get(who) or video, []).append(share)
            table = np.stack([np.mean(one, axis=0) for one in units.values()])
            low, high = _interval(table)
            mean = np.asarray(table.mean(axis=0), np.float32)
            found.append(ConditionShare(name, value, len(table), who or "video", mean, low, high))
    return found


def condition_rows(shares: Sequence[ConditionShare]) -> list[dict[str, Cell]]:
    """Return the same as rows for a table."""
    return [
        {
            "column": one.column,
            "value": one.value,
            "unit": one.unit,
            "units": one.units,
            "label": label,
            "mean_share": round(float(one.mean[k]), 4),
            "low_95": round(float(one.low[k]), 4),
            "high_95": round(float(one.high[k]), 4),
        }
        for one in shares
        for k, label in enumerate(LABELS)
    ]


def _bins(result: VideoResult) -> list[Sequence[float]]:
    return [one for person in result.people for one in person["bins"]]


def _interval(table: FloatArray) -> tuple[FloatArray, FloatArray]:
    draws = np.random.default_rng(_SEED).integers(0, len(table), (_DRAWS, len(table)))
    low, high = np.percentile(table[draws].mean(axis=1), _INTERVAL, axis=0)
    return np.asarray(low, np.float32), np.asarray(high, np.float32)
