"""Builds the network of a recipe and loads trained weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from models.errors import DataError
from models.region_registry import geometry_from_dict
from models.train.networks import network_for
from models.train.recipe import Recipe

BEST_NAME = "best.weights.h5"


def build_network(recipe: Mapping[str, Any], size_wh: tuple[int, int]) -> keras.Model:
    """Return the untrained network of a recipe, logits out.

    Raises:
        ConfigError: the region is not registered, or has no such network.
    """
    heads = 2 if recipe.get("meant") else 1
    return network_for(recipe["region"])(size_wh, recipe["dropout"], recipe["width"], heads)


def load_trained(folder: Path) -> tuple[keras.Model, dict[str, Any]]:
    """Return the best network of a training folder, logits out, and its `recipe.json`.

    Raises:
        DataError: the folder has no finished epoch.
    """
    if not (folder / "recipe.json").is_file() or not (folder / BEST_NAME).is_file():
        raise DataError(
            f"{folder} holds no trained expert; make one with `python -m models.train --region REGION --data DATA "
            f"--out {folder}`"
        )
    facts: dict[str, Any] = json.loads((folder / "recipe.json").read_text("utf-8"))
    model = build_network(facts["recipe"], geometry_from_dict(facts["geometry"]).size_wh)
    model.load_weights(folder / BEST_NAME)
    return model, facts


def network_in_precision(recipe: Recipe, size_wh: tuple[int, int]) -> keras.Model:
    """Return the recipe's network, computing in its precision; the weights are float32 in either."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if recipe.precision == "bfloat16" else "float32")
    try:
        return build_network(asdict(recipe), size_wh)
    finally:
        keras.config.set_dtype_policy(before)


def start_from(model: keras.Model, folder: Path) -> None:
    """Take the weights of an earlier training; its input may have been larger or smaller.

    Where this network has a second head and the earlier one had not, both heads begin with what the one had learned.

    Raises:
        DataError: no training there, or one of another network.
    """
    earlier, facts = load_trained(folder)
    weights = earlier.get_weights()
    more = model.output_shape[-1] // earlier.output_shape[-1]
    # The last layer's kernel and bias are the last two.
    weights[-2:] = [np.concatenate([part] * more, axis=-1) for part in weights[-2:]]
    try:
        model.set_weights(weights)
    except ValueError as error:
        raise DataError(
            f"--start-from needs the network of this recipe; {folder} holds {facts['recipe']['region']} of width "
            f"{facts['recipe']['width']}: give the same --region and --width"
        ) from error
