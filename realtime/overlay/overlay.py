"""Draws the results on a copy of a frame: face boxes, a panel per face, and a status line."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from models.region_crops import region_corners
from models.region_registry import region_named
from realtime.core.sink import RunStatus
from realtime.core.types import Analysed, FloatArray, ImageArray, IntArray
from realtime.overlay.face_facts import FaceFacts
from realtime.overlay.face_panel import Level, PanelPainter
from realtime.overlay.palette import (
    DIM_INK,
    EMOTION_COLOURS_BGR,
    GREY,
    INK,
    OUTLINE,
    PANEL,
    RECORDING_RED,
    Colour,
    emotion_colour,
)
from realtime.overlay.panel_layout import PlaceMemory, Rect, overlap_px, place_panels
from realtime.overlay.staleness_filter import StalenessFilter
from realtime.overlay.text import plate, text_width_px, write

__all__ = ["EMOTION_COLOURS_BGR", "GREY", "Overlay"]

_CAP_SHARE = 0.0135
_MIN_CAP_PX = 7
# All panels together hide at most this share of the picture.
_MAX_HIDDEN = {Level.FULL: 0.16, Level.COMPACT: 0.22}
_GAP_CAPS = 1.4
_CALM_FRAMES = 45
_HUD_OPACITY = 0.7
_HUD_WIDTH_STEP_PX = 8
_FAR_PX = 1 << 15


class Overlay:
    """Draws analyzed frames. It keeps the panels' last positions, so that they do not jump: one per video."""

    _cap_share, _finest = _CAP_SHARE, Level.FULL

    def __init__(self) -> None:
        self._painters: dict[tuple[tuple[str, ...], int], PanelPainter] = {}
        self._memory = PlaceMemory()
        self._ages = StalenessFilter()
        self._level = Level.FULL
        self._roomy_frames = 0
        self._hud_corner = 0

    @property
    def level(self) -> Level:
        """Level of detail of the panels of the last frame with faces."""
        return self._level

    def draw(
        self, analysed: Analysed, hud: RunStatus | None, *, landmarks: bool = False, mirror: bool = False
    ) -> ImageArray:
        """Return a new picture with everything drawn on it.

        Args:
            analysed: the frame and what is known of it; not changed.
            hud: facts for the line in a corner without a face, `None` for no line.
            landmarks: `bool`, also draw the landmarks and the regions that the experts see.
            mirror: `bool`, flip the picture left to right, as in a mirror; texts are not flipped.

        Returns:
            `(H, W, 3) uint8` BGR, of the frame's size.

        Raises:
            ConfigError: an expert's region is not registered.
        """
        image = analysed.frame.image_bgr
        picture = np.asarray(cv2.flip(image, 1), np.uint8) if mirror else image.copy()
        cap_px = max(_MIN_CAP_PX, round(min(picture.shape[:2]) * self._cap_share))
        boxes = _mirrored_boxes(analysed.faces.boxes_xyxy, picture.shape[1], mirror)
        facts, regions = self._ages.facts(analysed), analysed.emotions.regions
        if landmarks:
            for row, points in enumerate(analysed.faces.landmarks_xy):
                _draw_regions(picture, points, facts[row], regions, cap_px, mirror)
                _draw_dots(picture, _mirrored_points(points, picture.shape[1], mirror), max(1, round(cap_px / 8)))
        for row, box in enumerate(boxes):
            _draw_corners(picture, box, facts[row].colour, cap_px)
        reserved = [self._draw_hud(picture, hud, cap_px, boxes)] if hud else []
        if facts:
            painter = self._painter(regions, cap_px)
            self._draw_panels(picture, boxes, analysed.faces.track_ids, facts, reserved, painter)
        return picture

    def _draw_hud(self, picture: ImageArray, hud: RunStatus, cap_px: int, boxes: FloatArray) -> Rect:
        """Draw the line of facts in a corner without a face, shorter where it must; return the area that it takes."""
        state, bright = [("REC", INK)] if hud.recording else [], ("PAUSED", hud.notice, hud.resting)
        texts = _hud_texts(hud, no_face=not len(boxes))
        items = [*state, *((text, INK if text in bright else DIM_INK) for text in texts)]
        dot = round(cap_px * 1.5) if hud.recording else 0
        picture_wh = picture.shape[1], picture.shape[0]
        while True:
            areas = _hud_areas(items, picture_wh, cap_px, dot)
            covered = overlap_px(areas, boxes).sum(axis=1).tolist()
            # It stays where it is until a face comes there.
            corner = min(range(len(areas)), key=lambda n: (covered[n], n != self._hud_corner, n))
            if len(items) == 1 or not (covered[corner] or areas[0][2] + areas[0][0] > picture_wh[0]):
                break
            items.pop()
        self._hud_corner = corner
        _draw_hud_items(picture, items, areas[corner], cap_px, dot)
        return areas[corner]

    def _draw_panels(
        self,
        picture: ImageArray,
        boxes: FloatArray,
        track_ids: IntArray,
        facts: Sequence[FaceFacts],
        reserved: Sequence[Rect],
        painter: PanelPainter,
    ) -> None:
        cap_px = painter.cap_px
        level, placed = self._arrange(painter, boxes, track_ids, picture, reserved, cap_px)
        self._memory.store(track_ids, placed)
        for face, (x, y), box in zip(facts, placed.tolist(), boxes, strict=True):
            _draw_leader(picture, box, (x, y), painter.size_wh(level), face.colour, cap_px)
        for face, (x, y) in zip(facts, placed.tolist(), strict=True):
            painter.draw(picture, level, x, y, face)

    def _arrange(
        self,
        painter: PanelPainter,
        boxes: FloatArray,
        track_ids: IntArray,
        picture: ImageArray,
        reserved: Sequence[Rect],
        cap_px: int,
    ) -> tuple[Level, IntArray]:
        """Return the panels' level of detail and positions. Detail falls at once and rises only after a stable time."""
        picture_wh = picture.shape[1], picture.shape[0]
        last = self._memory.recall(track_ids)

        def place(level: Level) -> IntArray:
            # Positions of panels of another size are meaningless here, and easing from them would spoil the trial.
            known = last if level is self._level else None
            return place_panels(boxes, painter.size_wh(level), picture_wh, gap_px, reserved, known)

        gap_px = round(_GAP_CAPS * cap_px)
        for level in sorted(Level, reverse=True)[Level.FULL - self._finest :]:
            size_wh = painter.size_wh(level)
            hidden = len(boxes) * size_wh[0] * size_wh[1] / (picture_wh[0] * picture_wh[1])
            if level is Level.TAG or hidden <= _MAX_HIDDEN[level]:
                placed = place(level)
                if level is Level.TAG or _fits(placed, size_wh, boxes, reserved):
                    break
        self._roomy_frames = self._roomy_frames + 1 if level > self._level else 0
        if 0 < self._roomy_frames < _CALM_FRAMES:
            return self._level, place(self._level)
        self._level = level
        return level, placed

    def _painter(self, regions: tuple[str, ...], cap_px: int) -> PanelPainter:
        key = regions, cap_px
        if key not in self._painters:
            self._painters = {key: PanelPainter(regions, cap_px)}
        return self._painters[key]


def _fits(placed: IntArray, size_wh: tuple[int, int], boxes: FloatArray, reserved: Sequence[Rect]) -> bool:
    """Return whether panels of this size leave faces, each other and reserved areas free."""
    rects = np.concatenate([placed, placed + np.array(size_wh)], axis=1).astype(np.float64)
    between = overlap_px(rects, rects)
    np.fill_diagonal(between, 0.0)
    taken = between.sum(axis=1) + overlap_px(rects, np.array(reserved, np.float64).reshape(-1, 4)).sum(axis=1)
    return not (taken + overlap_px(rects, boxes).sum(axis=1)).any()


def _mirrored_boxes(boxes_xyxy: FloatArray, width_px: int, mirror: bool) -> FloatArray:
    if not mirror:
        return boxes_xyxy
    flipped = boxes_xyxy.copy()
    flipped[:, 0], flipped[:, 2] = width_px - 1 - boxes_xyxy[:, 2], width_px - 1 - boxes_xyxy[:, 0]
    return flipped


def _mirrored_points(points_xy: FloatArray, width_px: int, mirror: bool) -> FloatArray:
    if not mirror:
        return points_xy
    return np.asarray(np.array([width_px - 1, 0], np.float32) - points_xy * np.array([1, -1], np.float32), np.float32)


def _pixels(points_xy: FloatArray) -> IntArray:
    """Return whole pixels that cv2 can take, however far outside they are."""
    return np.asarray(np.clip(np.rint(points_xy), -_FAR_PX, _FAR_PX), np.int64)


def _outlined(
    picture: ImageArray, lines: Sequence[IntArray], colour: Colour, thickness: int, closed: bool = False
) -> None:
    """Draw lines with a dark edge, which shows on bright and dark pictures alike."""
    paths = [line.astype(np.int32).reshape(-1, 1, 2) for line in lines]
    cv2.polylines(picture, paths, closed, OUTLINE, thickness + 2, cv2.LINE_AA)
    cv2.polylines(picture, paths, closed, colour, thickness, cv2.LINE_AA)


def _draw_regions(
    picture: ImageArray, points_xy: FloatArray, facts: FaceFacts, regions: Sequence[str], cap_px: int, mirror: bool
) -> None:
    """Outline what the experts see of one face, each region in the color of what its expert says."""
    for row, name in enumerate(regions):
        corners = region_corners(points_xy, region_named(name).geometry)
        path = _pixels(_mirrored_points(corners, picture.shape[1], mirror))
        _outlined(picture, [path], emotion_colour(facts.says(row)[0]), max(1, cap_px // 7), closed=True)


def _draw_corners(picture: ImageArray, box: FloatArray, colour: Colour, cap_px: int) -> None:
    left, top, right, bottom = _pixels(box).tolist()
    arm = max(3, round(0.18 * min(right - left, bottom - top)))
    lines = [
        np.array([[x, y + dy * arm], [x, y], [x + dx * arm, y]])
        for x, dx in ((left, 1), (right, -1))
        for y, dy in ((top, 1), (bottom, -1))
    ]
    _outlined(picture, lines, colour, max(2, round(cap_px / 5)))


def _draw_leader(
    picture: ImageArray, box: FloatArray, corner: tuple[int, int], size_wh: tuple[int, int], colour: Colour, cap_px: int
) -> None:
    """Join a panel to its face by a line, so that it is seen whose it is where faces and panels stand close."""
    left, top, right, bottom = _pixels(box).tolist()
    near = (
        max(corner[0], min((left + right) // 2, corner[0] + size_wh[0])),
        max(corner[1], min((top + bottom) // 2, corner[1] + size_wh[1])),
    )
    ends = max(left, min(near[0], right)), max(top, min(near[1], bottom))
    if near != ends:
        _outlined(picture, [np.array([near, ends])], colour, max(2, cap_px // 5))


def _draw_dots(picture: ImageArray, points_xy: FloatArray, side_px: int) -> None:
    height, width = picture.shape[:2]
    spots = _pixels(points_xy) - side_px // 2
    for shift, colour in ((1, OUTLINE), (0, INK)):
        for dy in range(side_px):
            for dx in range(side_px):
                x, y = spots[:, 0] + dx + shift, spots[:, 1] + dy + shift
                inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
                picture[y[inside], x[inside]] = colour


def _draw_hud_items(
    picture: ImageArray, items: Sequence[tuple[str, Colour]], area: Rect, cap_px: int, dot: int
) -> None:
    """Draw the facts on their plate, after a red dot of `dot` pixels if that is not 0."""
    pad, gap = _hud_spaces(cap_px)
    left, top, right, bottom = area
    plate(right - left, bottom - top, max(2, cap_px // 3), PANEL, _HUD_OPACITY).paste(picture, left, top)
    x, y = left + pad, top + pad
    if dot:
        radius = cap_px * 0.5
        centre = round((x + radius) * 16), round((y + (cap_px - 1) / 2) * 16)
        cv2.circle(picture, centre, round(radius * 16), RECORDING_RED, -1, cv2.LINE_AA, shift=4)
        x += dot
    for place, (text, colour) in enumerate(items):
        if place:
            middle = round((x - gap / 2) * 16), round((y + (cap_px - 1) / 2) * 16)
            cv2.circle(picture, middle, max(16, cap_px * 2), DIM_INK, -1, cv2.LINE_AA, shift=4)
        x = write(picture, text, x, y, cap_px, colour) + gap


def _hud_spaces(cap_px: int) -> tuple[int, int]:
    """Return the space around the facts and between two of them, in pixels."""
    return round(cap_px * 0.8), round(cap_px * 1.6)


def _hud_areas(items: Sequence[tuple[str, Colour]], picture_wh: tuple[int, int], cap_px: int, dot: int) -> list[Rect]:
    """Return where the line of facts can be: top left, top right, bottom left, bottom right."""
    pad, gap = _hud_spaces(cap_px)
    inner = sum(text_width_px(text, cap_px) + gap for text, _ in items) - gap + dot
    width, height = -(-(inner + 2 * pad) // _HUD_WIDTH_STEP_PX) * _HUD_WIDTH_STEP_PX, cap_px + 2 * pad
    lefts, tops = (pad, picture_wh[0] - pad - width), (pad, picture_wh[1] - pad - height)
    return [(left, top, left + width, top + height) for top in tops for left in lefts]


def _hud_texts(hud: RunStatus, no_face: bool) -> list[str]:
    """Return the facts, the most important first: what does not fit is left out from the end."""
    texts = ["PAUSED"] if hud.paused else []
    texts += [text for text in (hud.notice, hud.resting) if text]
    texts.append(f"{hud.fps:.1f} fps")
    if hud.latency_ms is not None:
        texts.append(f"p95 {hud.latency_ms:.0f} ms")
    texts.append(f"{hud.dropped} dropped")
    if no_face:
        texts.append("no face")
    return [*texts, hud.source, hud.provider, "? for keys"]
