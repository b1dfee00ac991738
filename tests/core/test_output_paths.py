"""The one rule for files that a run writes."""

from __future__ import annotations

from pathlib import Path

import pytest

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
    plain = Path.write_bytes

    def half(self: Path, data: bytes) -> int:
        plain(self, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="No space"):
        write_whole(target, b"second")
    assert target.read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_free_name_is_taken_by_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("time.strftime", lambda _format: "emotion-live-20260101-120000")
    names = []
    for _ in range(3):
        names.append(free_name(".mp4"))
        names[-1].touch()
    stem = "emotion-live-20260101-120000"
    assert [name.name for name in names] == [f"{stem}.mp4", f"{stem}-2.mp4", f"{stem}-3.mp4"]
