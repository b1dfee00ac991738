"""Shapes of the report's plots, in SVG's units; `templates/plots.html` draws them."""

from __future__ import annotations

from dataclasses import dataclass

from realtime.core.types import UNCERTAIN
from realtime.overlay.palette import EMOTION_COLOURS_BGR, hex_colour
from realtime.timeline.time_format import format_clock

_LETTER_W = 7.2


def fill(label: str) -> str:
    """Return the SVG fill of a label: the emotion's color, or the hatching of "uncertain"."""
    return "url(#hatch)" if label == UNCERTAIN else hex_colour(EMOTION_COLOURS_BGR[label])


def clock(seconds: float, step_s: float = 1.0) -> str:
    """Return a time as "12.5 s" within the first minute, as exact as `step_s` asks for, then as a clock shows it."""
    if seconds < 60 and step_s < 60:
        number = f"{seconds:.1f}" if step_s < 1 or seconds % 1 else f"{seconds:.0f}"
        return f"{number}\N{NO-BREAK SPACE}s"
    return format_clock(round(seconds))


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle that stands for a label.

    Attributes:
        x: `float`, left edge.
        width: `float`.
        y: `int`, top edge.
        height: `int`.
        label: `str`, gives the color.
        title: `str`, shown where one points.
        captions: what may be written into it, line by line, the best first; the first that fits is `lines`.
        look: `str`, classes of `templates/report.css`.
    """

    x: float
    width: float
    y: int
    height: int
    label: str
    title: str
    captions: tuple[str, ...] = ()
    look: str = ""

    @property
    def lines(self) -> list[str]:
        """What is written into it, line by line; nothing where it is too narrow."""
        fits = (text for text in self.captions if _LETTER_W * _longest(text) + 8 <= self.width)
        return next(fits, "").splitlines()

    @property
    def middle_x(self) -> float:
        """Where the caption's middle is."""
        return self.x + self.width / 2

    @property
    def plate_width(self) -> float:
        """Width of the plain ground that the caption needs on hatching; 0 for none."""
        needed = self.lines and self.label == UNCERTAIN
        return _LETTER_W * _longest("\n".join(self.lines)) + 6 if needed else 0.0


def _longest(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)


@dataclass(frozen=True, slots=True)
class Area:
    """One emotion's share of a stack: `points` as SVG reads them, "x,y x,y"."""

    emotion: str
    points: str
    line_width: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis: `at` is where, `text` what is written there."""

    at: float
    text: str
