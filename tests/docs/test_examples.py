"""The commands that the documentation shows can be typed: program, options, values, targets of make."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import itertools
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from demo import CLIP_PATH
from run_live import main
from tests.docs.pages import PAGES, ROOT, inline_codes, script, shell_lines

_ENTRIES = {
    "emotion-live": "run_live.py",
    "emotion-live-app": "-m realtime.app",
    "emotion-live-doctor": "-m realtime.doctor",
}
# Values that stand for others, as FILE, … or 'MY SET', and the region that docs/training.md adds.
_PLACEHOLDER = re.compile(r"[A-Z_. ]+|…|brows")
# Options that sentences name, and that are those of other programs.
_FOREIGN = {"--help", "--wheel", "--timeout", "--head", "--num-cpus", "--extra"}


@functools.cache
def commands() -> dict[str, click.Command]:
    return dict(script("site/reference.py").commands())


def calls(line: str) -> Iterator[list[str]]:
    """What is left of a shell line's calls of this project, as ["run_live.py", …], ["-m", "export", …], ["make", …]."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return
    call: list[str] = []
    for word in [*words, "|"]:
        if word not in ("|", "&&", ";", "<", ">"):
            call.append(word)
            continue
        while call and (re.match(r"\w+=", call[0]) or call[0] in ("uv", "run", "uvx", "--from", ".")):
            del call[0]
        if call and call[0] == "--extra":
            del call[:2]
        if call and re.fullmatch(r"(?:\S*/)?python3?", call[0]):
            del call[0]
        if call and call[0] in _ENTRIES:
            call[:1] = _ENTRIES[call[0]].split()
        if call and re.fullmatch(r"run_live\.py|make|-m|(scripts|benchmarks)/[a-z_/-]+\.(sh|py)", call[0]):
            yield call
        call = []


def problem(call: list[str], *, whole: bool) -> str:
    """Why a call cannot be typed so, "" where it can; one that is not `whole` may lack what must be given."""
    if call[0] == "make":
        return make_problem(call[1:])
    if call[0] not in ("-m", "run_live.py"):
        there = os.access(ROOT / call[0], os.X_OK if call[0].endswith(".sh") else os.R_OK)
        return "" if there else f"{call[0]} is no script"
    name, words = " ".join(call[:2]), call[2:]
    if call[0] == "run_live.py" and name not in commands():
        name, words = call[0], call[1:]
    if name not in commands() and words and f"{name} {words[0]}" in commands():
        name, words = f"{name} {words[0]}", words[1:]
    if name in commands():
        return click_problem(commands()[name], words, whole=whole)
    if any(known.startswith(f"{name} ") for known in commands()):
        return f"{name} has no {words[0]}" if words and words[0] != "…" else ""
    return module_problem(call[1], words, whole=whole)


def make_problem(words: list[str]) -> str:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8")))
    targets |= {f"setup-{lock.stem}" for lock in (ROOT / "locks").glob("*.txt")}
    unknown = [word for word in words if "=" not in word and word not in targets]
    return f"make has no {unknown}" if unknown else ""


def module_problem(module: str, words: list[str], *, whole: bool) -> str:
    """Of benchmarks, whose commands are in no reference, and of other programs' modules."""
    if module in ("pytest", "benchmarks.TOPIC.NAME"):
        return ""
    if importlib.util.find_spec(module) is None:
        return f"there is no module {module}"
    loaded = importlib.import_module(f"{module}.__main__" if (ROOT / module.replace(".", "/")).is_dir() else module)
    return click_problem(loaded.main, words, whole=whole) if isinstance(loaded.main, click.Command) else ""


def click_problem(command: click.Command, words: list[str], *, whole: bool) -> str:
    ctx = click.Context(command)
    try:
        given, rest, _ = command.make_parser(ctx).parse_args(list(words))
        if rest := [word for word in rest if word != "…"]:
            return f"{rest} is too much"
        for option in command.params:
            value = given.get(option.name)
            if value is None and option.required and whole:
                return f"{option.name} is missing"
            if isinstance(value, str) and not isinstance(option.type, click.Path) and not _PLACEHOLDER.fullmatch(value):
                option.type.convert(value, option, ctx)
    except click.UsageError as error:
        return "" if not whole and "requires an argument" in error.message else error.message
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_can_be_typed_as_they_are_shown(page: Path) -> None:
    text = page.read_text("utf-8")
    # A tree of folders names the file alone.
    shown = [(line, True) for line in shell_lines(text) if not line.startswith("run_live.py")]
    # And a message may begin with the program's name.
    shown += [(code, False) for code in inline_codes(text) if not code.startswith("emotion-live ")]
    wrong = {line: why for line, whole in shown for call in calls(line) if (why := problem(call, whole=whole))}
    assert wrong == {}


def test_what_cannot_be_typed_is_found() -> None:
    assert problem(["run_live.py", "clip.mp4", "--tabel", "x.csv"], whole=True).startswith("No such option")
    assert "too much" in problem(["run_live.py", "a.mp4", "b.mp4"], whole=True)
    assert "range" in problem(["run_live.py", "--speed", "40"], whole=True)
    assert "is not one of" in problem(["run_live.py", "batch", "a", "--out", "b", "--table", "xls"], whole=True)
    assert problem(["run_live.py", "batch", "videos/"], whole=True) == "out is missing"
    assert problem(["run_live.py", "batch", "videos/"], whole=False) == ""
    assert problem(["-m", "models.evaluate", "shiped"], whole=True) == "-m models.evaluate has no shiped"
    assert problem(["-m", "models.evaluated"], whole=True) == "there is no module models.evaluated"
    assert problem(["make", "setup-serv"], whole=True) == "make has no ['setup-serv']"
    line = "A=b ssh a 'x | y' | .venv/bin/python run_live.py - --seconds 3 && uv run --extra serve run_live.py  # note"
    assert list(calls(line)) == [["run_live.py", "-", "--seconds", "3"], ["run_live.py"]]


def test_the_options_that_sentences_name_exist() -> None:
    folders = ("realtime", "models", "export", "benchmarks", "demo")
    sources = [ROOT / "run_live.py", *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]
    known = set(re.findall(r'"(--[a-z][a-z-]*)"', "".join(path.read_text("utf-8") for path in sources)))
    assert len(known) > 100
    unknown = {}
    for page in PAGES:
        for code in inline_codes(page.read_text("utf-8")):
            if named := set(re.findall(r"(?:^|(?<=[ (]))--[a-z][a-z-]*", code)) - known - _FOREIGN:
                unknown[code] = (page.name, named)
    assert unknown == {}


def test_the_commands_on_a_file_run(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As README and the page on files have them, one after the other, on a third of a second."""
    (tmp_path / "clip.mp4").symlink_to(CLIP_PATH)
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "clip.mp4").symlink_to(CLIP_PATH)
    monkeypatch.chdir(tmp_path)
    text = "".join((ROOT / name).read_text("utf-8") for name in ("README.md", "docs/file.md"))
    lines = [
        call[1:] for line in shell_lines(text) for call in calls(line) if "clip.mp4" in call and "--headless" in call
    ]
    assert lines, "README shows how to analyze a file"
    for words in lines:
        done = CliRunner().invoke(main, [*words, "--weights", str(weights), "--seconds", "0.3", "--overwrite"])
        assert done.exit_code == 0, done.output
        for option, name in itertools.pairwise(words):
            assert option not in ("--record", "--table", "--report") or Path(name).stat().st_size, name
    again = CliRunner().invoke(main, ["rerun", "emotions.csv", "--weights", str(weights)])
    assert "all 9 rows are equal" in again.output
