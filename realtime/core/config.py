"""Frozen configuration of pipeline and smoothing, validated on construction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from models.manifest import WEIGHTS_DIR
from realtime.core.errors import ConfigError

FOUND_ANEW_EVERY_S = 30.0
"""At multiples of this media time faces that are followed are found anew, as if they had just come.

Where a face is looked for depends on where it was before, to a fraction of a pixel and without an end. From such a
moment on nothing depends on what was before it, so that a video can be analyzed in pieces that begin there.
"""


@dataclass(frozen=True, slots=True)
class SmoothingConfig:
    """Parameters of the temporal filter and of the label's hysteresis.

    Attributes:
        time_constant_ms: `float`, stretches the whole filter: a clean change shows after about this time, and what is
            shown has gone 63 % of the way. 0 shows each frame's own answer.
        switch_margin: `float`, a new label must lead the shown one by this share of their summed posteriors.
        min_dwell_ms: `float`, a label stays at least this long; for some time more it takes stronger evidence to leave.
        min_confidence: `float`, below it the label is "uncertain".
        min_reliability: `float`, below it (best region, over time) the label is "uncertain".
    """

    time_constant_ms: float = 200.0
    switch_margin: float = 0.25
    min_dwell_ms: float = 300.0
    min_confidence: float = 0.40
    min_reliability: float = 0.35

    def __post_init__(self) -> None:
        if not (0 <= self.time_constant_ms < math.inf and 0 <= self.min_dwell_ms < math.inf):
            raise ConfigError(f"smoothing times must be 0 ms or more; received {self}")
        shares = (self.switch_margin, self.min_confidence, self.min_reliability)
        if not all(0 <= share <= 1 for share in shares):
            raise ConfigError(f"smoothing shares must lie in 0 to 1; received {self}")


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """Parameters of detection, batching and inference.

    Attributes:
        max_faces: `int`, faces per frame at most.
        max_batch: `int`, frames that one inference call takes at most when replaying a file.
        provider: `str`, ONNX Runtime execution provider: "auto", "cpu", "cuda", "openvino", ...
        threads: `int`, intra-op threads per expert session.
        weights: folder with manifest and ONNX files.
        smoothing: the filter over time.
        sensitivity: `float` in [0, 1] or `None` for the weights' own default: 0 calls a face what a passer-by would,
            1 what was meant.
        learn_rest: `bool`, whether each person's resting face is learned without asking and set against other
            people's; weights without the population's rest learn nothing.
    """

    max_faces: int = 4
    max_batch: int = 8
    provider: str = "auto"
    threads: int = 1
    weights: Path = WEIGHTS_DIR
    smoothing: SmoothingConfig = SmoothingConfig()
    sensitivity: float | None = None
    learn_rest: bool = False

    def __post_init__(self) -> None:
        for name in ("max_faces", "max_batch", "threads"):
            value = getattr(self, name)
            if value < 1:
                raise ConfigError(f"{name} must be 1 or more; received {value}")
        if self.sensitivity is not None and not 0 <= self.sensitivity <= 1:
            raise ConfigError(f"sensitivity must lie in 0 to 1; received {self.sensitivity}")
