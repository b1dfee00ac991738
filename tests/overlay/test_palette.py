"""Emotions are told apart by everybody: the colours under the three kinds of colour blindness."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from models.manifest import EMOTIONS
from realtime.overlay.palette import EMOTION_COLOURS_BGR, STACK_ORDER
from realtime.reports.plots.shapes import fill

# What is left of linear RGB without one kind of cone (Machado, Oliveira and Fernandes, 2009, severity 1).
SIGHT = {
    "every cone": np.eye(3),
    "no red cone": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green cone": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "no blue cone": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour_bgr: tuple[int, int, int]) -> np.ndarray:
    share = np.array(colour_bgr[::-1]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    x, y, z = np.cbrt(TO_XYZ @ np.clip(rgb, 1e-4, 1) / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def difference(a: str, b: str, sight: np.ndarray) -> float:
    return float(np.linalg.norm(np.subtract(*(lab(sight @ linear(EMOTION_COLOURS_BGR[name])) for name in (a, b)))))


@pytest.mark.parametrize("kind", SIGHT)
def test_no_two_emotions_look_alike(kind: str) -> None:
    for a, b in itertools.combinations(EMOTIONS, 2):
        assert difference(a, b, SIGHT[kind]) > 15, (a, b)


@pytest.mark.parametrize("kind", SIGHT)
def test_neighbours_in_a_stack_differ_clearly(kind: str) -> None:
    assert set(STACK_ORDER) == set(EMOTIONS)
    for a, b in itertools.pairwise(STACK_ORDER):
        assert difference(a, b, SIGHT[kind]) > 25, (a, b)


def test_black_letters_can_be_read_on_every_colour_and_uncertain_is_a_pattern() -> None:
    for emotion in EMOTIONS:
        luminance = float(TO_XYZ[1] @ linear(EMOTION_COLOURS_BGR[emotion]))
        assert (luminance + 0.05) / (0.0056 + 0.05) > 4.5, emotion
    assert fill("uncertain") == "url(#hatch)"
