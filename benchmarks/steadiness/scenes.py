"""Synthetic scenes with known identities, composed of real clips: two people crossing, one leaving and returning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from realtime.capture.video_file import FileSource
from realtime.core.types import Frame, ImageArray
from realtime.landmarks.landmark_finder import LandmarkFinder
from realtime.landmarks.person_tracker import TrackingFinder

_PICTURE_WH = (960, 540)
_PERSON_PX = 300
_FPS = 30.0
_FRAMES = 120
_Place = Callable[[float], tuple[int, int]]


def crossing(clips: tuple[Path, Path], frames: int = _FRAMES) -> dict[str, int]:
    """Let two people cross, the first one in front.

    Returns:
        `sightings` of both, `ids` given to them, and `identity_changes`: how often either was seen under another id
        than the one before.
    """
    span = _PICTURE_WH[0] - _PERSON_PX
    top = (_PICTURE_WH[1] - _PERSON_PX) // 2

    def to_right(share: float) -> tuple[int, int]:
        return round(span * share), top - 40

    def to_left(share: float) -> tuple[int, int]:
        return round(span * (1 - share)), top + 40

    return _follow(clips, (to_right, to_left), frames)


def leaving(clip: Path, away_s: float = 1.5) -> dict[str, int]:
    """Let one person leave through the picture's edge and come back where they left, `away_s` later."""
    frames = _FRAMES
    out = 0.3
    back = out + away_s * _FPS / frames

    def place(share: float) -> tuple[int, int]:
        gone = np.interp(share, (0.0, out - 0.1, out, back, back + 0.1, 1.0), (0.0, 0.0, 1.0, 1.0, 0.0, 0.0))
        return round(120 - (120 + _PERSON_PX) * float(gone)), 120

    return _follow((clip,), (place,), frames)


def _follow(clips: tuple[Path, ...], places: tuple[_Place, ...], frames: int) -> dict[str, int]:
    finder = TrackingFinder(LandmarkFinder())
    people = [list(_people(clip, frames)) for clip in clips]
    last: dict[int, int] = {}
    ids: set[int] = set()
    sightings = changes = 0
    try:
        for number in range(frames):
            corners = [place(number / (frames - 1)) for place in places]
            picture = _background()
            # The first one is drawn last: in front.
            for person, corner in reversed(list(zip(people, corners, strict=True))):
                _paste(picture, person[number % len(person)], corner)
            faces = finder.find(Frame(picture, number, number / _FPS, 0.0))
            centres = (faces.boxes_xyxy[:, :2] + faces.boxes_xyxy[:, 2:]) / 2
            for track, centre in zip(faces.track_ids.tolist(), centres, strict=True):
                away = [float(np.linalg.norm(centre - np.add(corner, _PERSON_PX / 2))) for corner in corners]
                who = int(np.argmin(away))
                sightings += 1
                changes += last.get(who, track) != track
                last[who] = track
                ids.add(track)
    finally:
        finder.close()
    return {"sightings": sightings, "ids": len(ids), "identity_changes": changes}


def _people(clip: Path, frames: int) -> Iterator[ImageArray]:
    """Yield squares of a clip around its first face."""
    source, finder = FileSource(str(clip)), LandmarkFinder(1)
    try:
        source.open()
        box = None
        for _ in range(frames):
            frame = source.read()
            if frame is None:
                return
            if box is None and len(found := finder.find(frame)):
                box = found.boxes_xyxy[0]
            if box is not None:
                centre, half = (box[:2] + box[2:]) / 2, float((box[2:] - box[:2]).max()) * 0.8
                matrix = np.array([[1, 0, half - centre[0]], [0, 1, half - centre[1]]]) * (_PERSON_PX / (2 * half))
                square = cv2.warpAffine(
                    frame.image_bgr, matrix, (_PERSON_PX, _PERSON_PX), borderMode=cv2.BORDER_REFLECT
                )
                yield np.asarray(square, np.uint8)
    finally:
        source.close()
        finder.close()


def _background() -> ImageArray:
    width, height = _PICTURE_WH
    rows = np.linspace(60, 140, height, dtype=np.float32)[:, None, None]
    return np.asarray(np.broadcast_to(rows, (height, width, 3)), np.uint8).copy()


def _paste(picture: ImageArray, square: ImageArray, corner: tuple[int, int]) -> None:
    left, top = corner
    first, last = max(0, left), min(picture.shape[1], left + square.shape[1])
    if first < last:
        picture[top : top + square.shape[0], first:last] = square[:, first - left : last - left]
