"""What training is made of; nothing is trained here."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="the train extra is not installed")

import keras

from models.dataset.crop_set import CropSet
from models.errors import ConfigError, DataError
from models.region_registry import REGIONS
from models.train.batches import Batches, sample_weights
from models.train.checkpoint import load_trained, start_from
from models.train.layers import FusedBatchNormalization, StandardizeCrop
from models.train.loop import score_logits
from models.train.networks import eyes_network, lips_network
from models.train.recipe import Recipe

RECIPE = Recipe("lips", 2, 4, 1e-3, 0.01, 0.1, 4, 0.2, 0.5, 0.99, 3, 1)


def crop_set(count: int = 12) -> CropSet:
    rng = np.random.default_rng(0)
    soft = np.eye(6, dtype=np.float32)[np.arange(count) % 6]
    soft[0] = (0.5, 0.5, 0, 0, 0, 0)
    return CropSet(
        crops=rng.integers(0, 256, (count, 60, 80, 1), dtype=np.uint8),
        soft=soft,
        weight=np.ones(count, np.float32),
        agreement=np.where(np.arange(count) == 0, 0.5, 1.0).astype(np.float32),
        ids=np.arange(100, 100 + count),
        hidden=np.zeros(count, np.float32),
        geometry=REGIONS["lips"].geometry,
        border_px=8,
    )


def test_training_starts_from_earlier_weights_and_refuses_another_network(tmp_path: Path) -> None:
    earlier, later = lips_network((64, 48), width=4), lips_network((32, 32), width=4)
    earlier.save_weights(tmp_path / "best.weights.h5")
    facts = {"recipe": asdict(RECIPE), "geometry": asdict(REGIONS["lips"].geometry)}
    (tmp_path / "recipe.json").write_text(json.dumps(facts))
    start_from(later, tmp_path)
    for before, after in zip(earlier.get_weights(), later.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    with pytest.raises(DataError, match="holds lips of width 4"):
        start_from(lips_network((64, 48), width=6), tmp_path)
    with pytest.raises(DataError, match="holds no trained expert"):
        start_from(later, tmp_path / "nothing")


def test_a_covered_mouth_has_a_nearly_flat_label_and_the_data_keep_theirs() -> None:
    crops = crop_set()
    before = crops.soft.copy()
    _, covered, _ = Batches(crops, replace(RECIPE, covered=1.0, mixup=0.0), 0)[0]
    _, plain, _ = Batches(crops, replace(RECIPE, covered=0.0, mixup=0.0), 0)[0]
    assert covered.max() < 0.26
    assert plain.max() == 1.0
    np.testing.assert_allclose(covered.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(crops.soft, before)


def test_covered_crops_come_from_the_same_face_of_the_covered_sets() -> None:
    crops = crop_set()
    rows = np.array([2, 3, 8])
    white = replace(
        crops,
        crops=np.full_like(crops.crops[rows], 255),
        ids=crops.ids[rows],
        soft=crops.soft[rows],
        hidden=np.zeros(3),
    )
    whites, others = [], []
    for epoch in range(12):
        batches = Batches(crops, replace(RECIPE, covered=1.0, mixup=0.0), epoch, [white])
        for x, y, _ in (batches[number] for number in range(len(batches))):
            # This set says that its crops hide nothing, so its labels stay whole; a mask drawn on the crop flattens.
            whites += [(x[at], y[at]) for at in range(len(x)) if y[at].max() == 1]
            others += [y[at] for at in range(len(x)) if y[at].max() < 1]
    assert 5 < len(whites) < 12 * len(rows)
    assert {int(y.argmax()) for _, y in whites} == {2, 3}
    assert min(np.median(x) for x, _ in whites) > 150
    assert max(y.max() for y in others) < 0.3


def test_networks_give_six_logits_and_refuse_tiny_inputs() -> None:
    network = lips_network((64, 48), width=4)
    assert network.predict_on_batch(np.zeros((3, 48, 64, 1), np.uint8)).shape == (3, 6)
    with pytest.raises(ConfigError, match="32x32"):
        eyes_network((64, 16))
    with pytest.raises(ConfigError, match="16x16"):
        lips_network((8, 48))


def test_the_fused_normalization_trains_as_the_usual_one() -> None:
    x = np.random.default_rng(0).normal(3, 2, (8, 5, 4, 7)).astype(np.float32)
    fused, usual = FusedBatchNormalization(epsilon=1e-3), keras.layers.BatchNormalization(epsilon=1e-3)
    np.testing.assert_allclose(fused(x, training=True), usual(x, training=True), atol=1e-4)
    np.testing.assert_allclose(fused.moving_mean, usual.moving_mean, atol=1e-5)
    np.testing.assert_allclose(fused.moving_variance, usual.moving_variance, rtol=0.02)
    np.testing.assert_allclose(fused(x), usual(x), atol=2e-2)


def test_light_and_contrast_drop_out_of_a_crop_and_flat_stays_flat() -> None:
    crop = np.random.default_rng(0).integers(60, 120, (1, 48, 64, 1)).astype(np.float32)
    layer = StandardizeCrop()
    plain, other = np.asarray(layer(crop)), np.asarray(layer(crop * 2 + 10))
    assert np.corrcoef(plain.ravel(), other.ravel())[0, 1] > 0.9999
    assert abs(plain.std() / other.std() - 1) < 0.3
    assert np.abs(np.asarray(layer(np.full((1, 48, 64, 1), 200, np.float32)))).max() < 1e-3


def test_batches_are_drawn_anew_each_epoch_and_alike_for_the_same_seed() -> None:
    batches, again = Batches(crop_set(), RECIPE, 0), Batches(crop_set(), RECIPE, 0)
    assert len(batches) == 3
    x, y, weight = batches[0]
    assert x.shape == (4, 48, 64, 1)
    np.testing.assert_allclose(y.sum(axis=1), 1, atol=1e-5)
    assert weight.shape == (4,)
    np.testing.assert_array_equal(x, again[0][0])
    batches.on_epoch_end()
    assert not np.array_equal(x, batches[0][0])
    resumed = Batches(crop_set(), RECIPE, 1)
    np.testing.assert_array_equal(batches[0][0], resumed[0][0])


def test_without_mixup_labels_stay_votes() -> None:
    batches = Batches(crop_set(), replace(RECIPE, mixup=0.0), 0)
    allowed = {tuple(row) for row in crop_set().soft.tolist()}
    assert {tuple(row) for row in batches[0][1].tolist()} <= allowed


def test_rare_emotions_weigh_more_and_balance_zero_leaves_them() -> None:
    crops = crop_set()
    soft = np.eye(6, dtype=np.float32)[[0] * 9 + [2] * 3]
    crops = replace(crops, soft=soft)
    weights = sample_weights(crops, 0.5)
    assert weights.mean() == pytest.approx(1, abs=1e-5)
    assert weights[-1] / weights[0] == pytest.approx(3**0.5, rel=1e-4)
    np.testing.assert_allclose(sample_weights(crops, 0.0), 1, atol=1e-6)


def test_validation_scores_count_only_faces_whose_votes_agree() -> None:
    crops = crop_set()
    logits = 10 * np.eye(6, dtype=np.float32)[crops.labels]
    logits[0] = -logits[0]
    scores = score_logits(logits, crops)
    assert scores["val_accuracy"] == 1.0
    assert scores["val_loss"] > 0.5, "the undecided face still counts in the loss"
    wrong = np.roll(logits, 1, axis=1)
    assert score_logits(wrong, crops)["val_accuracy"] == 0.0


def test_a_folder_without_a_training_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"models\.train"):
        load_trained(tmp_path)
