"""Figures of a run: rates, latencies, times per stage, drops by cause."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.core.metrics import Metrics, percentile
from tests.support.clocks import FakeClock


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.sampled_from([0.0, 0.05, 0.5, 0.9, 0.95, 1.0]))
def test_a_percentile_is_the_least_value_that_enough_values_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(values, share)
    needed = max(1, math.ceil(share * len(values) - 1e-9))
    assert sum(value <= found for value in values) >= needed
    assert sum(value < found for value in values) < needed


def test_percentiles_where_a_product_is_not_quite_a_whole_number_and_of_nothing() -> None:
    assert percentile(list(range(1, 21)), 0.95) == 19, "0.95 * 20 is a little more than 19 as a float"
    assert percentile([], 0.5) == 0.0


def test_rates_count_intervals_and_latency_is_a_percentile() -> None:
    clock = FakeClock()
    metrics = Metrics(clock)
    assert (metrics.fps(), metrics.latency_ms()) == (0.0, 0.0)
    metrics.shown(clock() - 0.05)
    assert metrics.fps() == 0.0, "one frame has no rate"
    for number in range(10):
        clock.sleep(0.1)
        metrics.shown(clock() - (0.05 if number else 0.25))
    assert metrics.fps() == pytest.approx(10)
    assert metrics.latency_ms() == pytest.approx(50)
    assert metrics.latency_ms(1.0) == pytest.approx(250)


def test_the_rate_is_of_the_last_two_seconds_and_the_mean_rate_of_the_whole_run() -> None:
    clock = FakeClock(0.0)
    metrics = Metrics(clock)
    assert metrics.mean_fps() == 0.0
    for step_s in [0.1] * 50 + [1.0] * 5:
        metrics.shown(clock())
        clock.sleep(step_s)
    metrics.shown(clock())
    assert metrics.frames_shown == 56
    assert metrics.mean_fps() == pytest.approx(55 / 10.0)
    assert metrics.fps() == pytest.approx(1.0)


def test_stage_times_are_per_frame() -> None:
    wall, cpu = FakeClock(), FakeClock()
    metrics = Metrics(wall_timer=wall, cpu_timer=cpu)
    for wall_s, cpu_s, frames in ((0.4, 0.2, 4), (0.3, 0.1, 1)):
        with metrics.timed("classify", frames):
            wall.sleep(wall_s)
            cpu.sleep(cpu_s)
    [(stage, times)] = metrics.stages().items()
    assert stage == "classify"
    assert (times.p50_ms, times.p95_ms) == (pytest.approx(100), pytest.approx(300))
    assert times.cpu_ms == pytest.approx(1000 * 0.3 / 5), "of every frame alike, however many one call takes"


def test_drops_are_named_by_who_was_busy_and_a_later_count_replaces_an_earlier() -> None:
    metrics = Metrics()
    metrics.count_drops((3, 0, 1), 0)
    assert metrics.drops == {"landmarks busy": 3, "display busy": 1}
    metrics.count_drops((5, 0, 1), 2)
    assert metrics.drops == {"capture busy": 2, "landmarks busy": 5, "display busy": 1}
