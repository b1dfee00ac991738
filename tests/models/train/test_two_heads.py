"""Training with two heads, what a passer-by sees and what was meant, and with bent faces added."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="the train extra is not installed")

from export.heads import with_one_head
from models.dataset.crop_set import CropSet
from models.errors import DataError
from models.region_registry import REGIONS
from models.train.batches import Batches
from models.train.checkpoint import start_from
from models.train.labels import joined, with_meant
from models.train.loop import cross_entropy, fit, score_logits
from models.train.networks import lips_network
from models.train.recipe import Recipe
from realtime.inference.fusion import softmax

RECIPE = Recipe("lips", 2, 6, 1e-3, 0.01, 0.1, 4, 0.0, 0.0, 0.99, 3, 1, covered=0.0, meant="labels.csv")


def crop_set(count: int = 12) -> CropSet:
    """Faces of the six emotions in turn; every other face has a second label, the next emotion."""
    soft = np.eye(6, dtype=np.float32)[np.arange(count) % 6]
    meant = np.roll(soft, 1, axis=1) * (np.arange(count) % 2)[:, None].astype(np.float32)
    return CropSet(
        crops=np.random.default_rng(0).integers(0, 256, (count, 60, 80, 1), dtype=np.uint8),
        soft=soft,
        weight=np.ones(count, np.float32),
        agreement=np.ones(count, np.float32),
        ids=np.arange(100, 100 + count),
        hidden=np.zeros(count, np.float32),
        geometry=REGIONS["lips"].geometry,
        border_px=8,
        meant=meant,
    )


def test_a_batch_holds_both_labels_and_nothing_for_a_face_without_the_second() -> None:
    crops = crop_set()
    _, y, weight = Batches(crops, RECIPE, 0)[0]
    assert y.shape == (6, 12)
    np.testing.assert_array_equal(weight, 1)
    has = y[:, 6:].sum(axis=1) > 0
    assert 0 < has.sum() < 6
    np.testing.assert_array_equal(y[has, 6:].argmax(axis=1), (y[has, :6].argmax(axis=1) + 1) % 6)


def test_mixing_faces_keeps_the_sum_of_all_labels() -> None:
    plain = Batches(crop_set(), RECIPE, 0)[0][1]
    mixed = Batches(crop_set(), replace(RECIPE, mixup=0.4), 0)[0][1]
    assert mixed.sum() == pytest.approx(plain.sum(), rel=1e-5)
    assert not np.allclose(mixed, plain)


def test_the_loss_is_the_mean_of_both_heads_and_a_missing_label_costs_nothing() -> None:
    logits = np.random.default_rng(1).normal(0, 1, (2, 12)).astype(np.float32)
    weighted = np.zeros((2, 12), np.float32)
    weighted[0, 2], weighted[0, 6 + 4], weighted[1, 1] = 1.0, 0.5, 2.0
    loss = np.asarray(cross_entropy(2)(weighted, logits))
    seen, meant = -np.log(softmax(logits[:, :6])), -np.log(softmax(logits[:, 6:]))
    np.testing.assert_allclose(loss, [(seen[0, 2] + 0.5 * meant[0, 4]) / 2, 2 * seen[1, 1] / 2], rtol=1e-5)


def test_validation_tells_both_heads_accuracy() -> None:
    crops = crop_set()
    logits = np.concatenate([8 * crops.soft, 8 * np.roll(crops.soft, 2, axis=1)], axis=1)
    scores = score_logits(logits, crops)
    assert (scores["val_accuracy"], scores["val_meant_accuracy"]) == (1.0, 0.0)
    right = np.concatenate([8 * crops.soft, 8 * np.roll(crops.soft, 1, axis=1)], axis=1)
    assert score_logits(right, crops)["val_meant_accuracy"] == 1.0
    assert score_logits(right, crops)["val_loss"] < scores["val_loss"]


def test_both_heads_begin_with_what_the_one_had_learned_and_their_mean_is_one_head_again(tmp_path: Path) -> None:
    earlier = lips_network((64, 48), width=4)
    earlier.save_weights(tmp_path / "best.weights.h5")
    facts = {"recipe": {**asdict(RECIPE), "meant": ""}, "geometry": asdict(REGIONS["lips"].geometry)}
    (tmp_path / "recipe.json").write_text(json.dumps(facts))
    two = lips_network((64, 48), width=4, heads=2)
    start_from(two, tmp_path)
    crops = np.random.default_rng(0).uniform(0, 255, (3, 48, 64, 1)).astype(np.float32)
    both = np.asarray(two.predict_on_batch(crops))
    np.testing.assert_allclose(both[:, :6], np.asarray(earlier.predict_on_batch(crops)), atol=1e-5)
    np.testing.assert_allclose(both[:, :6], both[:, 6:], atol=1e-6)

    weights = two.get_weights()
    weights[-1] = np.arange(12, dtype=np.float32)
    two.set_weights(weights)
    one = with_one_head(two, {**facts, "recipe": asdict(RECIPE)}, 0.25)
    both = np.asarray(two.predict_on_batch(crops))
    wanted = 0.75 * both[:, :6] + 0.25 * both[:, 6:]
    np.testing.assert_allclose(np.asarray(one.predict_on_batch(crops)), wanted, atol=1e-5)
    assert with_one_head(one, facts, 0.25) is one


def test_second_labels_are_found_by_file_and_those_of_other_files_are_refused(tmp_path: Path) -> None:
    crops = replace(crop_set(3), meant=None)
    (tmp_path / "build.json").write_text("{}")
    rows = ["id,file,split", *(f"{number},{number}.png,train" for number in range(3)), "9,9.png,val"]
    (tmp_path / "index.csv").write_text("\n".join(rows))
    table = tmp_path / "labels.csv"
    table.write_text("file,label\n./2.png,angry\n0.png,disgust\n1.png,sad\n")
    meant = with_meant(crops, tmp_path, table).meant
    assert meant is not None
    np.testing.assert_array_equal(meant, [[0] * 6, [0, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0]])
    table.write_text("file,label\nelsewhere.png,angry\n")
    with pytest.raises(DataError, match="names none of the 3 train faces"):
        with_meant(crops, tmp_path, table)


def test_added_faces_have_one_label_for_both_heads_and_numbers_of_their_own() -> None:
    crops, bent = crop_set(), replace(crop_set(6), meant=None)
    every = joined(crops, [bent])
    assert len(every) == 18
    assert every.meant is not None
    np.testing.assert_array_equal(every.meant[12:], bent.soft)
    assert len(set(every.ids.tolist())) == 18
    assert joined(crops, []).ids.tolist() == crops.ids.tolist()
    with pytest.raises(DataError, match="--bent-data needs crops of the sizes"):
        joined(crops, [replace(bent, border_px=4)])


def test_an_epoch_of_few_steps_moves_the_average_that_is_kept(tmp_path: Path) -> None:
    crops = replace(crop_set(), meant=None)
    recipe = replace(RECIPE, epochs=1, meant="", learning_rate=0.05)
    fit(recipe, crops, crops, tmp_path, resume=False)
    with np.load(tmp_path / "average.npz") as kept:
        average = [kept[f"w{number}"] for number in range(len(kept.files))]
    last = lips_network(REGIONS["lips"].geometry.size_wh, recipe.dropout, recipe.width)
    last.load_weights(tmp_path / "last.weights.h5")
    # Two steps: the start is as good as forgotten.
    for mean, weight in zip(average, last.get_weights(), strict=True):
        np.testing.assert_allclose(mean, weight, atol=2e-3 + 2e-2 * float(np.abs(weight).max()))
