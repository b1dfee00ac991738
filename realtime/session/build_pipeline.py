"""Builds the pipeline of landmarks, tracks and region experts on any source."""

from __future__ import annotations

from realtime.core.config import PipelineConfig
from realtime.core.delivery import Delivery
from realtime.core.metrics import Metrics
from realtime.core.protocols import FrameSource
from realtime.inference.classifier import RegionClassifier
from realtime.landmarks.landmark_finder import LandmarkFinder
from realtime.landmarks.person_tracker import TrackingFinder
from realtime.pipeline.pipeline import Pipeline

# Landmarks of a batch take less than this on two cores; it also bounds how long a file's last frames wait.
_PATIENCE_S = 0.05


def build_pipeline(source: FrameSource, config: PipelineConfig, metrics: Metrics, delivery: Delivery) -> Pipeline:
    """Return the pipeline for a source, not yet started.

    Args:
        source: where frames come from.
        config: faces, batches, provider and weights.
        metrics: collects the run's metrics.
        delivery: how frames are delivered; FAST fills the batches of inference, which costs a ninth less.
    """
    return Pipeline(
        source,
        lambda: TrackingFinder(LandmarkFinder(config.max_faces)),
        lambda: RegionClassifier(config),
        max_batch=config.max_batch,
        delivery=delivery,
        patience_s=_PATIENCE_S if delivery is Delivery.FAST else 0.0,
        metrics=metrics,
    )
