"""How other programs' files are named and opened: on each system, with fakes for those that are not here."""

from __future__ import annotations

import queue
import subprocess
import sys
from pathlib import Path

import pytest

from realtime.app.jobs.job import Cancelled, Failed
from realtime.app.library import file_manager
from realtime.app.library.file_manager import OpenFileJob
from realtime.app.library.pasted_paths import paths_in

COMMANDS = {
    ("linux", False): ["xdg-open", "{0}/a, b.csv"],
    ("linux", True): ["xdg-open", "{0}"],
    ("darwin", False): ["open", "{0}/a, b.csv"],
    ("darwin", True): ["open", "-R", "{0}/a, b.csv"],
    ("win32", False): 'explorer "{0}/a, b.csv"',
    ("win32", True): 'explorer /select,"{0}/a, b.csv"',
}


class Program:
    """What a started program returns, in place of one."""

    def __init__(self, code: int | None) -> None:
        self.code = code

    def poll(self) -> int | None:
        return self.code


def heard_of(path: Path, monkeypatch, code: int | None, *, in_folder: bool, cancel: bool = False):
    """What was started for a file, and what the job told of it."""
    started, events = [], queue.Queue()
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: (started.append(command), Program(code))[1])
    slept: list[float] = []
    job = OpenFileJob(path, lambda _, event: events.put(event), in_folder=in_folder, sleep=slept.append)
    if cancel:
        job.cancel()
    job._run()
    return started, [] if events.empty() else [events.get()], sum(slept)


@pytest.mark.parametrize(("platform", "in_folder"), COMMANDS)
def test_each_system_opens_files_with_its_own_program(monkeypatch, tmp_path, platform: str, in_folder: bool) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    (tmp_path / "a, b.csv").write_text("1")
    wanted = COMMANDS[platform, in_folder]
    wanted = wanted.format(tmp_path) if isinstance(wanted, str) else [part.format(tmp_path) for part in wanted]
    for code in (0, 1):
        started, told, _ = heard_of(tmp_path / "a, b.csv", monkeypatch, code, in_folder=in_folder)
        assert started == [wanted]
        # Explorer's code is 1 where all went well.
        assert bool(told) == (code == 1 and platform != "win32")


def test_a_program_that_stays_open_is_left_alone(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("1")
    _, told, waited_s = heard_of(tmp_path / "t.csv", monkeypatch, None, in_folder=False)
    assert told == []
    assert waited_s == pytest.approx(file_manager._FAILS_WITHIN_S)
    _, told, waited_s = heard_of(tmp_path / "t.csv", monkeypatch, None, in_folder=False, cancel=True)
    assert (told, waited_s) == ([Cancelled()], 0)


def test_a_system_without_such_a_program_and_a_file_that_is_gone_are_said(monkeypatch, tmp_path: Path) -> None:
    events: queue.Queue = queue.Queue()
    (tmp_path / "t.csv").write_text("1")
    monkeypatch.setenv("PATH", str(tmp_path))
    OpenFileJob(tmp_path / "t.csv", lambda _, event: events.put(event), in_folder=False)._run()
    assert "open it by hand" in events.get_nowait().message
    OpenFileJob(tmp_path / "gone.csv", lambda _, event: events.put(event), in_folder=True)._run()
    told = events.get_nowait()
    assert isinstance(told, Failed)
    assert "gone.csv is not there any more" in told.message


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("file:///a/b%20c.mp4\r\nfile:///%C3%A4.mp4\r\n", ["/a/b c.mp4", "/ä.mp4"]),
        ("file://host/a.mp4", ["/a.mp4"]),
        ("/a/b c.mp4\n'/d.mp4'\n\"/e.mp4\"", ["/a/b c.mp4", "/d.mp4", "/e.mp4"]),
        ("# a list\n/a.mp4\n\n", ["/a.mp4"]),
        ("clip.mp4", []),
        ("https://example.org/a.mp4", []),
        ("file://[", []),
        ("/a\0b", []),
        ("", []),
    ],
)
def test_paths_of_a_clipboard(text: str, paths: list[str]) -> None:
    assert paths_in(text) == [Path(path) for path in paths]


def test_addresses_of_windows(monkeypatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    from realtime.app.library.pasted_paths import _from_address

    assert _from_address("file:///C:/My%20clips/a.mp4") == "C:/My clips/a.mp4"
