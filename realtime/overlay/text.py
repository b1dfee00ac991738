"""Anti-aliased text and rounded plates as cached layers, alpha-blended into a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.types import ImageArray
from realtime.overlay.palette import DIM_INK, INK, PANEL, Colour

_FONT = cv2.FONT_HERSHEY_SIMPLEX
# Height of a capital of this font at scale 1 and how far letters reach below the line, in its own units.
_CAPITAL_UNITS, _DESCENT_UNITS = 21.0, 7.0
_STROKE_SHARE, _BOLD_SHARE = 0.125, 0.17
# Hershey letters are lines: drawn large and averaged down, they get the weight and smoothness that small ones lack.
_SMALL_SAMPLES, _LARGE_SAMPLES, _LARGE_CAP_PX = 6, 3, 20
_KEPT_TEXTS = 1024
_KEPT_PLATES = 32
_LIST_OPACITY, _LEAST_LIST_CAP_PX = 0.9, 6


@dataclass(frozen=True, slots=True, eq=False)
class TextLayer:
    """Something to blend into a picture.

    Attributes:
        keep: `(h, w, 3) uint8`, the share of the picture that stays, 255 for all of it.
        add: `(h, w, 3) uint8`, what is added to that.
    """

    keep: ImageArray
    add: ImageArray

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.keep.shape[1], self.keep.shape[0]

    def paste(self, picture_bgr: ImageArray, x: int, y: int) -> None:
        """Blend into `picture_bgr` in place with the top left corner at `(x, y)`; what is outside is left out."""
        height, width = picture_bgr.shape[:2]
        left, top = max(x, 0), max(y, 0)
        right, bottom = min(x + self.keep.shape[1], width), min(y + self.keep.shape[0], height)
        if right <= left or bottom <= top:
            return
        inside = np.s_[top - y : bottom - y, left - x : right - x]
        target = picture_bgr[top:bottom, left:right]
        kept = cv2.multiply(target, self.keep[inside], scale=1 / 255)
        target[...] = cv2.add(kept, self.add[inside])

    def under(self, upper: TextLayer, x: int, y: int) -> None:
        """Draw `upper` on top of this layer in place, for building a layer out of others before it is shared."""
        width, height = upper.size_wh
        keep, add = self.keep[y : y + height, x : x + width], self.add[y : y + height, x : x + width]
        keep[...] = cv2.multiply(keep, upper.keep, scale=1 / 255)
        add[...] = cv2.add(cv2.multiply(add, upper.keep, scale=1 / 255), upper.add)


def layer_of(coverage: npt.NDArray[np.float32], colour: Colour, opacity: float = 1.0) -> TextLayer:
    """Return a layer of one color.

    Args:
        coverage: `(h, w) float32` in [0, 1], where the color is.
        colour: what it is.
        opacity: `float` in [0, 1], how far it hides the picture.
    """
    alpha = (coverage * np.float32(opacity))[:, :, None]
    keep = np.repeat(255.0 * (1.0 - alpha), 3, axis=2)
    add = alpha * np.array(colour, np.float32)
    return TextLayer(np.asarray(np.rint(keep), np.uint8), np.asarray(np.rint(add), np.uint8))


@lru_cache(maxsize=_KEPT_TEXTS)
def text_layer(text: str, cap_px: int, colour: Colour, bold: bool = False) -> TextLayer:
    """Return `text` as a layer whose capitals are `cap_px` high and begin at its top; see `descent_px`.

    Characters outside ASCII, which the font lacks, become "?".
    """
    text = text.encode("ascii", "replace").decode("ascii")
    samples = _SMALL_SAMPLES if cap_px < _LARGE_CAP_PX else _LARGE_SAMPLES
    large_px = cap_px * samples
    stroke_px = max(1, round(large_px * (_BOLD_SHARE if bold else _STROKE_SHARE)))
    # The stroke's width is drawn inside the capital's height, not around it.
    scale = (large_px - stroke_px) / _CAPITAL_UNITS
    (text_px, _), _ = cv2.getTextSize(text, _FONT, scale, 1)
    width_px = -(-(text_px + 2 * stroke_px) // samples)
    canvas = np.zeros(((cap_px + descent_px(cap_px)) * samples, max(width_px, 1) * samples), np.uint8)
    origin = (stroke_px, large_px - stroke_px // 2 - 1)
    cv2.putText(canvas, text, origin, _FONT, scale, 255, stroke_px, cv2.LINE_AA)
    small = cv2.resize(canvas, (max(width_px, 1), canvas.shape[0] // samples), interpolation=cv2.INTER_AREA)
    return layer_of(np.asarray(small, np.float32) / 255, colour)


def text_width_px(text: str, cap_px: int, bold: bool = False) -> int:
    """Return the width of `text` as `text_layer` draws it."""
    return text_layer(text, cap_px, (255, 255, 255), bold).size_wh[0]


def descent_px(cap_px: int) -> int:
    """Return how far letters of this size reach below the line."""
    return int(np.ceil(cap_px * _DESCENT_UNITS / _CAPITAL_UNITS)) + 1


def write(picture_bgr: ImageArray, text: str, x: int, y: int, cap_px: int, colour: Colour, bold: bool = False) -> int:
    """Draw `text` in place, the top left of its capitals at `(x, y)`; return the x after it."""
    layer = text_layer(text, cap_px, colour, bold)
    layer.paste(picture_bgr, x, y)
    return x + layer.size_wh[0]


def write_right(
    picture_bgr: ImageArray, text: str, right: int, y: int, cap_px: int, colour: Colour, bold: bool = False
) -> int:
    """Draw `text` in place so that it ends at `right`; return the x where it begins."""
    layer = text_layer(text, cap_px, colour, bold)
    layer.paste(picture_bgr, right - layer.size_wh[0], y)
    return right - layer.size_wh[0]


@lru_cache(maxsize=_KEPT_PLATES)
def plate(width_px: int, height_px: int, radius_px: int, colour: Colour, opacity: float) -> TextLayer:
    """Return a plate with round corners. It is shared: draw on a `copied` one only."""
    samples = 4
    canvas = np.zeros((height_px * samples, width_px * samples), np.uint8)
    radius = min(radius_px * samples, min(canvas.shape) // 2)
    right, bottom = canvas.shape[1] - 1, canvas.shape[0] - 1
    cv2.rectangle(canvas, (radius, 0), (right - radius, bottom), 255, -1)
    cv2.rectangle(canvas, (0, radius), (right, bottom - radius), 255, -1)
    for x in (radius, right - radius):
        for y in (radius, bottom - radius):
            cv2.circle(canvas, (x, y), radius, 255, -1)
    small = cv2.resize(canvas, (width_px, height_px), interpolation=cv2.INTER_AREA)
    return layer_of(np.asarray(small, np.float32) / 255, colour, opacity)


def copied(layer: TextLayer) -> TextLayer:
    """Return a copy that may be drawn on."""
    return TextLayer(layer.keep.copy(), layer.add.copy())


def draw_list(picture_bgr: ImageArray, rows: Sequence[tuple[str, str]], cap_px: int) -> None:
    """Draw a list of two columns in place, on a plate in the middle of the picture.

    Args:
        picture_bgr: `(H, W, 3) uint8`.
        rows: what stands at the left and at the right of each line.
        cap_px: `int`, height of a capital letter; less where the list would not fit, as far as it can be read.
    """
    height, width = picture_bgr.shape[:2]
    size_wh = _list_size_wh(rows, cap_px)
    while cap_px > _LEAST_LIST_CAP_PX and (size_wh[0] > width or size_wh[1] > height):
        cap_px -= 1
        size_wh = _list_size_wh(rows, cap_px)
    x, y = max(0, (width - size_wh[0]) // 2), max(0, (height - size_wh[1]) // 2)
    plate(*size_wh, max(2, cap_px // 2), PANEL, _LIST_OPACITY).paste(picture_bgr, x, y)
    second_x = x + size_wh[0] - cap_px - max(text_width_px(text, cap_px) for _, text in rows)
    for place, (key, text) in enumerate(rows):
        top = y + cap_px + place * 2 * cap_px
        write(picture_bgr, key, x + cap_px, top, cap_px, INK, bold=True)
        write(picture_bgr, text, second_x, top, cap_px, DIM_INK)


def _list_size_wh(rows: Sequence[tuple[str, str]], cap_px: int) -> tuple[int, int]:
    """Return the size of a list: a capital's height around it, between its lines, and two between its columns."""
    first = max(text_width_px(key, cap_px, bold=True) for key, _ in rows)
    second = max(text_width_px(text, cap_px) for _, text in rows)
    return first + second + 4 * cap_px, (2 * len(rows) + 1) * cap_px + descent_px(cap_px)
