"""What a command says where a package of its own is missing."""

from __future__ import annotations

import sys
from typing import Any

import click
import pytest
from click.testing import CliRunner

from models.cli import CommandByFirstWord, fail_in_one_line


@pytest.mark.parametrize(
    ("python", "todo"), [((3, 13), "run `make setup-train` first"), ((3, 14), "make PYTHON=python3.13 setup-train")]
)
def test_a_missing_package_is_one_line_with_what_to_do(
    python: tuple[int, int], todo: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @fail_in_one_line
    def command() -> None:
        raise ImportError("No module named 'tensorflow'", name="tensorflow")

    monkeypatch.setattr(sys, "version_info", (*python, 0, "final", 0))
    with pytest.raises(SystemExit) as ended:
        command()
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert said.startswith("error: tensorflow is not installed; ")
    assert todo in said
    assert said.count("\n") == 1


def test_a_call_without_arguments_does_not_take_those_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command(cls=CommandByFirstWord, others={})
    @click.argument("source", default="0")
    def command(source: str) -> None:
        click.echo(f"source {source}")

    monkeypatch.setattr(sys, "argv", ["host", "--an-option-of-the-host"])
    assert CliRunner().invoke(command, []).output == "source 0\n"


def test_the_words_of_the_command_line_are_left_to_click(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command(cls=CommandByFirstWord, others={})
    def command() -> None:
        pass

    asked: list[object] = []

    def main(_: click.Command, args: object = None, **_how: Any) -> None:
        asked.append(args)

    monkeypatch.setattr(sys, "argv", ["program", "*.mp4"])
    monkeypatch.setattr(click.Command, "main", main)
    command.main()
    assert asked == [None], "only then does click expand patterns on Windows"
