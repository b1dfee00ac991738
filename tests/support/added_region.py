"""A made-up third region, as one entry of the registry, and frames that three experts speak of."""

from __future__ import annotations

import dataclasses

import numpy as np

from models.region_registry import Geometry, Region
from realtime.core.types import Analysed
from tests.support.fakes import one_hot

BROWS = Region(
    name="brows",
    title="brows",
    geometry=Geometry((33, 263), 1.5, 0.5, -0.3, (48, 16), (48, 16)),
    network="residual_cnn",
    width=8,
    occluders=("glasses",),
    hidden_by={"glasses": 0.5},
)
THREE = ("eyes", "lips", "brows")


def three_experts(value: Analysed, *says: str) -> Analysed:
    """The same faces, of which the experts for `THREE` say something."""
    count = len(value.faces)
    shares = np.stack([one_hot(name) for name in says])
    emotions = dataclasses.replace(
        value.emotions,
        by_region=np.repeat(shares[None], count, axis=0),
        reliability=np.ones((count, 3), np.float32),
        regions=THREE,
    )
    return dataclasses.replace(value, emotions=emotions)
