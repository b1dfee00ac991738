"""Robust detection of the one face of a still image, however small, for data sets and evaluation."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import cv2
import numpy as np

from realtime.core.types import Faces, FloatArray, ImageArray
from realtime.landmarks.detector import Detector
from realtime.landmarks.landmark_finder import faces_from_mesh
from realtime.landmarks.mesh_runner import FaceRoi, MeshRunner, roi_of_detection, roi_of_mesh
from realtime.landmarks.networks.network_files import LANDMARK_COUNT
from realtime.landmarks.networks.open_network import open_mesh_network

_SMALL_IMAGE_PX = 160
_ENLARGED_PX = 224
# Of the landmark model; the detector's threshold is always its own.
_STRICT_CONFIDENCE, _LENIENT_CONFIDENCE = 0.5, 0.02
_CORNERS = [33, 263]  # outer eye corners
_MIDDLE = [33, 263, 61, 291]  # and those of the mouth
# In distances of the outer eye corners: how far the landmarks may move in a second pass on the same image. If they move
# further, the first ROI came from a poor detection, as dark glasses and masks cause.
_SETTLED_D = 0.1
_STILL_D = 0.03
_LOOKS = 5
# Two fits agree on one face if position and log size differ by less.
_SAME_D = 0.15
_GREY = 128
_CLIP_LIMIT, _TILES = 2.0, (4, 4)


class _Surroundings(Enum):
    REPEATED = "the picture's edge, repeated"
    EQUALIZED = "the same, with the contrast of each part made equal"
    GREY = "an even gray"


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Parameters of one detection attempt: padding as a share of the longer side, its fill, lowest confidence."""

    padding: float
    confidence: float
    surroundings: _Surroundings = _Surroundings.REPEATED


# The strict attempt finds 93 % of FER2013's validation faces; of 781 faces with masks or dark glasses whose fit was
# stable in it none was wrong. The others find nearly all, but where the eyes are hidden 4 to 17 % of their fits take
# nose and mouth for a whole face, each on other faces, which is why agreement is asked for.
_STRICT = _Attempt(0.25, _STRICT_CONFIDENCE)
_LENIENT = (
    _Attempt(0.25, _LENIENT_CONFIDENCE, _Surroundings.GREY),
    _Attempt(0.4, _LENIENT_CONFIDENCE, _Surroundings.EQUALIZED),
    _Attempt(1.0, _LENIENT_CONFIDENCE, _Surroundings.GREY),
    _Attempt(0.0, _LENIENT_CONFIDENCE),
    _Attempt(0.4, _LENIENT_CONFIDENCE),
    _Attempt(0.1, _LENIENT_CONFIDENCE),
    _Attempt(1.0, _LENIENT_CONFIDENCE),
)
# Where no detector finds a face in a small image that should be filled by one, the landmark model runs on centered ROIs
# with these sides, as multiples of the image's longer side, until two agree. Of 15 such validation faces, most of them
# profiles, that finds 6, and of 105 masked ones 45, 43 of them in the right place. False positives: in 60 images of
# soft noise 15 instead of 7, in 243 patches of photographs without faces 4 instead of 3.
_GUESSES = (
    (1.2, _STRICT),
    (1.6, _LENIENT[1]),
    (1.4, _STRICT),
    (1.4, _LENIENT[1]),
    (1.2, _LENIENT[1]),
    (1.6, _LENIENT[0]),
    (1.6, _LENIENT[2]),
)


@dataclass(frozen=True, slots=True, eq=False)
class _MeshFit:
    """Landmarks of one attempt, `(L, 3)` in the image's pixels, and how far a second pass moved them."""

    points: FloatArray
    moved_d: float

    @property
    def rests(self) -> bool:
        return self.moved_d < _SETTLED_D

    @property
    def size_px(self) -> float:
        return max(float(np.linalg.norm(np.diff(self.points[_CORNERS, :2], axis=0))), 1e-6)

    def agrees_with(self, other: _MeshFit) -> bool:
        apart_px = np.linalg.norm((self.points - other.points)[_MIDDLE, :2].mean(axis=0))
        apart_d = float(apart_px) / self.size_px
        return apart_d < _SAME_D and abs(np.log(other.size_px / self.size_px)) < _SAME_D


class StillImageFinder:
    """Finds the one face of a single picture, however small; for data sets and evaluation.

    A small image that its face fills is enlarged and padded first: the detector was trained on faces with some
    surroundings. Where nothing is found, or the landmarks move in a second pass, other paddings and a lower threshold
    are tried until two stable fits agree, and last the middle of a small image. Of several fits the one is taken on
    which most attempts agree, a larger one rather than a smaller: nose and mouth alone look like a small face.
    """

    def __init__(self) -> None:
        self._mesh = MeshRunner(open_mesh_network())
        self._detector = Detector(far=False)

    def find(self, image_bgr: ImageArray) -> Faces:
        """Return no face or one face, in the pixels of `image_bgr`, `(H, W, 3)`."""
        return faces_from_mesh(self.find_mesh(image_bgr))

    def find_mesh(self, image_bgr: ImageArray) -> FloatArray:
        """Return no landmarks or those of one face, `(N, 468, 3) float32`: x and y in pixels, z in the scale of x."""
        # A large image has surroundings of its own.
        small = min(image_bgr.shape[:2]) <= _SMALL_IMAGE_PX
        fits = self._fit(image_bgr, _STRICT if small else replace(_STRICT, padding=0.0))
        if not (fits and fits[0].rests):
            for attempt in _LENIENT:
                fits += self._fit(image_bgr, attempt)
                if _agreed(fits):
                    break
        if not fits and max(image_bgr.shape[:2]) <= _SMALL_IMAGE_PX:
            fits = self._guess(image_bgr)
        if not fits:
            return np.zeros((0, LANDMARK_COUNT, 3), np.float32)
        return max(fits, key=lambda mesh: _worth(mesh, fits)).points[None]

    def _fit(self, image_bgr: ImageArray, attempt: _Attempt, guessed_side: float | None = None) -> list[_MeshFit]:
        """Return the fit on the detected face, or on a centered ROI if `guessed_side` is given; [] without a face."""
        prepared_bgr, scale, offset_px = _prepare(image_bgr, attempt.padding, attempt.surroundings)
        if guessed_side:
            confidence, place = _LENIENT_CONFIDENCE, self._near_middle(prepared_bgr, guessed_side, offset_px)
        else:
            confidence, seen = attempt.confidence, self._detector.find(prepared_bgr)
            place = roi_of_detection(seen[0]) if seen else None
        if place is None:
            return []
        settled = self._settle(prepared_bgr, place, confidence)
        if settled is None:
            return []
        points, moved_d = settled
        points[:, :2] -= offset_px
        return [_MeshFit(points / np.float32(scale), moved_d)]

    def _guess(self, image_bgr: ImageArray) -> list[_MeshFit]:
        """Return fits on centered ROIs once two agree, else none: a single one is often a false positive."""
        fits: list[_MeshFit] = []
        for side, attempt in _GUESSES:
            fits += self._fit(image_bgr, attempt, side)
            if _agreed(fits):
                return fits
        return []

    def _near_middle(self, prepared_bgr: ImageArray, side: float, offset_px: float) -> FaceRoi | None:
        """Return the ROI from a first pass on the middle of the image, or None without a face."""
        height, width = (length - 2 * offset_px for length in prepared_bgr.shape[:2])
        middle = FaceRoi(width / 2 + offset_px, height / 2 + offset_px, side * max(height, width), 0.0)
        points, presence = self._mesh.run(prepared_bgr, middle)
        return roi_of_mesh(points) if presence >= _LENIENT_CONFIDENCE else None

    def _settle(self, image_bgr: ImageArray, place: FaceRoi, confidence: float) -> tuple[FloatArray, float] | None:
        """Return the landmarks, `(L, 3)`, and how far a second pass moved them, in eye distances; None without a face.

        The first pass runs on `place`, each further one on the ROI from the landmarks before it, as in a video.
        """
        points, presence = self._mesh.run(image_bgr, place)
        if presence < confidence:
            return None
        first, first_move_d = points, np.inf
        for look in range(1, _LOOKS):
            again, presence = self._mesh.run(image_bgr, roi_of_mesh(points))
            if presence < confidence:
                break
            moved_d = _moved_d(points, again)
            if look == 1:
                first_move_d = moved_d
                if moved_d < _SETTLED_D:
                    # The first fit is kept: always taking the last one cost 2 points of accuracy on masked faces.
                    return first, moved_d
            points = again
            if moved_d < _STILL_D:
                break
        return points, first_move_d

    def close(self) -> None:
        """Free the networks; a second call does nothing."""
        with contextlib.ExitStack() as graphs:
            graphs.callback(self._mesh.close)
            graphs.callback(self._detector.close)


def _agreed(fits: Sequence[_MeshFit]) -> bool:
    """Return whether there are two or more stable fits, and all of them agree."""
    resting = [mesh for mesh in fits if mesh.rests]
    return len(resting) > 1 and all(resting[0].agrees_with(other) for other in resting[1:])


def _worth(mesh: _MeshFit, fits: Sequence[_MeshFit]) -> float:
    """Return the fit's score: number of fits in `fits` that agree with it, minus its motion, plus its log size."""
    return sum(mesh.agrees_with(other) for other in fits) - min(mesh.moved_d, 1.0) + float(np.log(mesh.size_px))


def _moved_d(before: FloatArray, after: FloatArray) -> float:
    """Return how far the eye corners moved between two meshes, `(L, 3)`, in distances of the eye corners."""
    corners = before[_CORNERS, :2]
    distance_px = float(np.linalg.norm(corners[1] - corners[0]))
    return float(np.abs(after[_CORNERS, :2] - corners).max()) / max(distance_px, 1e-6)


def _prepare(image_bgr: ImageArray, padding: float, surroundings: _Surroundings) -> tuple[ImageArray, float, float]:
    """Scale so that picture and padding make about `_ENLARGED_PX`, if it is smaller, and pad it.

    Returns:
        The picture, its scale against the original and the padding's width in scaled pixels.
    """
    longer = max(image_bgr.shape[:2])
    scale = max(1.0, _ENLARGED_PX / longer)
    if scale > 1.0:
        image_bgr = np.asarray(cv2.resize(image_bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    pad_px = round(padding * longer * scale)
    sides = (pad_px, pad_px, pad_px, pad_px)
    if surroundings is _Surroundings.GREY:
        image_bgr = np.asarray(
            cv2.copyMakeBorder(image_bgr, *sides, cv2.BORDER_CONSTANT, value=(_GREY, _GREY, _GREY)), np.uint8
        )
    elif pad_px:
        image_bgr = np.asarray(cv2.copyMakeBorder(image_bgr, *sides, cv2.BORDER_REPLICATE), np.uint8)
    if surroundings is _Surroundings.EQUALIZED:
        grey = cv2.createCLAHE(_CLIP_LIMIT, _TILES).apply(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY))
        image_bgr = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    return image_bgr, scale, float(pad_px)
