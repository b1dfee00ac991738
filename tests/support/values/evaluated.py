"""A set of faces with known answers, for the evaluation's page."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.dataset.labels import LabelledFace, hard
from models.evaluate.face_sets import FaceSet, LookedAt
from models.evaluate.report.analysis import analyze
from models.evaluate.report.page import Section
from models.evaluate.shipped import Answers
from models.manifest import EMOTIONS, load_manifest
from models.region_registry import DEFAULT_REGIONS


def faces() -> list[LabelledFace]:
    """Ten sad and ten neutral faces."""
    return [hard(f"{n}.png", ("sadness", "neutral")[n % 2]) for n in range(20)]


def said(right: int, otherwise: str = "neutral") -> Answers:
    """Answers to `faces`: the first `right` are right, the last face is not found, the others are `otherwise`."""
    answers = Answers.none(20, DEFAULT_REGIONS)
    answers.detected[:19] = True
    for row, face in enumerate(faces()):
        answers.fused[row, EMOTIONS.index(face.label if row < right else otherwise)] = 1
    answers.by_region[:] = answers.fused[:, None]
    answers.reliability[:] = 1
    answers.eye_distance_px[:] = 20
    answers.yaw_deg[:] = np.where(np.arange(20) < 4, -35, 5)
    return answers


def section(name: str, groups: list[str] | None = None, otherwise: str = "neutral") -> Section:
    looked = LookedAt(faces(), said(10, otherwise), {"mouth": said(5)}, groups or [])
    place = FaceSet(name, Path(f"{name.replace('/', ':')}.csv"), Path("nowhere"))
    return Section(place, looked, analyze(looked, load_manifest().fusion))
