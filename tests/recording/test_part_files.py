"""Names of unfinished recordings, and which of them belong to what is recorded now."""

from __future__ import annotations

from pathlib import Path

from realtime.recording.part_files import create_part, left_over_parts


def test_a_part_stands_beside_its_recording_under_a_name_of_its_own(tmp_path: Path) -> None:
    target = tmp_path / "my.film.mp4"
    parts = [create_part(target) for _ in range(3)]
    assert [part.name for part in parts] == ["my.film.part.mp4", "my.film.part2.mp4", "my.film.part3.mp4"]
    assert {part.parent for part in parts} == {tmp_path}
    assert [part.stat().st_size for part in parts] == [0, 0, 0]
    parts[1].write_bytes(b"left by a killed run")
    assert create_part(target).name == "my.film.part4.mp4"
    assert parts[1].read_bytes() == b"left by a killed run"


def test_left_over_parts_are_found_by_name_and_by_the_recording_that_they_are_of(tmp_path: Path) -> None:
    for name in (
        "b.part.mp4",
        "b.part2.mp4",
        "b.part12.MKV",
        "a.part.webm",
        "b.mp4",
        "b.part.csv",
        "b.part.jsonl",
        "b.partly.mp4",
        "b.part2.old.mp4",
        "department.mp4",
    ):
        (tmp_path / name).touch()
    suffixes = (".mp4", ".mkv", ".webm")
    found = left_over_parts(tmp_path, suffixes)
    assert [path.name for path in found] == ["a.part.webm", "b.part.mp4", "b.part12.MKV", "b.part2.mp4"]
    of_b = left_over_parts(tmp_path, suffixes, of=tmp_path / "b.webm")
    assert [path.name for path in of_b] == ["b.part.mp4", "b.part12.MKV", "b.part2.mp4"]
    assert left_over_parts(tmp_path, suffixes, of=tmp_path / "c.mp4") == []
    (tmp_path / "a.part.part2.mp4").touch()
    assert left_over_parts(tmp_path, suffixes, of=tmp_path / "a.part.mp4") == [tmp_path / "a.part.part2.mp4"]
