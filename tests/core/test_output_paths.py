"""The one rule for files that a run writes."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import BinaryIO

import pytest

from models import new_files
from models.new_files import check_new
from realtime.core.errors import ConfigError, RecordError
from realtime.core.output_paths import check_target, free_name, kept_note, owner_only, write_whole


def test_a_target_is_refused_for_its_suffix_its_folder_and_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "old.csv").touch()
    (tmp_path / "folder.csv").mkdir()
    check_target(tmp_path / "New.CSV", "table", (".csv",), overwrite=False)
    check_target(tmp_path / "old.csv", "table", (".csv",), overwrite=True)
    with pytest.raises(ConfigError, match=r"a table must end in \.csv, \.jsonl; received t\.xls"):
        check_target(tmp_path / "t.xls", "table", (".csv", ".jsonl"), overwrite=True)
    for name, why in (
        ("old.csv", "exists already"),
        ("folder.csv", "is a folder"),
        ("none/t.csv", "there is no folder"),
    ):
        with pytest.raises(RecordError, match=f"cannot write the table .*{name}: .*{why}"):
            check_target(tmp_path / name, "table", (".csv",), overwrite=name == "folder.csv")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "page.html"
    write_whole(target, b"first")
    plain = new_files.create

    def on_a_full_disk(path: Path) -> BinaryIO:
        plain(path).close()
        return Path("/dev/full").open("wb", buffering=0)

    with monkeypatch.context() as patch:
        patch.setattr(new_files, "create", on_a_full_disk)
        with pytest.raises(OSError, match="No space"):
            write_whole(target, b"second")
    assert target.read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_file_is_replaced_only_with_leave_and_links_are_written_where_they_point(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    target.write_text("precious")
    assert write_whole(target, b"new", overwrite=False) == tmp_path / "page-2.html"
    assert write_whole(target, b"newer", overwrite=False) == tmp_path / "page-3.html"
    assert target.read_text() == "precious"
    link = tmp_path / "link.html"
    link.symlink_to(target)
    assert write_whole(link, b"new", overwrite=False) == tmp_path / "link-2.html"
    assert write_whole(link, b"new") == target
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_link_and_a_pipe_are_no_free_names_and_long_names_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "other.csv").symlink_to(tmp_path / "missing" / "nothing")
    for name, overwrite, why in (
        ("gone.csv", False, "exists already"),
        ("pipe.csv", True, "no ordinary file"),
        ("other.csv", True, "folder is not writable"),
        (f"{'n' * 248}.csv", False, "has 252 bytes and may have 239"),
        (f"{'é' * 118}.csv", False, "has 240 bytes and may have 239"),
        (f"{'n' * 300}.csv", True, "has 304 bytes"),
    ):
        with pytest.raises(RecordError, match=why):
            check_target(tmp_path / name, "table", (".csv",), overwrite=overwrite)
    check_target(tmp_path / f"{'n' * 235}.csv", "table", (".csv",), overwrite=False)
    check_target(tmp_path / "gone.csv", "table", (".csv",), overwrite=True)


def test_what_a_command_reads_is_never_its_output(tmp_path: Path) -> None:
    labels = tmp_path / "l.csv"
    labels.touch()
    (tmp_path / "same.csv").symlink_to(labels)
    for name in ("l.csv", "same.csv"):
        with pytest.raises(ConfigError, match="a file that is read"):
            check_new(tmp_path / name, overwrite=True, inputs=[labels])
    (tmp_path / "old.csv").touch()
    with pytest.raises(ConfigError, match="add --overwrite"):
        check_new(tmp_path / "old.csv", overwrite=False, inputs=[labels])
    check_new(tmp_path / "old.csv", tmp_path / "new.csv", overwrite=True, inputs=[labels])


def test_a_free_name_is_taken_by_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("time.strftime", lambda _format: "emotion-live-20260101-120000")
    names = []
    for _ in range(3):
        names.append(free_name(".mp4"))
        names[-1].touch()
    stem = "emotion-live-20260101-120000"
    assert [name.name for name in names] == [f"{stem}.mp4", f"{stem}-2.mp4", f"{stem}-3.mp4"]


def test_a_refused_target_says_the_rule_the_name_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "old.csv").touch()
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "astray.csv").symlink_to(tmp_path / "missing" / "nothing")
    os.mkfifo(tmp_path / "pipe.csv")
    long = f"{'n' * 236}.csv"
    for name, overwrite, line in (
        ("none/t.csv", False, f"there is no folder {tmp_path / 'none'}; create it, or give another one"),
        (long, False, "its name has 240 bytes and may have 239 here; give a shorter one"),
        ("folder.csv", True, "that is a folder; give the name of a file"),
        ("old.csv", False, "it exists already; add --overwrite to replace it, or give another name"),
        ("pipe.csv", True, "that is no ordinary file; give another name"),
        ("astray.csv", True, "its folder is not writable; give another one"),
    ):
        with pytest.raises(RecordError) as refused:
            check_target(tmp_path / name, "table", (".csv",), overwrite=overwrite)
        assert str(refused.value) == f"cannot write the table {tmp_path / name}: {line}"


def test_a_folder_that_nobody_may_write_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(os, "access", lambda *question: asked.append(question))
    with pytest.raises(RecordError, match="its folder is not writable"):
        check_target(tmp_path / "t.csv", "table", (".csv",), overwrite=False)
    assert asked == [(tmp_path, os.W_OK)]


def test_where_nobody_knows_how_long_a_name_may_be_the_usual_limit_holds(tmp_path, monkeypatch) -> None:
    def unknown(*_: object) -> int:
        raise OSError

    monkeypatch.setattr(os, "pathconf", unknown)
    check_target(tmp_path / f"{'n' * 235}.csv", "table", (".csv",), overwrite=False)
    with pytest.raises(RecordError, match="has 240 bytes and may have 239"):
        check_target(tmp_path / f"{'n' * 236}.csv", "table", (".csv",), overwrite=False)


def test_the_line_about_an_output_elsewhere_has_both_places_and_the_reason(tmp_path: Path) -> None:
    line = "t.csv is kept, because it appeared while this ran; the table is t-2.csv"
    assert kept_note("table", Path("t.csv"), Path("t-2.csv"), failed=False) == line
    line = "t.csv is kept, because the run failed; the table is t-2.csv"
    assert kept_note("table", Path("t.csv"), Path("t-2.csv"), failed=True) == line


def test_a_free_name_has_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plain, at = time.strftime, time.struct_time((2026, 1, 2, 13, 4, 5, 4, 2, 0))
    monkeypatch.setattr(time, "strftime", lambda form: plain(form, at))
    assert free_name(".png") == Path("emotion-live-20260102-130405.png")


def test_what_shows_faces_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with pytest.raises(KeyError), owner_only():
            (tmp_path / "private").touch()
            raise KeyError
        (tmp_path / "public").touch()
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("private", "public")]
    assert modes == [0o600, 0o644]
