"""Detects scene cuts by gray-level difference and correlation of subsampled frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realtime.core.types import ImageArray

_SAMPLES_WH = (32, 18)
# Between the frames of fast pans and of people filling the picture, samples differ by up to 18 gray levels or keep a
# correlation above 0.5; across cuts, even within one room, they differ by 27 and more and correlate by 0.25 at most.
_MIN_GREY_LEVELS = 24.0
_MAX_CORRELATION = 0.4


class SceneCutDetector:
    """Compares each frame with the one before; a change of brightness alone is not a cut."""

    def __init__(self) -> None:
        self._samples: npt.NDArray[np.float32] | None = None

    def is_cut(self, image_bgr: ImageArray) -> bool:
        """Return whether a cut lies between the last picture and this one, `(H, W, 3) uint8`."""
        height, width = image_bgr.shape[:2]
        step_y, step_x = max(1, height // _SAMPLES_WH[1]), max(1, width // _SAMPLES_WH[0])
        samples = image_bgr[step_y // 2 :: step_y, step_x // 2 :: step_x].astype(np.float32)
        before, self._samples = self._samples, samples
        if before is None or before.shape != samples.shape:
            return before is not None
        if float(np.abs(samples - before).mean()) <= _MIN_GREY_LEVELS:
            return False
        a, b = samples - samples.mean(), before - before.mean()
        spread = np.sqrt(float((a * a).mean()) * float((b * b).mean())) + 1.0
        return bool((a * b).mean() / spread < _MAX_CORRELATION)
