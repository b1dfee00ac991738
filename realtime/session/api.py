"""The public API: emotions in one image, or in a stream of frames."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from realtime.capture.iterable_source import is_image_bgr
from realtime.capture.open_source import SourceLike
from realtime.core.config import PipelineConfig
from realtime.core.errors import ConfigError
from realtime.core.face_emotion import FaceEmotion
from realtime.core.options import AnalysisOptions
from realtime.core.types import Analysed, Frame, ImageArray
from realtime.provenance.run_builder import end_facts, run_facts_of
from realtime.session.analyser import Analyser


def run_facts(run: Analyser) -> dict[str, Any]:
    """Return all that can change a run's results, as in the metadata of its tables, for an embedding program's own.

    Args:
        run: entered; at its end the counts are complete.

    Returns:
        Source (name, rate, size, length, hash), options, models with hashes, versions, provider, frames, drops, and
        what was asked for meanwhile; in what JSON has. Without the source's folder.

    Raises:
        ConfigError: the source is not open.
    """
    return {**run_facts_of(run.info, run.delivery, run.options), **end_facts(run)}


def stream(source: SourceLike = 0, options: AnalysisOptions | None = None) -> Iterator[Analysed]:
    """Yield every analyzed frame of a source, in order; closing the iterator ends the run.

    To stop it from another thread, use `Analyser`.

    Args:
        source: camera number, file, stream's address, `FrameSource`, or an iterable of `(H, W, 3) uint8` BGR images or
            of `(image_bgr, media_time_s)`.
        options: how it is analyzed.

    Yields:
        `Analysed`: `image_bgr` `(H, W, 3) uint8`, `media_time_s` in seconds, and `people`, a list of `FaceEmotion`.

    Raises:
        ConfigError: the source is none of these.
        SourceOpenError: it cannot be opened.
        SourceReadError: it broke off; the frames before that were yielded.
        ModelError: the models cannot be read.

    Example:
        >>> import realtime
        >>> for frame in realtime.stream("demo/clip.mp4"):
        ...     print(f"{frame.media_time_s:.1f} s:", [person.label for person in frame.people])
        ...     break
        0.0 s: ['happiness']
    """
    with Analyser(source, options) as run:
        yield from run


def analyze(image_bgr: ImageArray, config: PipelineConfig | None = None) -> list[FaceEmotion]:
    """Return what each face of one image shows, the largest face first.

    The models are loaded at the first call, about a second, and kept; calls from several threads wait for each other.

    Args:
        image_bgr: `(H, W, 3) uint8` in OpenCV's channel order; not changed.
        config: faces at most, weights and provider.

    Returns:
        One `FaceEmotion` per face, not smoothed; an empty list where there is no face.

    Raises:
        ConfigError: it is no such image.
        ModelError: the models cannot be read.

    Example:
        >>> import numpy as np, realtime
        >>> realtime.analyze(np.zeros((240, 320, 3), np.uint8))
        []
    """
    if not is_image_bgr(image_bgr):
        plain = isinstance(image_bgr, np.ndarray)
        received = f"{image_bgr.shape} {image_bgr.dtype}" if plain else type(image_bgr).__name__
        raise ConfigError(
            f"an image must be (H, W, 3) uint8 in BGR order; received {received}: read it with cv2.imread"
        )
    with _lock:
        return _still_analyzer(config or PipelineConfig()).analyze(image_bgr)


class _StillAnalyzer:
    """Landmarks and experts for single images, loaded once."""

    def __init__(self, config: PipelineConfig) -> None:
        from realtime.inference.classifier import RegionClassifier
        from realtime.landmarks.landmark_finder import LandmarkFinder

        self._classifier = RegionClassifier(config)
        self._finder = LandmarkFinder(config.max_faces)
        self._count = 0

    def analyze(self, image_bgr: ImageArray) -> list[FaceEmotion]:
        # A new epoch each time: nothing is tracked from one image to the next.
        self._count += 1
        frame = Frame(image_bgr, self._count, 0.0, 0.0, epoch=self._count)
        faces = self._finder.find(frame)
        [emotions] = self._classifier.classify([(frame, faces)])
        people = Analysed(frame, faces, emotions).people
        return sorted(people, key=_area_px, reverse=True)

    def close(self) -> None:
        self._finder.close()
        self._classifier.close()


@dataclass(slots=True)
class _Kept:
    config: PipelineConfig | None = None
    analyzer: _StillAnalyzer | None = None


_lock = threading.Lock()
_kept = _Kept()


def _still_analyzer(config: PipelineConfig) -> _StillAnalyzer:
    """Return the analyzer for `config`; one is kept, since each holds its models."""
    if _kept.analyzer is None or _kept.config != config:
        if _kept.analyzer is not None:
            # Explicitly: a graph that is left to the garbage collector can block another one.
            _kept.analyzer.close()
        _kept.config, _kept.analyzer = config, None
        _kept.analyzer = _StillAnalyzer(config)
    return _kept.analyzer


def _area_px(person: FaceEmotion) -> float:
    left, top, right, bottom = person.box_xyxy
    return (right - left) * (bottom - top)
