"""Metrics of label stability: flips per minute, switching lag, share of "uncertain"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from benchmarks.steadiness.filters import Labeller
from benchmarks.steadiness.simulated_people import FloatsArray, Person
from benchmarks.steadiness.streams import Watched
from models.manifest import EMOTIONS
from models.region_registry import DEFAULT_REGIONS, region_named
from realtime.core.config import SmoothingConfig
from realtime.core.types import UNCERTAIN, Emotions, Faces, FloatArray, IntArray
from realtime.inference.reliability import region_quality
from realtime.landmarks.person_tracker import PersonTracker
from realtime.smoothing.label_smoother import LabelSmoother
from realtime.smoothing.offline import smooth_offline

TURNED_DEG = 45.0
_TURN_PERIODS_S = (1.5, 3.0, 6.0)
_TURN_YAW_DEG = 70.0


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One person of a clip: times `(T,)`, fused answers `(T, 6)`, best region's reliability `(T,)`."""

    times_s: FloatsArray
    raw: FloatArray
    trust: FloatArray

    @property
    def seconds(self) -> float:
        """From the first sighting to the last."""
        return float(self.times_s[-1] - self.times_s[0])


def tracked(seen: Sequence[Watched]) -> list[Faces]:
    """Return each frame's faces with their ids."""
    tracker = PersonTracker()
    return [tracker.update(one.faces, one.time_s, one.thumb_bgr) for one in seen]


def tracks_of(seen: Sequence[Watched]) -> list[Track]:
    """Return the people of a clip."""
    rows: dict[int, list[tuple[float, FloatArray, float]]] = {}
    for one, faces in zip(seen, tracked(seen), strict=True):
        for row, track in enumerate(faces.track_ids.tolist()):
            trust = float(one.emotions.reliability[row].max())
            rows.setdefault(track, []).append((one.time_s, one.emotions.raw[row], trust))
    return [
        Track(
            np.array([time_s for time_s, _, _ in seen_rows]),
            np.stack([raw for _, raw, _ in seen_rows]),
            np.array([trust for _, _, trust in seen_rows], np.float32),
        )
        for seen_rows in rows.values()
    ]


def flips(labels: IntArray) -> int:
    """Return how often the label changes; "uncertain" is one of them."""
    return int((labels[1:] != labels[:-1]).sum())


def clip_figures(seen: Sequence[Watched], config: SmoothingConfig, *, both_ways: bool = False) -> dict[str, float]:
    """Return what the program shows on one clip, as it would run live or with `--smooth offline`."""
    faces = tracked(seen)
    said = _smoothed(seen, faces, config, both_ways)
    shown: dict[int, list[str]] = {}
    turned = turned_shown = 0
    for known, emotions in zip(faces, said, strict=True):
        for track, label, pose in zip(known.track_ids.tolist(), emotions.labels, known.head_pose_deg, strict=True):
            shown.setdefault(track, []).append(label)
            is_turned = float(np.abs(pose[:2]).max()) > TURNED_DEG
            turned += is_turned
            turned_shown += is_turned and label != UNCERTAIN
    people = tracks_of(seen)
    minutes = max(sum(track.seconds for track in people) / 60, 1e-9)
    rows = sum(len(labels) for labels in shown.values())
    count = sum(sum(a != b for a, b in pairwise(labels)) for labels in shown.values())
    raw_count = sum(flips(track.raw.argmax(axis=1)) for track in people)
    return {
        "flips": count,
        "raw_flips": raw_count,
        "face_seconds": round(60 * minutes, 2),
        "flips_per_minute": round(count / minutes, 2),
        "raw_flips_per_minute": round(raw_count / minutes, 2),
        "tracks": len(shown),
        "uncertain_share": round(sum(labels.count(UNCERTAIN) for labels in shown.values()) / max(rows, 1), 4),
        "frames_turned": int(turned),
        "frames_turned_labelled": int(turned_shown),
    }


def _smoothed(seen: Sequence[Watched], faces: list[Faces], config: SmoothingConfig, both_ways: bool) -> list[Emotions]:
    if both_ways:
        ids, raw = [known.track_ids for known in faces], [one.emotions for one in seen]
        return smooth_offline([one.time_s for one in seen], ids, raw, config)
    smooth = LabelSmoother(config)
    return [smooth.update(known, one.emotions, one.time_s) for known, one in zip(faces, seen, strict=True)]


def switch_figures(people: Sequence[Person], label: Labeller) -> dict[str, float]:
    """Return the time to show a new expression, and the flips beyond those of the truth.

    The time runs from the true moment of change, which lies anywhere between two frames, to the first frame with the
    new label; an expression that is never shown counts as infinitely late.
    """
    late_ms: list[float] = []
    extra = 0
    for person in people:
        labels = label(person.times_s, person.raw, np.ones(len(person.times_s), np.float32))
        extra += flips(labels) - len(person.changes_s)
        ends_s = [*person.changes_s[1:].tolist(), np.inf]
        for start_s, end_s, emotion in zip(person.changes_s.tolist(), ends_s, person.truth[1:], strict=True):
            hits = person.times_s[(person.times_s >= start_s) & (person.times_s < end_s) & (labels == emotion)]
            late_ms.append(float(hits[0] - start_s) * 1000 if len(hits) else np.inf)
    minutes = sum(float(person.times_s[-1] - person.times_s[0]) for person in people) / 60
    return {
        "p50": _percentile(late_ms, 50),
        "p95": _percentile(late_ms, 95),
        "never_shown": round(float(np.isinf(late_ms).mean()), 4),
        "flips_per_minute": round(max(0, extra) / minutes, 2),
    }


def both_ways_figures(people: Sequence[Person], label: Labeller) -> dict[str, float]:
    """Return how far from the true moments the labels change where the future is known, either way, and extra flips."""
    off_ms: list[float] = []
    extra, seconds = 0, 0.0
    for person in people:
        labels = label(person.times_s, person.raw, np.ones(len(person.times_s), np.float32))
        extra += flips(labels) - len(person.changes_s)
        seconds += float(person.times_s[-1])
        for at_s, emotion in zip(person.changes_s, person.truth[1:], strict=True):
            starts_s = person.times_s[1:][(labels[1:] == emotion) & (labels[:-1] != emotion)]
            off_ms.append(float(starts_s[np.abs(starts_s - at_s).argmin()] - at_s) * 1000 if len(starts_s) else np.inf)
    return {
        "median_ms": _percentile(off_ms, 50),
        "p95_abs_ms": _percentile(np.abs(off_ms).tolist(), 95),
        "flips_per_minute": round(extra / seconds * 60, 2),
    }


def brief_figures(label: Labeller) -> dict[str, float]:
    """Return how long after its end a brief expression is still shown, in ms, by its length: the cost of stability."""
    found = {}
    times_s = np.arange(0, 8, 1 / 30)
    for length_s in (0.5, 1.0, 2.0):
        raw = np.full((len(times_s), len(EMOTIONS)), 0.02, np.float32)
        shown = np.where((times_s >= 2) & (times_s < 2 + length_s), 0, 4)
        raw[np.arange(len(times_s)), shown] = 0.9
        labels = label(times_s, raw, np.ones(len(times_s), np.float32))
        found[f"{length_s:g} s"] = round(1000 * float(times_s[np.flatnonzero(labels == 0)[-1]] - 2 - length_s))
    return found


def turning_figures(track: Track, faces: Faces, config: SmoothingConfig) -> dict[str, float]:
    """Let the head of a real person swing and return the share of frames turned over 45 degrees that have a label.

    Args:
        track: a person who looks into the camera; their answers are taken over.
        faces: one of their frames.
        config: of the smoothing.
    """
    shown = turned = 0
    for period_s in _TURN_PERIODS_S:
        smooth = LabelSmoother(config)
        for time_s, raw in zip(track.times_s.tolist(), track.raw, strict=True):
            yaw = _TURN_YAW_DEG * np.sin(2 * np.pi * (time_s - track.times_s[0]) / period_s)
            trust = _reliability(faces, float(yaw))
            turn = Faces(faces.boxes_xyxy, faces.landmarks_xy, faces.head_pose_deg, np.ones(1, np.int64))
            both = np.full((1, len(DEFAULT_REGIONS)), trust, np.float32)
            each = np.repeat(raw[None, None], len(DEFAULT_REGIONS), axis=1)
            said = Emotions(raw[None], each, both, (UNCERTAIN,), raw[None], ("turned",))
            label = smooth.update(turn, said, time_s).labels[0]
            turned += abs(yaw) > TURNED_DEG
            shown += abs(yaw) > TURNED_DEG and label != UNCERTAIN
    return {"frames_turned": int(turned), "labelled_share": round(float(shown / max(turned, 1)), 4)}


def _reliability(faces: Faces, yaw_deg: float) -> float:
    """Return the reliability of a face that is turned but otherwise clear."""
    pose = np.array([[yaw_deg, 0, 0]], np.float32)
    posed = Faces(faces.boxes_xyxy[:1], faces.landmarks_xy[:1], pose, np.ones(1, np.int64))
    geometry = region_named(DEFAULT_REGIONS[0]).geometry
    width, height = geometry.size_wh
    crop = np.random.default_rng(0).integers(0, 256, (height, width, 1)).astype(np.uint8)
    return float(region_quality(posed, 0, crop, geometry, (1 << 14, 1 << 14)).prod())


def _percentile(values: list[float], share: float) -> float:
    return round(float(np.percentile(values, share, method="higher")), 1)
