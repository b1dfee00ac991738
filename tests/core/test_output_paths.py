"""The one rule for files that a run writes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from models import new_files
from models.new_files import check_new
from realtime.core.errors import ConfigError, RecordError
from realtime.core.output_paths import check_target, free_name, write_whole


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
