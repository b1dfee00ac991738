"""Which tracks of one run may be the same person, by colors around their faces; asked for only, and kept nowhere."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.types import Analysed, ImageArray
from realtime.timeline.face_thumbnails import cut_face

_EVERY_S = 0.5
_MAX_TRACKS = 50
# Of lightness and the two axes of color; skin, hair and most clothes lie within the ranges.
_BINS, _RANGES = [6, 12, 12], [0, 256, 64, 192, 64, 192]
# Above this 11 of 13 questions of three clips with cuts were about the same person: docs/report.md.
_ALIKE = 0.75
_MORE_ALIKE = 0.05


@dataclass(frozen=True, slots=True)
class Alike:
    """A track that may be the person of an earlier one.

    Attributes:
        earlier: `int`, number of the earlier track.
        later: `int`, of the later one.
        likeness: `float`, overlap of their histograms, 0 to 1.
    """

    earlier: int
    later: int
    likeness: float


@dataclass(slots=True)
class _Track:
    histogram: npt.NDArray[np.float64]
    sampled_s: float
    samples: int = 1
    beside: set[int] = field(default_factory=set)


class AlikeTracks:
    """Compares the colors of faces, hair, clothes and what is behind them; a `Sink`, in bounded memory.

    No face is described or recognized: different people in the same surroundings are alike to it, and one person in
    other clothes is not.
    """

    def __init__(self) -> None:
        self._tracks: dict[int, _Track] = {}

    def write(self, analysed: Analysed) -> None:
        """Take one frame."""
        now_s, numbers = analysed.frame.media_time_s, analysed.faces.track_ids.tolist()
        for number, box in zip(numbers, analysed.faces.boxes_xyxy, strict=True):
            track = self._tracks.get(number)
            if track is not None:
                track.beside.update(numbers)
                if now_s - track.sampled_s < _EVERY_S:
                    continue
            elif len(self._tracks) >= _MAX_TRACKS:
                continue
            face = cut_face(analysed.frame.image_bgr, box)
            if face is None:
                continue
            if track is None:
                self._tracks[number] = _Track(_histogram(face), now_s, beside=set(numbers))
            else:
                track.histogram += _histogram(face)
                track.samples, track.sampled_s = track.samples + 1, now_s

    def pairs(self, different: Collection[int] = ()) -> list[Alike]:
        """Return for each track the earlier one that is most alike, where that is alike enough, in order.

        Who was seen at once is not the same person: a pair must be more alike than any two of those.

        Args:
            different: numbers of tracks that are known to be different people.
        """
        numbers = list(self._tracks)
        least = _ALIKE
        for number in numbers:
            for other in self._tracks[number].beside & self._tracks.keys() - {number}:
                least = max(least, self._likeness(number, other) + _MORE_ALIKE)
        found = []
        for place, later in enumerate(numbers):
            known = later in different
            earlier = [
                Alike(one, later, self._likeness(one, later))
                for one in numbers[:place]
                if not (known and one in different)
            ]
            best = max(earlier, key=lambda one: one.likeness, default=None)
            if best is not None and best.likeness >= least:
                found.append(best)
        return found

    def _likeness(self, one: int, other: int) -> float:
        first, second = self._tracks[one], self._tracks[other]
        return float(np.minimum(first.histogram / first.samples, second.histogram / second.samples).sum())


def _histogram(face_bgr: ImageArray) -> npt.NDArray[np.float64]:
    lab = cv2.cvtColor(face_bgr, cv2.COLOR_BGR2LAB)
    counts = cv2.calcHist([lab], [0, 1, 2], None, _BINS, _RANGES).astype(np.float64).ravel()
    return np.asarray(counts / max(counts.sum(), 1.0), np.float64)
