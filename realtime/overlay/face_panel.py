"""Panel beside a face, in three levels of detail: label, confidence, probability bars, experts."""

from __future__ import annotations

import enum
from functools import cached_property

import cv2
import numpy as np

from models.manifest import EMOTIONS
from models.region_registry import titles_of
from realtime.core.types import NOT_YET, ImageArray
from realtime.overlay.face_facts import FaceFacts, agreement, percent, verdict
from realtime.overlay.palette import DIM_INK, FAINT, GREY, INK, PANEL, Colour, emotion_colour
from realtime.overlay.text import TextLayer, copied, plate, text_layer, text_width_px, write, write_right

_PANEL_OPACITY = 0.82
_TRUST_STEPS = 4
_SHORT_REASONS = {"no clear expression": "unclear", NOT_YET: "waiting"}


class Level(enum.IntEnum):
    """Level of detail of a panel."""

    TAG = 0
    COMPACT = 1
    FULL = 2


class PanelPainter:
    """Draws face panels at one text size.

    Args:
        regions: names of the experts' regions, in the order of `by_region`.
        cap_px: `int`, height of a capital letter in pixels; every other size follows from it.

    Raises:
        ConfigError: a region is not registered.
    """

    def __init__(self, regions: tuple[str, ...], cap_px: int) -> None:
        self._regions, self._titles = regions, titles_of(regions)
        self._cap = cap_px
        self._head = round(cap_px * 1.3)
        self._pad = round(cap_px * 0.9)
        self._line = cap_px + max(4, round(cap_px * 0.75))
        self._stripe = max(2, round(cap_px * 0.35))
        self._title_px = max(text_width_px(title, cap_px) for title in self._titles)
        self._name_px = max(text_width_px(name, cap_px) for name in EMOTIONS)
        self._name_px = max(self._name_px, self._title_px + self._pad // 3 + _TRUST_STEPS * sum(self._meter_px))
        self._percent_px = text_width_px("100%", cap_px)
        self._left = self._stripe + self._pad

    @property
    def cap_px(self) -> int:
        """Height of a capital letter in pixels."""
        return self._cap

    def size_wh(self, level: Level) -> tuple[int, int]:
        """Return the size of a panel in pixels; it is the same for every face."""
        return self._grounds[level].size_wh

    def draw(self, picture_bgr: ImageArray, level: Level, x: int, y: int, facts: FaceFacts) -> None:
        """Draw the panel of one face in place with its top left corner at `(x, y)`."""
        ground = self._grounds[level]
        ground.paste(picture_bgr, x, y)
        width, height = ground.size_wh
        inset = self._stripe
        stripe = (x, y + inset), (x + self._stripe - 1, y + height - 1 - inset)
        cv2.rectangle(picture_bgr, *stripe, facts.colour, -1)
        self._draw_head(picture_bgr, level, x, y, facts)
        if level is Level.FULL:
            self._draw_bars(picture_bgr, x, y, facts)
            self._draw_experts(picture_bgr, x, y, facts)
        elif level is Level.COMPACT:
            self._draw_columns(picture_bgr, x, y, facts)
            self._draw_swatches(picture_bgr, x + width - self._pad, y, facts)

    @cached_property
    def _grounds(self) -> dict[Level, TextLayer]:
        return {level: self._ground(level) for level in Level}

    @property
    def _bar_x(self) -> int:
        return self._left + self._name_px + self._pad

    @property
    def _bar_px(self) -> int:
        # An expert's row has a square and a name where the others have a bar.
        row_px = self._cap + self._pad // 2 + self._name_px
        return max(row_px, self._longest_head_px - self._bar_x - self._percent_px - 2 * self._pad)

    @property
    def _bars_y(self) -> int:
        return self._pad + self._head + self._line + self._pad

    @property
    def _experts_y(self) -> int:
        return self._bars_y + len(EMOTIONS) * self._line + self._pad

    @property
    def _column_px(self) -> int:
        # High enough for one square per expert, too.
        count, gap = len(self._titles), max(2, round(self._cap * 0.4))
        return max(round(self._cap * 2.6), count * (self._cap + gap) - gap)

    @property
    def _column_wide_px(self) -> tuple[int, int]:
        """Width of a column and of the gap beside it."""
        return round(self._cap * 0.85), max(1, round(self._cap * 0.3))

    @property
    def _meter_px(self) -> tuple[int, int]:
        """Width of one step of the meter and of the gap beside it."""
        return max(2, round(self._cap * 0.3)), max(1, round(self._cap * 0.15))

    @property
    def _swatches_px(self) -> int:
        """Width of what each expert says in a compact panel, with the padding on its right."""
        meter_px = _TRUST_STEPS * sum(self._meter_px)
        return self._title_px + self._pad // 3 + meter_px + self._pad // 2 + self._cap + self._pad

    @property
    def _longest_head_px(self) -> int:
        """Width of the longest first line of a full panel."""
        said_px = text_width_px("happiness", self._head, bold=True) + text_width_px("100%", self._head, bold=True)
        return self._left + text_width_px("person 88", self._cap) + self._pad // 2 + said_px + 2 * self._pad

    @property
    def _verdict_px(self) -> int:
        """Width of the longest verdict that names the experts."""
        names = self._titles
        texts = [agreement(names[:count], names[count:]) for count in range(1, len(names) + 1)]
        return max(text_width_px(text, self._cap) for text in texts)

    def _ground(self, level: Level) -> TextLayer:
        """Return the plate of a panel with everything on it that is the same for all faces."""
        if level is not Level.FULL:
            head_px = self._head_px(level)
            width = self._left + self._pad + text_width_px("person 88", self._cap) + self._pad // 2
            width += text_width_px("happiness", head_px, bold=True) + self._pad + text_width_px("blurred", self._cap)
            height = 2 * self._pad + head_px
            if level is Level.COMPACT:
                width = max(width, self._left + len(EMOTIONS) * sum(self._column_wide_px) + self._swatches_px)
                height += self._pad + self._column_px
            return plate(width, height, self._stripe, PANEL, _PANEL_OPACITY)
        width = self._bar_x + self._bar_px + self._pad + self._percent_px + self._pad
        width = max(width, self._left + self._verdict_px + self._pad)
        height = self._experts_y + len(self._regions) * self._line - (self._line - self._cap) + self._pad
        ground = copied(plate(width, height, self._stripe, PANEL, _PANEL_OPACITY))
        for row, name in enumerate(EMOTIONS):
            ground.under(text_layer(name, self._cap, DIM_INK), self._left, self._bars_y + row * self._line)
        rule_y = self._experts_y - self._pad // 2 - (self._line - self._cap) // 2
        for picture, value in ((ground.keep, 0), (ground.add, FAINT[0])):
            picture[rule_y : rule_y + max(1, self._cap // 10), self._left : width - self._pad] = value
        return ground

    def _head_px(self, level: Level) -> int:
        return self._cap if level is Level.TAG else self._head

    def _draw_head(self, picture: ImageArray, level: Level, x: int, y: int, facts: FaceFacts) -> None:
        top, right = y + self._pad, x + self.size_wh(level)[0] - self._pad
        head_px = self._head_px(level)
        drop = head_px - self._cap
        at = write(picture, f"person {facts.track_id}", x + self._left, top + drop, self._cap, DIM_INK)
        ink = GREY if facts.faded else INK
        write(picture, facts.label, at + self._pad // 2, top, head_px, ink, bold=True)
        if facts.old and level is not Level.FULL and not facts.uncertain:
            write_right(picture, f"{facts.age_s:.1f} s", right, top + drop, self._cap, DIM_INK)
        elif not facts.uncertain:
            share = float(facts.probabilities[EMOTIONS.index(facts.label)])
            write_right(picture, percent(share), right, top, head_px, ink, bold=True)
        elif level is not Level.FULL:
            reason = _SHORT_REASONS.get(facts.reason, facts.reason)
            write_right(picture, reason, right, top + drop, self._cap, DIM_INK)
        if level is Level.FULL:
            said_y = top + self._head + (self._line - self._cap)
            write(picture, verdict(facts, self._regions), x + self._left, said_y, self._cap, DIM_INK)

    def _draw_bars(self, picture: ImageArray, x: int, y: int, facts: FaceFacts) -> None:
        left, right = x + self._bar_x, x + self._bar_x + self._bar_px + self._pad + self._percent_px
        for row, share in enumerate(facts.probabilities.tolist()):
            top = y + self._bars_y + row * self._line
            colour = GREY if facts.faded else emotion_colour(row)
            _bar(picture, (left, top, left + self._bar_px, top + self._cap), share, colour)
            write_right(picture, percent(share), right, top, self._cap, DIM_INK)

    def _draw_experts(self, picture: ImageArray, x: int, y: int, facts: FaceFacts) -> None:
        left, right = x + self._bar_x, x + self._bar_x + self._bar_px + self._pad + self._percent_px
        for row, name in enumerate(self._titles):
            top = y + self._experts_y + row * self._line
            index, share = facts.says(row)
            trust = _trust(facts, row)
            ink = _faded(GREY if facts.old else INK, trust)
            write(picture, name, x + self._left, top, self._cap, ink)
            self._draw_meter(picture, left - self._pad, top, trust)
            _square(picture, left, top, self._cap, _faded(GREY if facts.old else emotion_colour(index), trust))
            write(picture, EMOTIONS[index], left + self._cap + self._pad // 2, top, self._cap, ink)
            write_right(picture, percent(share), right, top, self._cap, ink)

    def _draw_meter(self, picture: ImageArray, right: int, top: int, trust: int) -> None:
        """Draw a region's reliability as rising steps that end at `right`."""
        step, gap = self._meter_px
        left = right - _TRUST_STEPS * (step + gap) + gap
        for place in range(_TRUST_STEPS):
            at, rise = left + place * (step + gap), round(self._cap * (place + 1) / _TRUST_STEPS)
            box = (at, top + self._cap - max(rise, 2)), (at + step - 1, top + self._cap - 1)
            cv2.rectangle(picture, *box, INK if place < trust else FAINT, -1)

    def _draw_columns(self, picture: ImageArray, x: int, y: int, facts: FaceFacts) -> None:
        width, gap = self._column_wide_px
        top = y + 2 * self._pad + self._head
        bottom = top + self._column_px
        for row, share in enumerate(facts.probabilities.tolist()):
            left = x + self._left + row * (width + gap)
            cv2.rectangle(picture, (left, top), (left + width - 1, bottom - 1), FAINT, -1)
            rise = round(self._column_px * share)
            if rise:
                colour = GREY if facts.faded else emotion_colour(row)
                cv2.rectangle(picture, (left, bottom - rise), (left + width - 1, bottom - 1), colour, -1)

    def _draw_swatches(self, picture: ImageArray, right: int, y: int, facts: FaceFacts) -> None:
        """Draw each expert's answer as a square in its emotion's color, darker where it is less reliable."""
        top = y + 2 * self._pad + self._head
        step = (self._column_px - self._cap) // max(len(self._regions) - 1, 1)
        for row, name in enumerate(self._titles):
            at, trust = top + row * step, _trust(facts, row)
            square_x = right - self._cap
            colour = GREY if facts.old else emotion_colour(facts.says(row)[0])
            _square(picture, square_x, at, self._cap, _faded(colour, trust))
            end = square_x - self._pad // 2
            meter_px = _TRUST_STEPS * sum(self._meter_px)
            self._draw_meter(picture, end, at, trust)
            write_right(picture, name, end - meter_px - self._pad // 3, at, self._cap, _faded(INK, trust))


def _trust(facts: FaceFacts, region: int) -> int:
    return round(float(np.clip(facts.reliability[region], 0.0, 1.0)) * _TRUST_STEPS)


def _faded(colour: Colour, trust: int) -> Colour:
    """Return `colour`, nearer to the panel's the less it can be trusted."""
    share = 0.45 + 0.55 * trust / _TRUST_STEPS
    blue, green, red = (round(ground + (value - ground) * share) for value, ground in zip(colour, PANEL, strict=True))
    return blue, green, red


def _bar(picture: ImageArray, box: tuple[int, int, int, int], share: float, colour: Colour) -> None:
    left, top, right, bottom = box
    inset = max(1, (bottom - top) // 6)
    cv2.rectangle(picture, (left, top + inset), (right - 1, bottom - inset - 1), FAINT, -1)
    filled = round((right - left) * share)
    if filled:
        cv2.rectangle(picture, (left, top + inset), (left + filled - 1, bottom - inset - 1), colour, -1)


def _square(picture: ImageArray, x: int, y: int, side_px: int, colour: Colour) -> None:
    cv2.rectangle(picture, (x, y), (x + side_px - 1, y + side_px - 1), colour, -1)
