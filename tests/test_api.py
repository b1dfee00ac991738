"""The public names: complete, cheap to import, documented by examples that run."""

from __future__ import annotations

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import realtime
from realtime.core.config import PipelineConfig
from realtime.core.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTED = ("realtime", "realtime.session.api", "realtime.session.analyser", "realtime.core.face_emotion")


def test_every_public_name_is_there_and_documented() -> None:
    assert set(realtime.__all__) <= set(dir(realtime))
    for name in realtime.__all__:
        value = getattr(realtime, name)
        assert value.__doc__, name
    with pytest.raises(AttributeError, match="it has VERSION"):
        realtime.analyse  # noqa: B018 - British spelling is the likeliest slip


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_examples_of_the_public_names_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted
    assert not result.failed


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, realtime; print(sorted({'cv2', 'mediapipe', 'numpy', 'onnxruntime', 'av'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_one_image_gives_its_faces_and_nothing_is_carried_to_the_next(portrait_bgr: np.ndarray) -> None:
    [person] = realtime.analyze(portrait_bgr)
    left, top, right, bottom = person.box_xyxy
    assert 0 < left < right < 512
    assert 0 < top < bottom < 512
    assert person.label == "happiness"
    assert person.confidence == person.probabilities["happiness"] > 0.5
    assert realtime.analyze(np.zeros_like(portrait_bgr)) == []
    assert realtime.analyze(portrait_bgr)[0].probabilities == person.probabilities


def test_several_faces_come_largest_first(portrait_bgr: np.ndarray) -> None:
    canvas = np.full((512, 1000, 3), 90, np.uint8)
    canvas[:384, :384] = cv2.resize(portrait_bgr, (384, 384), interpolation=cv2.INTER_AREA)
    canvas[:, 488:] = portrait_bgr
    people = realtime.analyze(canvas)
    widths = [person.box_xyxy[2] - person.box_xyxy[0] for person in people]
    assert len(people) == 2
    assert widths == sorted(widths, reverse=True)
    assert len(realtime.analyze(canvas, PipelineConfig(max_faces=1))) == 1


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8), "face.png", None]
)
def test_what_is_no_image_is_refused_in_one_line(image: object) -> None:
    with pytest.raises(ConfigError, match="an image must be"):
        realtime.analyze(image)  # type: ignore[arg-type]
