from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from models.dataset.__main__ import main
from models.dataset.crop_set import Augmentation, augment, load_crops
from models.errors import DataError
from models.manifest import EMOTIONS
from models.region_registry import REGIONS


@pytest.fixture(scope="module")
def faces_folder(tmp_path_factory: pytest.TempPathFactory, small_face_bgr: np.ndarray) -> Path:
    """Eleven pictures of 48x48: ten of one face in different light, one without a face; and their tables."""
    root = tmp_path_factory.mktemp("faces")
    rows = []
    for number in range(10):
        cv2.imwrite(str(root / f"{number}.png"), cv2.convertScaleAbs(small_face_bgr, alpha=0.7 + number * 0.05))
        rows.append([f"{number}.png", EMOTIONS[number % 6], "train" if number < 6 else "val"])
    cv2.imwrite(str(root / "none.png"), np.zeros((48, 48, 3), np.uint8))
    rows.append(["none.png", "fear", "val"])
    rows.append(["0.png", "disgust", "train"])
    with (root / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["file", "label", "split"], *rows])
    return root


def build(root: Path, out: Path, *more: str) -> str:
    arguments = ["build", "--labels", str(root / "labels.csv"), "--root", str(root), "--out", str(out)]
    done = CliRunner().invoke(main, [*arguments, "--workers", "1", *more])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def built(faces_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "crops"
    report = build(faces_folder, out)
    assert "1 pictures left out" in report
    return out


def test_crops_lie_in_folders_per_region_split_and_emotion(built: Path) -> None:
    for region in REGIONS:
        found = sorted(path.relative_to(built / region).as_posix() for path in (built / region).rglob("*.png"))
        assert found[0] == "train/anger/0000003.png"
        assert len(found) == 10
        assert (built / f"preview_{region}.png").exists()


def test_the_index_and_the_list_of_faces_not_found(built: Path) -> None:
    index = list(csv.DictReader((built / "index.csv").open()))
    missing = list(csv.DictReader((built / "not_found.csv").open()))
    assert len(index) == 10
    assert [row["file"] for row in missing] == ["none.png"]
    assert float(index[0]["eye_distance_px"]) == pytest.approx(24, abs=5)
    assert float(index[0]["p_happiness"]) == 1.0


def test_an_interrupted_build_goes_on_and_another_job_is_refused(
    faces_folder: Path, built: Path, tmp_path: Path
) -> None:
    out = tmp_path / "again"
    build(faces_folder, out)
    crop = next((out / "eyes").rglob("*.png"))
    crop.unlink()
    build(faces_folder, out)
    assert not crop.exists(), "a finished part is not done again"
    (out / "parts" / "000000.csv").unlink()
    build(faces_folder, out)
    assert crop.exists(), "an unfinished one is"
    assert (out / "index.csv").read_text() == (built / "index.csv").read_text()
    arguments = ["build", "--root", str(faces_folder), "--labels", str(faces_folder / "labels.csv")]
    refused = CliRunner().invoke(main, [*arguments, "--out", str(out), "--border", "3"])
    assert refused.exit_code == 1
    assert "choose another --out" in refused.output


@pytest.mark.parametrize("text", ['{"geometry": {"ey', "[" * 20_000])
def test_a_build_into_a_folder_with_a_damaged_configuration_is_refused_in_one_line(
    faces_folder: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "build.json").write_text(text)
    arguments = ["build", "--root", str(faces_folder), "--labels", str(faces_folder / "labels.csv")]
    refused = CliRunner().invoke(main, [*arguments, "--out", str(tmp_path)])
    assert (refused.exit_code, refused.output.count("\n")) == (1, 1)
    assert "build.json is damaged" in refused.output
    assert (tmp_path / "build.json").read_text() == text


def test_training_reads_what_was_built(built: Path) -> None:
    for region in REGIONS:
        crops = load_crops(built, region, "train")
        width, height = REGIONS[region].geometry.size_wh
        assert crops.without_border().shape == (6, height, width, 1)
        assert crops.labels.tolist() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(DataError, match="no faces in the split 'test'"):
        load_crops(built, "eyes", "test")
    with pytest.raises(DataError, match=r"models\.dataset build"):
        load_crops(built / "eyes", "eyes", "train")


def test_covered_faces_are_looked_for_again_and_say_what_is_hidden(
    faces_folder: Path, built: Path, tmp_path: Path
) -> None:
    build(faces_folder, tmp_path / "mask", "--cover", "mask")
    for region, hidden in (("eyes", 0.0), ("lips", 0.9)):
        plain, masked = load_crops(built, region, "train"), load_crops(tmp_path / "mask", region, "train")
        assert set(plain.hidden) == {0}
        assert len(masked)
        np.testing.assert_allclose(masked.hidden, hidden, atol=1e-6)
        rows = [plain.ids.tolist().index(number) for number in masked.ids]
        assert (np.abs(plain.crops[rows].astype(int) - masked.crops) > 20).mean() > 0.1


def test_another_seed_draws_other_covers(faces_folder: Path, tmp_path: Path) -> None:
    for name, seed in (("first", "0"), ("again", "0"), ("other", "1")):
        build(faces_folder, tmp_path / name, "--cover", "glasses", "--cover-seed", seed)
    first, again, other = (load_crops(tmp_path / name, "eyes", "train") for name in ("first", "again", "other"))
    np.testing.assert_array_equal(first.crops, again.crops)
    faces = [(row, other.ids.tolist().index(number)) for row, number in enumerate(first.ids) if number in other.ids]
    assert all((first.crops[row] != other.crops[twin]).any() for row, twin in faces)
    assert faces


def test_augmentation_changes_crops_but_keeps_them_faces(built: Path) -> None:
    crops = load_crops(built, "eyes", "train")
    rng = np.random.default_rng(0)
    calm = Augmentation(0, 0, 0, 0, 0, 0, 0, 0)
    plain = crops.without_border()[0].astype(float)
    same = [augment(crops.crops[0], crops.geometry.size_wh, calm, rng).astype(float) for _ in range(12)]
    closest = [min(np.corrcoef(one.ravel(), side.ravel())[0, 1] for side in (plain,)) for one in same]
    mirrored = [np.corrcoef(one.ravel(), plain[:, ::-1].ravel())[0, 1] for one in same]
    assert all(max(a, b) > 0.99 for a, b in zip(closest, mirrored, strict=True)), "nothing but light and mirroring"
    assert max(mirrored) > 0.99
    assert max(closest) > 0.99
    wild = augment(crops.crops[0], crops.geometry.size_wh, Augmentation(), rng)
    assert wild.shape == (32, 48, 1)
    assert wild.dtype == np.uint8
    assert np.abs(wild - plain).mean() > 3


def test_arrange_sorts_into_folders(faces_folder: Path, tmp_path: Path) -> None:
    arguments = ["arrange", "--labels", str(faces_folder / "labels.csv"), "--root", str(faces_folder)]
    done = CliRunner().invoke(main, [*arguments, "--out", str(tmp_path / "sorted")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "sorted" / "anger" / "3.png").is_file()
    assert len(list((tmp_path / "sorted").rglob("*.png"))) == 11
    again = CliRunner().invoke(
        main, ["build", "--root", str(tmp_path / "sorted"), "--out", str(tmp_path / "b"), "--workers", "1"]
    )
    assert again.exit_code == 0, again.output


def test_arrange_says_which_pictures_are_missing(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,label\nnone.png,fear\n")
    arguments = [
        "arrange",
        "--labels",
        str(tmp_path / "labels.csv"),
        "--root",
        str(tmp_path),
        "--out",
        str(tmp_path / "o"),
    ]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1
    assert "1 of 1 pictures" in done.output
