"""Builds the pipeline of landmarks, tracks and region experts on any source: of three threads, or of none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from realtime.core.config import PipelineConfig
from realtime.core.delivery import Delivery
from realtime.core.metrics import Metrics
from realtime.core.protocols import EmotionClassifier, FrameSource
from realtime.core.types import Emotions, Faces, Frame
from realtime.inference.classifier import RegionClassifier
from realtime.landmarks.landmark_finder import LandmarkFinder
from realtime.landmarks.person_tracker import TrackingFinder
from realtime.pipeline.pipeline import Pipeline
from realtime.pipeline.sequential_pipeline import SequentialPipeline

# Landmarks of a batch take less than this on two cores; it also bounds how long a file's last frames wait.
_PATIENCE_S = 0.05


AnyPipeline = Pipeline | SequentialPipeline
"""What a run polls for its frames."""


class Engine(Protocol):
    """What makes the pipeline of a run."""

    def pipeline(
        self, source: FrameSource, config: PipelineConfig, metrics: Metrics, delivery: Delivery
    ) -> AnyPipeline:
        """Return the pipeline for a source, not yet started.

        Args:
            source: where frames come from.
            config: faces, batches, provider and weights.
            metrics: collects the run's metrics.
            delivery: how frames are delivered.
        """

    def second_reading(self, source: FrameSource) -> FrameSource:
        """Return what the second of two passes reads, where the same source, not yet open, is `source`."""


class ThreadedEngine:
    """Pipelines of three threads, as for a window: one run has the machine to itself."""

    def pipeline(
        self, source: FrameSource, config: PipelineConfig, metrics: Metrics, delivery: Delivery
    ) -> AnyPipeline:
        """Return the pipeline for a source; FAST fills the batches of inference, which costs a ninth less."""
        return Pipeline(
            source,
            lambda: TrackingFinder(LandmarkFinder(config.max_faces)),
            lambda: RegionClassifier(config),
            max_batch=config.max_batch,
            delivery=delivery,
            patience_s=_PATIENCE_S if delivery is Delivery.FAST else 0.0,
            metrics=metrics,
        )

    def second_reading(self, source: FrameSource) -> FrameSource:
        """Return `source`."""
        return source


class SequentialEngine:
    """Pipelines that work on the thread that polls them, one after the other, with the same networks.

    Args:
        config: of every pipeline that it makes.
    """

    def __init__(self, config: PipelineConfig) -> None:
        self._config = config
        self._finder: LandmarkFinder | None = None
        self._classifier: RegionClassifier | None = None

    def pipeline(
        self, source: FrameSource, config: PipelineConfig, metrics: Metrics, delivery: Delivery
    ) -> AnyPipeline:
        """Return the pipeline for a source that waits; for one pipeline at a time."""
        del config, delivery
        return SequentialPipeline(
            source, self.finder, self.classifier, max_batch=self._config.max_batch, metrics=metrics
        )

    def second_reading(self, source: FrameSource) -> FrameSource:
        """Return `source`."""
        return source

    def finder(self) -> TrackingFinder:
        """Return a finder that knows no face yet; its networks stay when it is closed."""
        self._finder = self._finder or LandmarkFinder(self._config.max_faces)
        return TrackingFinder(_KeptFinder(self._finder))

    def classifier(self) -> EmotionClassifier:
        """Return the classifier; its sessions stay when it is closed."""
        self._classifier = self._classifier or RegionClassifier(self._config)
        return _KeptClassifier(self._classifier)

    def close(self) -> None:
        """Free the networks; any number of times."""
        for device in (self._finder, self._classifier):
            if device is not None:
                device.close()
        self._finder = self._classifier = None


class _KeptFinder:
    """A finder that forgets its faces in place of being closed."""

    def __init__(self, finder: LandmarkFinder) -> None:
        self._finder = finder

    def find(self, frame: Frame) -> Faces:
        return self._finder.find(frame)

    def close(self) -> None:
        self._finder.forget()


class _KeptClassifier:
    """A classifier that stays when it is closed; it knows nothing of earlier frames."""

    def __init__(self, classifier: RegionClassifier) -> None:
        self._classifier, self.provider = classifier, classifier.provider

    def classify(self, batch: Sequence[tuple[Frame, Faces]]) -> list[Emotions]:
        return self._classifier.classify(batch)

    def close(self) -> None:
        """Keep the sessions."""
