"""`make pictures`: it can start, says what it lacks, and writes pictures that are small and look as they were."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from tests.docs.pages import PAGES, ROOT, script


@pytest.fixture(scope="module")
def pictures() -> ModuleType:
    return script("make_pictures.py")


def test_a_picture_of_few_colors_is_kept_as_it_is(pictures: ModuleType, tmp_path: Path) -> None:
    picture = np.zeros((61, 40, 3), np.uint8)
    picture[:30, :20], picture[30:, 20:] = (0, 158, 230), (115, 158, 0)
    pictures.save(picture, tmp_path / "a.png")
    assert np.abs(cv2.imread(str(tmp_path / "a.png")).astype(int) - picture).max() <= 4
    assert (tmp_path / "a.png").read_bytes()[25] == 3, "a palette"
    pictures.save(picture, tmp_path / "a.jpg")
    assert cv2.imread(str(tmp_path / "a.jpg")).shape == picture.shape


def test_what_is_missing_is_one_line(pictures: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pictures.shutil, "which", lambda _: None)
    with pytest.raises(SystemExit, match=r"^error: Xvfb, xdotool, chromium is needed and not here; scripts/system"):
        pictures.main(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_pictures_that_it_takes_are_those_of_the_pages(pictures: ModuleType) -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    assert {name for name in pictures.PICTURES if name not in text} == set()
    assert {name for name in pictures.PICTURES if not (ROOT / "docs" / name).is_file()} == set()
