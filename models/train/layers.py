"""Custom Keras layers: per-crop standardization and fused batch normalization."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

_EPSILON_GREY = 8.0


@keras.saving.register_keras_serializable(package="emotion_live")
class StandardizeCrop(layers.Layer):  # type: ignore[misc]
    """Per-crop standardization: subtracts the mean and divides by the standard deviation.

    It is a layer, so that scaling travels inside the exported graph and cannot differ between training and running.
    `_EPSILON_GREY` gray levels are added to the deviation, so that a flat crop stays flat instead of turning to noise.
    """

    def call(self, inputs: Any) -> Any:
        """Map `(N, H, W, 1)` gray values of 0 to 255 to about -2 to 2."""
        grey = keras.ops.cast(inputs, "float32")
        mean = keras.ops.mean(grey, axis=(1, 2, 3), keepdims=True)
        centred = grey - mean
        deviation = keras.ops.sqrt(keras.ops.mean(centred * centred, axis=(1, 2, 3), keepdims=True))
        return keras.ops.cast(centred / (deviation + _EPSILON_GREY), self.compute_dtype)


@keras.saving.register_keras_serializable(package="emotion_live")
class FusedBatchNormalization(layers.BatchNormalization):  # type: ignore[misc]
    """Batch normalization whose training step is one TensorFlow operation instead of a dozen.

    Keras 3 computes the moments and the scaling step by step, and in float32 even where the rest is bfloat16. One
    training step of DenseNet201 costs 0.6 of that with one operation, in bfloat16.
    Inference, and other backends than TensorFlow, use the parent's way, so that the exported graph is the usual one.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalize `(N, H, W, C)`; in training by the batch's moments, which the moving ones follow."""
        if not (training and self.trainable) or keras.backend.backend() != "tensorflow" or len(inputs.shape) != 4:
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf  # noqa: TID251 - training only; see the docstring

        outputs, mean, variance, *_ = tf.compat.v1.nn.fused_batch_norm(
            inputs,
            tf.convert_to_tensor(self.gamma),
            tf.convert_to_tensor(self.beta),
            epsilon=self.epsilon,
            is_training=True,
        )
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + now * (1.0 - self.momentum))
        return outputs
