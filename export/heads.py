"""Two heads on one trunk become one that says their mean: the file keeps its form, size and speed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from models.manifest import EMOTIONS
from models.region_registry import geometry_from_dict

if TYPE_CHECKING:
    import keras


def with_one_head(network: keras.Model, facts: Mapping[str, Any], meant_share: float) -> keras.Model:
    """Return the network whose logits are the heads' weighted mean, that is, the geometric mean of what they say.

    The last layer is linear, so the mean of two of them is one of them.

    Args:
        network: `(N, H, W, 1)` to `(N, 12)` logits, the votes' head first; one of `(N, 6)` is returned as it is.
        facts: its `recipe.json`.
        meant_share: `float` in [0, 1], share of the head that learned what was meant.
    """
    from models.train.checkpoint import build_network

    kinds = len(EMOTIONS)
    if network.output_shape[-1] == kinds:
        return network
    single = build_network({**facts["recipe"], "meant": ""}, geometry_from_dict(facts["geometry"]).size_wh)
    weights = network.get_weights()
    # The last layer's kernel and bias are the last two.
    weights[-2:] = [(1 - meant_share) * part[..., :kinds] + meant_share * part[..., kinds:] for part in weights[-2:]]
    single.set_weights(weights)
    return single
