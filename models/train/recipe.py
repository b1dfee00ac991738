"""Hyperparameters of a training."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides what training makes of a data set; stored beside the weights.

    Attributes:
        region: name of a region in `models.region_registry.REGIONS`.
        epochs: passes over the training split, the length of the cosine schedule.
        batch: crops per step.
        learning_rate: at the end of the warm-up (5 % of all steps); it falls to 1 % of that along a cosine.
        weight_decay: AdamW's.
        dropout: before the last layer.
        width: channels of the residual CNN's first stage; growth of DenseNet201.
        mixup: Beta parameter of mixup (Zhang et al. 2018); 0 turns it off.
        balance: exponent of inverse class frequency in the sample weights; 0 leaves the data's balance.
        average: decay of the running average of the weights per step (Polyak averaging); the average is what is kept.
        patience: epochs without a better validation loss before training stops.
        seed: of every random draw.
        covered: share of crops with drawn glasses or a mask.
        covered_data: folders of the same faces, covered before they were looked for.
        precision: "float32" or "bfloat16", in which the network computes; weights and sums stay float32.
        start_from: folder of an earlier training whose weights are the start, or "".
        teacher: table of `models.teach` whose answers are a share of the labels, or "".
        teacher_share: that share.
        meant: table with hard labels, what the pictures were found under, for a second head beside the votes', or "".
        bent_data: folders of `models.dataset build --bend`, whose faces are added.
    """

    region: str
    epochs: int
    batch: int
    learning_rate: float
    weight_decay: float
    dropout: float
    width: int
    mixup: float
    balance: float
    average: float
    patience: int
    seed: int
    covered: float = 0.12
    precision: str = "float32"
    start_from: str = ""
    covered_data: tuple[str, ...] = ()
    teacher: str = ""
    teacher_share: float = 0.0
    meant: str = ""
    bent_data: tuple[str, ...] = ()

    @property
    def heads(self) -> int:
        """How many sets of six probabilities the network gives."""
        return 2 if self.meant else 1
