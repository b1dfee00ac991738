"""Files that others wrote: whatever stands in them, they are read or refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.dataset.crop_set import load_crops
from models.dataset.index import CONFIG_NAME, INDEX_NAME, index_columns, read_config, read_index
from models.dataset.labels import SPLITS, read_labels, split_by_subject
from models.dataset.pictures import PictureError, find_picture, promised_pixels, read_picture
from models.errors import DataError, EmotionLiveError, ModelError
from models.manifest import EMOTIONS, MANIFEST_NAME, load_manifest
from tests.support.fuzzing import FUZZ, in_one_line
from tests.support.values.tiny_models import write_tiny_weights

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1")
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.sampled_from([10**400, -(10**400)])
    | st.floats()
    | st.text(max_size=5)
    | st.just([])
    | st.just({})
    | st.just([[1, 2], [3]])
)
# Nested too deeply for a reader that calls itself.
DEEP = st.builds(lambda start, count: start * count, st.sampled_from([b"[", b'{"a":']), st.integers(5000, 20_000))
CELLS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["file", "label", "split", "subject", *EMOTIONS, *SPLITS, "a.png", "1", "1e400", '"', "'", "\n"]),
)


def refused_or_read(path: Path) -> None:
    try:
        faces = read_labels(path, path.parent)
    except DataError as error:
        in_one_line(error)
        return
    assert all(face.file.strip() and face.split in ("", *SPLITS) for face in faces)
    assert all(abs(sum(face.soft) - bool(face.label)) < 1e-6 for face in faces)
    try:
        assert set(split_by_subject(faces, 0.1, 0.1)) <= set(SPLITS)
    except DataError as error:
        in_one_line(error)


@FUZZ
@given(st.binary(max_size=200), st.sampled_from([b"", b"file,label\n", b"\xff\xfe", b"sep=", b"\xef\xbb\xbffile\t"]))
def test_any_bytes_as_a_table_of_labels(tmp_path: Path, data: bytes, head: bytes) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(head + data)
    refused_or_read(path)


@FUZZ
@given(
    st.lists(st.lists(CELLS, max_size=9), max_size=5),
    st.sampled_from(["file,label,split,subject", "file," + ",".join(EMOTIONS), " File ,LABEL", "file"]),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(ENCODINGS),
)
def test_any_cells_in_any_dialect(
    tmp_path: Path, rows: list[list[str]], head: str, delimiter: str, encoding: str
) -> None:
    text = "\n".join(delimiter.join(cells) for cells in [head.split(","), *rows])
    path = tmp_path / "labels.csv"
    path.write_bytes(text.encode(encoding, "replace"))
    refused_or_read(path)


@FUZZ
@given(st.binary(max_size=120), st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"RIFF", b"II*\0", b""]))
def test_any_bytes_as_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, head: bytes) -> None:
    # OpenCV fills what a header promises before it sees that the rest is missing: a second for the largest.
    monkeypatch.setattr("models.dataset.pictures.MOST_PIXELS", 2**20)
    (tmp_path / "a.png").write_bytes(head + data)
    try:
        assert read_picture(tmp_path, "a.png").ndim == 3
    except PictureError as error:
        in_one_line(error)


SEGMENTS = st.builds(
    lambda kind, length, body: bytes([0xFF, kind]) + length.to_bytes(2, "big") + body,
    st.sampled_from([0x00, 0xC0, 0xC2, 0xC4, 0xD8, 0xDA, 0xE1, 0xFF]),
    st.integers(0, 40),
    st.binary(max_size=12),
)


@FUZZ
@given(st.lists(SEGMENTS, max_size=6), st.binary(max_size=3))
def test_any_markers_in_a_jpeg(segments: list[bytes], tail: bytes) -> None:
    assert 0 <= promised_pixels(b"\xff\xd8" + b"".join(segments) + tail) < 2**32


@FUZZ
@given(st.text(max_size=30))
def test_any_name_of_a_picture(tmp_path: Path, name: str) -> None:
    assume(not name.startswith("/"))
    found = find_picture(tmp_path / "empty", name)
    assert found is None or found.is_file()


def places(body: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    return [place for key, value in inside for place in ((*here, key), *places(value, (*here, key)))]


def altered(body: Any, place: tuple[Any, ...], value: Any, *, without: bool) -> str:
    copy = json.loads(json.dumps(body))
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    if without:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return json.dumps(copy)


@pytest.fixture(scope="module")
def manifest_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_weights(tmp_path_factory.mktemp("weights")).folder


@FUZZ
@given(st.data())
def test_any_value_in_a_manifest(manifest_folder: Path, tmp_path: Path, data: st.DataObject) -> None:
    body = json.loads((manifest_folder / MANIFEST_NAME).read_text("utf-8"))
    place = data.draw(st.sampled_from(places(body)))
    text = altered(body, place, data.draw(VALUES), without=data.draw(st.booleans()))
    (tmp_path / MANIFEST_NAME).write_text(text, "utf-8")
    try:
        manifest = load_manifest(tmp_path)
    except ModelError as error:
        in_one_line(error)
    else:
        assert json.loads(manifest.to_json())["emotions"] == list(EMOTIONS)


@FUZZ
@given(st.binary(max_size=80) | DEEP)
def test_any_bytes_as_a_manifest(tmp_path: Path, data: bytes) -> None:
    (tmp_path / MANIFEST_NAME).write_bytes(data)
    with pytest.raises(ModelError) as raised:
        load_manifest(tmp_path)
    in_one_line(raised.value)


@FUZZ
@given(
    st.binary(max_size=80) | VALUES.map(lambda value: json.dumps(value).encode()) | DEEP,
    st.binary(max_size=80) | st.just(",".join(index_columns()).encode() + b"\n1,a.png,train,,fear,1\n"),
)
def test_any_bytes_as_a_data_sets_files(tmp_path: Path, config: bytes, index: bytes) -> None:
    (tmp_path / CONFIG_NAME).write_bytes(config)
    (tmp_path / INDEX_NAME).write_bytes(index)
    for read in (lambda: read_config(tmp_path), lambda: read_index(tmp_path, "train")):
        try:
            read()
        except DataError as error:
            in_one_line(error)
    with pytest.raises(DataError) as raised:
        load_crops(tmp_path, "eyes", "train")
    in_one_line(raised.value)


@FUZZ
@given(st.data())
def test_any_cell_in_an_index(tmp_path: Path, data: st.DataObject) -> None:
    geometry = {"eyes": {"anchor": [33, 263], "width_d": 1, "height_d": 1, "shift_down_d": 0, "size_wh": [4, 4]}}
    geometry["eyes"]["detail_wh"] = [4, 4]
    config: dict[str, Any] = {"geometry": geometry, "border_px": 2}
    text = altered(
        config, data.draw(st.sampled_from(places(config))), data.draw(VALUES), without=data.draw(st.booleans())
    )
    (tmp_path / CONFIG_NAME).write_text(text, "utf-8")
    row = {name: data.draw(st.sampled_from(["0", "x", "", "-1", "nan", "1e999", "../.."])) for name in index_columns()}
    row.update(split="train", label="fear", id="1" if data.draw(st.booleans()) else row["id"])
    crop = tmp_path / "eyes" / "train" / "fear" / "1.png"
    crop.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(crop), np.zeros((8, 8), np.uint8))
    (tmp_path / INDEX_NAME).write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n", "utf-8")
    try:
        crops = load_crops(tmp_path, "eyes", "train")
    except EmotionLiveError as error:
        in_one_line(error)
    else:
        assert np.isfinite(crops.soft).all()


def test_an_index_that_was_cut_off_is_named_with_its_row(tmp_path: Path) -> None:
    (tmp_path / INDEX_NAME).write_text("id,file,split\n0,a.png,train\n1,b.p\n")
    with pytest.raises(DataError, match="row 3 is cut off"):
        read_index(tmp_path, "train")
