"""A made-up pyvirtualcam: no machine that runs tests has a driver for the real one."""

from __future__ import annotations

import threading
import time

import numpy as np


class FakeCamera:
    """Keeps what it is sent; has the parts of `pyvirtualcam.Camera` that are used."""

    def __init__(self, width: int, height: int, fps: float, *, fmt: str) -> None:
        self.size_wh, self.fps, self.fmt = (width, height), fps, fmt
        self.sent: list[np.ndarray] = []
        self.closed_by = ""
        self.broken: Exception | None = None
        self.device = "/dev/video9"

    def send(self, frame: np.ndarray) -> None:
        assert frame.dtype == np.uint8
        assert frame.shape == (self.size_wh[1], self.size_wh[0], 3)
        assert not self.closed_by
        if self.broken is not None:
            raise self.broken
        self.sent.append(frame)

    def sleep_until_next_frame(self) -> None:
        time.sleep(1 / self.fps)

    def close(self) -> None:
        self.closed_by = threading.current_thread().name
