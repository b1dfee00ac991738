from __future__ import annotations

from pathlib import Path

import pytest

from models.dataset.labels import break_ties, canonical_label, hard, of_split, read_labels, split_by_subject
from models.errors import DataError
from models.manifest import EMOTIONS


def table(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text, "utf-8")
    return path


def test_labels_are_read_under_their_usual_names(tmp_path: Path) -> None:
    assert [canonical_label(name) for name in ("Happy", " anger ", "SAD", "disgust", "")] == [
        "happiness",
        "anger",
        "sadness",
        "",
        "",
    ]
    faces = read_labels(
        table(tmp_path, "file,label,split,subject\na.png,angry,Training,x\nb.png,disgust,,\n"), tmp_path
    )
    assert [(f.label, f.given, f.split, f.subject, f.weight) for f in faces] == [
        ("anger", "angry", "train", "x", 1.0),
        ("", "disgust", "", "", 0.0),
    ]


def test_votes_become_soft_labels_and_other_answers_count_in_the_total(tmp_path: Path) -> None:
    head = "file,split,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,nf\n"
    faces = read_labels(
        table(tmp_path, head + "a.png,val,6,0,1,1,0,0,0,0,2,0\nb.png,val,1,0,0,0,0,7,0,2,0,0\n"), tmp_path
    )
    assert faces[0].label == "neutral"
    assert dict(zip(EMOTIONS, faces[0].soft, strict=True))["neutral"] == pytest.approx(6 / 8)
    assert (faces[0].weight, faces[0].agreement) == (pytest.approx(0.8), pytest.approx(0.6))
    assert faces[1].label == "", "most votes went to an emotion outside the six"


def test_a_second_table_decides_only_where_the_votes_do_not_agree(tmp_path: Path) -> None:
    head = "file,neutral,happiness,surprise,sadness,anger,fear\n"
    clear, tied, other = read_labels(
        table(tmp_path, head + "clear.png,6,0,0,4,0,0\ntied.png,5,0,0,3,2,0\nother.png,5,0,0,5,0,0\n"), tmp_path
    )
    second = [hard("clear.png", "sadness"), hard("tied.png", "sadness"), hard("other.png", "")]
    kept, broken, alone = break_ties([clear, tied, other], second)
    assert (kept, alone) == (clear, other)
    assert broken.label == "sadness"
    assert broken.soft[EMOTIONS.index("sadness")] == pytest.approx((3 + 5) / 15)
    assert sum(broken.soft) == pytest.approx(1)
    assert broken.agreement == tied.agreement, "the taggers still do not agree"


def test_folders_per_emotion_are_read_with_and_without_splits(tmp_path: Path) -> None:
    for place in ("happy/1.png", "train/fear/2.png", "notes/3.png"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(b"")
    faces = read_labels(None, tmp_path)
    assert [(f.file, f.label, f.split) for f in faces] == [
        ("happy/1.png", "happiness", ""),
        ("train/fear/2.png", "fear", "train"),
    ]


def test_nobody_is_on_two_sides() -> None:
    faces = [hard(f"{n}.png", "fear", subject=f"person {n % 40}") for n in range(400)]
    splits = split_by_subject(faces, 0.2, 0.2)
    by_subject: dict[str, set[str]] = {}
    for face, split in zip(faces, splits, strict=True):
        by_subject.setdefault(face.subject, set()).add(split)
    assert all(len(places) == 1 for places in by_subject.values())
    assert set(splits) == {"train", "val", "test"}
    assert split_by_subject(faces[:100], 0.2, 0.2) == splits[:100], "more faces move no one"


def test_a_given_split_holds_for_the_subjects_other_faces() -> None:
    faces = [hard("a.png", "fear", split="test", subject="x"), hard("b.png", "fear", subject="x")]
    assert split_by_subject(faces, 0.5, 0.0) == ["test", "test"]
    both = [*faces, hard("c.png", "fear", split="train", subject="x")]
    with pytest.raises(DataError, match="one split; 'x' is in test and train"):
        split_by_subject(both, 0.1, 0.1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("picture,label\na.png,fear\n", "must have the columns file and label"),
        ("file,label\n", "no labeled face"),
        ("file,label,split\na.png,fear,holdout\n", "'holdout'"),
        ("file,happiness,sadness,fear,anger,neutral,surprise\na.png,x,0,0,0,0,0\n", "line 2: votes must be numbers"),
        ("file,happiness,sadness,fear,anger,neutral,surprise\na.png,-1,0,0,0,0,0\n", "0 or more"),
        ("file,happiness,sadness,fear,anger,neutral,surprise\na.png,nan,0,0,0,0,0\n", "0 or more"),
        ("file,label\n,fear\n", "line 2: the cell file is empty"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        read_labels(table(tmp_path, text), tmp_path)
    assert "\n" not in str(raised.value)


def test_missing_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="root folder must exist"):
        read_labels(None, tmp_path / "none")
    with pytest.raises(DataError, match="cannot be read"):
        read_labels(tmp_path / "none.csv", tmp_path)


def test_a_mistyped_label_column_is_not_taken_for_votes(tmp_path: Path) -> None:
    votes = table(tmp_path, "file,happiness,sadness,fear,anger,neutral,surprise\na.png,1,0,0,0,0,0\n")
    assert read_labels(votes, tmp_path)[0].label == "happiness"
    with pytest.raises(DataError, match="majorty"):
        read_labels(votes, tmp_path, "majorty")


def test_splits_that_the_table_lacks_are_the_builders() -> None:
    faces = [hard(f"{n}.png", "fear", subject=f"person {n}") for n in range(300)]
    drawn = split_by_subject(faces, 0.2, 0.1)
    for split in ("train", "val", "test"):
        assert of_split(faces, split, (0.2, 0.1)) == [
            f for f, place in zip(faces, drawn, strict=True) if place == split
        ]
    assert of_split(faces, None, (0.2, 0.1)) == faces
