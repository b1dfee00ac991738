"""Which files are pictures of a data set, where they lie, and which are the same."""

from __future__ import annotations

import struct
import unicodedata
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.dataset.copies import without_copies
from models.dataset.labels import hard, read_labels
from models.dataset.pictures import LONGEST_PX, MOST_PIXELS, PictureError, find_picture, promised_pixels, read_picture
from tests.support.pictures.made_pictures import picture, plain_picture, png_header

NFC, NFD = (unicodedata.normalize(form, "zoé.png") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    ("on_disk", "in_table"),
    [
        ("a.png", "./a.png"),
        ("a.png", ".\\a.png"),
        ("sub/deep/e.png", "sub\\deep\\e.png"),
        ("a.png", " a.png "),
        ("a.png ", "a.png"),
        (NFD, NFC),
        (NFC, NFD),
        (f"sub/{NFD}", f"sub\\{NFC}"),
        ("IMG_1.PNG", "img_1.png"),
        ("back\\slash.png", "back\\slash.png"),
        ("sub/a.png", "sub/../sub/a.png"),
    ],
)
def test_a_picture_is_found_under_another_spelling(tmp_path: Path, on_disk: str, in_table: str) -> None:
    path = plain_picture(tmp_path / on_disk)
    found = find_picture(tmp_path, in_table)
    assert found is not None
    assert found.samefile(path)


def test_a_name_that_fits_two_files_or_none_is_not_guessed(tmp_path: Path) -> None:
    for name in ("A.png", "a.PNG"):
        plain_picture(tmp_path / name)
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system does not tell case apart")
    assert find_picture(tmp_path, "a.png") is None
    assert find_picture(tmp_path, "A.png") == tmp_path / "A.png"
    assert find_picture(tmp_path, "none/b.png") is None
    assert find_picture(tmp_path, "x" * 5000) is None
    assert find_picture(tmp_path, "a\0.png") is None


def test_accents_decide_before_case(tmp_path: Path) -> None:
    for name in ("Zoe\u0301.png", "zoe\u0301.png"):
        plain_picture(tmp_path / name)
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system does not tell case apart")
    found = find_picture(tmp_path, "zo\u00e9.png")
    assert found is not None
    assert found.name == "zoe\u0301.png"


def test_reading_gives_what_opencv_gives(tmp_path: Path) -> None:
    for suffix in (".png", ".jpg", ".bmp", ".webp", ".tif"):
        path = plain_picture(tmp_path / f"a{suffix}", 200, suffix=suffix)
        assert promised_pixels(path.read_bytes()) in (12 * 20, 0 if suffix == ".webp" else 240)
        np.testing.assert_array_equal(read_picture(tmp_path, path.name), cv2.imread(str(path)))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (png_header(40000, 40000), "too large"),
        (png_header(20000, 20000), "too large"),
        (b"", "unreadable"),
        (b"\x89PNG", "unreadable"),
        (b"\xff\xd8\xff", "unreadable"),
        (b"\xff\xd8\xff\xff\xff\xc0\x00\x11\x08\xff\xff\xff\xff", "too large"),
        (b"BM" + bytes(12) + b"\x28\0\0\0" + struct.pack("<ii", 30000, -30000), "too large"),
        (b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\xff\x7f" * 2, "too large"),
        (b"MM\0*\0\0\0\x08\0\x02" + struct.pack(">HHIIHHII", 256, 4, 1, 2**16, 257, 4, 1, 2**16), "too large"),
        (b"II*\0\xff\xff\xff\xff", "unreadable"),
        (b"P6\n40000 40000\n255\n", "unreadable"),
        (b"a text", "unreadable"),
        (None, "missing"),
    ],
)
def test_a_picture_that_cannot_be_read_says_why(tmp_path: Path, data: bytes | None, fault: str) -> None:
    if data is not None:
        (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(PictureError) as raised:
        read_picture(tmp_path, "a.png")
    assert raised.value.fault == fault


def test_a_picture_with_a_side_longer_than_a_search_bears_is_reduced(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", np.full((1, 60000, 3), 7, np.uint8))
    reduced = read_picture(tmp_path, "a.png")
    assert reduced.shape == (1, LONGEST_PX, 3)
    assert set(np.unique(reduced)) == {7}
    picture(tmp_path / "b.png", np.full((2, LONGEST_PX, 3), 7, np.uint8))
    assert read_picture(tmp_path, "b.png").shape == (2, LONGEST_PX, 3)


def test_the_largest_camera_pictures_are_not_too_large() -> None:
    assert promised_pixels(png_header(16320, 12240)) == 16320 * 12240 < MOST_PIXELS


def test_what_systems_leave_in_folders_is_skipped_and_counted(tmp_path: Path) -> None:
    for name in ("happy/1.png", "train/fear/2.jpg", "disgust/3.png", "train/notes/4.png"):
        plain_picture(tmp_path / name)
    for name in ("happy/._1.png", "happy/.ipynb_checkpoints/1.png", "train/fear/@eaDir/2.jpg/T.jpg"):
        plain_picture(tmp_path / name)
    (tmp_path / "happy" / "Thumbs.db").touch()
    (tmp_path / "happy" / "5.HEIC").touch()
    told: list[str] = []
    assert [face.file for face in read_labels(None, tmp_path, notify=told.append)] == [
        "happy/1.png",
        "train/fear/2.jpg",
    ]
    assert told == [
        "4 files skipped: left by the system, not pictures of the set (first: happy/._1.png)",
        "1 files skipped: no pictures that this program reads (.heic 1)",
        "2 pictures left out: their folder is none of the six emotions (disgust 1, notes 1)",
    ]


def test_rows_that_name_what_systems_leave_are_skipped_and_counted(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("file,label\na.png,fear\n._a.png,fear\n.ipynb_checkpoints\\a-checkpoint.png,fear\n")
    told: list[str] = []
    assert [face.file for face in read_labels(table, tmp_path, notify=told.append)] == ["a.png"]
    assert told == ["2 files skipped: left by the system, not pictures of the set (first: ._a.png)"]


def test_no_picture_is_on_two_sides_and_copies_are_used_once(tmp_path: Path) -> None:
    for name, value in (("a", 1), ("b", 2), ("a again", 1), ("c", 3), ("b again", 2), ("a third", 1)):
        plain_picture(tmp_path / f"{name}.png", value)
    labels = ("fear", "anger", "fear", "fear", "neutral", "fear")
    names = ("a", "b", "a again", "c", "b again", "a third")
    faces = [*(hard(f"{name}.png", label) for name, label in zip(names, labels, strict=True)), hard("none.png", "fear")]
    originals = without_copies(faces, ["train", "train", "test", "val", "train", "val", "train"], tmp_path)
    assert originals.rows == (1, 2, 3, 6), "the copy that is tested stays, and of equals the first"
    assert originals.lines() == [
        "3 pictures left out: copies of others by content (2 were in another split, 1 had another label)"
    ]
