"""Shares of time per condition."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.batch.condition_shares import condition_rows, condition_shares
from realtime.batch.person_tally import LABELS, PersonTally
from realtime.batch.result_store import DONE, FAILED, VideoResult
from tests.support.values.analysed import moment

ANGER = LABELS.index("anger")


def result(name: str, label: str, status: str = DONE, seconds: float = 1.0) -> VideoResult:
    tally = PersonTally()
    for number in range(int(10 * seconds)):
        tally.add(moment(number / 10, {1: label}))
    tally.close()
    return VideoResult(name, f"{name}.mp4", status, {}, {}, people=tuple(tally.facts()))


def test_videos_count_alike_whatever_their_length() -> None:
    results = [result("a", "anger", seconds=8.0), result("b", "neutral"), result("c", "neutral")]
    columns = {"a": {"group": "x"}, "b": {"group": "x"}, "c": {"group": "y"}}
    x, y = condition_shares(results, columns)
    assert (x.value, x.units, x.unit) == ("x", 2, "video")
    assert x.mean[ANGER] == pytest.approx(0.5, abs=1e-3)
    assert (x.low[ANGER], x.high[ANGER]) == pytest.approx((0.0, 1.0), abs=1e-3)
    assert (y.low[ANGER], y.mean[ANGER], y.high[ANGER]) == (0.0, 0.0, 0.0)


def test_videos_of_one_participant_are_one_observation() -> None:
    names = "abcdef"
    results = [result(name, "anger" if name in "abcd" else "neutral") for name in names]
    who = dict(zip(names, ("p1", "p1", "p1", "p1", "p2", "p3"), strict=True))
    columns = {name: {"group": "y" if name == "f" else "x", "participant": who[name]} for name in names}
    x, y = condition_shares(results, columns)
    assert (x.units, x.unit, y.units) == (2, "participant", 1)
    assert x.mean[ANGER] == pytest.approx(0.5, abs=1e-3)


def test_the_interval_narrows_with_the_number_of_videos() -> None:
    rng = np.random.default_rng(0)

    def width(count: int) -> float:
        results = [result(f"v{n}", "anger" if rng.random() < 0.5 else "fear") for n in range(count)]
        columns = {one.name: {"group": "x"} for one in results}
        columns[results[0].name] = {"group": "y"}
        shares = next(one for one in condition_shares(results, columns) if one.value == "x")
        return float(shares.high[ANGER] - shares.low[ANGER])

    assert 0.1 < width(64) < 0.6 * width(8)


def test_columns_that_compare_nothing_and_videos_that_failed_are_left_out() -> None:
    results = [result("a", "anger"), result("b", "fear"), result("c", "fear", FAILED)]
    columns = {name: {"site": "one", "date": name, "group": name if name != "c" else "a"} for name in "abc"}
    found = condition_shares(results, columns)
    assert {one.column for one in found} == {"date", "group"}
    assert all(one.units == 1 for one in found)
    assert len(condition_rows(found)) == len(found) * len(LABELS)
    assert condition_shares([], {}) == []
