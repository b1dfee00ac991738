"""The operating point of a fusion, the fusions for other sensitivities, and how one number chooses between them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.errors import ModelError
from models.evaluate.fusion_solver import Evidence, fit_fusion, mixed
from models.evaluate.labelings import Labelings, recalibrated
from models.evaluate.operating_point import at_operating_point
from models.evaluate.scores import expected_calibration_error
from models.fit_fusion import cover_of_others
from models.manifest import EMOTIONS, Exchange, load_manifest, save_manifest
from realtime.core.config import PipelineConfig
from realtime.core.errors import ConfigError
from realtime.inference.fusion import fuse, tempered
from tests.support.values.tiny_models import write_tiny_weights

NEUTRAL, ANGER = EMOTIONS.index("neutral"), EMOTIONS.index("anger")


def faces(lean: float = 0.0, count: int = 900, seed: int = 0) -> Evidence:
    """Two experts of equal skill that, with `lean`, see more of neutral in every angry face."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 6, count)
    logits = rng.normal(0, 1.2, (count, 2, 6))
    logits[np.arange(count), :, truth] += 2.5
    logits[truth == ANGER, :, NEUTRAL] += lean
    p = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    return Evidence.certain(p.astype(np.float32), np.ones((count, 2), np.float32), truth)


def called_neutral(spec, held: Evidence) -> float:
    said = fuse(held.by_region, held.reliability, spec).argmax(axis=1)
    return float((said[held.truth == ANGER] == NEUTRAL).mean())


def test_posed_faces_move_only_shift_and_temperature_and_find_the_anger_that_was_missed() -> None:
    seen, posed, held = faces(), faces(lean=3.0, seed=1), faces(lean=3.0, seed=2)
    plain = fit_fusion(seen, "stacked")
    moved = at_operating_point(plain, [(seen, 1.0), (posed, 1.0)])
    assert moved.cross == plain.cross
    assert moved.weights == plain.weights
    assert moved.bias == plain.bias
    assert moved.shift[ANGER] > 0.1 > moved.shift[NEUTRAL]
    assert called_neutral(moved, held) < called_neutral(plain, held) - 0.1


def test_a_set_counts_by_its_share_and_not_by_its_size() -> None:
    plain = fit_fusion(faces(), "stacked")
    few, many = (
        at_operating_point(plain, [(faces(), 1.0), (faces(lean=3.0, count=count, seed=3), 1.0)])
        for count in (600, 2400)
    )
    none = at_operating_point(plain, [(faces(), 1.0), (faces(lean=3.0, seed=3), 0.0)])
    assert few.shift[ANGER] == pytest.approx(many.shift[ANGER], abs=0.25)
    assert none.shift[ANGER] < few.shift[ANGER] - 0.25


def test_the_temperature_makes_the_answer_honest_on_faces_that_the_fit_did_not_see() -> None:
    spec = replace(fit_fusion(faces(), "stacked"), temperature=0.2)
    held = faces(seed=5)

    def error(one) -> float:
        p = fuse(held.by_region, held.reliability, one)
        return expected_calibration_error(p.max(axis=1), p.argmax(axis=1) == held.truth)

    assert error(at_operating_point(spec, [(faces(seed=4), 1.0)])) < 0.05 < error(spec)


def test_two_labelings_of_the_same_faces_count_by_their_share() -> None:
    """The second calls every neutral face angry: the more it counts, the more neutral faces the fit calls angry."""
    seen = faces()
    other = np.where(seen.truth == NEUTRAL, ANGER, seen.truth)
    meant = Evidence.certain(seen.by_region, seen.reliability, other)
    held = faces(seed=6)
    said = [
        fuse(held.by_region, held.reliability, fit_fusion(mixed(seen, meant, share), "stacked"))
        for share in (0, 0.5, 1)
    ]
    accused = [float(p[held.truth == NEUTRAL, ANGER].mean()) for p in said]
    assert accused[0] < accused[1] - 0.1 < accused[2] - 0.2


def test_sensitivity_needs_all_three_labelings_and_finds_more_anger_the_higher_it_is() -> None:
    seen, posed = faces(), faces(lean=3.0, seed=1)
    assert Labelings(seen).exchange("stacked") is None
    whole = Labelings(seen, meant=seen, posed=posed)
    exchange, held = whole.exchange("stacked"), faces(lean=3.0, seed=2)
    assert exchange is not None
    assert called_neutral(exchange.meant, held) < called_neutral(exchange.seen, held) - 0.1
    assert whole.exchange("mean") is None
    assert Labelings(seen).fitted("mean").method == "mean"


def test_an_operating_point_for_several_collections_is_a_little_less_sure() -> None:
    seen, posed, held = faces(), faces(seed=1), faces(seed=2)
    spec = Labelings(seen, posed=posed).fitted("stacked", posed_share=1.0)
    bold = at_operating_point(spec, [(seen, 1.0), (posed, 1.0)])
    said, sure = (fuse(held.by_region, held.reliability, one) for one in (spec, bold))
    np.testing.assert_array_equal(said.argmax(axis=1), sure.argmax(axis=1))
    assert said.max(axis=1).mean() < sure.max(axis=1).mean() - 0.01


def test_an_expert_alone_is_fitted_to_what_it_says_where_others_are_covered() -> None:
    """Behind a mask this eyes expert sees neutral in every angry face, and the lips expert says nothing."""
    seen, covered, held = faces(), faces(lean=3.0, seed=1), faces(lean=3.0, seed=2)
    spec = Labelings(seen, posed=seen, alone=(Labelings(covered, posed=covered).of_region(0),) * 2).fitted("stacked")
    assert [len(one.weights) for one in spec.alone] == [1, 1]
    held.by_region[:, 1] = 1 / 6
    assert called_neutral(spec, held) < called_neutral(replace(spec, alone=()), held) - 0.1
    assert Labelings(seen, alone=(Labelings(covered).of_region(0),) * 2).fitted("mean").alone == ()


def test_what_covers_the_other_regions_and_not_this_one() -> None:
    assert [cover_of_others(one, ("eyes", "lips")) for one in ("eyes", "lips")] == ["mask", "glasses"]
    assert cover_of_others("eyes", ("eyes",)) == "", "one expert is always alone"


def test_temperatures_that_were_applied_are_undone_before_others_are() -> None:
    plain = faces().by_region
    applied = np.stack([tempered(plain[:, 0], 0.5), tempered(plain[:, 1], 2.0)], axis=1)
    np.testing.assert_allclose(recalibrated(applied, [0.5, 2.0], [1.0, 1.0]), plain, atol=1e-3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Weights whose fusions for sensitivity 0, 0.25 and 1 have biases for anger of 0, 1 and 2."""
    folder = write_tiny_weights(tmp_path / "w").folder
    manifest = load_manifest(folder)
    spec = fit_fusion(faces(), "stacked")

    own = fit_fusion(faces().of_region(0), "stacked")

    def with_anger(bias: float):
        biases = [tuple(factor * bias if number == ANGER else 0.0 for number in range(6)) for factor in (1, 3)]
        return replace(spec, bias=biases[0], alone=(replace(own, bias=biases[1]),) * 2)

    exchange = Exchange(0.25, seen=with_anger(0.0), meant=with_anger(2.0))
    save_manifest(replace(manifest, fusion=with_anger(1.0), exchange=exchange))
    return folder


def test_one_number_chooses_between_the_three_fusions_of_a_manifest(folder: Path) -> None:
    manifest = load_manifest(folder)
    assert manifest.fusion_at() == manifest.fusion == manifest.fusion_at(0.25)
    assert manifest.fusion.alone[1].bias[ANGER] == 3.0
    assert manifest.fusion_at(0.625).alone[0].bias[ANGER] == pytest.approx(4.5)
    wanted = {0.0: 0.0, 0.125: 0.5, 0.625: 1.5, 1.0: 2.0}
    for sensitivity, bias in wanted.items():
        assert manifest.fusion_at(sensitivity).bias[ANGER] == pytest.approx(bias)
    with pytest.raises(ModelError, match=r"between 0 and 1; received 1\.5"):
        manifest.fusion_at(1.5)


def test_weights_with_one_fusion_work_as_before_and_have_no_sensitivity(tmp_path: Path) -> None:
    manifest = load_manifest(write_tiny_weights(tmp_path / "w").folder)
    assert manifest.exchange is None
    assert manifest.fusion_at() == manifest.fusion
    with pytest.raises(ModelError, match="no sensitivity to choose"):
        manifest.fusion_at(0.5)


def test_a_sensitivity_outside_its_range_is_refused_by_the_configuration() -> None:
    with pytest.raises(ConfigError, match=r"sensitivity must lie in 0 to 1; received -0\.1"):
        PipelineConfig(sensitivity=-0.1)


def test_less_neutral_does_not_turn_faint_smiles_into_happiness() -> None:
    happiness = EMOTIONS.index("happiness")
    plain = fit_fusion(faces(), "stacked")
    moved = at_operating_point(plain, [(faces(), 1.0), (faces(lean=3.0, seed=1), 1.0)])
    assert moved.shift[NEUTRAL] < -0.1
    assert moved.shift[happiness] == pytest.approx(moved.shift[NEUTRAL], abs=1e-5)
