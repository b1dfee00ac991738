"""One face's emotion as plain values, for programs that embed the analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FaceEmotion:
    """What one face shows.

    Attributes:
        track_id: `int`, one stable number per person and run, from 1; 0 in a single image.
        box_xyxy: `(float, float, float, float)` left, top, right, bottom in pixels, possibly past the image's edge.
        label: `str`, "happiness", "sadness", "fear", "anger", "neutral", "surprise", or "uncertain".
        confidence: `float` in [0, 1], the largest of `probabilities`, which is that of the label where there is one.
        probabilities: emotion -> probability, all six, summing to 1; smoothed over time in a stream.
        reliability: region, in the manifest's order -> how far it could be trusted in this frame, 0 to 1.
        by_region: region, likewise -> emotion -> probability, what each expert said.
        head_pose_deg: `(float, float, float)` yaw, pitch, roll in degrees; see `Faces.head_pose_deg`.
        reason: `str`, why the label is "uncertain", "" where it is not.
        age_s: `float`, seconds of media time since this face was measured; 0 in images and files.

    Example:
        >>> import cv2, realtime
        >>> face = realtime.analyze(cv2.VideoCapture("demo/clip.mp4").read()[1])[0]
        >>> face.label, round(sum(face.probabilities.values()), 3), sorted(face.reliability)
        ('happiness', 1.0, ['eyes', 'lips'])
    """

    track_id: int
    box_xyxy: tuple[float, float, float, float]
    label: str
    confidence: float
    probabilities: Mapping[str, float]
    reliability: Mapping[str, float]
    by_region: Mapping[str, Mapping[str, float]]
    head_pose_deg: tuple[float, float, float]
    reason: str = ""
    age_s: float = 0.0
