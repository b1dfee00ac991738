"""Sets of faces: looked at once however many labels they have, and refused before minutes of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.dataset.labels import LabelledFace
from models.errors import DataError
from models.evaluate import face_sets
from models.evaluate.face_sets import FaceSet, look_at
from models.evaluate.shipped import Answers
from realtime.core.config import PipelineConfig

CONFIG = PipelineConfig()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Four pictures, the last a copy of the first; two columns of labels, and where each is from."""
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((8, 8, 3), 40 * (number % 3), np.uint8))
    rows = ["file,label,meant,source", "0.png,sad,angry,film", "1.png,neutral,disgust,film", "2.png,none,sad,posed"]
    (tmp_path / "labels.csv").write_text("\n".join([*rows, "3.png,sad,angry,"]))
    return tmp_path


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], bool]]:
    """Which pictures were run, and whether with a cover; every face is found and called happy."""
    done: list[tuple[list[str], bool]] = []

    def run(faces: Sequence[LabelledFace], root: Path, config: PipelineConfig, *, cover: object) -> Answers:
        done.append(([face.file for face in faces], cover is not None))
        answers = Answers.none(len(faces), ("eyes",))
        answers.detected[:], answers.fused[:, 0] = True, 1
        answers.yaw_deg[:] = range(len(faces))
        return answers

    monkeypatch.setattr(face_sets, "run_shipped", run)
    return done


def given(folder: Path, column: str = "label", name: str = "", split: str = "all") -> FaceSet:
    return FaceSet.given((name or column, str(folder / "labels.csv"), str(folder), column, split))


def test_two_labelings_of_the_same_pictures_are_run_once(pictures: Path, runs: list[tuple[list[str], bool]]) -> None:
    told: list[str] = []
    sets = [given(pictures), given(pictures, "meant")]
    (_, seen), (_, meant) = look_at(sets, CONFIG, covers=True, say=told.append)
    assert runs == [(["0.png", "1.png", "2.png", "3.png"], covered) for covered in (False, True, True)]
    # The copy is left out, and so is what is labeled with none of the six.
    assert [(face.file, face.label) for face in seen.faces] == [("0.png", "sadness"), ("1.png", "neutral")]
    assert [(face.file, face.label) for face in meant.faces] == [("0.png", "anger"), ("2.png", "sadness")]
    assert meant.answers.yaw_deg.tolist() == [0, 2], "the answers go with their faces"
    assert meant.covered["mouth"].yaw_deg.tolist() == [0, 2]
    assert "meant: 1 pictures left out: their label is none of the six emotions (disgust 1)" in told
    assert "label: 1 pictures left out of the scores: copies of others by content" in told


def test_a_column_divides_the_faces_and_a_set_without_it_stays_whole(
    pictures: Path, runs: list[tuple[list[str], bool]]
) -> None:
    other = pictures / "other"
    (other / "happy").mkdir(parents=True)
    cv2.imwrite(str(other / "happy" / "a.png"), np.zeros((8, 8, 3), np.uint8))
    folders = FaceSet.given(("other", "-", str(other), "label", "all"))
    (_, one), (_, two) = look_at([given(pictures), folders], CONFIG, group_by="Source", say=lambda _line: None)
    assert list(one.groups) == ["film", "film"]
    assert list(two.groups) == []
    assert [face.label for face in two.faces] == ["happiness"]


def test_what_cannot_be_scored_is_refused_before_anything_is_run(
    pictures: Path, runs: list[tuple[list[str], bool]]
) -> None:
    (pictures / "none.csv").write_text("file,label\n0.png,disgust\n")
    none = FaceSet.given(("none", str(pictures / "none.csv"), str(pictures), "label", "all"))
    for sets, by, message in (
        (
            [given(pictures), given(pictures)],
            "",
            "each set of faces must have a name of its own; received 'label' twice",
        ),
        ([given(pictures), given(pictures, "emotion")], "", "must have the columns file and emotion"),
        ([given(pictures), none], "", "no picture of none has one of the six labels in the column 'label'"),
        ([given(pictures)], "camera", "--by must name a column of the tables; received 'camera'"),
    ):
        with pytest.raises(DataError, match=message):
            list(look_at(sets, CONFIG, group_by=by, say=lambda _line: None))
    with pytest.raises(DataError, match="the split of faces must be train, val, test or all; received 'tets'"):
        given(pictures, name="faces", split="tets")
    assert runs == []


def test_a_set_whose_pictures_are_all_gone_is_named(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(faces: Sequence[LabelledFace], root: Path, config: PipelineConfig, *, cover: object) -> Answers:
        return replace(Answers.none(len(faces), ("eyes",)), faults={0: "missing", 2: "missing", 3: "missing"})

    monkeypatch.setattr(face_sets, "run_shipped", run)
    sets = look_at([given(pictures), given(pictures, "meant")], CONFIG, say=lambda _line: None)
    assert [face.file for face in next(sets)[1].faces] == ["1.png"]
    with pytest.raises(DataError, match="none of the labeled pictures of meant could be read from"):
        next(sets)
