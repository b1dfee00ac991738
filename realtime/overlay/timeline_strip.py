"""Draws the timeline: a lane per person with stacked probabilities and a label band, and the seek bar."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from models.manifest import EMOTIONS
from realtime.core.types import UNCERTAIN, ImageArray
from realtime.overlay.palette import DIM_INK, FAINT, GREY, INK, OUTLINE, PANEL, STACK_ORDER, Colour, colour_of
from realtime.overlay.text import text_width_px, write, write_right
from realtime.timeline.live_timeline import NO_FACE, LiveTimeline, TimelineView
from realtime.timeline.time_format import format_clock
from realtime.timeline.timeline import LABELS

_CAP_SHARE = 0.0135
_MIN_CAP_PX = 7
# Heights and gaps in capital letters.
_LANES, _PAD, _GAP, _BAR = 7.0, 0.8, 0.6, 0.6
_STACK_FROM, _BAND_WITH_STACK, _LETTERED_FROM = 3.2, 1.7, 1.5
_EMPTY: Colour = (34, 31, 29)
_NOBODY: Colour = (62, 58, 55)
_UNCERTAIN_DIM = 0.45
_HATCH_PX = 6
_TENTHS_BELOW_S = 600.0
_STACK_COLOURS = np.array([colour_of(name) for name in (*STACK_ORDER, STACK_ORDER[-1])], np.uint8)
_STACK_ROWS = [EMOTIONS.index(name) for name in STACK_ORDER]
_LABEL_COLOURS = np.array([colour_of(name) for name in LABELS] + [_NOBODY], np.uint8)


@dataclass(frozen=True, slots=True)
class Position:
    """Playback position on the timeline.

    Attributes:
        start_s: `float`, media time at the left edge of the timeline in seconds.
        end_s: `float`, at its right edge; after `start_s`.
        now_s: `float`, of the picture that is shown, or that is on its way after a seek.
        live: `bool`, whether the right edge is the present.
        speed: `float`, how much faster than life a file is played.
        hint: `str`, what may be said at the right, if there is room.
    """

    start_s: float
    end_s: float
    now_s: float
    live: bool = False
    speed: float = 1.0
    hint: str = ""


@dataclass(frozen=True, slots=True)
class StripLayout:
    """Where things are in a timeline of some width; all in pixels.

    Attributes:
        width: of the whole.
        cap: height of a capital letter.
    """

    width: int
    cap: int

    @staticmethod
    def under(picture_wh: tuple[int, int]) -> StripLayout:
        """Return the layout for a timeline as wide as a picture, with letters as large as the overlay's."""
        return StripLayout(picture_wh[0], max(_MIN_CAP_PX, round(min(picture_wh) * _CAP_SHARE)))

    @property
    def left(self) -> int:
        """Where time begins."""
        return round(self.cap * _PAD)

    @property
    def inner(self) -> int:
        """How wide time is."""
        return max(1, self.width - 2 * self.left)

    @property
    def lanes_y(self) -> int:
        """Top of the lanes."""
        return round(self.cap * _PAD)

    @property
    def lanes_h(self) -> int:
        """Height of all lanes together."""
        return round(self.cap * _LANES)

    @property
    def bar_y(self) -> int:
        """Top of the bar."""
        return self.lanes_y + self.lanes_h + round(self.cap * _GAP)

    @property
    def bar_h(self) -> int:
        """Height of the bar."""
        return max(3, round(self.cap * _BAR))

    @property
    def text_y(self) -> int:
        """Top of the capitals below the bar."""
        return self.bar_y + self.bar_h + round(self.cap * _GAP * 1.3)

    @property
    def height(self) -> int:
        """Height of the whole."""
        return self.text_y + self.cap + round(self.cap * _PAD)

    def x_of(self, time_s: float, position: Position) -> int:
        """Return where a media time is drawn."""
        share = (time_s - position.start_s) / max(position.end_s - position.start_s, 1e-6)
        return self.left + round(min(max(share, 0.0), 1.0) * (self.inner - 1))

    def time_at(self, x: float, position: Position) -> float:
        """Return the media time that is drawn at `x`, the nearest end's beside the timeline."""
        share = min(max((x - self.left) / max(self.inner - 1, 1), 0.0), 1.0)
        return position.start_s + share * (position.end_s - position.start_s)


class TimelinePainter:
    """Draws a timeline again and again; its lanes only when something in them has changed."""

    def __init__(self) -> None:
        self._key: object = None
        self._lanes: ImageArray = np.zeros((1, 1, 3), np.uint8)

    def paint(self, bands: LiveTimeline, position: Position, layout: StripLayout) -> ImageArray:
        """Return `(layout.height, layout.width, 3) uint8` BGR: lanes, bar, the present place, times."""
        key = (bands.version, position.start_s, position.end_s, layout)
        if key != self._key:
            self._key = key
            view = bands.view(position.start_s, position.end_s, layout.inner)
            self._lanes = lanes_picture(view, layout.lanes_h, layout.cap)
        strip = np.empty((layout.height, layout.width, 3), np.uint8)
        strip[:] = PANEL
        strip[layout.lanes_y : layout.lanes_y + layout.lanes_h, layout.left : layout.left + layout.inner] = self._lanes
        _draw_bar(strip, position, layout)
        _draw_texts(strip, position, layout)
        return strip


def lanes_picture(view: TimelineView, height_px: int, cap_px: int) -> ImageArray:
    """Return the lanes of `view` one above the other; a pure function.

    Args:
        view: one column per pixel.
        height_px: `int`, of all lanes together.
        cap_px: `int`, height of the labels' capitals.

    Returns:
        `(height_px, C, 3) uint8` BGR.
    """
    count, columns = view.labels.shape
    picture = np.empty((height_px, columns, 3), np.uint8)
    picture[:] = PANEL
    gap = 0 if count == 1 else max(1, cap_px // 4)
    edges = np.linspace(0, height_px + gap, count + 1).round().astype(int)
    for lane in range(count):
        _draw_lane(picture[edges[lane] : edges[lane + 1] - gap], view, lane, cap_px)
    return picture


def _draw_lane(area: ImageArray, view: TimelineView, lane: int, cap_px: int) -> None:
    ground = np.where(view.analysed[:, None], np.array(_NOBODY, np.uint8), np.array(_EMPTY, np.uint8))
    area[:] = ground
    height = area.shape[0]
    band_h = height
    if height >= _STACK_FROM * cap_px:
        band_h = round(_BAND_WITH_STACK * cap_px)
        _draw_stack(area[: height - band_h - 1], view, lane)
    band = area[height - band_h :]
    _draw_band(band, view.labels[lane])
    if band_h >= _LETTERED_FROM * cap_px:
        _letter(band, view, lane, cap_px)


def _draw_stack(area: ImageArray, view: TimelineView, lane: int) -> None:
    height = area.shape[0]
    tops = np.cumsum(view.shares[lane][:, _STACK_ROWS], axis=1).T
    shares = (np.arange(height, 0, -1) - 0.5) / height
    which = (shares[:, None, None] >= tops[None]).sum(axis=1)
    colours = _STACK_COLOURS[which]
    doubtful = view.labels[lane] == LABELS.index(UNCERTAIN)
    dimmed = colours[:, doubtful] * _UNCERTAIN_DIM + np.array(_NOBODY) * (1 - _UNCERTAIN_DIM)
    colours[:, doubtful] = dimmed.astype(np.uint8)
    face = view.labels[lane] != NO_FACE
    area[:, face] = colours[:, face]


def _draw_band(band: ImageArray, labels: npt.NDArray[np.int64]) -> None:
    face = labels != NO_FACE
    band[:, face] = _LABEL_COLOURS[labels[face]]
    # Hatching distinguishes "uncertain" without relying on color.
    y, x = np.ogrid[: band.shape[0], : band.shape[1]]
    stripes = ((x + y) % _HATCH_PX < _HATCH_PX // 3) & (labels == LABELS.index(UNCERTAIN))
    band[stripes] = FAINT


def _spans(view: TimelineView, lane: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield first column, column after the last, label and track of stretches that show the same."""
    pairs = enumerate(zip(view.labels[lane].tolist(), view.tracks[lane].tolist(), strict=True))
    for (label, track), group in itertools.groupby(pairs, key=lambda pair: pair[1]):
        columns = [column for column, _ in group]
        if label != NO_FACE:
            yield columns[0], columns[-1] + 1, label, track


def _letter(band: ImageArray, view: TimelineView, lane: int, cap_px: int) -> None:
    last_track = 0
    for left, right, label, track in _spans(view, lane):
        name = LABELS[label]
        texts = [f"person {track} {name}", f"person {track}"] if track != last_track else [name]
        last_track = track
        room = right - left - cap_px
        text = next((text for text in texts if text_width_px(text, cap_px) <= room), "")
        if text:
            x, y = left + cap_px // 2, (band.shape[0] - cap_px) // 2
            if name == UNCERTAIN:
                cv2.rectangle(band, (x - 2, 0), (x + text_width_px(text, cap_px) + 1, band.shape[0] - 1), GREY, -1)
            write(band, text, x, y, cap_px, OUTLINE)


def _draw_bar(strip: ImageArray, position: Position, layout: StripLayout) -> None:
    top, bottom = layout.bar_y, layout.bar_y + layout.bar_h - 1
    right = layout.left + layout.inner - 1
    cv2.rectangle(strip, (layout.left, top), (right, bottom), FAINT, -1)
    if position.live:
        return
    x = layout.x_of(position.now_s, position)
    cv2.rectangle(strip, (layout.left, top), (x, bottom), DIM_INK, -1)
    thick = max(1, layout.cap // 6)
    cv2.line(strip, (x, layout.lanes_y), (x, bottom), OUTLINE, thick + 2)
    cv2.line(strip, (x, layout.lanes_y), (x, bottom), INK, thick)
    cv2.circle(strip, (x, (top + bottom) // 2), layout.bar_h, INK, -1, cv2.LINE_AA)


def _draw_texts(strip: ImageArray, position: Position, layout: StripLayout) -> None:
    y, cap = layout.text_y, layout.cap
    if position.live:
        write(strip, f"last {position.end_s - position.start_s:.0f} s", layout.left, y, cap, DIM_INK)
        write_right(strip, "now", layout.left + layout.inner, y, cap, DIM_INK)
        return
    at = write(strip, time_text(position.now_s), layout.left, y, cap, INK)
    at = write(strip, f" / {time_text(position.end_s)}", at, y, cap, DIM_INK)
    if position.speed != 1:
        at = write(strip, f"{position.speed:g}x", at + cap, y, cap, INK)
    if at + text_width_px(position.hint, cap) + 2 * cap < layout.left + layout.inner:
        write_right(strip, position.hint, layout.left + layout.inner, y, cap, DIM_INK)


def time_text(seconds: float) -> str:
    """Return a media time as "0:07.3", "12:07" or "1:02:03"; tenths only where they say something."""
    shown_s = round(max(seconds, 0.0) * 10) / 10
    return format_clock(shown_s, 0.1 if shown_s < _TENTHS_BELOW_S else 1.0)
