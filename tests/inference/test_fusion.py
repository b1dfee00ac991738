from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.errors import ModelError
from models.manifest import EMOTIONS, FusionSpec
from realtime.inference.fusion import fuse, tempered
from tests.support.fakes import one_hot

K = len(EMOTIONS)


def spec(method: str, eyes: float = 1.0, lips: float = 1.0) -> FusionSpec:
    rows = ((eyes,) * K, (lips,) * K)
    tables = tuple(tuple(map(tuple, weight * np.eye(K))) for weight in (eyes, lips))
    return FusionSpec(method, rows, (0.0,) * K, 1.0, rows, tables if method == "stacked" else ())


def pair(eyes: str, lips: str) -> np.ndarray:
    return np.stack([one_hot(eyes), one_hot(lips)])[None]


@pytest.mark.parametrize("method", ["stacked", "log_linear", "success", "mean"])
@given(
    arrays(np.float32, (3, 2, K), elements=st.floats(0.015625, 1, width=32)),
    arrays(np.float32, (3, 2), elements=st.floats(0, 1, width=32)),
)
def test_fusion_is_a_distribution(method: str, raw: np.ndarray, reliability: np.ndarray) -> None:
    fused = fuse(raw / raw.sum(axis=2, keepdims=True), reliability, spec(method))
    assert fused.dtype == np.float32
    np.testing.assert_allclose(fused.sum(axis=1), 1, atol=1e-5)
    assert (fused >= 0).all()


@pytest.mark.parametrize("method", ["stacked", "log_linear", "success"])
def test_the_expert_with_the_larger_weight_decides(method: str) -> None:
    said = pair("anger", "happiness")
    sure = np.ones((1, 2), np.float32)
    assert EMOTIONS[fuse(said, sure, spec(method, eyes=2, lips=0.5)).argmax()] == "anger"
    assert EMOTIONS[fuse(said, sure, spec(method, eyes=0.5, lips=2)).argmax()] == "happiness"


@pytest.mark.parametrize("method", ["stacked", "log_linear", "success", "mean"])
def test_a_hidden_region_has_no_say_and_nothing_visible_is_flat(method: str) -> None:
    said = pair("anger", "happiness")
    assert EMOTIONS[fuse(said, np.float32([[1, 0]]), spec(method)).argmax()] == "anger"
    assert EMOTIONS[fuse(said, np.float32([[0, 1]]), spec(method)).argmax()] == "happiness"
    np.testing.assert_allclose(fuse(said, np.zeros((1, 2), np.float32), spec(method)), 1 / K, atol=1e-4)


def test_what_one_expert_says_of_fear_can_count_for_surprise() -> None:
    fear, surprise = EMOTIONS.index("fear"), EMOTIONS.index("surprise")
    tables = np.stack([np.eye(K), np.eye(K)])
    tables[0, fear, surprise], tables[0, fear, fear] = 2.0, 0.0
    plain = spec("stacked")
    crossed = replace(plain, cross=tuple(tuple(map(tuple, table)) for table in tables))
    said, sure = np.stack([one_hot("fear"), one_hot("neutral", 0.3)])[None], np.ones((1, 2), np.float32)
    assert EMOTIONS[fuse(said, sure, plain).argmax()] == "fear"
    assert EMOTIONS[fuse(said, sure, crossed).argmax()] == "surprise"


@pytest.mark.parametrize("method", ["stacked", "log_linear"])
def test_where_one_expert_is_silent_the_others_own_answer_stands(method: str) -> None:
    quiet = replace(spec(method, eyes=0.2, lips=3.0), bias=(0.0, 0.0, 0.0, 0.0, 1.0, 0.0))
    eyes = np.float32([0.1, 0.5, 0.1, 0.1, 0.15, 0.05])
    silent = np.full(K, 1 / K, np.float32)
    alone = fuse(np.stack([eyes, silent])[None], np.ones((1, 2), np.float32), quiet)
    np.testing.assert_allclose(alone[0], eyes, atol=1e-4)
    # From silence to speech the answer changes by steps no larger than what is said changes.
    steps = [
        fuse(np.stack([eyes, one_hot("happiness", top)])[None], np.ones((1, 2), np.float32), quiet)[0]
        for top in np.linspace(1 / K, 0.4, 200)
    ]
    assert np.abs(np.diff(steps, axis=0)).max() < 0.05


def alone_spec(anger: float) -> FusionSpec:
    """How one expert's answer is read alone: anger more readily by `anger`."""
    bias = tuple(anger * (emotion == "anger") for emotion in EMOTIONS)
    return FusionSpec("log_linear", ((1.0,) * K,), bias, 1.0, ((1.0,) * K,))


def test_where_one_expert_speaks_alone_it_is_read_by_its_own_numbers() -> None:
    lone = replace(spec("stacked"), alone=(alone_spec(2.0), alone_spec(-2.0)))
    slightly, silent = one_hot("neutral", 0.4), np.full(K, 1 / K, np.float32)
    slightly[EMOTIONS.index("anger")] = 0.3
    slightly /= slightly.sum()
    sure = np.ones((1, 2), np.float32)
    eyes, lips = np.stack([slightly, silent])[None], np.stack([silent, slightly])[None]
    np.testing.assert_allclose(fuse(eyes, sure, lone), fuse(eyes[:, :1], sure[:, :1], alone_spec(2.0)), atol=1e-5)
    np.testing.assert_allclose(fuse(lips, sure, lone), fuse(lips[:, 1:], sure[:, 1:], alone_spec(-2.0)), atol=1e-5)
    assert EMOTIONS[fuse(eyes, sure, lone).argmax()] == "anger"
    assert EMOTIONS[fuse(lips, sure, lone).argmax()] == "neutral"
    # Beside one that can be seen but is not reliable its answer stands as it is; where both speak nobody is alone.
    both, turned = np.stack([slightly, one_hot("happiness")])[None], np.float32([[1, 0]])
    np.testing.assert_allclose(fuse(both, turned, lone)[0], slightly, atol=1e-4)
    np.testing.assert_array_equal(fuse(both, sure, lone), fuse(both, sure, spec("stacked")))


@pytest.mark.parametrize("region", [0, 1])
def test_the_answer_never_jumps_while_a_region_comes_and_goes(region: int) -> None:
    lone = replace(spec("stacked"), alone=(alone_spec(2.0), alone_spec(-2.0)))
    answers, reliability = [], []
    for step in np.linspace(0, 1, 400):
        said = [one_hot("anger", 0.3), one_hot("anger", 0.3)]
        said[region] = one_hot("happiness", 1 / K + (0.6 - 1 / K) * step)
        answers += [np.stack(said)] * 2
        reliability += [(1, 1), (1, step) if region else (step, 1)]
    said, trust = np.stack(answers), np.float32(reliability)
    for rows in (slice(0, None, 2), slice(1, None, 2)):
        steps = np.abs(np.diff(fuse(said[rows], trust[rows], lone), axis=0))
        assert steps.max() < 0.03
    # Both nearly silent, one a little less than the other: which of them it is must not matter.
    near = np.stack([np.stack([one_hot("anger", 0.21), one_hot("fear", 0.21 + 1e-4 * sign)]) for sign in (-1, 1)])
    first, second = fuse(near, np.ones((2, 2), np.float32), lone)
    np.testing.assert_allclose(first, second, atol=1e-3)


@pytest.mark.parametrize("method", ["stacked", "log_linear"])
def test_the_shift_counts_only_as_far_as_the_experts_say_something(method: str) -> None:
    anger = EMOTIONS.index("anger")
    shifted = replace(spec(method), shift=tuple(0.8 * (k == anger) for k in range(K)))
    sure = np.ones((1, 2), np.float32)

    def gained(top: float) -> float:
        said = np.stack([one_hot("neutral", top)] * 2)[None]
        logits = [np.log(fuse(said, sure, one)[0]) for one in (spec(method), shifted)]
        return float(np.ptp(logits[1] - logits[0]))

    assert gained(0.95) == pytest.approx(0.8, abs=1e-3)
    assert 0.0 < gained(0.25) < gained(0.3) < 0.7
    assert gained(1 / K) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("method", ["stacked", "log_linear"])
def test_an_expert_that_does_not_know_changes_nothing(method: str) -> None:
    uneven = ((0.5, 1, 2, 1, 0.2, 1), (1.0,) * K)
    tables = tuple(tuple(map(tuple, np.diag(row))) for row in uneven)
    unequal = FusionSpec(method, uneven, (0.0,) * K, 1.0, uneven, tables if method == "stacked" else ())
    flat = np.stack([np.full(K, 1 / K, np.float32), one_hot("anger", 0.7)])[None]
    both, lips_only = np.float32([[1, 1]]), np.float32([[0, 1]])
    np.testing.assert_allclose(fuse(flat, both, unequal), fuse(flat, lips_only, unequal), atol=1e-5)


def test_cross_terms_must_be_whole_and_only_where_they_belong() -> None:
    with pytest.raises(ModelError, match="6x6"):
        FusionSpec("stacked", spec("mean").weights, (0.0,) * K, 1.0, spec("mean").success)
    with pytest.raises(ModelError, match="6x6"):
        replace(spec("mean"), cross=spec("stacked").cross)


def test_numbers_for_one_expert_alone_are_there_for_all_or_for_none() -> None:
    with pytest.raises(ModelError, match=r"one `alone` per region \(2\)"):
        replace(spec("stacked"), alone=(alone_spec(0.0),))
    with pytest.raises(ModelError, match="each for one region"):
        replace(spec("stacked"), alone=(spec("stacked"), spec("stacked")))


def test_no_face_is_ordinary() -> None:
    assert fuse(np.zeros((0, 2, K), np.float32), np.zeros((0, 2), np.float32), spec("log_linear")).shape == (0, K)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ModelError, match="'magic'"):
        fuse(pair("fear", "fear"), np.ones((1, 2), np.float32), spec("magic"))


def test_temperature_flattens_and_keeps_the_order() -> None:
    sharp = one_hot("sadness", 0.9)[None]
    flat = tempered(sharp, 2.0)
    assert flat.argmax() == sharp.argmax()
    assert flat.max() < sharp.max()
    np.testing.assert_allclose(tempered(sharp, 1.0), sharp, atol=1e-4)
