"""One color per emotion from Okabe and Ito's color-blind-safe palette, and grays."""

from __future__ import annotations

from collections.abc import Mapping

from models.manifest import EMOTIONS

Colour = tuple[int, int, int]
"""Blue, green, red, each 0 to 255."""

EMOTION_COLOURS_BGR: Mapping[str, Colour] = {
    "happiness": (66, 228, 240),  # yellow
    "sadness": (233, 180, 86),  # sky blue
    "fear": (167, 121, 204),  # reddish purple
    "anger": (0, 94, 213),  # vermilion
    "neutral": (115, 158, 0),  # bluish green
    "surprise": (0, 159, 230),  # orange
}
"""The color of each emotion wherever one is drawn."""

STACK_ORDER = ("neutral", "surprise", "sadness", "anger", "fear", "happiness")
"""The emotions bottom to top where they are stacked. No two neighbors look alike to the color-blind: orange never
meets vermilion, purple or yellow; purple never meets green."""

GREY: Colour = (160, 160, 160)
"""Stands for "uncertain"."""

INK: Colour = (240, 240, 240)
DIM_INK: Colour = (176, 176, 176)
FAINT: Colour = (74, 74, 74)
PANEL: Colour = (20, 18, 16)
OUTLINE: Colour = (16, 16, 16)
RECORDING_RED: Colour = (60, 60, 235)


def colour_of(label: str) -> Colour:
    """Return the color of an emotion, and `GREY` for any other label."""
    return EMOTION_COLOURS_BGR.get(label, GREY)


def hex_colour(colour_bgr: Colour) -> str:
    """Return a color as CSS, SVG and Tk write it: "#rrggbb"."""
    blue, green, red = colour_bgr
    return f"#{red:02x}{green:02x}{blue:02x}"


def emotion_colour(index: int) -> Colour:
    """Return the color of the emotion at `index` of `models.manifest.EMOTIONS`."""
    return EMOTION_COLOURS_BGR[EMOTIONS[index]]
