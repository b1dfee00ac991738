"""Networks of the experts: DenseNet201 for the eyes, a pre-activation residual CNN for the lips."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import layers

from models.errors import ConfigError
from models.manifest import EMOTIONS
from models.region_registry import region_named
from models.train.layers import FusedBatchNormalization, StandardizeCrop

_DENSENET201_BLOCKS = (6, 12, 48, 32)
_DENSENET_EPSILON = 1.001e-5  # of the normalization, as in keras.applications


def eyes_network(size_wh: tuple[int, int], dropout: float = 0.3, growth: int = 16, heads: int = 1) -> keras.Model:
    """DenseNet201 (Huang et al. 2017, "Densely connected convolutional networks") on the eye strip.

    Two things differ from the network for 224x224 photographs. The pooling after the stem is left out: an eye strip has
    about 45x30 real pixels, and five halvings would leave two rows to the third block's 48 layers. And the growth is 16
    in place of 32, which compensates for the four times as many positions that every layer then computes.

    Args:
        size_wh: input width and height in pixels, each at least 32.
        dropout: share of features dropped before the last layer.
        growth: channels that each layer adds.
        heads: how many sets of six logits share the trunk.

    Returns:
        A model from `(N, H, W, 1)` gray values to `(N, 6 * heads)` logits.

    Raises:
        ConfigError: the input is too small.
    """
    if min(size_wh) < 32:
        raise ConfigError(f"DenseNet201 needs inputs of at least 32x32 pixels; received {size_wh}")
    inputs = keras.Input((size_wh[1], size_wh[0], 1), name="crops")
    x = StandardizeCrop(name="standardize")(inputs)
    x = layers.Conv2D(2 * growth, 7, strides=2, padding="same", use_bias=False, name="stem")(x)
    for number, count in enumerate(_DENSENET201_BLOCKS, start=1):
        for layer in range(1, count + 1):
            x = _dense_layer(x, growth, f"block{number}_layer{layer}")
        if number < len(_DENSENET201_BLOCKS):
            name = f"transition{number}"
            channels = x.shape[-1] // 2
            x = _norm_relu(x, name, _DENSENET_EPSILON)
            x = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_conv")(x)
            x = layers.AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)
    features = layers.GlobalAveragePooling2D(name="pool")(_norm_relu(x, "last", _DENSENET_EPSILON))
    return _with_head(inputs, features, dropout, heads, "eyes")


def _dense_layer(x: Any, growth: int, name: str) -> Any:
    y = _norm_relu(x, f"{name}_1", _DENSENET_EPSILON)
    y = layers.Conv2D(4 * growth, 1, use_bias=False, name=f"{name}_conv1")(y)
    y = _norm_relu(y, f"{name}_2", _DENSENET_EPSILON)
    y = layers.Conv2D(growth, 3, padding="same", use_bias=False, name=f"{name}_conv2")(y)
    return layers.Concatenate(name=f"{name}_concat")([x, y])


def lips_network(size_wh: tuple[int, int], dropout: float = 0.3, width: int = 32, heads: int = 1) -> keras.Model:
    """A pre-activation residual CNN (He et al. 2016) with four stages on the mouth.

    Args:
        size_wh: input width and height in pixels, each at least 16.
        dropout: share of features dropped before the last layer.
        width: channels of the first stage; each further stage doubles them.
        heads: how many sets of six logits share the trunk.

    Returns:
        A model from `(N, H, W, 1)` gray values to `(N, 6 * heads)` logits.

    Raises:
        ConfigError: the input is too small.
    """
    if min(size_wh) < 16:
        raise ConfigError(f"the residual CNN needs inputs of at least 16x16 pixels; received {size_wh}")
    inputs = keras.Input((size_wh[1], size_wh[0], 1), name="crops")
    x = StandardizeCrop(name="standardize")(inputs)
    x = layers.Conv2D(width, 5, strides=2, padding="same", use_bias=False, name="stem")(x)
    for stage, blocks in enumerate((2, 2, 2, 2)):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            x = _residual_block(x, width * 2**stage, stride, f"stage{stage + 1}_block{block + 1}")
    features = layers.GlobalAveragePooling2D(name="pool")(_norm_relu(x, "last"))
    return _with_head(inputs, features, dropout, heads, "lips")


def _residual_block(x: Any, channels: int, stride: int, name: str) -> Any:
    y = _norm_relu(x, f"{name}_1")
    shortcut = x
    if stride != 1 or x.shape[-1] != channels:
        # Averaging before the 1x1 keeps every pixel in the shortcut (He et al. 2019, "Bag of tricks", ResNet-D).
        pooled = layers.AveragePooling2D(stride, padding="same", name=f"{name}_pool")(y) if stride > 1 else y
        shortcut = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_shortcut")(pooled)
    y = layers.Conv2D(channels, 3, strides=stride, padding="same", use_bias=False, name=f"{name}_conv1")(y)
    y = layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_conv2")(_norm_relu(y, f"{name}_2"))
    return layers.Add(name=f"{name}_add")([shortcut, y])


def _norm_relu(x: Any, name: str, epsilon: float = 1e-3) -> Any:
    x = FusedBatchNormalization(epsilon=epsilon, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _with_head(inputs: Any, features: Any, dropout: float, heads: int, name: str) -> keras.Model:
    features = layers.Dropout(dropout, name="dropout")(features)
    logits = layers.Dense(heads * len(EMOTIONS), dtype="float32", name="logits")(features)
    return keras.Model(inputs, logits, name=name)


NETWORKS: Mapping[str, Callable[..., keras.Model]] = {"densenet201": eyes_network, "residual_cnn": lips_network}
"""What can learn a region: from input width and height, dropout and width to a network; the registry names them."""


def network_for(region: str) -> Callable[..., keras.Model]:
    """Return what makes the network of a region.

    Raises:
        ConfigError: the region is not registered, or names a network that is not in `NETWORKS`.
    """
    name = region_named(region).network
    if name not in NETWORKS:
        raise ConfigError(f"a network must be one of {', '.join(NETWORKS)}; {region} names {name!r}")
    return NETWORKS[name]
