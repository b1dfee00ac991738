"""Cameras as each system offers them: OpenCV's back end, how they are listed, and who must allow their use."""

from __future__ import annotations

from typing import ClassVar

import cv2
import pytest

from realtime.capture import camera as cameras
from realtime.capture.camera import CameraEntry, CameraSource, list_cameras
from realtime.core.errors import SourceOpenError


class Asked:
    """A `cv2.VideoCapture` that notes what it was asked for; only camera 1 is there."""

    calls: ClassVar[list[tuple[int, int]]] = []

    def __init__(self, number: int, backend: int) -> None:
        self.calls.append((number, backend))
        self._number = number

    def isOpened(self) -> bool:  # noqa: N802 - as OpenCV calls it
        return self._number == 1

    def release(self) -> None:
        pass


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    monkeypatch.setattr(Asked, "calls", [])
    monkeypatch.setattr(cv2, "VideoCapture", Asked)
    return Asked.calls


SYSTEMS = [
    ("darwin", cv2.CAP_AVFOUNDATION, "the terminal must be allowed to use it (System Settings"),
    ("win32", cv2.CAP_DSHOW, "desktop apps must be allowed to use it (Settings"),
    ("freebsd14", cv2.CAP_ANY, "is another program using it?"),
]


@pytest.mark.parametrize(("system", "backend", "said"), SYSTEMS)
def test_each_system_has_its_back_end_and_says_who_must_allow_it(
    system: str, backend: int, said: str, asked: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cameras.sys, "platform", system)
    with pytest.raises(SourceOpenError) as told:
        CameraSource(0, dev=None).open()
    assert said in str(told.value)
    assert asked == [(0, backend)]
    asked.clear()
    assert list_cameras() == [CameraEntry(1, "camera 1")]
    assert {back for _, back in asked} == {backend}


def test_linux_says_nothing_of_a_permission_that_it_does_not_have(
    asked: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cameras.sys, "platform", "linux")
    with pytest.raises(SourceOpenError) as told:
        CameraSource(0, dev=None).open()
    assert "allowed" not in str(told.value)
    assert asked == [(0, cv2.CAP_V4L2)]
