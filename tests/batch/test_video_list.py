"""Which videos a batch is of."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime.batch.video_list import find_videos
from realtime.core.errors import ConfigError


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def names(*inputs: Path, pattern: str = "") -> list[str]:
    return [video.name for video in find_videos(inputs, pattern)]


def test_a_folder_is_searched_to_its_bottom_for_videos_alone(tmp_path: Path) -> None:
    for name in ("b.MP4", "a/deep/c.mkv", "notes.txt", "._b.mp4", ".cache/d.mp4", "frame.png"):
        touch(tmp_path / name)
    assert names(tmp_path) == ["a/deep/c", "b"]


def test_a_pattern_says_what_counts_instead(tmp_path: Path) -> None:
    for name in ("one.dat", "two.mp4", "cam1/three.mp4"):
        touch(tmp_path / name)
    assert names(tmp_path, pattern="*.dat") == ["one"]
    assert names(tmp_path, pattern="cam1/*") == ["cam1/three"]


def test_no_two_videos_write_to_one_name(tmp_path: Path) -> None:
    for name in ("clip.mp4", "clip.mov", "CLIP.avi"):
        touch(tmp_path / name)
    other = touch(tmp_path / "elsewhere" / "clip.mp4")
    found = names(tmp_path / "clip.mp4", tmp_path / "clip.mov", tmp_path / "CLIP.avi", other)
    assert len({name.casefold() for name in found}) == 4
    assert found[0] == "clip_mp4"


def test_a_video_that_is_named_twice_is_taken_once(tmp_path: Path) -> None:
    clip = touch(tmp_path / "clip.mp4")
    assert names(clip, tmp_path) == ["clip"]


def test_a_list_of_paths_is_relative_to_itself_and_may_have_remarks(tmp_path: Path) -> None:
    touch(tmp_path / "videos" / "a b.mp4")
    table = tmp_path / "list.txt"
    table.write_text("# the first day\n\nvideos/a b.mp4\n", "utf-8")
    assert names(table) == ["a b"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_brings_further_columns(tmp_path: Path, separator: str) -> None:
    touch(tmp_path / "a.mp4")
    table = tmp_path / "list.csv"
    table.write_text(
        separator.join(["File", "group", "age"]) + "\n" + separator.join(["a.mp4", "one", ""]), "utf-8-sig"
    )
    [video] = find_videos([table])
    assert video.columns == {"group": "one", "age": ""}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("name,group\na.mp4,x\n", "needs a column called file; it has name, group"),
        ("file\nmissing.mp4\n", "names missing.mp4, which is not there"),
        ("file,seconds\na.mp4,3\n", "has a column 'seconds', which the summary has too"),
        ("file,Transitions\na.mp4,3\n", "has a column 'Transitions', which the summary has too"),
        ("file,share_anger\na.mp4,3\n", "has a column 'share_anger', which the summary has too"),
        ("file,group, group\na.mp4,x,y\n", "must have each column once; it has two called 'group'"),
        (f'file,note\na.mp4,"{"x" * 140_000}"\n', "its line 2 is none"),
        ("", "needs a column called file; it has none"),
    ],
)
def test_a_list_that_cannot_be_used_says_why(tmp_path: Path, text: str, wanted: str) -> None:
    touch(tmp_path / "a.mp4")
    table = tmp_path / "list.csv"
    table.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=wanted):
        find_videos([table])


def test_nothing_found_and_nothing_there_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no video was found"):
        find_videos([tmp_path])
    with pytest.raises(ConfigError, match="is not there"):
        find_videos([tmp_path / "none.mp4"])
    (tmp_path / "list.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="must be text in UTF-8"):
        find_videos([tmp_path / "list.csv"])


def test_what_an_earlier_batch_recorded_is_no_video_of_the_next(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp4")
    made = touch(tmp_path / "results" / "a.mp4")
    assert [video.name for video in find_videos([tmp_path], outputs={made.resolve()})] == ["a"]


def test_no_video_writes_to_the_name_of_a_summary(tmp_path: Path) -> None:
    for name in ("Summary.mp4", "codebook.mp4", "summary-2.mp4"):
        touch(tmp_path / name)
    found = names(tmp_path)
    assert not {"summary", "codebook"} & {name.casefold() for name in found}
    assert len(set(found)) == 3


@pytest.mark.parametrize("line", ["~nobody-has-this-name/a.mp4", "a" * 300])
def test_a_path_that_no_system_can_find_is_one_line(tmp_path: Path, line: str) -> None:
    table = tmp_path / "list.txt"
    table.write_text(line + "\n", "utf-8")
    with pytest.raises(ConfigError, match="which is not there"):
        find_videos([table])


def test_a_cell_of_two_lines_is_one_cell(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp4")
    table = tmp_path / "list.csv"
    table.write_text('file,note\na.mp4,"one\ntwo"\n', "utf-8")
    assert dict(find_videos([table])[0].columns) == {"note": "one\ntwo"}
