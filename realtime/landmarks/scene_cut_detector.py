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
# Black bars beside a picture of another shape, as encoders leave them; a picture that is darker is none.
_BLACK = 20.0
_LEAST_SHARE = 0.25


class SceneCutDetector:
    """Compares each frame with the one before; a change of brightness or of black bars at the sides is not a cut."""

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
        # Both: what moves before a dark wall looks as if it had bars, and then hardly like itself between them.
        return _differ(samples, before) and _differ(*_without_bars(samples, before))


def _differ(samples: npt.NDArray[np.float32], before: npt.NDArray[np.float32]) -> bool:
    if float(np.abs(samples - before).mean()) <= _MIN_GREY_LEVELS:
        return False
    a, b = samples - samples.mean(), before - before.mean()
    spread = np.sqrt(float((a * a).mean()) * float((b * b).mean())) + 1.0
    return bool((a * b).mean() / spread < _MAX_CORRELATION)


def _without_bars(*pictures: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    """Return the part of the pictures in which none of them has bars, or the whole of them where little is left."""
    height, width = pictures[0].shape[:2]
    bright = [picture.max(axis=2) > _BLACK for picture in pictures]
    top, bottom = _common([np.flatnonzero(one.any(axis=1)) for one in bright])
    left, right = _common([np.flatnonzero(one.any(axis=0)) for one in bright])
    if max(0, bottom - top) * max(0, right - left) < _LEAST_SHARE * height * width:
        return list(pictures)
    return [picture[top:bottom, left:right] for picture in pictures]


def _common(places: list[npt.NDArray[np.int64]]) -> tuple[int, int]:
    """Return begin and end of what all of these cover; 0, 0 where one is empty."""
    if not all(len(one) for one in places):
        return 0, 0
    return max(int(one[0]) for one in places), min(int(one[-1]) + 1 for one in places)
