"""Training loop: AdamW with cosine schedule, weight averaging, checkpoints, history."""

from __future__ import annotations

import csv
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from models.console import say
from models.dataset.crop_set import CropSet, FloatArray
from models.errors import DataError
from models.manifest import EMOTIONS
from models.train.batches import Batches
from models.train.checkpoint import BEST_NAME, network_in_precision, start_from
from models.train.labels import meant_as_votes
from models.train.recipe import Recipe

_CHECKPOINT_NAME = "last.weights.h5"
_AVERAGE_NAME = "average.npz"
_HISTORY_NAME = "history.csv"
_AVERAGE_EVERY_STEPS = 8
_SURE = 0.5  # validation accuracy counts faces of which more than half of the votes agree


class KeepAverage(keras.callbacks.Callback):  # type: ignore[misc]
    """Running average of all weights; scored on validation after each epoch, kept when it is the best.

    Args:
        recipe: decay and patience.
        val: validation crops.
        out: folder for checkpoint, best weights and history.
        steps_done: optimizer steps before this run.
    """

    def __init__(self, recipe: Recipe, val: CropSet, out: Path, steps_done: int) -> None:
        super().__init__()
        self._recipe, self._val, self._out = recipe, val, out
        self._step = self._followed = steps_done
        self._average: list[Any] = []
        self.history = read_history(out)
        self._started_s = time.monotonic()

    def on_train_begin(self, logs: Any = None) -> None:
        """Take up the stored average, or start one."""
        stored = self._out / _AVERAGE_NAME
        if self._step and stored.exists():
            with np.load(stored) as arrays:
                self._average = [arrays[f"w{number}"] for number in range(len(arrays.files))]
        else:
            self._average = [np.array(weight) for weight in self.model.get_weights()]

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the time, and seed the dropout so that a resumed epoch draws what an uninterrupted one does."""
        self._started_s = time.monotonic()
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.Dropout) and layer.rate > 0:
                layer.seed_generator.state.assign([self._recipe.seed % 2**32, epoch])

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the average towards the present weights; faster at first, so that the start is forgotten."""
        self._step += 1
        if self._step - self._followed >= _AVERAGE_EVERY_STEPS:
            self._follow()

    def _follow(self) -> None:
        steps, self._followed = self._step - self._followed, self._step
        decay = min(self._recipe.average, self._step / (self._step + 50)) ** steps
        for mean, weight in zip(self._average, self.model.get_weights(), strict=True):
            if mean.dtype.kind == "f":
                mean *= np.float32(decay)
                mean += np.float32(1 - decay) * weight
            else:
                mean[...] = weight

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Score the average, keep it if it is the best, store the checkpoint."""
        # An epoch of a small data set may have fewer steps than the average waits for.
        self._follow()
        present = self.model.get_weights()
        self.model.set_weights(self._average)
        scores = score_logits(self.model.predict(self._val.without_border(), batch_size=256, verbose=0), self._val)
        row = {"epoch": epoch + 1, "loss": round(float((logs or {})["loss"]), 5), **scores}
        row["seconds"] = round(time.monotonic() - self._started_s)
        better = all(row["val_loss"] < float(old["val_loss"]) for old in self.history)
        self.history.append(row)
        if better:
            self.model.save_weights(self._out / BEST_NAME)
        self.model.set_weights(present)
        self._checkpoint()
        say(f" - {row}")
        since = len(self.history) - 1 - int(np.argmin([float(old["val_loss"]) for old in self.history]))
        if since >= self._recipe.patience:
            say(f"no better epoch for {since}: stopped early")
            self.model.stop_training = True

    def _checkpoint(self) -> None:
        """Store weights, optimizer state and average; each file replaces its predecessor only when whole."""
        half = self._out / f"half_{_CHECKPOINT_NAME}"
        self.model.save_weights(half)
        half_average = self._out / f"half_{_AVERAGE_NAME}"
        np.savez(half_average, **{f"w{number}": mean for number, mean in enumerate(self._average)})
        half.replace(self._out / _CHECKPOINT_NAME)
        half_average.replace(self._out / _AVERAGE_NAME)
        half_history = self._out / f"half_{_HISTORY_NAME}"
        with half_history.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(self.history[-1]))
            writer.writeheader()
            writer.writerows(self.history)
        half_history.replace(self._out / _HISTORY_NAME)


def cross_entropy(heads: int) -> Any:
    """Return the loss: of a single head against the votes, or the mean of both heads', labels times their weights."""
    if heads == 1:
        return keras.losses.CategoricalCrossentropy(from_logits=True)

    def loss(weighted: Any, logits: Any) -> Any:
        by_head = keras.ops.reshape(logits, (-1, heads, len(EMOTIONS)))
        log_p = keras.ops.reshape(keras.ops.log_softmax(by_head, axis=-1), (-1, heads * len(EMOTIONS)))
        return -keras.ops.sum(weighted * log_p, axis=-1) / heads

    return loss


def score_logits(logits: FloatArray, val: CropSet) -> dict[str, float]:
    """Return validation loss against the votes, and accuracy and macro-F1 on faces whose votes agree.

    Of a network with two heads, `(N, 12)`, the loss is the mean of both heads', and the second one's accuracy is told.
    """
    if logits.shape[1] > len(EMOTIONS) and val.meant is not None:
        seen, meant = logits[:, : len(EMOTIONS)], logits[:, len(EMOTIONS) :]
        labelled = val.meant.sum(axis=1) > 0
        said, second = score_logits(seen, val), score_logits(meant[labelled], meant_as_votes(val, labelled))
        loss = round((said["val_loss"] + second["val_loss"]) / 2, 5)
        return {**said, "val_loss": loss, "val_meant_accuracy": second["val_accuracy"]}
    logits = logits[:, : len(EMOTIONS)]
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = float(-(val.weight[:, None] * val.soft * log_p).sum() / val.weight.sum())
    sure = val.agreement > _SURE
    truth, said = val.labels[sure], logits.argmax(axis=1)[sure]
    f1 = []
    for emotion in range(len(EMOTIONS)):
        hits = int(((truth == emotion) & (said == emotion)).sum())
        f1.append(2 * hits / max(1, int((truth == emotion).sum() + (said == emotion).sum())))
    return {
        "val_loss": round(loss, 5),
        "val_accuracy": round(float((truth == said).mean()), 5),
        "val_macro_f1": round(float(np.mean(f1)), 5),
    }


def read_history(out: Path) -> list[dict[str, Any]]:
    """Return the rows of `history.csv`, oldest first; none if there is no such file."""
    path = out / _HISTORY_NAME
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def fit(
    recipe: Recipe, train: CropSet, val: CropSet, out: Path, *, resume: bool, covered: Sequence[CropSet] = ()
) -> dict[str, Any]:
    """Train and return the history row of the epoch that was kept; `covered`: see `models.train.batches.Batches`."""
    keras.utils.set_random_seed(recipe.seed)
    done = len(read_history(out)) if resume else 0
    if bool(done) != (resume and (out / _CHECKPOINT_NAME).exists()):
        raise DataError(f"{out} has no whole checkpoint to resume ({_CHECKPOINT_NAME}, {_HISTORY_NAME}); train again")
    steps = len(train) // recipe.batch
    model = network_in_precision(recipe, train.geometry.size_wh)
    model.compile(_optimizer(recipe, steps), cross_entropy(recipe.heads))
    if done:
        # The checkpoint holds the optimizer's state; its rules (schedule, what decays) come from the recipe.
        model.optimizer.build(model.trainable_variables)
        model.load_weights(out / _CHECKPOINT_NAME)
    else:
        (out / _HISTORY_NAME).unlink(missing_ok=True)
        if recipe.start_from:
            start_from(model, Path(recipe.start_from))
    keeper = KeepAverage(recipe, val, out, done * steps)
    batches = Batches(train, recipe, done, covered)
    # shuffle=False: the batches are shuffled already, by a seed that a resumed run draws again.
    model.fit(
        batches,
        shuffle=False,
        initial_epoch=done,
        epochs=recipe.epochs,
        callbacks=[keeper],
        verbose=1 if _watched() else 2,
    )
    _plot(keeper.history, out / "history.png")
    best = min(keeper.history, key=lambda row: float(row["val_loss"]))
    return {name: float(value) if name != "epoch" else int(value) for name, value in best.items()}


def _watched() -> bool:
    """Return whether standard output is a terminal: a progress bar in a log file is noise."""
    return sys.stdout.isatty()


def _optimizer(recipe: Recipe, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    total = recipe.epochs * steps_per_epoch
    warm_up = max(1, math.ceil(0.05 * total))
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 20, total - warm_up, alpha=0.01, warmup_target=recipe.learning_rate, warmup_steps=warm_up
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay, clipnorm=2.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def _plot(history: list[dict[str, Any]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    epochs = [int(row["epoch"]) for row in history]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for name in ("loss", "val_loss"):
        left.plot(epochs, [float(row[name]) for row in history], label=name)
    for name in ("val_accuracy", "val_macro_f1"):
        right.plot(epochs, [float(row[name]) for row in history], label=name)
    for axis in (left, right):
        axis.set_xlabel("epoch")
        axis.legend()
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
    plt.close(figure)
