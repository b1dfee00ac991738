from __future__ import annotations

import os
import signal
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import settings

from tests.support.fakes import FakeCamera
from tests.support.pages import chromium
from tests.support.values.tiny_models import write_tiny_weights

# The same commit is tried with the same examples each time, unless EMOTION_FUZZ_EXAMPLES asks for others.
settings.register_profile("same", derandomize=not os.environ.get("EMOTION_FUZZ_EXAMPLES"))
settings.load_profile("same")

pytest_plugins = ("tests.support.pages.app_driver", "tests.support.pages.mjpeg_server")


@pytest.fixture(scope="session")
def portrait_bgr() -> np.ndarray:
    """A real face of 512x512: scikit-image's public-domain portrait of an astronaut (NASA)."""
    data = pytest.importorskip("skimage.data", reason="scikit-image carries the test's face")
    return np.ascontiguousarray(data.astronaut()[:, :, ::-1])


@pytest.fixture(scope="session")
def small_face_bgr(portrait_bgr: np.ndarray) -> np.ndarray:
    """The portrait's face alone, in 48x48 as in data sets of expressions."""
    return cv2.resize(portrait_bgr[70:220, 150:300], (48, 48), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real faces and clips."""
    folder = os.environ.get("EMOTION_TEST_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("EMOTION_TEST_DATA names no folder with data/ and videos/")
    return Path(folder)


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of models of a few bytes that say happiness of every face; a test that changes one writes its own."""
    return write_tiny_weights(tmp_path_factory.mktemp("weights"), eyes="happiness", lips="happiness").folder


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Chromium]:
    """A real browser without a window."""
    program = chromium.find()
    if program is None:
        pytest.skip("needs Chromium: scripts/system-packages.sh window installs it where it can")
    running = chromium.Chromium(program, tmp_path_factory.mktemp("chromium"))
    try:
        running.call("Browser.getVersion")
    except (AssertionError, OSError):
        running.close()
        pytest.skip(f"{program} does not start here")
    yield running
    running.close()


@pytest.fixture
def tab(browser: chromium.Chromium) -> Iterator[chromium.Tab]:
    """A page of that browser, 1280 x 900."""
    page = chromium.Tab(browser)
    yield page
    page.close()


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch) -> list[FakeCamera]:
    """Every camera that is opened."""
    opened: list[FakeCamera] = []

    def open_one(*args: object, **options: object) -> FakeCamera:
        opened.append(FakeCamera(*args, **options))
        return opened[-1]

    library = types.ModuleType("pyvirtualcam")
    library.Camera, library.PixelFormat = open_one, types.SimpleNamespace(BGR="24BG")
    monkeypatch.setitem(sys.modules, "pyvirtualcam", library)
    return opened


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """`with full_disk(9000):` no file of this process grows past so many bytes."""
    resource = pytest.importorskip("resource", reason="only Unix limits the size of files")

    # Not for the whole test: what pytest itself writes may be a file, too.
    @contextmanager
    def limited(most_bytes: int) -> Iterator[None]:
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        old = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, old[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
            signal.signal(signal.SIGXFSZ, handler)

    return limited
