"""Training batches with augmentation, synthetic occlusion and mixup, redrawn for each epoch."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from models.dataset.crop_set import Augmentation, CropSet, FloatArray, ImageArray, augment
from models.dataset.occlusion import cover
from models.manifest import EMOTIONS
from models.train.labels import meant_as_votes
from models.train.recipe import Recipe


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Augmented, mixed batches, redrawn for each epoch: `(crops, soft labels, sample weights)`.

    Args:
        crops: the faces.
        recipe: how; its share `covered` of the crops is covered.
        epoch: the first to be drawn.
        covered: the same faces, or some of them, covered before detection
            (`models.dataset build --cover`). A crop that is to be covered comes from one of these, or gets its cover
            drawn on the crop, all equally often.
    """

    def __init__(self, crops: CropSet, recipe: Recipe, epoch: int, covered: Sequence[CropSet] = ()) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._crops, self._recipe = crops, recipe
        self._covered = covered
        self._covered_rows = [{number: row for row, number in enumerate(one.ids.tolist())} for one in covered]
        heads = [crops] if crops.meant is None else [crops, meant_as_votes(crops)]
        self._labels = np.stack([head.soft for head in heads], axis=1)
        self._weights = np.stack([sample_weights(head, recipe.balance) for head in heads], axis=1)
        self._how = Augmentation()
        self._seed = recipe.seed
        self._epoch = epoch
        self._shuffle()

    def __len__(self) -> int:
        return len(self._crops) // self._recipe.batch

    def __getitem__(self, number: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        rng = np.random.default_rng((self._seed, self._epoch, number))
        rows = self._order[number * self._recipe.batch : (number + 1) * self._recipe.batch]
        y, weight = self._labels[rows], self._weights[rows]
        x = np.stack([self._crop(row, y[at], rng) for at, row in enumerate(rows)]).astype(np.float32)
        if self._recipe.mixup > 0:
            share = np.float32(rng.beta(self._recipe.mixup, self._recipe.mixup))
            other = rng.permutation(len(rows))
            x = share * x + (1 - share) * x[other]
            if y.shape[1] == 1:
                y, weight = share * y + (1 - share) * y[other], share * weight + (1 - share) * weight[other]
            else:
                # A face may have no label for one of the heads, and then must not lend its partner's weight to nothing.
                y = share * y * weight[..., None] + (1 - share) * (y * weight[..., None])[other]
                weight = np.ones_like(weight)
        elif y.shape[1] > 1:
            y, weight = y * weight[..., None], np.ones_like(weight)
        return x, y.reshape(len(y), -1), weight[:, 0]

    def _crop(self, row: int, soft: FloatArray, rng: np.random.Generator) -> ImageArray:
        """Return one augmented crop; where it is covered, its labels, `(heads, 6)`, go flat as far as it is hidden."""
        crop, geometry = self._crops.crops[row], self._crops.geometry
        if rng.random() < self._recipe.covered:
            crop, hidden = self._cover(row, rng)
            soft[...] = (1 - hidden) * soft + hidden / len(EMOTIONS)
        return augment(crop, geometry.size_wh, self._how, rng)

    def _cover(self, row: int, rng: np.random.Generator) -> tuple[ImageArray, float]:
        which = int(rng.integers(0, len(self._covered) + 1))
        if which < len(self._covered):
            found = self._covered_rows[which].get(int(self._crops.ids[row]))
            if found is not None:
                return self._covered[which].crops[found], float(self._covered[which].hidden[found])
        return cover(self._crops.crops[row], self._crops.geometry, self._recipe.region, rng)

    def on_epoch_end(self) -> None:
        """Draw the next epoch's order."""
        self._epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        self._order = np.random.default_rng((self._seed, self._epoch)).permutation(len(self._crops))


def sample_weights(crops: CropSet, balance: float) -> FloatArray:
    """Return a weight per face, mean 1: its share of votes times inverse class frequency to the power `balance`."""
    frequency = np.maximum(crops.soft.mean(axis=0), 1e-3)
    weights = crops.weight * (crops.soft @ (frequency**-balance))
    return np.asarray(weights / weights.mean(), np.float32)
