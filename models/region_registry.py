"""Registry of face regions: per region its geometry, the network that learns it, and what occludes it in training.

One entry in `REGIONS` adds a region to the program; `docs/training.md` says how. Networks and occluders are named here
and looked up where training needs them. Standard library only: the live program reads this file too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from models.errors import ConfigError, ModelError

_LANDMARKS = 468  # of MediaPipe's face mesh
_NAME = re.compile(r"[a-z][a-z0-9_]*")
# Names of columns and answers that stand beside the regions' own.
_RESERVED = frozenset({"p", "raw", "reliability", "fused", "stacked", "log_linear", "success", "mean"})


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where a region lies on an aligned face, in units of d, the distance between the outer eye corners.

    Attributes:
        anchor: tuple of `int`, face-mesh landmarks whose mean is the region's anchor.
        width_d: `float`, width of the region along the eye axis.
        height_d: `float`, height across it.
        shift_down_d: `float`, center minus anchor, positive towards the chin.
        size_wh: `(int, int)`, the expert's input in pixels.
        detail_wh: `(int, int)`, the most real pixels that a crop keeps. A nearer face is reduced to this size before
            it is brought to `size_wh`, so that the expert sees the sharpness that it was trained on.
    """

    anchor: tuple[int, ...]
    width_d: float
    height_d: float
    shift_down_d: float
    size_wh: tuple[int, int]
    detail_wh: tuple[int, int]

    def __post_init__(self) -> None:
        sizes = (self.width_d, self.height_d, *self.size_wh, *self.detail_wh)
        places = all(0 <= landmark < _LANDMARKS for landmark in self.anchor)
        if not self.anchor or not places or len(sizes) != 6 or min(sizes) <= 0:
            raise ModelError(f"a region needs an anchor of landmarks and positive sizes; received {asdict(self)}")


@dataclass(frozen=True, slots=True)
class Region:
    """One region of the face that can have an expert.

    Attributes:
        name: `str`, in files, folders, columns and on the command line: lower-case letters, digits and underscores.
        title: `str`, as people read it: in the panel, the page and the report.
        geometry: of newly built data sets, and of what the overlay outlines; a trained model has its own in the
            manifest.
        network: `str`, a key of `models.train.networks.NETWORKS`.
        width: `int`, that network's width where training is not told another.
        occluders: tuple of `str`, keys of `models.dataset.occlusion.OCCLUDERS`: what training draws on its crops.
        hidden_by: cover of a whole face (`models.dataset.occlusion.COVER_KINDS`) -> share of what it hides that this
            region loses, in [0, 1]; a cover that is left out hides nothing of it.
    """

    name: str
    title: str
    geometry: Geometry
    network: str
    width: int
    occluders: tuple[str, ...]
    hidden_by: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name in _RESERVED:
            raise ConfigError(
                f"a region's name must be of a-z, 0-9 and _, and none of {', '.join(sorted(_RESERVED))}; "
                f"received {self.name!r}"
            )
        if not self.occluders:
            raise ConfigError(f"the region {self.name!r} needs an occluder, so that its expert learns to be silent")


REGIONS: dict[str, Region] = {
    region.name: region
    for region in (
        Region(
            name="eyes",
            title="eyes",
            # From above the brows to the cheeks that a smile lifts.
            geometry=Geometry((33, 263), 1.65, 1.1, -0.06, (48, 32), (48, 32)),
            network="densenet201",
            width=16,
            occluders=("glasses", "mask_below_eyes"),
            hidden_by={"glasses": 1.0},
        ),
        Region(
            name="lips",
            title="lips",
            # Wide enough for the folds beside the mouth, high enough for an open one and the chin.
            geometry=Geometry((61, 291, 13, 14), 1.5, 1.125, 0.0, (64, 48), (46, 34)),
            network="residual_cnn",
            width=24,
            occluders=("mask_over_lips",),
            hidden_by={"mask": 1.0},
        ),
    )
}
"""Every region that can have an expert, by name. Which of them a run uses, and in which order, the manifest says."""

DEFAULT_REGIONS: tuple[str, ...] = ("eyes", "lips")
"""The regions of the shipped experts, in their order: what is meant where no regions are named."""


def region_named(name: str) -> Region:
    """Return the region of that name.

    Raises:
        ConfigError: there is none in `REGIONS`.
    """
    if name not in REGIONS:
        raise ConfigError(f"a region must be one of {known_names()}; received {name!r}")
    return REGIONS[name]


def titles_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the regions' names as people read them. Raises ConfigError for an unknown one."""
    return tuple(region_named(name).title for name in names)


def known_names() -> str:
    """Return the names of all regions, for a message."""
    return ", ".join(REGIONS)


def geometry_from_dict(item: Mapping[str, Any]) -> Geometry:
    """Return the geometry that `dataclasses.asdict` turned into `item`."""
    plain = dict(item)
    for name in ("anchor", "size_wh", "detail_wh"):
        plain[name] = tuple(int(value) for value in plain[name])
    return Geometry(**plain)
