"""What experts are measured against when their fusion is fitted: what others saw, what was meant, posed faces."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.evaluate.fusion_solver import Evidence, fit_fusion, mixed
from models.evaluate.operating_point import at_operating_point
from models.manifest import Exchange, FusionSpec
from realtime.core.types import FloatArray
from realtime.inference.fusion import tempered

POOLING = ("stacked", "log_linear")
DEFAULT_SENSITIVITY = 0.5
# Sensitivity 1 stands where half of the fit is what was meant: the fit to those labels alone, which are noisy, calls a
# third of the neutral faces sad or angry and finds hardly more.
_MEANT_AT_ONE, _POSED_AT_ONE = 0.5, 1.0
# The temperature is honest on the collections that it was chosen on; whoever comes next is harder. Of press photographs
# 68 % are right at a mean confidence of 77 % without this factor and 73 % with it; on FER2013's validation faces the
# confidence is then 6 points too low instead of 3.
_CAUTION = 1.2


@dataclass(frozen=True, slots=True, eq=False)
class Labelings:
    """Evidence on the same experts from up to three kinds of labels.

    Attributes:
        seen: votes of those who looked.
        meant: the same pictures with what each was found under, or `None`.
        posed: people who were asked to show an expression, or `None`; only shifts and temperature depend on them.
        alone: one per expert, the same of its own answers where something covers the others' regions; () if unknown.
    """

    seen: Evidence
    meant: Evidence | None = None
    posed: Evidence | None = None
    alone: tuple[Labelings, ...] = ()

    def of_region(self, region: int) -> Labelings:
        """Return what one expert alone says of the same faces."""
        meant, posed = (None if one is None else one.of_region(region) for one in (self.meant, self.posed))
        return Labelings(self.seen.of_region(region), meant, posed)

    def fitted(self, method: str, meant_share: float = 0.0, posed_share: float = 0.0) -> FusionSpec:
        """Return the fusion in which what was meant counts for `meant_share`, and the votes for the rest.

        Args:
            method: of `models.evaluate.fusion_solver`.
            meant_share: `float` in [0, 1].
            posed_share: how much the posed faces count at choosing shifts and temperature, beside 1 for the others.
        """
        meant_share = meant_share if self.meant else 0.0
        both = mixed(self.seen, self.meant, meant_share) if self.meant and meant_share else self.seen
        spec = fit_fusion(both, method)
        if method not in POOLING:
            return spec
        spec = replace(spec, alone=tuple(one.fitted(method, meant_share, posed_share) for one in self.alone))
        if self.posed is None:
            return spec
        parts = [(self.seen, 1 - meant_share), (self.posed, posed_share)]
        parts += [(self.meant, meant_share)] if self.meant else []
        moved = at_operating_point(spec, parts)
        return replace(moved, temperature=moved.temperature * _CAUTION)

    def exchange(self, method: str) -> Exchange | None:
        """Return the fusions for sensitivity 0 and 1, or `None` where there is nothing to fit them to."""
        if method not in POOLING or not self.meant or not self.posed:
            return None
        most = self.fitted(method, _MEANT_AT_ONE, _POSED_AT_ONE)
        return Exchange(DEFAULT_SENSITIVITY, seen=self.fitted(method), meant=most)


def recalibrated(by_region: FloatArray, applied: list[float], wanted: list[float]) -> FloatArray:
    """Return experts' probabilities, `(N, R, 6)`, with other temperatures than those that were applied.

    What an earlier fit applies is undone first: temperatures multiply.
    """
    columns = [
        tempered(by_region[:, column], new / old) for column, (old, new) in enumerate(zip(applied, wanted, strict=True))
    ]
    return np.stack(columns, axis=1)
