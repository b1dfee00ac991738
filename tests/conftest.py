from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def portrait_bgr() -> np.ndarray:
    """A real face of 512x512: scikit-image's public-domain portrait of an astronaut (NASA)."""
    data = pytest.importorskip("skimage.data", reason="scikit-image carries the test's face")
    return np.ascontiguousarray(data.astronaut()[:, :, ::-1])


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real faces and clips."""
    folder = os.environ.get("EMOTION_TEST_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("EMOTION_TEST_DATA names no folder with data/ and videos/")
    return Path(folder)
