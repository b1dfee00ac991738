"""Tables as spreadsheets and other programs write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.dataset.label_table import read_table
from models.dataset.labels import break_ties, hard, outside_lines, read_labels
from models.errors import DataError

PLAIN = "file,label\nzoé.png,happy\nsub/b.png,fear\n"


def written(folder: Path, data: bytes) -> Path:
    path = folder / "labels.csv"
    path.write_bytes(data)
    return path


def spelled(delimiter: str, head: str = "") -> str:
    return head + PLAIN.replace(",", delimiter)


@pytest.mark.parametrize(
    "data",
    [
        spelled(";").encode(),
        spelled("\t").encode(),
        spelled("|").encode(),
        spelled(",").encode("utf-8-sig"),
        spelled("\t").encode("utf-16"),
        spelled(",").encode("utf-16-le"),
        spelled(";").encode("utf-16-be"),
        spelled(",").encode("utf-32"),
        spelled(";", "sep=;\r\n").encode(),
        spelled(":", '"SEP=:"\n').encode("utf-8-sig"),
        spelled(",").replace("\n", "\r").encode(),
        spelled(",").replace("\n", "\r\n\r\n").encode(),
        PLAIN.replace("file,label", ' File , "LABEL" ').encode(),
        PLAIN.replace("zoé.png,happy", " zoé.png , Happy ").encode(),
        (PLAIN + ",\n,\n").encode(),
    ],
)
def test_every_usual_spelling_of_a_table_is_read(tmp_path: Path, data: bytes) -> None:
    faces = read_labels(written(tmp_path, data), tmp_path)
    assert [(face.file, face.label) for face in faces] == [("zoé.png", "happiness"), ("sub/b.png", "fear")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("file,label\na.png,fear\nzoé.png,fear\n".encode("latin-1"), "line 3 has the byte 0xe9: save it as CSV UTF-8"),
        ("\ufefffile,label\na.png,fear\n".encode("utf-16-le") + b"\0", "line 3 has the byte 0x00"),
        (b"file,label\na.png,fe\0ar\n", "line 2 has a zero byte"),
        (b"PK\x03\x04 and the rest of a workbook", "is a workbook: save it as CSV"),
        (b"file,label\na,b.png,fear\n", "line 2: a row must have at most the header's 2 cells; received 3"),
        (b'file,label\na.png,fear\n"b.png,fear\nc.png,fear\n', "line 3 .*close its quotes"),
        (b'sep=;\nfile;label\na.png;fear\n"b.png;fear\n', "line 4 .*close its quotes"),
        (b'file,label\n"a.png\nb.png",fear\n', "line 2: a file name must end on its line"),
        (b"file,label,Split\na.png,fear,\nb.png,fear,holdout\n", "line 3: a split must be one of"),
        (b"file,Label,LABEL\na.png,fear,fear\n", "one column label; received 2"),
        (b"file,happy,sad,fear,anger,neutral,surprise\na.png,1e308,1e308,0,0,0,0\n", "line 2: votes must be 0 or more"),
        (b"", "must have the columns file and label"),
        (b"a.png;fear\nb.png;fear\n", r"received \['a.png', 'fear'\]"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        read_labels(written(tmp_path, data), tmp_path)
    assert "\n" not in str(raised.value)


def test_the_same_name_in_another_case_is_the_column_that_is_written_so(tmp_path: Path) -> None:
    path = written(tmp_path, b"file,label,Label\na.png,fear,anger\n")
    assert read_labels(path, tmp_path)[0].label == "fear"
    assert read_labels(path, tmp_path, " Label ")[0].label == "anger"


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, b'sep=,\n\nfile,label,note\n\na.png,fear,"two\nlines"\nb.png,fear\n'))
    assert [(line, row["file"]) for line, row in table.rows] == [(5, "a.png"), (7, "b.png")]
    assert table.rows[1][1]["note"] == ""


def test_votes_with_a_decimal_comma_are_read_where_commas_do_not_delimit(tmp_path: Path) -> None:
    head = "File;Happiness;Sadness;Fear;Anger;Neutral;Surprise;Unknown\n"
    face = read_labels(written(tmp_path, (head + "a.png;1,5;0;0;0;0,5;0;1,2\n").encode()), tmp_path)[0]
    assert (face.label, face.soft[0], face.weight) == ("happiness", 0.75, 0.625)


def test_labels_outside_the_six_are_counted_by_name() -> None:
    faces = [hard("a", "fear")] + [hard("b", "", given=name) for name in ("disgust", "hapiness", "disgust", "", "x")]
    assert outside_lines(faces) == [
        "5 pictures left out: their label is none of the six emotions (disgust 2, (empty) 1, hapiness 1, 1 others)"
    ]
    assert outside_lines(faces[:1]) == []


def test_a_person_is_the_same_in_either_form_of_the_accents(tmp_path: Path) -> None:
    table = "file,label,subject\na.png,fear,Zo\u00e9\nb.png,fear,Zoe\u0301\n"
    assert len({face.subject for face in read_labels(written(tmp_path, table.encode()), tmp_path)}) == 1


def test_a_tie_is_broken_for_another_spelling_of_the_same_file(tmp_path: Path) -> None:
    votes = "file,neutral,happiness,surprise,sadness,anger,fear\n.\\sub\\a.png,5,0,0,5,0,0\n"
    tied = read_labels(written(tmp_path, votes.encode()), tmp_path)
    assert break_ties(tied, [hard("sub/a.png", "sadness")])[0].label == "sadness"
