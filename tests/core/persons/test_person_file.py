"""The list of persons as a file: any dialect, and one clear line for what cannot be meant."""

from __future__ import annotations

import codecs
import math
from pathlib import Path

import pytest

from realtime.core.errors import ConfigError
from realtime.core.persons.person_edits import PersonEdits
from realtime.core.persons.person_file import persons_csv, read_persons
from realtime.core.persons.person_line import PersonLine

LINES = (
    PersonLine(1, "Anna", number=2),
    PersonLine(3, "Ben, jr.", 2.5, 65.5, number=3),
    PersonLine(None, "", 80.0, math.inf, exclude=True, number=5),
)
PLAIN = 'track,person,from_s,to_s,exclude\n1,Anna,,,\n3,"Ben, jr.",2.5,65.5,\n,,,,\n,,80,,yes\n'


def written(tmp_path: Path, data: bytes | str) -> Path:
    path = tmp_path / "p.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        codecs.BOM_UTF8 + PLAIN.replace("\n", "\r\n").encode(),
        codecs.BOM_UTF16_LE + PLAIN.encode("utf-16-le"),
        b"Track; PERSON ;from_s;to_s;exclude\n1;Anna;;;no\n3;Ben, jr.;2,5;1:05,5;\n;;;;\n;;1:20;;TRUE\n",
        b'"track"\t"person"\t"from_s"\t"to_s"\t"exclude"\n1.0\tAnna\n3\tBen,  jr.\t2.5\t0:01:05.5\n\n\t\t80\t\tx\n',
        b"exclude|to_s|from_s|track|person|\n||| 1|Anna\n|65.5|2.5|3|Ben, jr.\n\n1||80||\n",
    ],
)
def test_a_list_is_read_in_any_dialect(tmp_path: Path, data: bytes) -> None:
    edits = read_persons(written(tmp_path, data))
    assert edits.lines == LINES
    assert (edits.file, len(edits.sha256)) == ("p.csv", 64)


def test_a_list_is_written_as_it_is_read(tmp_path: Path) -> None:
    again = read_persons(written(tmp_path, persons_csv(PersonEdits(LINES))))
    assert [(one.track, one.person, one.from_s, one.to_s, one.exclude) for one in again.lines] == [
        (one.track, one.person, one.from_s, one.to_s, one.exclude) for one in LINES
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ": a line for each track that is named or left out is needed; received none"),
        ("track,person\n", ": a line for each track that is named or left out is needed; received none"),
        ("track,name\n1,Anna\n", ": columns must be of track, person, from_s, to_s, exclude; received name"),
        ("track,person,,to_s\n", ": columns must be of .*; received one without a name"),
        ("track,person,track\n", ": each column may be there once; received track, person, track"),
        ("track,from_s\n1,2\n", ": a column person or exclude is needed; received track, from_s"),
        ("track,person\none,Anna\n", ", line 2: a track is a number from 1; received 'one'"),
        ("track,person\n0,Anna\n", ", line 2: a track is a number from 1; received 0"),
        ("track,person\n-1,Anna\n", ", line 2: a track is a number from 1; received '-1'"),
        ("track,person\n,Anna\n", ", line 2: a name needs a track; 'Anna' has none"),
        ("track,person\n1,\n", ", line 2: a line either names a person or .* received neither"),
        ("track,person,exclude\n1,Anna,yes\n", ", line 2: a line either names .* received both: use two lines"),
        ("track,exclude\n1,perhaps\n", ", line 2: exclude is yes or no; received 'perhaps'"),
        ("track,person,to_s\n1,Anna,soon\n", ", line 2: to_s is in seconds, or as 1:05; received 'soon'"),
        ("track,person,to_s\n1,Anna,nan\n", ", line 2: to_s is in seconds, or as 1:05; received 'nan'"),
        ("track,person,from_s\n1,Anna,-2\n", ", line 2: from_s is in seconds, or as 1:05; received '-2'"),
        ("track,person,from_s,to_s\n1,Anna,5,5\n", ", line 2: a range must end after it begins; received 5 to 5 s"),
        ("track,exclude\n,yes\n", ", line 2: a line without a track needs from_s or to_s"),
        ("track,person\n1,Anna,x\n", ", line 2: at most 2 cells are possible; received 3"),
        ('track,person\n1,"Anna\n', ", line 2: this is no CSV .*; close its quotes"),
        ("track,person\n1,An\x1bna\n", ", line 2: a name must be plain text; received 'An"),
        ("track,person\n1,An\0na\n", ": must be text; it has a zero byte"),
        ("track,person\n1,Anna\n1,Ben\n", ", line 3: ranges of one track must not overlap; track 1 is Ben, and"),
        ("track,person,to_s\n1,Anna,\n1,Ben,3\n", ", line 3: .*; track 1 from 0 s to 3 s is Ben, and track 1 is Anna"),
        ("track,person\n1,Anna\n2,anna\n", ", line 3: anna is spelled Anna elsewhere; spell a person one way"),
        ("track,person\n1,Anna\n2,1\n", ", line 3: track 1 is called Anna elsewhere; give that name"),
        ("track,person\n1,0\n", ", line 2: a person's number is a track's, from 1; received 0"),
    ],
)
def test_what_cannot_be_meant_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"^the list of persons .*p\.csv{said}") as caught:
        read_persons(written(tmp_path, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "said"), [(b"PK\x03\x04xl", "it is a workbook"), (b"track,person\n1,J\xfcrgen\n", "UTF-8 or UTF-16")]
)
def test_what_is_no_text_is_one_line(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_persons(written(tmp_path, data))


def test_a_list_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read: .*none\.csv \(No such file or directory\); give a CSV"):
        read_persons(tmp_path / "none.csv")
