"""Raw detections and expert outputs of every frame of a clip, before tracking and smoothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realtime.capture.video_file import FileSource
from realtime.core.config import PipelineConfig
from realtime.core.types import Emotions, Faces, Frame, ImageArray
from realtime.inference.classifier import RegionClassifier
from realtime.landmarks.landmark_finder import LandmarkFinder

SUFFIXES = (".mp4", ".mov", ".mkv")
_BATCH = 8
_THUMB_WH = (32, 18)


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """One frame as the pipeline yields it, with a thumbnail in place of the picture.

    Attributes:
        time_s: `float`, media time.
        thumb_bgr: `(h, w, 3) uint8`, the samples in which the tracker looks for cuts.
        faces: without track ids.
        emotions: of this frame alone.
    """

    time_s: float
    thumb_bgr: ImageArray
    faces: Faces
    emotions: Emotions


def watch(clip: Path, config: PipelineConfig) -> list[Watched]:
    """Run detector and experts over a clip. Raises EmotionLiveError."""
    source, finder, classifier = FileSource(str(clip)), LandmarkFinder(config.max_faces), RegionClassifier(config)
    seen: list[Watched] = []
    try:
        source.open()
        batch: list[tuple[Frame, Faces]] = []
        while (frame := source.read()) is not None:
            batch.append((frame, finder.find(frame)))
            if len(batch) == _BATCH:
                seen += _classified(classifier, batch)
                batch.clear()
        return seen + _classified(classifier, batch)
    finally:
        source.close()
        finder.close()
        classifier.close()


def _classified(classifier: RegionClassifier, batch: list[tuple[Frame, Faces]]) -> list[Watched]:
    said = classifier.classify(batch)
    return [
        Watched(frame.media_time_s, thumbnail(frame.image_bgr), faces, emotions)
        for (frame, faces), emotions in zip(batch, said, strict=True)
    ]


def thumbnail(image_bgr: ImageArray) -> ImageArray:
    """Return the samples that the tracker takes of a picture; of the result it takes every one."""
    height, width = image_bgr.shape[:2]
    step_y, step_x = max(1, height // _THUMB_WH[1]), max(1, width // _THUMB_WH[0])
    return np.ascontiguousarray(image_bgr[step_y // 2 :: step_y, step_x // 2 :: step_x])
