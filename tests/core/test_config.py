"""Options are refused where they are made, with what was received."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.core.config import PipelineConfig, SmoothingConfig
from realtime.core.errors import ConfigError

SHARES = ("switch_margin", "min_confidence", "min_reliability")
TIMES = ("time_constant_ms", "min_dwell_ms")


@given(st.sampled_from(SHARES), st.floats(0, 1))
def test_every_share_from_0_to_1_is_taken(name: str, share: float) -> None:
    assert getattr(SmoothingConfig(**{name: share}), name) == share


@given(st.sampled_from(SHARES), st.floats(allow_nan=True).filter(lambda share: not 0 <= share <= 1))
def test_a_share_outside_is_refused(name: str, share: float) -> None:
    with pytest.raises(ConfigError, match=f"shares must lie in 0 to 1; received .*{name}="):
        SmoothingConfig(**{name: share})


@given(st.sampled_from(TIMES), st.floats(0, 1e9))
def test_every_time_from_0_on_is_taken(name: str, time_ms: float) -> None:
    assert getattr(SmoothingConfig(**{name: time_ms}), name) == time_ms


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("time_ms", [-1.0, math.inf, math.nan])
def test_a_time_below_0_or_without_end_is_refused(name: str, time_ms: float) -> None:
    with pytest.raises(ConfigError, match="times must be 0 ms or more"):
        SmoothingConfig(**{name: time_ms})


@pytest.mark.parametrize("name", ["max_faces", "max_batch", "threads"])
def test_a_count_below_1_is_refused(name: str) -> None:
    assert getattr(PipelineConfig(**{name: 1}), name) == 1
    with pytest.raises(ConfigError, match=f"{name} must be 1 or more; received 0"):
        PipelineConfig(**{name: 0})
