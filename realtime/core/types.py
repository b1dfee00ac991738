"""Immutable value types of the pipeline: struct-of-arrays whose shapes and dtypes are checked on construction."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.manifest import EMOTIONS
from models.region_registry import DEFAULT_REGIONS
from realtime.core.face_emotion import FaceEmotion

UNCERTAIN = "uncertain"
NOT_YET = "not measured yet"
"""Reason of "uncertain" for a face that the classifier, which is busy, has not answered yet."""

FloatArray = npt.NDArray[np.float32]
ImageArray = npt.NDArray[np.uint8]
IntArray = npt.NDArray[np.int64]


def _require(name: str, array: npt.NDArray[np.generic], shape: tuple[int | None, ...], dtype: type[np.generic]) -> None:
    """Raise ValueError unless `array` has `dtype` and a `shape` in which `None` matches any length."""
    fits = array.ndim == len(shape) and all(want in (None, got) for want, got in zip(shape, array.shape, strict=False))
    if not fits or array.dtype != dtype:
        wanted = "(" + ", ".join("*" if n is None else str(n) for n in shape) + ")"
        raise ValueError(f"{name} must be {wanted} {dtype.__name__}; received {array.shape} {array.dtype}")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of the source.

    Attributes:
        image_bgr: `(H, W, 3) uint8`, upright, in OpenCV's channel order.
        index: `int`, the frame's number in the source, from 0; dropped frames leave gaps, and after a seek it is
            computed from the average rate.
        media_time_s: `float`, position in the source's own time, in seconds from its first frame.
        captured_at_s: `float`, monotonic clock when the frame was delivered, in seconds.
        epoch: `int`, number of seeks before this frame; nothing is tracked from one epoch to the next.
    """

    image_bgr: ImageArray
    index: int
    media_time_s: float
    captured_at_s: float
    epoch: int = 0

    def __post_init__(self) -> None:
        _require("image_bgr", self.image_bgr, (None, None, 3), np.uint8)

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image_bgr.shape[1], self.image_bgr.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The faces of one frame, from left to right once they are tracked; no face (N = 0) is ordinary.

    Attributes:
        boxes_xyxy: `(N, 4) float32` pixels, the landmarks' bounding boxes, possibly past the frame's edge.
        landmarks_xy: `(N, L, 2) float32` pixels, MediaPipe face mesh order (L = 468).
        head_pose_deg: `(N, 3) float32` yaw, pitch, roll in degrees; 0 looks into the camera, yaw > 0 turns to the
            picture's right, pitch > 0 looks up, roll > 0 leans clockwise as seen in the picture.
        track_ids: `(N,) int64`, one stable number per person and run, from 1; 0 before tracking.
    """

    boxes_xyxy: FloatArray
    landmarks_xy: FloatArray
    head_pose_deg: FloatArray
    track_ids: IntArray

    def __post_init__(self) -> None:
        count = len(self.boxes_xyxy)
        _require("boxes_xyxy", self.boxes_xyxy, (count, 4), np.float32)
        _require("landmarks_xy", self.landmarks_xy, (count, None, 2), np.float32)
        _require("head_pose_deg", self.head_pose_deg, (count, 3), np.float32)
        _require("track_ids", self.track_ids, (count,), np.int64)

    def __len__(self) -> int:
        return len(self.boxes_xyxy)

    @staticmethod
    def empty(landmark_count: int = 468) -> Faces:
        """Return the value for a frame without a face."""
        return Faces(
            boxes_xyxy=np.zeros((0, 4), np.float32),
            landmarks_xy=np.zeros((0, landmark_count, 2), np.float32),
            head_pose_deg=np.zeros((0, 3), np.float32),
            track_ids=np.zeros((0,), np.int64),
        )

    def with_track_ids(self, track_ids: IntArray) -> Faces:
        """Return the same faces under `track_ids`, `(N,) int64`."""
        return Faces(self.boxes_xyxy, self.landmarks_xy, self.head_pose_deg, track_ids)

    def at(self, rows: IntArray) -> Faces:
        """Return some of the faces, or all in another order: `rows`, `(M,) int64`."""
        return Faces(self.boxes_xyxy[rows], self.landmarks_xy[rows], self.head_pose_deg[rows], self.track_ids[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Emotions:
    """What the faces of one frame show; rows are in the order of that frame's `Faces`.

    Attributes:
        probabilities: `(N, K) float32`, fused, each row sums to 1; smoothed over time once `LabelSmoother` has seen
            it. K runs over `models.manifest.EMOTIONS`.
        by_region: `(N, R, K) float32`, each expert's own distribution; R in the order of `regions`.
        reliability: `(N, R) float32` in [0, 1], how far each region of this face could be trusted in this frame.
        labels: `(N,)` tuple of `str`, an emotion or "uncertain".
        raw: `(N, K) float32`, fused, this frame alone; equals `probabilities` before smoothing.
        reasons: `(N,)` tuple of `str`, why a label is "uncertain" ("" where it is not): "turned", "small",
            "blurred", "hidden", "no clear expression" or "not measured yet".
        age_s: `(N,) float32`, staleness in seconds of media time: how much earlier than this frame the row was
            measured. 0 on this frame, more where an answer is carried forward because the classifier was busy,
            infinite where there has been none. All 0 if it is not given.
        regions: `(R,)` tuple of `str`, the experts' regions in the manifest's order; the shipped experts' if not given.
    """

    probabilities: FloatArray
    by_region: FloatArray
    reliability: FloatArray
    labels: tuple[str, ...]
    raw: FloatArray
    reasons: tuple[str, ...]
    age_s: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    regions: tuple[str, ...] = DEFAULT_REGIONS

    def __post_init__(self) -> None:
        count, kinds = len(self.labels), len(EMOTIONS)
        if not len(self.age_s):
            object.__setattr__(self, "age_s", np.zeros(count, np.float32))
        _require("age_s", self.age_s, (count,), np.float32)
        _require("probabilities", self.probabilities, (count, kinds), np.float32)
        _require("by_region", self.by_region, (count, len(self.regions), kinds), np.float32)
        _require("reliability", self.reliability, (count, len(self.regions)), np.float32)
        _require("raw", self.raw, (count, kinds), np.float32)
        if len(self.reasons) != count:
            raise ValueError(f"reasons must have one entry per label ({count}); received {len(self.reasons)}")
        unknown = set(self.labels) - {*EMOTIONS, UNCERTAIN}
        if unknown:
            raise ValueError(f"labels must be of {(*EMOTIONS, UNCERTAIN)}; received {sorted(unknown)}")

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, rows: IntArray) -> Emotions:
        """Return the rows of some of the faces, `(M,) int64`."""
        return Emotions(
            probabilities=self.probabilities[rows],
            by_region=self.by_region[rows],
            reliability=self.reliability[rows],
            labels=tuple(self.labels[row] for row in rows.tolist()),
            raw=self.raw[rows],
            reasons=tuple(self.reasons[row] for row in rows.tolist()),
            age_s=self.age_s[rows],
            regions=self.regions,
        )

    @property
    def measured(self) -> bool:
        """Whether every row is of this very frame; also where there is no face."""
        return not self.age_s.any()

    @staticmethod
    def not_yet(count: int, regions: tuple[str, ...] = DEFAULT_REGIONS) -> Emotions:
        """Return the value for `count` faces of which nothing is known, with experts for `regions`."""
        even = np.full((count, len(EMOTIONS)), 1 / len(EMOTIONS), np.float32)
        return Emotions(
            probabilities=even,
            by_region=np.repeat(even[:, None], len(regions), axis=1),
            reliability=np.zeros((count, len(regions)), np.float32),
            labels=(UNCERTAIN,) * count,
            raw=even,
            reasons=(NOT_YET,) * count,
            age_s=np.full(count, np.inf, np.float32),
            regions=regions,
        )

    def confidence(self, row: int) -> float:
        """Return how probable the shown label of one face is; where it is "uncertain", the likeliest emotion.

        A label is always the likeliest emotion, with at least the probability below which it would be "uncertain":
        docs/steadiness.md, "What the number means".
        """
        label, shares = self.labels[row], self.probabilities[row]
        return float(shares.max() if label == UNCERTAIN else shares[EMOTIONS.index(label)])


@dataclass(frozen=True, slots=True, eq=False)
class LateAnswer:
    """The classifier's answer to a frame that was shown before the answer was ready.

    Attributes:
        frame_index: `int`, that frame's.
        media_time_s: `float`, likewise.
        faces: its faces.
        emotions: one row per face, measured on that frame.
    """

    frame_index: int
    media_time_s: float
    faces: Faces
    emotions: Emotions


@dataclass(frozen=True, slots=True, eq=False)
class Analysed:
    """One frame with its faces and emotions: what the pipeline yields and every sink receives.

    Attributes:
        frame: the picture, unchanged.
        faces: its faces.
        emotions: one row per face.
        late: answers of earlier frames that have come since the frame before this one, in order of time.
        answer_follows: `bool`, whether this frame's own answer is still to come, as a later frame's `late`.
    """

    frame: Frame
    faces: Faces
    emotions: Emotions
    late: tuple[LateAnswer, ...] = ()
    answer_follows: bool = False

    def __post_init__(self) -> None:
        if len(self.faces) != len(self.emotions):
            raise ValueError(f"faces and emotions must agree; received {len(self.faces)} and {len(self.emotions)}")

    @property
    def image_bgr(self) -> ImageArray:
        """The picture, `(H, W, 3) uint8`."""
        return self.frame.image_bgr

    @property
    def media_time_s(self) -> float:
        """Position in the source, in seconds from its first frame."""
        return self.frame.media_time_s

    @property
    def people(self) -> list[FaceEmotion]:
        """One plain value per face, in the order of `faces`."""
        return [self._person(row) for row in range(len(self.faces))]

    def _person(self, row: int) -> FaceEmotion:
        faces, said = self.faces, self.emotions
        left, top, right, bottom = faces.boxes_xyxy[row].tolist()
        yaw, pitch, roll = faces.head_pose_deg[row].tolist()
        return FaceEmotion(
            track_id=int(faces.track_ids[row]),
            box_xyxy=(left, top, right, bottom),
            label=said.labels[row],
            confidence=said.confidence(row),
            probabilities=dict(zip(EMOTIONS, said.probabilities[row].tolist(), strict=True)),
            reliability=dict(zip(said.regions, said.reliability[row].tolist(), strict=True)),
            by_region={
                region: dict(zip(EMOTIONS, shares, strict=True))
                for region, shares in zip(said.regions, said.by_region[row].tolist(), strict=True)
            },
            head_pose_deg=(yaw, pitch, roll),
            reason=said.reasons[row],
            age_s=float(said.age_s[row]),
        )
