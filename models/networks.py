"""The experts' networks: DenseNet201 for the eyes, a residual CNN for the lips. uint8 crops in, logits out."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from models.errors import ConfigError
from models.spec import EMOTIONS

_EPSILON_GREY = 8.0


@keras.saving.register_keras_serializable(package="emotion_live")
class StandardizeCrop(layers.Layer):  # type: ignore[misc]
    """Each crop minus its own mean, over its own standard deviation: light and exposure drop out.

    It is a layer, so that scaling travels inside the exported graph and cannot differ between training and running.
    `_EPSILON_GREY` grey levels are added to the deviation, so that a flat crop stays flat instead of turning to noise.
    """

    def call(self, inputs: Any) -> Any:
        """Map `(N, H, W, 1)` grey values of 0 to 255 to about -2 to 2."""
        grey = keras.ops.cast(inputs, "float32")
        mean = keras.ops.mean(grey, axis=(1, 2, 3), keepdims=True)
        centred = grey - mean
        deviation = keras.ops.sqrt(keras.ops.mean(centred * centred, axis=(1, 2, 3), keepdims=True))
        return centred / (deviation + _EPSILON_GREY)


def eyes_network(size_wh: tuple[int, int], dropout: float = 0.3) -> keras.Model:
    """DenseNet201 (Huang et al. 2017) from scratch on the eye strip.

    Args:
        size_wh: input width and height in pixels, each at least 32: DenseNet halves five times.
        dropout: share of features dropped before the last layer.

    Returns:
        A model from `(N, H, W, 1)` grey values to `(N, 6)` logits.

    Raises:
        ConfigError: the input is too small.
    """
    if min(size_wh) < 32:
        raise ConfigError(f"DenseNet201 needs inputs of at least 32x32 pixels; received {size_wh}")
    inputs = keras.Input((size_wh[1], size_wh[0], 1), name="crops")
    features = keras.applications.DenseNet201(
        include_top=False, weights=None, input_tensor=StandardizeCrop(name="standardize")(inputs), pooling="avg"
    ).output
    return _with_head(inputs, features, dropout, "eyes")


def lips_network(size_wh: tuple[int, int], dropout: float = 0.3, width: int = 32) -> keras.Model:
    """A pre-activation residual CNN (He et al. 2016) with four stages on the mouth.

    Args:
        size_wh: input width and height in pixels, each at least 16.
        dropout: share of features dropped before the last layer.
        width: channels of the first stage; each further stage doubles them.

    Returns:
        A model from `(N, H, W, 1)` grey values to `(N, 6)` logits.

    Raises:
        ConfigError: the input is too small.
    """
    if min(size_wh) < 16:
        raise ConfigError(f"the lips network needs inputs of at least 16x16 pixels; received {size_wh}")
    inputs = keras.Input((size_wh[1], size_wh[0], 1), name="crops")
    x = StandardizeCrop(name="standardize")(inputs)
    x = layers.Conv2D(width, 5, strides=2, padding="same", use_bias=False, name="stem")(x)
    for stage, blocks in enumerate((2, 2, 2, 2)):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            x = _residual_block(x, width * 2**stage, stride, f"stage{stage + 1}_block{block + 1}")
    x = layers.ReLU(name="last_relu")(layers.BatchNormalization(name="last_norm")(x))
    return _with_head(inputs, layers.GlobalAveragePooling2D(name="pool")(x), dropout, "lips")


def _residual_block(x: Any, channels: int, stride: int, name: str) -> Any:
    y = layers.ReLU(name=f"{name}_relu1")(layers.BatchNormalization(name=f"{name}_norm1")(x))
    shortcut = x
    if stride != 1 or x.shape[-1] != channels:
        # Averaging before the 1x1 keeps every pixel in the shortcut (He et al. 2019, "Bag of tricks", ResNet-D).
        pooled = layers.AveragePooling2D(stride, padding="same", name=f"{name}_pool")(y) if stride > 1 else y
        shortcut = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_shortcut")(pooled)
    y = layers.Conv2D(channels, 3, strides=stride, padding="same", use_bias=False, name=f"{name}_conv1")(y)
    y = layers.ReLU(name=f"{name}_relu2")(layers.BatchNormalization(name=f"{name}_norm2")(y))
    y = layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_conv2")(y)
    return layers.Add(name=f"{name}_add")([shortcut, y])


def _with_head(inputs: Any, features: Any, dropout: float, name: str) -> keras.Model:
    features = layers.Dropout(dropout, name="dropout")(features)
    logits = layers.Dense(len(EMOTIONS), dtype="float32", name="logits")(features)
    return keras.Model(inputs, logits, name=name)
