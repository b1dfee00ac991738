"""Renders the frames of the demo clip: expression, inside of the mouth, motion, light and noise."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from demo.expressions import LOWER_INNER, LOWER_LID_LINES, OPENINGS, UPPER_INNER, Expression, FaceRig
from demo.masks import rounded, soft_line, soft_polygon
from demo.portrait import CANVAS_WH, Portrait
from demo.relax import INNER_MOUTH, relaxed
from demo.timeline import FPS, blink_at, expression_at, sway
from demo.warp import MeshWarp
from realtime.core.types import FloatArray, ImageArray

_OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
         150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)  # fmt: skip
_STILL_RING = 1.5
_CAVITY_BGR = np.array([34, 24, 52], np.float32)
_TONGUE_BGR = np.array([52, 44, 98], np.float32)
_LIP_LINE_BGR = np.array([48, 42, 92], np.float32)
_LASHES_BGR = np.array([38, 44, 62], np.float32)
_CLOSED_PX = 7.0
_NOISE_SIGMA = 1.3
_NOISE_SHEETS = 8
_SEED = 20


class Scene:
    """Renders the clip from one portrait; the same portrait gives the same frames.

    Args:
        portrait: the picture and its face mesh.
    """

    def __init__(self, portrait: Portrait) -> None:
        self._portrait = portrait.image_bgr
        oval = portrait.mesh_xy[list(_OVAL)]
        ring = oval.mean(axis=0) + _STILL_RING * (oval - oval.mean(axis=0))
        left, top = np.floor(ring.min(axis=0)).astype(int)
        right, bottom = np.ceil(ring.max(axis=0)).astype(int)
        # Only this box changes with the expression; all below is in its pixels.
        self._box = (slice(top, bottom), slice(left, right))
        self._image = self._portrait[self._box]
        self._mesh = portrait.mesh_xy - np.array([left, top], np.float32)
        self._rig = FaceRig(self._mesh)
        self._still = ring - np.array([left, top], np.float32)
        size_wh = (right - left, bottom - top)
        self._warp = MeshWarp(np.concatenate([self._mesh, self._still]), size_wh, OPENINGS)
        self._depth = (portrait.mesh_xyz[:, 2] - portrait.mesh_xyz[list(_OVAL), 2].mean()).astype(np.float32)
        self._relaxed = relaxed(self._image, self._mesh)
        self._teeth = soft_polygon(self._mesh[list(INNER_MOUTH)], self._image.shape, 1.5)[..., None]
        self._head = _HeadMotion(portrait.mesh_xy, (self._portrait.shape[1], self._portrait.shape[0]))
        random = np.random.default_rng(_SEED)
        shape = (_NOISE_SHEETS, CANVAS_WH[1], CANVAS_WH[0], 1)
        self._noise = random.normal(0, _NOISE_SIGMA, shape).astype(np.float32)

    def frame(self, index: int) -> ImageArray:
        """Return frame `index` of the clip, `(480, 640, 3) uint8`."""
        time_s = index / FPS
        expression = expression_at(time_s)
        blink = blink_at(time_s)
        lids = expression.eyes_shut + blink * (1 - expression.eyes_shut)
        picture = self._portrait.copy()
        picture[self._box] = self.face(replace(expression, eyes_shut=lids), time_s)
        moved = cv2.remap(picture, self._head.sampling_map(time_s), None, cv2.INTER_CUBIC)
        return _lit(moved, time_s, self._noise[(index * 5) % _NOISE_SHEETS])

    def face(self, expression: Expression, time_s: float = 0.0) -> ImageArray:
        """Return the box around the face, `(h, w, 3) uint8`, with this expression and the turn of `time_s`."""
        mesh = self._rig.mesh_of(expression)
        # A small turn shifts each point by its depth: the nose travels, the outline stays.
        turn = np.array([0.07 * sway(time_s, 4.1), 0.04 * sway(time_s, 3.3, 2.0)], np.float32)
        mesh -= self._depth[:, None] * turn
        source = cv2.addWeighted(self._image, expression.smile, self._relaxed, 1 - expression.smile, 0)
        skin = self._warp.apply(source, np.concatenate([mesh, self._still])).astype(np.float32)
        self._close_eyes(skin, mesh, expression)
        self._fill_mouth(skin, mesh, expression)
        return np.asarray(skin.round().clip(0, 255), np.uint8)

    def _close_eyes(self, skin: FloatArray, mesh: FloatArray, expression: Expression) -> None:
        """Draw the lashes of closed eyes into `skin`: what is left of the eyeball is thinner than a pixel."""
        shut = min(max((expression.eyes_shut - 0.6) / 0.3, 0.0), 1.0)
        for rim in LOWER_LID_LINES if shut > 0 else ():
            lashes = soft_line(mesh[list(rim)], skin.shape, 3, 0.9)[..., None] * (0.8 * shut)
            skin += lashes * (_LASHES_BGR - skin)

    def _fill_mouth(self, skin: FloatArray, mesh: FloatArray, expression: Expression) -> None:
        """Draw into `skin` what shows between the lips: the teeth stay on the skull, the lips pass over them."""
        rim = mesh[list(INNER_MOUTH)]
        opening_px = float(mesh[14, 1] - mesh[13, 1])
        reshaped = min(1.0, 4 * (1 - expression.smile))
        closed = 1 - min(max(opening_px / _CLOSED_PX, 0.0), 1.0)
        mask = soft_polygon(rounded(rim), skin.shape[:2], 0.8)[..., None] * reshaped * (1 - closed)
        down = np.linspace(0, 1, skin.shape[0], dtype=np.float32) * skin.shape[0]
        tongue = ((down - mesh[13, 1]) / max(opening_px, 1.0) - 0.62).clip(0, 0.38)[:, None, None] / 0.38
        cavity = _CAVITY_BGR + tongue * (_TONGUE_BGR - _CAVITY_BGR)
        inside = cavity + self._teeth * (0.78 * self._image - cavity)
        skin += mask * (inside - skin)
        seam = (mesh[list(UPPER_INNER)] + mesh[list(LOWER_INNER)]) / 2
        line = soft_line(seam, skin.shape[:2], 2, 1.0)[..., None] * (0.75 * closed * (1 - expression.smile))
        skin += line * (_LIP_LINE_BGR - skin)


class _HeadMotion:
    """The head's drift before its background, and the camera's."""

    def __init__(self, mesh_xy: FloatArray, size_wh: tuple[int, int]) -> None:
        self._face_px = float(np.ptp(mesh_xy[:, 1]))
        self._neck = mesh_xy[152] + np.array([0, 0.3 * self._face_px], np.float32)
        self._size_wh = size_wh
        columns, rows = np.meshgrid(np.arange(CANVAS_WH[0]), np.arange(CANVAS_WH[1]))
        self._pixels = np.dstack([columns, rows]).astype(np.float32)
        centre = mesh_xy.mean(axis=0) - np.array([0, 0.15 * self._face_px], np.float32)
        reach = np.array([0.95, 1.0], np.float32) * self._face_px
        columns, rows = np.meshgrid(np.arange(size_wh[0]), np.arange(size_wh[1]))
        away = np.hypot((columns - centre[0]) / reach[0], (rows - centre[1]) / reach[1])
        share = (2.0 - away).clip(0, 1)
        self._hold = (share * share * (3 - 2 * share)).astype(np.float32)

    def sampling_map(self, time_s: float) -> FloatArray:
        """Return where each canvas pixel lies in the portrait, `(480, 640, 2) float32` pixels."""
        seen = cv2.perspectiveTransform(self._pixels.reshape(-1, 1, 2), self._camera(time_s))
        points = seen.reshape(self._pixels.shape)
        hold = cv2.remap(self._hold, points, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[..., None]
        angle = np.deg2rad(2.6 * sway(time_s, 5.3, 0.5))
        shift = np.array([5 * sway(time_s, 6.7), 3 * sway(time_s, 4.7, 1.0)], np.float32)
        away = points - self._neck
        turned = away[..., ::-1] * np.array([angle, -angle], np.float32)
        return np.asarray(points + hold * (turned - shift), np.float32)

    def _camera(self, time_s: float) -> FloatArray:
        """Return the `(3, 3)` homography from the canvas to the portrait: shake, zoom and a slight slant."""
        zoom = 1 / (1.03 + 0.03 * sway(time_s, 9.0, 2.0))
        centre = np.array(self._size_wh) / 2 + (4 * sway(time_s, 7.1, 3.0), 3 * sway(time_s, 5.9))
        slant = 5e-5 * sway(time_s, 6.1, 1.5)
        back = np.array([[1, 0, -CANVAS_WH[0] / 2], [0, 1, -CANVAS_WH[1] / 2], [0, 0, 1]])
        view = np.array([[zoom, 0, centre[0]], [0, zoom, centre[1]], [0, 0, 1]])
        tilt = np.array([[1, 0, 0], [0, 1, 0], [slant, 0, 1]])
        return np.asarray(view @ tilt @ back)


def _lit(image_bgr: ImageArray, time_s: float, noise: FloatArray) -> ImageArray:
    """Return the picture under light that drifts in strength and hardness, with the camera's noise."""
    gain, gamma = 1 + 0.05 * sway(time_s, 4.4, 0.3), 1 + 0.06 * sway(time_s, 7.7, 1.1)
    bright = 255 * (image_bgr.astype(np.float32) / 255) ** gamma * gain
    return np.asarray((bright + noise).round().clip(0, 255), np.uint8)
