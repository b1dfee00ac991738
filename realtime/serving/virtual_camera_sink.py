"""Sink that feeds a virtual camera for other programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from realtime.core.sink import Run
from realtime.core.types import Analysed
from realtime.serving.virtual_camera import VirtualCamera


@dataclass(frozen=True, slots=True)
class VirtualCameraOptions:
    """A camera for other programs; a file is then delivered at its own speed."""

    watched = True

    def check(self) -> None:
        """Nothing can be wrong before the camera is made."""

    def sink(self) -> VirtualCameraSink:
        """Return the sink, not yet open. Raises ConfigError: a package is missing."""
        return VirtualCameraSink()


class VirtualCameraSink:
    """Offers each frame as others may see it. Raises ConfigError: pyvirtualcam is not installed."""

    name = "virtual camera"
    blocks_seeking = ""
    written: Path | None = None

    def __init__(self) -> None:
        self._camera = VirtualCamera()
        self._run: Run | None = None

    def open(self, run: Run) -> None:
        """Open the camera. Raises OutletError: no driver."""
        self._run = run
        self._camera.open(run.source)
        run.notify(f"virtual camera: {self._camera.device}")

    def write(self, analysed: Analysed) -> None:
        """Offer one frame; returns at once. Raises OutletError: the camera has failed."""
        if self._run is not None:
            self._camera.show(self._run.picture(analysed))

    def close(self) -> None:
        """Close the camera; any number of times."""
        self._camera.close()
