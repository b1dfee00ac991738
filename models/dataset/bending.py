"""Neutral faces bent along their mesh into slight and full expressions, muscle by muscle.

Collections of faces found on the web have few slight frowns, and taggers call them neutral. A neutral face whose brows
and mouth corners were moved is known to show what it shows.

`expression_shapes.npz` holds how far 52 ARKit-named movements displace MediaPipe's 468 points. It was made from
MakeHuman's base mesh and the Face Units asset pack by Mika Suominen, both CC0 1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from models.manifest import EMOTIONS
from models.region_crops import LEFT_IN_IMAGE_CORNER, RIGHT_IN_IMAGE_CORNER, eye_distance_px

FloatArray = npt.NDArray[np.float32]
ImageArray = npt.NDArray[np.uint8]
Range = tuple[float, float]

SHAPES_PATH = Path(__file__).with_name("expression_shapes.npz")
LARGEST_TURN_DEG = 25.0
"""Faces turned further keep their picture: displacements are added in the picture's plane."""

# Movement -> how far, of its full strength, where the expression is strong (1).
_MOVEMENTS: Mapping[str, Mapping[str, Range]] = {
    "anger": {
        "browDown": (0.7, 1.1),
        "noseSneer": (0.0, 0.8),
        "mouthPress": (0.3, 1.0),
        "eyeSquint": (0.0, 0.6),
        "mouthFrown": (0.0, 0.4),
    },
    "sadness": {
        "browInnerUp": (0.4, 1.0),
        "mouthFrown": (0.6, 1.1),
        "mouthShrugLower": (0.2, 0.8),
        "eyeBlink": (0.0, 0.25),
    },
    "fear": {
        "browInnerUp": (0.6, 1.0),
        "browOuterUp": (0.1, 0.6),
        "eyeWide": (0.5, 1.0),
        "mouthStretch": (0.5, 1.0),
    },
}
# Within neutral too, so that having been bent tells nothing.
_RESTING = ("browDown", "browInnerUp", "browOuterUp", "eyeSquint", "eyeWide", "mouthPress", "mouthFrown", "mouthSmile")
_RESTING_STRENGTH, _RESTING_PARTS = 0.25, 3
# No surprise: a gape needs the inside of the mouth, which is not in the picture of a shut one.
_KINDS = ("anger", "sadness", "anger", "sadness", "fear", "neutral", "neutral")
_STRENGTH = (0.4, 1.6)
# From the first strength on the face says something else than neutral, from the second on nothing of neutral is left.
_FAINT_TO_CLEAR = (0.2, 1.0)
_MOST_SURE = 0.9
_UNEVEN = 0.15  # between left and right
_SPREAD_D = 0.08  # Gaussian around each landmark
_STIFF = 0.05  # sum of Gaussians that halves a displacement: far from the mesh nothing moves
_FINE_D_PX = 48.0  # a smaller face is enlarged before it is bent, and reduced again


def bend_face(
    image_bgr: ImageArray, landmarks_xy: FloatArray, soft: FloatArray, rng: np.random.Generator
) -> tuple[ImageArray, FloatArray, FloatArray]:
    """Bend one neutral face into a randomly drawn expression.

    Args:
        image_bgr: `(H, W, 3) uint8`.
        landmarks_xy: `(468 or more, 2) float32` pixels of that image.
        soft: `(6,) float32`, the shares of votes for the face as it was.
        rng: draws the expression, its strength and that of each part.

    Returns:
        The bent picture, `(H, W, 3) uint8`, where its landmarks are now, `(L, 2)`, and the label, `(6,)`.
    """
    kind = _KINDS[int(rng.integers(len(_KINDS)))]
    strength = float(rng.uniform(*_STRENGTH))
    shift_d = _resting(rng) if kind == "neutral" else _expression(kind, strength, rng)
    low, high = _FAINT_TO_CLEAR
    sure = 0.0 if kind == "neutral" else _MOST_SURE * min(1.0, (strength - low) / (high - low))
    label = (1 - sure) * soft + sure * np.eye(len(EMOTIONS), dtype=np.float32)[EMOTIONS.index(kind)]
    bent, moved = moved_picture(image_bgr, landmarks_xy, shift_d)
    return bent, moved, label.astype(np.float32)


def moved_picture(image: ImageArray, landmarks_xy: FloatArray, shift_d: FloatArray) -> tuple[ImageArray, FloatArray]:
    """Move landmarks and all that lies around them.

    Args:
        image: `(H, W, 3) uint8`.
        landmarks_xy: `(L, 2) float32` pixels.
        shift_d: `(468, 2) float32`, how far each goes, in units of d, along the eyes' axis and across it.

    Returns:
        The picture, and where the landmarks are now.
    """
    along = (landmarks_xy[RIGHT_IN_IMAGE_CORNER] - landmarks_xy[LEFT_IN_IMAGE_CORNER]).astype(np.float32)
    axes = np.array([along, [-along[1], along[0]]], np.float32)
    moved = landmarks_xy.astype(np.float32).copy()
    shift_px = shift_d @ axes
    moved[: len(shift_px)] += shift_px
    scale = max(1.0, _FINE_D_PX / max(eye_distance_px(landmarks_xy), 1.0))
    height, width = image.shape[:2]
    fine_wh = (round(width * scale), round(height * scale))
    fine = cv2.resize(image, fine_wh, interpolation=cv2.INTER_CUBIC) if scale > 1 else image
    x, y = _sources(fine_wh, moved[: len(shift_px)] * scale, shift_px * scale, eye_distance_px(landmarks_xy) * scale)
    bent = cv2.remap(fine, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if scale > 1:
        bent = cv2.resize(bent, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(bent, np.uint8), moved


def _sources(
    size_wh: tuple[int, int], points: FloatArray, shift: FloatArray, d_px: float
) -> tuple[FloatArray, FloatArray]:
    """Return where each pixel of the bent picture comes from, x and y, `(H, W)` each."""
    spread = _SPREAD_D * d_px
    # A Gaussian in the plane is the product of two along the axes.
    columns, rows = (
        np.exp(-0.5 * ((np.arange(size, dtype=np.float32) - points[:, axis, None]) / spread) ** 2)
        for axis, size in enumerate(size_wh)
    )
    near = rows.T @ columns + _STIFF
    x, y = np.meshgrid(*(np.arange(size, dtype=np.float32) for size in size_wh))
    return tuple(  # type: ignore[return-value]
        np.asarray(place - (rows * shift[:, axis, None]).T @ columns / near, np.float32)
        for axis, place in enumerate((x, y))
    )


def _expression(kind: str, strength: float, rng: np.random.Generator) -> FloatArray:
    parts = {name: strength * float(rng.uniform(*limits)) for name, limits in _MOVEMENTS[kind].items()}
    return _summed(parts, rng)


def _resting(rng: np.random.Generator) -> FloatArray:
    names = rng.choice(_RESTING, _RESTING_PARTS, replace=False)
    return _summed({str(name): float(rng.uniform(0, _RESTING_STRENGTH)) for name in names}, rng)


def _summed(parts: Mapping[str, float], rng: np.random.Generator) -> FloatArray:
    """Return the displacement of all movements together, `(468, 2)` in units of d, a little uneven."""
    shapes = _shapes()
    total = np.zeros_like(next(iter(shapes.values())))
    for name, amount in parts.items():
        for one in (name, f"{name}Left", f"{name}Right"):
            if one in shapes:
                total = total + shapes[one] * np.float32(amount * rng.uniform(1 - _UNEVEN, 1 + _UNEVEN))
    return total


@cache
def _shapes() -> Mapping[str, FloatArray]:
    with np.load(SHAPES_PATH) as stored:
        return {name: stored[name][:, :2].astype(np.float32) for name in stored.files if name != "neutral_xy"}
