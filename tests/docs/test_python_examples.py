"""The Python of the documentation runs as it stands there, on ten frames of the demo clip."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

import realtime
from demo import CLIP_PATH
from models import region_registry
from tests.docs.pages import PAGES, ROOT, fenced

_BLOCKS = [
    (page, number, code)
    for page in PAGES
    for number, (language, code) in enumerate(fenced(page.read_text("utf-8")))
    if language == "python"
]
# Needs pandas, polars and duckdb, which the project does not have.
_READ_ONLY = {"table.md"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """clip.mp4 and face.jpg, which the examples name."""
    folder = tmp_path_factory.mktemp("examples")
    with av.open(str(CLIP_PATH)) as source, av.open(str(folder / "clip.mp4"), "w") as target:
        stream = target.add_stream("mpeg4", rate=30)
        for picture in itertools.islice(source.decode(video=0), 10):
            stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
            target.mux(stream.encode(picture.reformat(format="yuv420p")))
            image_bgr = picture.to_ndarray(format="bgr24")
        target.mux(stream.encode())
    cv2.imwrite(str(folder / "face.jpg"), image_bgr)
    return folder


def names(folder: Path) -> dict[str, Any]:
    """What stands for the reader's own program."""
    image_bgr = cv2.imread(str(folder / "face.jpg"))
    left = iter([True, True, False])
    return {
        # docs/training.md adds a region there.
        **vars(region_registry),
        "realtime": realtime,
        "threading": threading,
        "image_bgr": np.ascontiguousarray(image_bgr),
        "seconds": 1.0,
        "grab": lambda: next(left),
        "show": lambda image, people: None,
    }


@pytest.mark.parametrize(
    ("page", "code"), [(page, code) for page, _, code in _BLOCKS], ids=[f"{p.name}-{n}" for p, n, _ in _BLOCKS]
)
def test_the_examples_run(
    page: Path, code: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    # There is no camera here, and every iterable must have another time per image.
    code = code.replace("Analyser(0,", 'Analyser("clip.mp4",').replace("yield image_bgr, seconds", "yield image_bgr")
    program = compile(code, page.name, "exec")
    if page.name in _READ_ONLY:
        return
    exec(program, names(folder))
    if "print" in code:
        assert capsys.readouterr().out


def test_pages_show_python() -> None:
    assert {page.relative_to(ROOT).as_posix() for page, _, _ in _BLOCKS} >= {"README.md", "docs/embedding.md"}
