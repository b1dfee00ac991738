"""How files come into being: created exclusively, written whole, never over what somebody else has put there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from models import new_files
from models.errors import ConfigError
from models.new_files import check_new, create, create_first_free, numbered, place_of, take_place, write_whole


@pytest.fixture(autouse=True)
def _open_mask():
    """Files get every permission that they are created with."""
    before = os.umask(0)
    yield
    os.umask(before)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_created_file_is_ordinary_and_takes_each_byte_at_once(tmp_path: Path) -> None:
    with create(tmp_path / "a.csv") as stream:
        assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o666, "to be read and written, not to be run"
        assert stream.write(b"row\n") == 4
        assert (tmp_path / "a.csv").read_bytes() == b"row\n", "unbuffered: a killed process loses nothing"


def test_what_is_there_is_never_opened_not_even_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("precious")
    (tmp_path / "link.csv").symlink_to(tmp_path / "elsewhere.csv")
    for name in ("a.csv", "link.csv"):
        with pytest.raises(FileExistsError):
            create(tmp_path / name)
    assert names(tmp_path) == ["a.csv", "link.csv"]


def test_the_first_free_name_is_taken(tmp_path: Path) -> None:
    found = []
    for _ in range(3):
        path, stream = create_first_free(numbered(tmp_path / "t.tar.gz"))
        stream.close()
        found.append(path.name)
    assert found == ["t.tar.gz", "t.tar-2.gz", "t.tar-3.gz"]


def test_where_no_name_is_left_that_is_the_error(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match=r"^no free name is left$"):
        create_first_free([])
    (tmp_path / "a").touch()
    with pytest.raises(FileExistsError, match="File exists"):
        create_first_free([tmp_path / "a"])
    with pytest.raises(FileNotFoundError):
        create_first_free([tmp_path / "missing" / "a", tmp_path / "b"])


def test_the_place_of_a_link_is_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "not yet there")
    assert place_of(tmp_path / "link") == tmp_path / "not yet there"
    assert place_of(tmp_path / "folder" / ".." / "plain") == tmp_path / "folder" / ".." / "plain"


@pytest.mark.parametrize(("overwrite", "place", "other"), [(True, "t.csv", "new"), (False, "t-2.csv", "old")])
def test_a_complete_file_takes_its_place_or_the_next_free_one(tmp_path, overwrite, place, other) -> None:
    (tmp_path / "t.csv").write_text("old")
    (tmp_path / "t.part.csv").write_text("new")
    assert take_place(tmp_path / "t.part.csv", tmp_path / "t.csv", overwrite=overwrite) == tmp_path / place
    assert (tmp_path / place).read_text() == "new"
    assert (tmp_path / "t.csv").read_text() == other
    assert not (tmp_path / "t.part.csv").exists()


def test_a_file_that_cannot_be_moved_leaves_no_empty_one_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        take_place(tmp_path / "gone.part", tmp_path / "t.csv", overwrite=False)
    assert names(tmp_path) == []


class Trickle:
    """A disk that takes three bytes at a time."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=0)

    def write(self, data: memoryview) -> int:
        return self._file.write(data[:3])

    def __enter__(self) -> Trickle:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def test_a_disk_that_takes_little_at_a_time_gets_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_files, "create", Trickle)
    assert write_whole(tmp_path / "page.html", b"0123456789") == tmp_path / "page.html"
    assert (tmp_path / "page.html").read_bytes() == b"0123456789"
    assert names(tmp_path) == ["page.html"]


def test_a_file_is_replaced_unless_that_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    assert write_whole(target, b"one") == write_whole(target, b"two") == target
    assert write_whole(target, b"three", overwrite=False) == tmp_path / "page-2.html"
    assert (target.read_bytes(), names(tmp_path)) == (b"two", ["page-2.html", "page.html"])


def test_a_file_is_written_under_a_hidden_name_that_nobody_can_guess(tmp_path, monkeypatch) -> None:
    asked, plain = [], new_files.create
    monkeypatch.setattr(new_files, "create", lambda path: asked.append(path) or plain(path))
    for _ in range(2):
        write_whole(tmp_path / "page.html", b"text")
    for path in asked:
        assert path.parent == tmp_path
        start, guess, end = path.name[:14], path.name[14:-5], path.name[-5:]
        assert (start, len(guess), end) == (".emotion-live-", 8, ".part")
    assert asked[0] != asked[1]


def test_planted_files_and_links_are_stepped_over_but_not_for_ever(tmp_path, monkeypatch) -> None:
    planted = tmp_path / ".emotion-live-0.part"
    planted.symlink_to(tmp_path / "victim")
    guesses = iter("0" * 8 + "1")
    monkeypatch.setattr(new_files.secrets, "token_hex", lambda _bytes: next(guesses))
    assert write_whole(tmp_path / "page.html", b"text") == tmp_path / "page.html"
    assert (planted.is_symlink(), (tmp_path / "victim").exists()) == (True, False)
    guesses = iter("0" * 9)
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "page.html", b"more")
    assert (tmp_path / "page.html").read_bytes() == b"text"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), OSError("no room")])
def test_what_ends_the_writing_leaves_nothing_behind(tmp_path, monkeypatch, interruption) -> None:
    def end(*_: object, **__: object) -> None:
        raise interruption

    monkeypatch.setattr(new_files, "take_place", end)
    with pytest.raises(type(interruption)):
        write_whole(tmp_path / "page.html", b"text")
    assert names(tmp_path) == []


def test_a_part_that_somebody_else_removed_does_not_hide_the_error(tmp_path, monkeypatch) -> None:
    def remove(part: Path, *_: object, **__: object) -> None:
        part.unlink()
        raise PermissionError("not yours")

    monkeypatch.setattr(new_files, "take_place", remove)
    with pytest.raises(PermissionError, match="not yours"):
        write_whole(tmp_path / "page.html", b"text")


def test_a_refused_output_says_the_rule_the_name_and_what_to_do(tmp_path: Path) -> None:
    old, labels, folder = tmp_path / "old.csv", tmp_path / "l.csv", tmp_path / "folder"
    old.touch()
    labels.touch()
    folder.mkdir()
    (tmp_path / "dead").symlink_to(tmp_path / "nothing")
    for path, overwrite, line in (
        (folder, True, f"--out cannot write {folder}: that is a folder; give the name of a file"),
        (labels, True, f"--out cannot be a file that is read, {labels}; give another name"),
        (old, None, f"--out would replace {old}, which exists already; give another one"),
        (old, False, f"--out would replace {old}, which exists already; add --overwrite, or give another one"),
        (tmp_path / "dead", False, f"--out would replace {tmp_path / 'dead'}, which exists already; add --overwrite, "),
    ):
        with pytest.raises(ConfigError) as refused:
            check_new(tmp_path / "free.csv", path, overwrite=overwrite, inputs=[None, tmp_path / "gone.csv", labels])
        assert str(refused.value).startswith(line)
        assert len(str(refused.value)) == len(line) or path.is_symlink()
    check_new(tmp_path / "free.csv", overwrite=False, inputs=[labels])
    check_new(old, tmp_path / "dead", overwrite=True, inputs=[labels])
    check_new(old, overwrite=True)
