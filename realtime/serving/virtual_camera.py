"""Virtual webcam for other programs, fed at a constant rate through pyvirtualcam."""

from __future__ import annotations

import sys
import threading
from typing import Any

import cv2
import numpy as np

from realtime.core.errors import ConfigError, OutletError
from realtime.core.protocols import SourceInfo
from realtime.core.types import ImageArray

_FALLBACK_FPS = 30.0
_MAX_FPS = 60.0
_END_S = 2.0
_NO_DRIVER = {
    "linux": "install the driver v4l2loopback-dkms and run: "
    "sudo modprobe v4l2loopback exclusive_caps=1 card_label=emotion-live",
    "darwin": "install OBS Studio, start its virtual camera once and stop it again",
    "win32": "install OBS Studio, whose virtual camera this one uses",
}


class VirtualCamera:
    """Virtual camera that repeats the newest picture at a constant rate.

    Its own thread feeds it, so that neither a slow driver nor a call slows the run.

    Raises:
        ConfigError: pyvirtualcam is not installed.
    """

    def __init__(self) -> None:
        try:
            import pyvirtualcam
        except ImportError as error:
            raise ConfigError(
                f"--virtual-camera needs a package that is missing here ({error.name or error}): "
                "pip install 'emotion-live[virtual-camera]'"
            ) from error
        self._library: Any = pyvirtualcam
        self._camera: Any = None
        self._size_wh = 0, 0
        self._lock = threading.Lock()
        self._picture: ImageArray | None = None
        self._fresh = threading.Event()
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._thread: threading.Thread | None = None

    @property
    def device(self) -> str:
        """Name by which other programs know the camera, once it is open."""
        return str(self._camera.device)

    def open(self, info: SourceInfo) -> None:
        """Open the camera with the source's size and rate. Raises OutletError: no driver."""
        # Drivers use formats with subsampled chroma: width and height must be even.
        self._size_wh = max(2, info.size_wh[0] & ~1), max(2, info.size_wh[1] & ~1)
        rate = min(info.fps, _MAX_FPS) if info.fps > 0 else _FALLBACK_FPS
        try:
            self._camera = self._library.Camera(*self._size_wh, rate, fmt=self._library.PixelFormat.BGR)
        except Exception as error:
            # The library answers with several lines and several kinds of error, one for each driver that it tried.
            reason = " ".join(str(error).split()).rstrip(".") or repr(error)
            step = _NO_DRIVER.get(sys.platform, "see pyvirtualcam's documentation for drivers")
            raise OutletError(f"the virtual camera did not open: {reason}; {step}") from error
        self._thread = threading.Thread(target=self._feed, name="virtual camera", daemon=True)
        self._thread.start()

    def show(self, picture_bgr: ImageArray) -> None:
        """Offer a picture, `(H, W, 3) uint8`; returns at once. Raises OutletError: the camera has failed."""
        if self._failure is not None:
            reason = " ".join(str(self._failure).split())
            raise OutletError(f"the virtual camera failed: {reason}; start again, or run without --virtual-camera")
        with self._lock:
            self._picture = picture_bgr
        self._fresh.set()

    def close(self) -> None:
        """Close the camera; any number of times."""
        self._stop.set()
        self._fresh.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(_END_S)

    def _feed(self) -> None:
        try:
            # Until there is a picture the camera shows what its driver shows.
            self._fresh.wait()
            while not self._stop.is_set():
                with self._lock:
                    picture = self._picture
                if picture is not None:
                    self._camera.send(_fitted(picture, self._size_wh))
                self._camera.sleep_until_next_frame()
        except Exception as error:
            self._failure = error
        finally:
            self._camera.close()


def _fitted(picture_bgr: ImageArray, size_wh: tuple[int, int]) -> ImageArray:
    """Return a picture of exactly `size_wh`: cut by a line or a column, or scaled where a stream changed its size."""
    height, width = picture_bgr.shape[:2]
    if 0 <= width - size_wh[0] <= 1 and 0 <= height - size_wh[1] <= 1:
        return np.ascontiguousarray(picture_bgr[: size_wh[1], : size_wh[0]])
    return np.asarray(cv2.resize(picture_bgr, size_wh), np.uint8)
