"""Webcam as a frame source, through OpenCV's VideoCapture."""

from __future__ import annotations

import errno
import os
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from realtime.capture.camera_modes import bits_of, camera_bgr
from realtime.core.errors import SourceOpenError, SourceReadError
from realtime.core.protocols import SourceInfo
from realtime.core.types import Frame

WANTED_WH = (1280, 720)
WANTED_FPS = 30
_PROBED_NUMBERS = range(6)
_RETRY_S = 0.02
_DEV = Path("/dev")
_NODES = _DEV if sys.platform.startswith("linux") else None
_SYS_CLASS = Path("/sys/class/video4linux")
_VIDIOC_QUERYCAP = 0x80685600
_CAPABILITY_BYTES = 104
_DEVICE_CAPS_AT = 88
_CAN_CAPTURE = 0x00000001 | 0x00001000
_HINT = "try another number, see --list-cameras"


@dataclass(frozen=True, slots=True)
class CameraEntry:
    """One camera that can be opened.

    Attributes:
        number: `int`, what to give as the source.
        name: `str`, what the system calls it.
    """

    number: int
    name: str


class CameraSource:
    """A webcam; requests 1280x720 at 30 frames per second in MJPG and accepts what the driver sets.

    Args:
        number: `int`, from 0.
        clock: monotonic clock in seconds, for `captured_at_s`.
        silence_limit_s: `float`, a camera that delivers nothing for this long has failed.
        device: opens a camera from number and backend; OpenCV's by default.
        dev: folder of the device nodes on Linux; `None` leaves out the check of the node.
    """

    live = True
    # A driver does not tell what it threw away.
    dropped = 0
    damaged_packets = 0
    farewell = ""
    # Opened again, it goes on.
    over = False

    def __init__(
        self,
        number: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        silence_limit_s: float = 2.0,
        device: Callable[[int, int], Any] | None = None,
        dev: Path | None = _NODES,
    ) -> None:
        self._number = number
        self._name = f"camera {number}"
        self._clock = clock
        self._silence_limit_s = silence_limit_s
        self._device = device or cv2.VideoCapture
        self._dev = dev
        self._stopped = threading.Event()
        self._capture: Any = None
        self._pending: tuple[Any, float] | None = None
        self._first_s: float | None = None
        self._count = 0
        self._grey_bits = 8
        self._unknown = ""

    def open(self) -> SourceInfo:
        """Open the camera and take its first picture.

        Raises:
            SourceOpenError: no such camera, not permitted, busy, or it delivers nothing.
        """
        _quieten()
        if self._dev is not None:
            _check_node(self._number, self._dev / f"video{self._number}")
        try:
            self._capture = self._device(self._number, _backend())
        except (cv2.error, OverflowError):
            self._capture = None
        if self._capture is None or not self._capture.isOpened():
            self.close()
            raise SourceOpenError(f"{self._name} did not open: {_HINT}; {_permission()}is another program using it?")
        self._ask()
        self._pending = self._take()
        if self._pending is None:
            self.close()
            what = self._unknown or "it opened but delivers no picture"
            what = "opening was interrupted" if self._stopped.is_set() else what
            raise SourceOpenError(
                f"{self._name} did not open: {what}; {_HINT}; {_permission()}is another program using it?"
            )
        height, width = self._pending[0].shape[:2]
        fps = float(self._capture.get(cv2.CAP_PROP_FPS) or 0.0)
        return SourceInfo(self._name, live=True, size_wh=(width, height), fps=fps if 0 < fps < 1000 else 0.0)

    def read(self) -> Frame | None:
        """Return the next picture, or `None` once interrupted.

        Raises:
            SourceReadError: the camera stopped delivering.
        """
        if self._stopped.is_set():
            return None
        if self._capture is None:
            raise SourceReadError(f"{self._name} must be open to be read; call open() first")
        taken, self._pending = self._pending or self._take(), None
        if taken is None:
            if self._stopped.is_set():
                return None
            raise SourceReadError(
                f"{self._name} stopped: {self._unknown or 'no picture'} for {self._silence_limit_s:g} s after "
                f"{self._count} frames; check its cable, and whether another program took it"
            )
        image_bgr, captured_at_s = taken
        if self._first_s is None:
            self._first_s = captured_at_s
        frame = Frame(image_bgr, self._count, captured_at_s - self._first_s, captured_at_s)
        self._count += 1
        return frame

    def interrupt(self) -> None:
        """Make a blocked or later `read` return `None` soon; from any thread."""
        self._stopped.set()

    def close(self) -> None:
        """Release the camera; any number of times."""
        self._pending = None
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _ask(self) -> None:
        # MJPG first: many cameras offer 720p at 30 frames per second in no other format.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, WANTED_WH[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, WANTED_WH[1])
        self._capture.set(cv2.CAP_PROP_FPS, WANTED_FPS)
        # An older picture in a queue is of no use live.
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def _take(self) -> tuple[Any, float] | None:
        """Return picture and moment; `None` when interrupted or silent for too long."""
        give_up_s = self._clock() + self._silence_limit_s
        while not self._stopped.is_set():
            image, captured_at_s = self._grabbed()
            if image is not None:
                self._grey_bits = max(self._grey_bits, bits_of(image))
                image_bgr = camera_bgr(image, self._grey_bits)
                if image_bgr is not None:
                    return image_bgr, captured_at_s
                self._unknown = f"only pictures of an unknown format, {image.shape} {image.dtype},"
            if captured_at_s >= give_up_s:
                return None
            self._stopped.wait(_RETRY_S)
        return None

    def _grabbed(self) -> tuple[Any, float]:
        """Return what the driver has next, `None` if nothing, and the moment of its capture."""
        try:
            grabbed = self._capture.grab()
            captured_at_s = self._clock()
            fine, image = self._capture.retrieve() if grabbed else (False, None)
        except cv2.error:  # The device went away meanwhile.
            return None, self._clock()
        return (image if fine else None), captured_at_s


def list_cameras(*, dev: Path = _DEV, sys_class: Path = _SYS_CLASS) -> list[CameraEntry]:
    """Return the cameras that can be opened, by number.

    Args:
        dev: folder of the device nodes (Linux).
        sys_class: folder in which the system names them (Linux).
    """
    if not sys.platform.startswith("linux"):
        return _probed()
    found = []
    for node in dev.glob("video*"):
        digits = node.name.removeprefix("video")
        if digits.isdecimal() and _captures(node):
            name_file = sys_class / node.name / "name"
            name = name_file.read_text("utf-8", "replace").strip() if name_file.is_file() else node.name
            found.append(CameraEntry(int(digits), name))
    return sorted(found, key=lambda entry: entry.number)


def _probed() -> list[CameraEntry]:
    _quieten()
    found = []
    for number in _PROBED_NUMBERS:
        capture = cv2.VideoCapture(number, _backend())
        if capture.isOpened():
            found.append(CameraEntry(number, f"camera {number}"))
        capture.release()
    return found


def _captures(node: Path) -> bool:
    """Return whether a device node captures pictures; many cameras have a second node for metadata."""
    try:
        handle = os.open(node, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return True
    try:
        import fcntl

        answer = fcntl.ioctl(handle, _VIDIOC_QUERYCAP, bytes(_CAPABILITY_BYTES))
        (caps,) = struct.unpack_from("=I", answer, _DEVICE_CAPS_AT)
        return bool(caps & _CAN_CAPTURE)
    except OSError:
        return True
    finally:
        os.close(handle)


def _check_node(number: int, node: Path) -> None:
    """Diagnose why a camera cannot open, which OpenCV does not report. Raises SourceOpenError."""
    try:
        os.close(os.open(node, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        reasons = {
            errno.ENOENT: f"there is no {node}; {_HINT}",
            errno.ENODEV: f"{node} has no camera behind it; {_HINT}",
            errno.ENXIO: f"{node} has no camera behind it; {_HINT}",
            errno.EACCES: f"no permission for {node}; add your user to the group that owns it (often `video`)",
            errno.EPERM: f"no permission for {node}; add your user to the group that owns it (often `video`)",
            errno.EBUSY: f"{node} is busy; close the other program that uses it, or {_HINT}",
        }
        reason = reasons.get(error.errno or 0, f"{node}: {error.strerror}; {_HINT}")
        raise SourceOpenError(f"camera {number} did not open: {reason}") from error


def _permission() -> str:
    """Return where a system asks people whether a program may use the camera; it does not tell the program."""
    where = {
        "darwin": "the terminal must be allowed to use it (System Settings, Privacy & Security, Camera); ",
        "win32": "desktop apps must be allowed to use it (Settings, Privacy & security, Camera); ",
    }
    return where.get(sys.platform, "")


def _backend() -> int:
    if sys.platform.startswith("linux"):
        return cv2.CAP_V4L2
    if sys.platform == "darwin":
        return cv2.CAP_AVFOUNDATION
    return cv2.CAP_DSHOW if sys.platform == "win32" else cv2.CAP_ANY


def _quieten() -> None:
    """Keep OpenCV's own warnings off the terminal, and its waiting for a dead camera short."""
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.setLogLevel(0)
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
